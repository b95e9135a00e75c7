// The signals beside the stage: curves over time and the hidden state as a heat map, in step with the playhead.
(() => {
  const PAD = { left: 40, right: 10, top: 8, bottom: 32 };
  const STEP = 0.02; // s

  function niceStep(span, target) {
    const raw = span / target, power = 10 ** Math.floor(Math.log10(raw)), r = raw / power;
    return power * (r < 1.5 ? 1 : r < 3.5 ? 2 : r < 7.5 ? 5 : 10);
  }
  const format = (v) => `${+v.toFixed(2)}`.replace("-", "−");

  // What charts and heat maps share: a canvas, a time axis, two cached pictures (past bright, future faint) and the playhead.
  class Panel {
    constructor(canvas, title) {
      this.canvas = canvas;
      this.title = title;
      canvas.setAttribute("role", "img");
    }

    layout(colours) {
      this.c = colours;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      this.w = this.canvas.clientWidth;
      this.h = this.canvas.clientHeight;
      if (!this.w || !this.data) return;
      this.canvas.width = this.w * ratio;
      this.canvas.height = this.h * ratio;
      this.ratio = ratio;
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
      const bottom = this.h - PAD.bottom, seconds = this.steps * STEP, gap = niceStep(Math.max(seconds, STEP), 5);
      ctx.fillStyle = this.c.muted;
      ctx.font = "11px " + this.c.font;
      ctx.textAlign = "center";
      for (let t = 0; t <= seconds + 1e-9; t += gap) ctx.fillText(format(t), this.x(t / STEP), bottom + 14);
      ctx.fillText("time (s)", (PAD.left + this.w - PAD.right) / 2, this.h - 4);
    }

    draw(playhead) {
      if (!this.w || !this.past) return;
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

  // Curves. series: [{values, role, dash, stepped}], limits: y values that end an episode or halve a scale.
  class Chart extends Panel {
    set({ series, range, limits, steps }) {
      this.data = series;
      this.range = range;
      this.limits = limits || [];
      this.steps = steps;
    }

    y(value) {
      const [low, high] = this.range;
      return PAD.top + (this.h - PAD.top - PAD.bottom) * (high - value) / (high - low);
    }

    paint(ctx, alpha) {
      const { c, w, h } = this, [low, high] = this.range, right = w - PAD.right;
      ctx.font = "11px " + c.font;
      ctx.lineWidth = 1;
      const gap = niceStep(high - low, 4);
      ctx.textAlign = "right";
      for (let v = Math.ceil(low / gap) * gap; v <= high + 1e-9; v += gap) {
        ctx.strokeStyle = c.faint;
        ctx.beginPath();
        ctx.moveTo(PAD.left, this.y(v));
        ctx.lineTo(right, this.y(v));
        ctx.stroke();
        ctx.fillStyle = c.muted;
        ctx.fillText(format(v), PAD.left - 6, this.y(v) + 4);
      }
      ctx.strokeStyle = c.muted;
      ctx.setLineDash([2, 4]);
      for (const v of this.limits) {
        ctx.beginPath();
        ctx.moveTo(PAD.left, this.y(v));
        ctx.lineTo(right, this.y(v));
        ctx.stroke();
      }
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

  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  // The hidden state: a row for each of its units, a column for each step; blue below zero, orange above.
  class HeatMap extends Panel {
    set({ cells, size, scale, length, steps }) {
      Object.assign(this, { data: cells, size, scale, length, steps });
    }

    paint(ctx, alpha) {
      const { c, size, length } = this, [low, middle, high] = [rgb(c.low), rgb(c.middle), rgb(c.high)];
      const image = document.createElement("canvas");
      image.width = length;
      image.height = size;
      const pixels = new ImageData(length, size);
      for (let t = 0; t < length; t++) {
        for (let i = 0; i < size; i++) {
          const v = (this.data[t * size + i] << 24 >> 24) / 127, end = v < 0 ? low : high, at = 4 * (i * length + t);
          for (let n = 0; n < 3; n++) pixels.data[at + n] = middle[n] + (end[n] - middle[n]) * Math.abs(v);
          pixels.data[at + 3] = 255;
        }
      }
      image.getContext("2d").putImageData(pixels, 0, 0);
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
