// The signals of the episode under way, as they come: curves over its ten seconds, and the hidden state as a growing picture.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const PAD = { left: 44, right: 10, top: 8, bottom: 34 };
  const DASHES = { policy: [], before: [2, 3], baseline: [7, 3, 2, 3], standard: [] };

  class Trace {
    constructor(parent, title, extra = "") {
      const figure = make("figure", parent, { class: `live-trace ${extra}` });
      make("figcaption", figure, {}, title);
      this.canvas = make("canvas", figure, { role: "img", "aria-label": title });
      window.ssmDraw.keepFitted(this);
    }

    // The canvas, cleared, with its time axis; null while it is not laid out.
    begin() {
      if (!this.fit()) return null;
      const { c } = this, { ctx, w, h } = this.fitted, { tau, episode_steps } = live.config.physics, seconds = tau * episode_steps;
      ctx.clearRect(0, 0, w, h);
      ctx.font = "11px " + c.font;
      ctx.fillStyle = c.muted;
      ctx.textAlign = "center";
      for (const t of window.ssmDraw.ticks(0, seconds, window.ssmDraw.gap(seconds, 5))) {
        ctx.fillText(window.ssmDraw.format(t), this.x(t / tau), h - PAD.bottom + 14);
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
      ctx.textAlign = "right";
      ctx.lineWidth = 1;
      for (const v of window.ssmDraw.ticks(low, high, window.ssmDraw.gap(high - low, 4))) {
        ctx.strokeStyle = c.faint;
        window.ssmDraw.line(ctx, PAD.left, y(v), w - PAD.right, y(v));
        ctx.fillStyle = c.muted;
        ctx.fillText(window.ssmDraw.format(v), PAD.left - 6, y(v) + 4);
      }
      ctx.strokeStyle = c.muted;
      ctx.setLineDash([2, 4]);
      for (const v of this.limits) window.ssmDraw.line(ctx, PAD.left, y(v), w - PAD.right, y(v));
      ctx.setLineDash([]);
      ctx.save();
      ctx.beginPath();
      ctx.rect(PAD.left, PAD.top, w - PAD.left - PAD.right, h - PAD.top - PAD.bottom);
      ctx.clip();
      ctx.lineJoin = "round";
      this.turns(ctx, lanes[0]?.shown.turns ?? []);
      for (const lane of lanes) {
        ctx.strokeStyle = c[lane.role];
        if (lane.previous && lanes.length === 1) this.path(ctx, lane.previous[this.key], y, 1.2, 0.25, DASHES[lane.role]);
        this.path(ctx, lane.shown[this.key], y, 1.8, 1, DASHES[lane.role]);
      }
      ctx.restore();
    }

    // Where the motor reversed by itself; the first says so.
    turns(ctx, steps) {
      const { c, fitted: { h } } = this, bottom = h - PAD.bottom;
      ctx.strokeStyle = ctx.fillStyle = c.muted;
      ctx.setLineDash([1, 3]);
      for (const step of steps) window.ssmDraw.line(ctx, this.x(step), PAD.top, this.x(step), bottom);
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
        this.ends = [window.ssmDraw.rgb(c.low), window.ssmDraw.rgb(c.middle), window.ssmDraw.rgb(c.high)];
      }
      for (; this.painted < shown.hidden.length; this.painted++) this.paint(shown.hidden[this.painted], this.painted);
      ctx.imageSmoothingEnabled = false;
      if (size) ctx.drawImage(this.picture, PAD.left, PAD.top, w - PAD.left - PAD.right, h - PAD.top - PAD.bottom);
      ctx.fillStyle = c.muted;
      ctx.textAlign = "right";
      ctx.fillText("1", PAD.left - 6, PAD.top + 10);
      ctx.fillText(`${size || ""}`, PAD.left - 6, h - PAD.bottom);
    }

    paint(hidden, column) {
      const pixels = new ImageData(1, hidden.length), [low, middle, high] = this.ends;
      hidden.forEach((value, i) => {
        const v = Math.max(-1, Math.min(1, value / live.HIDDEN_SCALE)), end = v < 0 ? low : high;
        for (let n = 0; n < 3; n++) pixels.data[4 * i + n] = middle[n] + (end[n] - middle[n]) * Math.abs(v);
        pixels.data[4 * i + 3] = 255;
      });
      this.picture.getContext("2d").putImageData(pixels, column, 0);
    }
  }

  live.HIDDEN_SCALE = 3; // where the colours of the hidden state end

  live.TraceView = class {
    constructor(parent) {
      const grid = make("div", parent, { class: "live-traces" }), { angle_limit, x_limit } = live.config.physics;
      const limit = Math.round(angle_limit * 180 / Math.PI);
      this.traces = [
        new LineTrace(grid, "Pole angle (degrees); dotted: the limits", "angle", [-15, 15], [-limit, limit]),
        new LineTrace(grid, "Cart position (m); dotted: the track’s ends", "x", [-2.8, 2.8], [-x_limit, x_limit]),
        new LineTrace(grid, "Probability of pushing right", "prob", [-0.04, 1.04], [0.5]),
        new LineTrace(grid, "Expected survival (1: never falls)", "long", [-0.1, 1.1], [1]),
        new HiddenTrace(grid, `Hidden state, one row a unit: −${live.HIDDEN_SCALE} (blue) to ${live.HIDDEN_SCALE} (orange)`),
      ];
    }

    draw(lanes) { for (const trace of this.traces) trace.draw(lanes.filter((lane) => !lane.human)); }
  };
})();
