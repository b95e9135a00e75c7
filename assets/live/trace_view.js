// The signals of the episode under way, as they come: curves over its ten seconds, and the hidden state as a growing picture.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake, { cells, format, gap, keepFitted, levels, line, ticks } = window.ssmDraw;
  const HIDDEN_SCALE = 3; // where the colours of the hidden state end
  const PAD = { left: 44, right: 10, top: 8, bottom: 34 };

  class Trace {
    constructor(parent, title, extra = "") {
      const figure = make("figure", parent, { class: `live-trace ${extra}` });
      make("figcaption", figure, {}, title);
      this.canvas = make("canvas", figure, { role: "img", "aria-label": title });
      keepFitted(this);
    }

    // The canvas, cleared, with its time axis; null while it is not laid out.
    begin() {
      if (!this.fit()) return null;
      const { c } = this, { ctx, w, h } = this.fitted, { tau, episode_steps } = live.config.physics, seconds = tau * episode_steps;
      ctx.clearRect(0, 0, w, h);
      ctx.font = "11px " + c.font;
      ctx.fillStyle = c.muted;
      ctx.textAlign = "center";
      for (const t of ticks(0, seconds, gap(seconds, 5))) {
        ctx.fillText(format(t), this.x(t / tau), h - PAD.bottom + 14);
      }
      ctx.fillText("time in this episode (s)", (PAD.left + w - PAD.right) / 2, h - 5);
      return ctx;
    }

    x(step) { return PAD.left + (this.fitted.w - PAD.left - PAD.right) * step / live.config.physics.episode_steps; }
  }

  class LineTrace extends Trace {
    constructor(parent, title, key, range, limits) {
      super(parent, title);
      Object.assign(this, { key, range, limits });
    }

    draw(lanes) {
      const ctx = this.begin();
      if (!ctx) return;
      const { c, range: [low, high] } = this, { w, h } = this.fitted;
      const y = (v) => PAD.top + (h - PAD.top - PAD.bottom) * (high - v) / (high - low);
      levels(ctx, c, ticks(low, high, gap(high - low, 4)), y, PAD.left, w - PAD.right);
      ctx.strokeStyle = c.muted;
      ctx.setLineDash([2, 4]);
      for (const v of this.limits) line(ctx, PAD.left, y(v), w - PAD.right, y(v));
      ctx.setLineDash([]);
      ctx.save();
      ctx.beginPath();
      ctx.rect(PAD.left, PAD.top, w - PAD.left - PAD.right, h - PAD.top - PAD.bottom);
      ctx.clip();
      ctx.lineJoin = "round";
      this.turns(ctx, lanes[0]?.shown.turns ?? []);
      for (const lane of lanes) {
        const dash = live.config.train.drawn.dashes[lane.role];
        ctx.strokeStyle = c[lane.role];
        if (lane.previous && lanes.length === 1) this.path(ctx, lane.previous[this.key], y, 1.2, 0.25, dash);
        this.path(ctx, lane.shown[this.key], y, 1.8, 1, dash);
      }
      ctx.restore();
    }

    // Where the motor reversed by itself; the first says so.
    turns(ctx, steps) {
      const { c, fitted: { h } } = this, bottom = h - PAD.bottom;
      ctx.strokeStyle = ctx.fillStyle = c.muted;
      ctx.setLineDash([1, 3]);
      for (const step of steps) line(ctx, this.x(step), PAD.top, this.x(step), bottom);
      ctx.setLineDash([]);
      ctx.textAlign = "left";
      if (steps.length) ctx.fillText("motor reversed", this.x(steps[0]) + 4, bottom - 4);
    }

    path(ctx, values, y, width, alpha, dash) {
      ctx.globalAlpha = alpha;
      ctx.lineWidth = width;
      ctx.setLineDash(dash);
      ctx.beginPath();
      values.forEach((v, i) => ctx[i ? "lineTo" : "moveTo"](this.x(i), y(v)));
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.globalAlpha = 1;
    }
  }

  // A row for each unit, a column for each step; a column is painted once, when its step comes.
  class HiddenTrace extends Trace {
    constructor(parent, title) {
      super(parent, title, "wide");
      this.picture = document.createElement("canvas");
    }

    draw(lanes) {
      const ctx = this.begin(), shown = lanes[0].shown, size = shown.hidden[0]?.length ?? 0;
      if (!ctx) return;
      const { w, h } = this.fitted, { c } = this, width = live.config.physics.episode_steps;
      const look = c.low + c.middle + size;
      if (this.shown !== shown || this.look !== look) {
        Object.assign(this, { shown, look, painted: 0 });
        this.picture.width = width;
        this.picture.height = Math.max(1, size);
      }
      const picture = this.picture.getContext("2d");
      for (; this.painted < shown.hidden.length; this.painted++) {
        const hidden = shown.hidden[this.painted], at = (i) => Math.max(-1, Math.min(1, hidden[i] / HIDDEN_SCALE));
        picture.drawImage(cells(c, 1, size, at), this.painted, 0);
      }
      ctx.imageSmoothingEnabled = false;
      if (size) ctx.drawImage(this.picture, PAD.left, PAD.top, w - PAD.left - PAD.right, h - PAD.top - PAD.bottom);
      ctx.fillStyle = c.muted;
      ctx.textAlign = "right";
      ctx.fillText("1", PAD.left - 6, PAD.top + 10);
      ctx.fillText(`${size || ""}`, PAD.left - 6, h - PAD.bottom);
    }
  }

  live.TraceView = class {
    constructor(parent) {
      const grid = make("div", parent, { class: "live-traces" }), { angle_limit, x_limit } = live.config.physics;
      const limit = Math.round(angle_limit * 180 / Math.PI);
      this.traces = [
        new LineTrace(grid, "Pole angle (degrees); dotted: the limits", "angle", [-15, 15], [-limit, limit]),
        new LineTrace(grid, "Cart position (m); dotted: the track’s ends", "x", [-2.8, 2.8], [-x_limit, x_limit]),
        new LineTrace(grid, "Probability of pushing right", "prob", [-0.04, 1.04], [0.5]),
        new LineTrace(grid, "Expected survival (1: never falls)", "long", [-0.1, 1.1], [1]),
        new HiddenTrace(grid, `Hidden state, one row a unit: −${HIDDEN_SCALE} (blue) to ${HIDDEN_SCALE} (orange)`),
      ];
    }

    draw(lanes) { for (const trace of this.traces) trace.draw(lanes.filter((lane) => !lane.human)); }
  };
})();
