// The signals beside the stage: curves over time and the hidden state as a heat map, in step with the playhead.
(() => {
  const PAD = { left: 40, right: 10, top: 8, bottom: 32 };
  const TURN = [1, 3]; // px: the line where a motor reversed by itself
  const STEP = window.ssmConfig.timeStep; // s
  const { cells, fit, format, gap, levels, line, ticks, within } = window.ssmDraw;

  // What charts and heat maps share: a canvas, a time axis, two cached pictures (past bright, future faint) and the playhead.
  class Panel {
    constructor(canvas) { this.canvas = canvas; }

    layout(colours) {
      this.c = colours;
      const size = this.data && fit(this.canvas);
      if (!size) return;
      Object.assign(this, { w: size.w, h: size.h, ratio: size.ratio });
      this.past = this.picture(1);
      this.future = this.picture(0.22);
    }

    picture(alpha) {
      const picture = document.createElement("canvas");
      picture.width = this.canvas.width;
      picture.height = this.canvas.height;
      const ctx = picture.getContext("2d");
      ctx.scale(this.ratio, this.ratio);
      this.paint(ctx, alpha);
      return picture;
    }

    x(step) { return PAD.left + (this.w - PAD.left - PAD.right) * step / Math.max(this.steps, 1); }
    stepAt(pixel) { return (pixel - PAD.left) / (this.w - PAD.left - PAD.right) * this.steps; }

    timeAxis(ctx) {
      const bottom = this.h - PAD.bottom, seconds = this.steps * STEP, step = gap(Math.max(seconds, STEP), 5);
      ctx.fillStyle = this.c.muted;
      ctx.font = "11px " + this.c.font;
      ctx.textAlign = "center";
      for (const t of ticks(0, seconds, step)) ctx.fillText(format(t), within(ctx, format(t), this.x(t / STEP), this.w), bottom + 14);
      ctx.fillText("time (s)", (PAD.left + this.w - PAD.right) / 2, this.h - 4);
    }

    draw(playhead) {
      if (!this.past) return;
      const ctx = this.canvas.getContext("2d"), split = this.x(Math.min(playhead, this.steps)) * this.ratio;
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
      ctx.drawImage(this.future, 0, 0);
      if (split > 0) {
        ctx.clearRect(0, 0, split, this.canvas.height);
        ctx.drawImage(this.past, 0, 0, split, this.canvas.height, 0, 0, split, this.canvas.height);
      }
      ctx.scale(this.ratio, this.ratio);
      ctx.fillStyle = this.c.ink;
      ctx.fillRect(split / this.ratio - 0.5, PAD.top, 1, this.h - PAD.top - PAD.bottom);
    }
  }

  // Curves. series: [{values, role, dash, stepped}], limits: y values that end an episode or halve a scale, turns: steps at which
  // the motor reversed by itself.
  class Chart extends Panel {
    set({ series, range, limits, steps, turns }) {
      this.data = series;
      this.range = range;
      this.limits = limits || [];
      this.turns = turns || [];
      this.steps = steps;
    }

    y(value) {
      const [low, high] = this.range;
      return PAD.top + (this.h - PAD.top - PAD.bottom) * (high - value) / (high - low);
    }

    paint(ctx, alpha) {
      const { c, w, h } = this, [low, high] = this.range, right = w - PAD.right;
      ctx.font = "11px " + c.font;
      levels(ctx, c, ticks(low, high, gap(high - low, 4)), (v) => this.y(v), PAD.left, right);
      ctx.strokeStyle = c.muted;
      ctx.setLineDash([2, 4]);
      for (const v of this.limits) line(ctx, PAD.left, this.y(v), right, this.y(v));
      ctx.setLineDash(TURN);
      for (const step of this.turns) line(ctx, this.x(step), PAD.top, this.x(step), h - PAD.bottom);
      ctx.setLineDash([]);
      this.timeAxis(ctx);
      ctx.save();
      ctx.beginPath();
      ctx.rect(PAD.left, PAD.top, right - PAD.left, h - PAD.top - PAD.bottom);
      ctx.clip();
      ctx.globalAlpha = alpha;
      ctx.lineJoin = "round";
      for (const s of this.data) {
        ctx.strokeStyle = c[s.role];
        ctx.lineWidth = s.thin ? 1.2 : 1.8;
        ctx.setLineDash(s.dash || []);
        ctx.beginPath();
        s.values.forEach((v, i) => {
          if (s.stepped && i) ctx.lineTo(this.x(i), this.y(s.values[i - 1]));
          ctx[i ? "lineTo" : "moveTo"](this.x(i), this.y(v));
        });
        ctx.stroke();
      }
      ctx.restore();
    }
  }

  // The hidden state: a row for each of its units, a column for each step; blue below zero, orange above.
  class HeatMap extends Panel {
    set({ cells, size, scale, length, steps }) {
      Object.assign(this, { data: cells, size, scale, length, steps });
    }

    paint(ctx, alpha) {
      const { c, size, length } = this;
      const image = cells(c, length, size, (i, t) => (this.data[t * size + i] << 24 >> 24) / 127);
      ctx.save();
      ctx.globalAlpha = alpha;
      ctx.imageSmoothingEnabled = false;
      ctx.drawImage(image, PAD.left, PAD.top, this.x(length) - PAD.left, this.h - PAD.top - PAD.bottom);
      ctx.restore();
      ctx.fillStyle = c.muted;
      ctx.font = "11px " + c.font;
      ctx.textAlign = "right";
      ctx.fillText("1", PAD.left - 6, PAD.top + 10);
      ctx.fillText(`${size}`, PAD.left - 6, this.h - PAD.bottom);
      this.timeAxis(ctx);
    }
  }

  window.ssmCharts = { Chart, HeatMap };
})();
