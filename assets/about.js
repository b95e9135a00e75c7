// The drawing of the policy and its equations: a term pointed at or focused lights up its part, and the other way round.
(() => {
  const TOUCH = matchMedia("(pointer: coarse)").matches;
  const ASKS = `${TOUCH ? "Tap" : "Point at"} a term or a part.`;

  class Drawing {
    constructor(root, parts) {
      Object.assign(this, { root, parts, words: {}, lit: "" });
      this.readout = root.querySelector(".readout");
      for (const kind of ["pointerover", "focusin", "click"]) root.addEventListener(kind, (event) => this.point(event));
      root.addEventListener("keydown", (event) => { if (event.key === "Escape") this.light(""); });
    }

    // What was lit stays lit until something else is: the sentence can be read, and a finger lifted.
    point(event) {
      const part = event.target.closest("[data-part]");
      if (part) this.light(part.dataset.part);
    }

    light(part) {
      if (part === this.lit) return;
      this.lit = part;
      this.root.classList.toggle("some-lit", Boolean(part));
      for (const node of this.root.querySelectorAll("[data-part], [data-wire]")) {
        node.classList.toggle("lit", Boolean(part) && (node.dataset.part ?? node.dataset.wire) === part);
      }
      this.say();
    }

    say() {
      const [name, what, then] = this.readout.children, part = this.parts[this.lit];
      name.textContent = part ? part.name : ASKS;
      what.textContent = part ? part.words : "Each lights up the other, with what it held at the last step. Colours: blue below zero, orange above.";
      then.textContent = this.words[this.lit] ?? "";
    }

    load(value) {
      if (!value) return;
      this.words = value.words;
      this.root.querySelector(".whose").textContent = value.whose;
      for (const name of ["x", "h", "m", "z"]) {
        const values = value.cells[name] ?? []; // the drawing has room for the largest of the shipped policies
        const row = this.root.querySelector(`[data-cells="${name}"]`);
        if (values.length) row.setAttribute("viewBox", `0 0 ${values.length} 1`); // further cells lie outside
        [...row.children].forEach((cell, i) => this.colour(cell, values[i] ?? 0));
      }
      for (const node of this.root.querySelectorAll("[data-size]")) node.textContent = value.sizes[node.dataset.size] ?? node.textContent;
      for (const node of this.root.querySelectorAll("[data-output]")) node.textContent = value.outputs[node.dataset.output] ?? "·";
      this.say();
    }

    // Variables of the theme, so that a change of theme needs no redrawing.
    colour(cell, v) {
      cell.style.fill = `var(--scene-${v < 0 ? "low" : "high"})`;
      cell.style.fillOpacity = Math.abs(v).toFixed(2);
    }
  }

  window.ssmAbout = (element, props, watch) => {
    const root = element.querySelector(".policy-drawn");
    const drawing = new Drawing(root, JSON.parse(root.dataset.parts));
    watch("value", () => drawing.load(props.value));
    drawing.load(props.value);
  };

  // Buttons that copy the text beside them.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copies]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copies).textContent, said = button.nextElementSibling;
    try { await navigator.clipboard.writeText(text); said.textContent = "Copied."; } catch { said.textContent = "Select the text and copy it."; }
  });
})();
