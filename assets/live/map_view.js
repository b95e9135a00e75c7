// The decision map: what the policy would do now at every angle and angular velocity, with the memory it has at this moment.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake, { cells, keepFitted } = window.ssmDraw;
  const SIZE = 27; // cells a side
  const BUDGET = 0.8; // ms of a frame for computing rows anew, so that no frame waits for the whole map
  const { angle: ANGLE, velocity: VELOCITY } = window.ssmConfig.map;
  const PAD = { left: 46, right: 8, top: 6, bottom: 36 };
  const TRAIL = 14; // steps
  const radians = (v) => v * Math.PI / 180, degrees = (v) => v * 180 / Math.PI;

  live.MapView = class {
    constructor(parent) {
      const figure = make("figure", parent, { class: "live-map" });
      this.title = make("figcaption", figure, {}, "What it would do now");
      const says = "Decision map: which way the policy would push at every pole angle and angular velocity; a dot marks where the pole is.";
      this.canvas = make("canvas", figure, { role: "img", "aria-label": says });
      const key = make("p", figure, { class: "map-key" });
      make("span", key, {}, "pushes left");
      make("span", key, { class: "map-scale" });
      make("span", key, {}, "right");
      this.wanted = new Float32Array(SIZE * SIZE).fill(0.5);
      this.cells = new Float32Array(SIZE * SIZE).fill(0.5);
      this.row = 0;
      keepFitted(this);
    }

    // P(right) in one row of cells: angle and angular velocity vary as the sensors report them, the rest is as it is now.
    computeRow({ policy, hidden, x, x_dot, push }, row) {
      if (this.sized !== policy.sizes) {
        this.sized = policy.sizes;
        this.hidden = live.initialHidden(policy);
        this.work = live.makeWork(policy);
      }
      const velocity = radians(VELOCITY * (1 - 2 * row / (SIZE - 1)));
      for (let column = 0; column < SIZE; column++) {
        this.hidden.set(hidden);
        const observed = Float32Array.of(x, x_dot, radians(ANGLE * (2 * column / (SIZE - 1) - 1)), velocity);
        live.forward(policy, live.inputsOf(policy, observed, push), this.hidden, this.work);
        const value = 1 / (1 + Math.exp(this.work.y[0] - this.work.y[1]));
        this.wanted[row * SIZE + column] = Number.isFinite(value) ? value : 0.5;
      }
    }

    // `policy` and `hidden` at this moment; x, x_dot as the sensors report them; its previous push. whole: every row at once.
    update(policy, hidden, x, x_dot, push, whole = false) {
      const start = performance.now();
      if (whole || this.moment?.policy !== policy) this.row = 0;
      for (let n = 1; n <= SIZE; n++) {
        if (this.row === 0) this.moment = { policy, hidden: hidden.slice(), x, x_dot, push }; // one moment for the whole map
        this.computeRow(this.moment, this.row);
        this.row = (this.row + 1) % SIZE;
        if (!whole && performance.now() - start > BUDGET) return;
      }
    }

    // When and whose it is.
    name(text) { if (this.title.textContent !== text) this.title.textContent = text; }

    // dots: [{angle, velocity}] in rad as the sensors report them, oldest first; the last one is now. calm: no morphing.
    draw(seconds, dots, calm) {
      if (!this.fit()) return;
      const { ctx, w, h } = this.fitted, width = w - PAD.left - PAD.right, height = h - PAD.top - PAD.bottom;
      const share = calm ? 1 : Math.min(1, seconds * 5);
      this.wanted.forEach((value, k) => { this.cells[k] += (value - this.cells[k]) * share; });
      ctx.clearRect(0, 0, w, h);
      ctx.drawImage(cells(this.c, SIZE, SIZE, (row, column) => 2 * this.cells[row * SIZE + column] - 1), PAD.left, PAD.top, width, height);
      window.ssmMap.axes(ctx, w, h, PAD, this.c, 12, "angular velocity (°/s)");
      this.drawDots(ctx, dots.slice(-TRAIL), width, height);
    }

    drawDots(ctx, dots, width, height) {
      const { c } = this, clamp = (v) => Math.max(0, Math.min(1, v));
      const at = ({ angle, velocity }) => [
        PAD.left + width * clamp(0.5 + degrees(angle) / (2 * ANGLE)), PAD.top + height * clamp(0.5 - degrees(velocity) / (2 * VELOCITY)),
      ];
      if (!dots.length) return;
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = 1.5;
      ctx.lineJoin = "round";
      ctx.globalAlpha = 0.55;
      ctx.beginPath();
      dots.forEach((dot, i) => ctx[i ? "lineTo" : "moveTo"](...at(dot)));
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.arc(...at(dots.at(-1)), 6, 0, 7);
      ctx.fillStyle = c.ink;
      ctx.fill();
      ctx.strokeStyle = c.ground;
      ctx.lineWidth = 2;
      ctx.stroke();
    }
  };
})();
