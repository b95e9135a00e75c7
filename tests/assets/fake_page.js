// A page without a browser: just enough of the DOM for the scripts of assets/, and canvases that remember what was drawn on them.
// Everything is remembered in CSS pixels, after scaling, translation and rotation; the screen has two pixels for each.
(() => {
  const RATIO = 2;
  const SIZE = { canvas: [600, 340], other: [600, 600] };

  class Context {
    constructor(canvas) {
      this.canvas = canvas;
      this.reset();
    }

    reset() {
      Object.assign(this, { drawn: [], path: [], stack: [], dash: [], matrix: [1, 0, 0, 1, 0, 0] });
      Object.assign(this, { fillStyle: "#000000", strokeStyle: "#000000", lineWidth: 1, globalAlpha: 1, font: "", textAlign: "start" });
    }

    save() { this.stack.push([this.fillStyle, this.strokeStyle, this.lineWidth, this.globalAlpha, this.dash, this.font, this.textAlign, this.matrix]); }
    restore() { [this.fillStyle, this.strokeStyle, this.lineWidth, this.globalAlpha, this.dash, this.font, this.textAlign, this.matrix] = this.stack.pop(); }
    transform(a, b, c, d, e, f) {
      const [A, B, C, D, E, F] = this.matrix;
      this.matrix = [A * a + C * b, B * a + D * b, A * c + C * d, B * c + D * d, A * e + C * f + E, B * e + D * f + F];
    }
    setTransform(...m) { this.matrix = m; }
    scale(x, y) { this.transform(x, 0, 0, y, 0, 0); }
    translate(x, y) { this.transform(1, 0, 0, 1, x, y); }
    rotate(a) { this.transform(Math.cos(a), Math.sin(a), -Math.sin(a), Math.cos(a), 0, 0); }
    point(x, y) {
      const [a, b, c, d, e, f] = this.matrix;
      if (![x, y].every(Number.isFinite)) throw new Error(`drawn at (${x}, ${y})`);
      return [(a * x + c * y + e) / RATIO, (b * x + d * y + f) / RATIO];
    }
    size() { return Math.hypot(this.matrix[0], this.matrix[1]) / RATIO; }

    setLineDash(dash) { this.dash = [...dash]; }
    beginPath() { this.path = []; }
    moveTo(x, y) { this.path.push([this.point(x, y)]); }
    lineTo(x, y) { this.path.length ? this.path.at(-1).push(this.point(x, y)) : this.moveTo(x, y); }
    closePath() {}
    clip() {}
    rect(x, y, w, h) { this.path.push([[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]].map(([a, b]) => this.point(a, b))); }
    arcTo(x, y) { this.lineTo(x, y); } // corners stay sharp
    arc(x, y, r) {
      const ring = [this.point(x, y)];
      ring.radius = r * this.size();
      this.path.push(ring);
    }

    remember(kind, more) {
      this.drawn.push({ kind, alpha: this.globalAlpha, ...more });
    }
    mark(kind, colour, path, more = {}) {
      for (const points of path) this.remember(kind, { colour, points: [...points], radius: points.radius ?? null, ...more });
    }
    stroke() { this.mark("stroke", this.strokeStyle, this.path, { width: this.lineWidth * this.size(), dash: this.dash }); }
    fill() { this.mark("fill", this.fillStyle, this.path); }
    withRect(draw, x, y, w, h) {
      const kept = this.path;
      this.path = [];
      this.rect(x, y, w, h);
      draw();
      this.path = kept;
    }
    strokeRect(...r) { this.withRect(() => this.stroke(), ...r); }
    fillRect(...r) { this.withRect(() => this.fill(), ...r); }
    clearRect(x, y, w, h) {
      const [left, top] = this.point(x, y), [right, bottom] = this.point(x + w, y + h);
      if (left <= 0 && top <= 0 && right * RATIO >= this.canvas.width && bottom * RATIO >= this.canvas.height) this.drawn = [];
      else this.remember("clear", { points: [[left, top], [right, bottom]] });
    }
    fillText(text, x, y) { this.remember("text", { colour: this.fillStyle, text, align: this.textAlign, points: [this.point(x, y)] }); }
    measureText(text) { return { width: 6 * text.length }; }
    putImageData(data) { this.remember("pixels", { width: data.width, height: data.height, data: [...data.data] }); }
    drawImage(image, ...at) {
      const [x, y, w, h] = at.length === 8 ? at.slice(4) : [...at, image.width, image.height].slice(0, 4);
      this.remember("image", { points: [this.point(x, y), this.point(x + w, y + h)], drawn: image.getContext("2d").drawn });
    }
  }

  class Element {
    constructor(tag) {
      Object.assign(this, { tag, children: [], dataset: {}, listeners: {}, style: {}, attributes: {}, own: "", value: "", className: "" });
      if (tag === "canvas") this.context = new Context(this);
    }

    setAttribute(name, value) {
      this.attributes[name] = `${value}`;
      if (name === "class") this.className = `${value}`;
      else if (name.startsWith("data-")) this.dataset[name.slice(5)] = `${value}`;
      else this[name] = `${value}`;
    }
    get classList() {
      const names = new Set(this.className.split(" ").filter(Boolean)), keep = () => { this.className = [...names].join(" "); };
      return { add: (n) => { names.add(n); keep(); }, remove: (n) => { names.delete(n); keep(); }, contains: (n) => names.has(n) };
    }
    append(...nodes) { for (const node of nodes) { node.parent = this; this.children.push(node); } }
    appendChild(node) { this.append(node); return node; }
    replaceChildren(...nodes) { this.children = []; this.own = ""; this.append(...nodes); }
    get textContent() { return this.own + this.children.map((c) => c.textContent).join(""); }
    set textContent(text) { this.children = []; this.own = `${text}`; }
    set innerHTML(text) { throw new Error("markup is never written: labels may hold what a visitor typed"); }
    get clientWidth() { return (SIZE[this.tag] ?? SIZE.other)[0]; }
    get clientHeight() { return (SIZE[this.tag] ?? SIZE.other)[1]; }
    getBoundingClientRect() { return { left: 0, top: 0, width: this.clientWidth, height: this.clientHeight }; }
    set width(w) { this.w = w; this.context?.reset(); }
    get width() { return this.w ?? 300; }
    set height(h) { this.h = h; this.context?.reset(); }
    get height() { return this.h ?? 150; }
    getContext() { return this.context; }
    focus() {}
    setPointerCapture() {}
    addEventListener(type, listener) { (this.listeners[type] ??= []).push(listener); }
    fire(type, event = {}) { for (const f of this.listeners[type] ?? []) f({ target: this, preventDefault() {}, ...event }); }
    matches(selector) { return selector.split(".").every((part, i) => !part || (i ? this.className.split(" ").includes(part) : this.tag === part)); }
    querySelectorAll(selector) { // "tag.class" parts, each below the one before
      const [first, ...rest] = selector.split(" "), found = [];
      for (const child of this.children) {
        if (child.matches(first)) found.push(...(rest.length ? child.querySelectorAll(rest.join(" ")) : [child]));
        found.push(...child.querySelectorAll(selector));
      }
      return [...new Set(found)];
    }
    querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
  }

  const MEDIA = ["(min-width: 640px)", "(prefers-reduced-motion: reduce)"]; // no episode plays by itself
  let theme = {};
  class Observer { observe() {} disconnect() {} }

  Object.assign(globalThis, {
    window: globalThis,
    devicePixelRatio: RATIO,
    document: { createElement: (tag) => new Element(tag), body: new Element("body"), documentElement: new Element("html") },
    getComputedStyle: () => ({ fontFamily: "sans", getPropertyValue: (name) => theme[name] ?? "" }),
    matchMedia: (query) => ({ matches: MEDIA.includes(query), addEventListener() {} }),
    addEventListener() {},
    ResizeObserver: Observer,
    MutationObserver: Observer,
    requestAnimationFrame() {},
    ImageData: class { constructor(width, height) { Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) }); } },
  });

  // What a test says: dress(theme); mount("ssmPlayer", "player", value) -> its root.
  Object.assign(globalThis, {
    dress: (given) => { theme = given; },
    mount: (component, name, value) => {
      const host = new Element("div"), root = new Element("div");
      root.className = name;
      host.append(root);
      window[component](host, { value }, () => {});
      return root;
    },
  });
})();
