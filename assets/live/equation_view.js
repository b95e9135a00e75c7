// The four equations with the values of the step that was just taken (model/policy/ssm.py).
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake, { cells, colours, onLook } = window.ssmDraw;
  const SCALE = { h: 3, m: 1, z: 2 }; // where the colours end
  const ROWS = [
    ["x", "x̃ₜ = s ∘ xₜ", "what it is given: the sensors, each with its own scale"],
    ["h", "hₜ = hₜ₋₁ Ā + x̃ₜ B + b", "memory: the only part that looks back"],
    ["m", "mₜ = tanh([hₜ, x̃ₜ] Wₘ + bₘ)", "memory and sensors mixed"],
    ["z", "zₜ = mₜ + tanh(mₜ W₁ + b₁) W₂ + b₂", "a small network on top"],
    ["y", "yₜ = zₜ C + x̃ₜ D + c", "the decision"],
  ];
  const signed = (v) => `${v < 0 ? "−" : "+"}${Math.abs(v).toFixed(2)}`;

  live.EquationView = class {
    constructor(parent) {
      const list = make("div", parent, { class: "live-equations" });
      this.rows = ROWS.map(([name, equation, words]) => {
        const row = make("div", list, { class: "live-equation" });
        const text = make("div", row);
        make("code", text, {}, equation);
        make("span", text, { class: "hint" }, words);
        const canvas = SCALE[name] ? make("canvas", row, { role: "img", "aria-label": `${name}: one cell a unit` }) : null;
        const values = SCALE[name] ? null : make("output", row, { "aria-live": "off" });
        return { name, canvas, values };
      });
      onLook(list, () => { this.c = colours(list); });
      make("p", list, { class: "hint" }, "Cells: blue below zero, orange above. After a fall the gradient step moves A, B, C, D and every W and b a little.");
    }

    // run: the lane's; shows its output, its hidden state and its work of this step.
    draw(run) {
      if (!run.output || !this.c) return;
      const { work } = run, values = { h: run.hidden, m: work.m, z: work.z };
      for (const { name, canvas, values: text } of this.rows) {
        if (canvas) this.cells(canvas, values[name], SCALE[name]);
        else text.textContent = name === "x" ? this.sensors(run, work.x) : this.decision(run);
      }
    }

    sensors({ output: { obs } }, scaled) {
      const names = [["position", "m"], ["velocity", "m/s"], ["angle", "rad"], ["turning", "rad/s"], ["its last push", ""]];
      return names.slice(0, obs.length).map(([name, unit], i) => `${name} ${signed(obs[i])} ${unit}${unit && " "}→ ${signed(scaled[i])}`).join("\n");
    }

    decision({ output }) {
      const { left, right, probRight, valueLong, valueShort, action } = output;
      return `left ${signed(left)}, right ${signed(right)}\nP(right) ${probRight.toFixed(3)}: pushes ${action ? "right" : "left"}\n`
        + `expected survival ${valueLong.toFixed(2)} long, ${valueShort.toFixed(2)} short`;
    }

    // A pixel a unit; the style sheet stretches it.
    cells(canvas, values, scale) {
      const at = (_, i) => (Number.isFinite(values[i]) ? Math.max(-1, Math.min(1, values[i] / scale)) : 0);
      if (canvas.width !== values.length) Object.assign(canvas, { width: values.length, height: 1 });
      canvas.getContext("2d").drawImage(cells(this.c, values.length, 1, at), 0, 0);
    }
  };
})();
