// Live curves: lines with bands over a whole number of steps, and their limits. window.ssmCurves is called once by each chart (ui/charts.py).
(() => {
  const PAD = { left: 48, right: 14, top: 10, bottom: 38 };

  const make = window.ssmMake;
  const format = (v) => `${+v.toFixed(2)}`.replace("-", "−");
  function nice(span, target) {
    const raw = span / target, power = 10 ** Math.floor(Math.log10(raw)), r = raw / power;
    return power * (r < 1.5 ? 1 : r < 3.5 ? 2 : r < 7.5 ? 5 : 10);
  }

  class Curves {
    constructor(root) {
      this.root = root;
      this.legend = make("p", root, { class: "legend" });
      const frame = make("div", root, { class: "curve-frame" });
      this.canvas = make("canvas", frame, { role: "img", tabindex: 0 });
      this.empty = make("p", frame, { class: "curve-empty" });
      this.readout = make("output", root, { class: "readout" });
      this.canvas.addEventListener("pointermove", (e) => this.point(e.clientX - this.canvas.getBoundingClientRect().left));
      this.canvas.addEventListener("pointerdown", (e) => this.point(e.clientX - this.canvas.getBoundingClientRect().left));
      this.canvas.addEventListener("pointerleave", () => this.select(null));
      this.canvas.addEventListener("blur", () => this.select(null));
      this.canvas.addEventListener("keydown", (e) => this.key(e));
      new ResizeObserver(() => this.draw()).observe(frame);
      new MutationObserver(() => this.draw()).observe(document.body, { attributeFilter: ["class"] });
    }

    load(value) {
      if (!value || !value.series) return;
      this.value = value;
      this.selected = null;
      this.xs = [...new Set(value.series.filter((s) => s.markers || s.words.length).flatMap((s) => s.x))].sort((a, b) => a - b);
      this.legend.replaceChildren();
      for (const s of value.series) make("span", this.legend, { "data-role": s.role }, s.label);
      this.empty.textContent = value.series.length ? "" : value.empty;
      this.readout.textContent = value.note;
      this.root.dataset.points = value.series.map((s) => s.x.length).join(" ");
      const last = (s) => `${s.label}: ${format(s.y.at(-1) ?? NaN)} at ${format(s.x.at(-1))}`;
      const says = value.series.filter((s) => s.x.length).map(last).join("; ") || value.empty;
      this.canvas.setAttribute("aria-label", `${value.y.title} against ${value.x.title}. ${says}. Arrow keys read out the points.`);
      this.draw();
    }

    px(x) {
      const [low, high] = this.value.x.range;
      return PAD.left + (this.w - PAD.left - PAD.right) * (x - low) / Math.max(high - low, 1e-9);
    }

    py(y) {
      const [low, high] = this.value.y.range;
      return PAD.top + (this.h - PAD.top - PAD.bottom) * (high - Math.min(Math.max(y, low), high)) / (high - low);
    }

    colour(name) {
      const style = getComputedStyle(this.root);
      return style.getPropertyValue(`--role-${name}`).trim() || style.getPropertyValue(`--scene-${name}`).trim();
    }

    draw() {
      this.w = this.canvas.clientWidth;
      this.h = this.canvas.clientHeight;
      if (!this.w || !this.value) return;
      const ratio = Math.min(window.devicePixelRatio || 1, 2), ctx = this.canvas.getContext("2d");
      this.canvas.width = this.w * ratio;
      this.canvas.height = this.h * ratio;
      ctx.scale(ratio, ratio);
      ctx.font = "12px " + getComputedStyle(this.root).fontFamily;
      this.axes(ctx);
      ctx.lineJoin = "round";
      for (const s of this.value.series) this.band(ctx, s);
      for (const s of this.value.series) this.line(ctx, s);
      if (this.selected !== null) {
        ctx.strokeStyle = this.colour("muted");
        ctx.lineWidth = 1;
        ctx.strokeRect(this.px(this.selected), PAD.top, 0, this.h - PAD.top - PAD.bottom);
      }
    }

    axes(ctx) {
      const { x, y, limits } = this.value, right = this.w - PAD.right, bottom = this.h - PAD.bottom;
      const muted = this.colour("muted"), faint = this.colour("faint");
      ctx.lineWidth = 1;
      ctx.textAlign = "right";
      const gap = nice(y.range[1] - y.range[0], 5);
      for (let v = Math.ceil(y.range[0] / gap) * gap; v <= y.range[1] + 1e-9; v += gap) {
        ctx.strokeStyle = faint;
        ctx.strokeRect(PAD.left, this.py(v), right - PAD.left, 0);
        ctx.fillStyle = muted;
        ctx.fillText(format(v), PAD.left - 7, this.py(v) + 4);
      }
      ctx.textAlign = "center";
      const step = Math.max(1, nice(Math.max(x.range[1] - x.range[0], 1), Math.max(3, this.w / 70)));
      for (let v = Math.ceil(x.range[0] / step) * step; v <= x.range[1] + 1e-9; v += step) {
        ctx.strokeStyle = muted;
        ctx.strokeRect(this.px(v), bottom, 0, 4);
        ctx.fillText(format(v), this.px(v), bottom + 17);
      }
      ctx.fillText(x.title, (PAD.left + right) / 2, this.h - 5);
      ctx.save();
      ctx.translate(11, (PAD.top + bottom) / 2);
      ctx.rotate(-Math.PI / 2);
      ctx.fillText(y.title, 0, 0);
      ctx.restore();
      // Labels of limits that lie close together stand on either side of their lines.
      ctx.strokeStyle = muted;
      ctx.setLineDash([2, 4]);
      ctx.textAlign = "left";
      limits.forEach((limit, i) => {
        ctx.strokeRect(PAD.left, this.py(limit.at), right - PAD.left, 0);
        ctx.fillText(limit.label, PAD.left + 6, this.py(limit.at) + (i === 0 && limits.length > 1 ? 13 : -4));
      });
      this.events(ctx);
      ctx.setLineDash([]);
    }

    events(ctx) {
      ctx.strokeStyle = this.colour("ink");
      ctx.fillStyle = this.colour("ink");
      (this.value.events || []).forEach((event, i) => {
        const x = this.px(event.at), right = x > this.w - 90;
        ctx.strokeRect(x, PAD.top, 0, this.h - PAD.top - PAD.bottom);
        ctx.textAlign = right ? "right" : "left";
        if (i === 0 || this.value.events[i - 1].label !== event.label) ctx.fillText(event.label, x + (right ? -4 : 4), PAD.top + 32);
      });
    }

    band(ctx, s) {
      if (!s.low.length) return;
      ctx.fillStyle = this.colour(s.role);
      ctx.globalAlpha = 0.16;
      ctx.beginPath();
      s.x.forEach((x, i) => ctx[i ? "lineTo" : "moveTo"](this.px(x), this.py(s.high[i] ?? 0)));
      for (let i = s.x.length - 1; i >= 0; i--) ctx.lineTo(this.px(s.x[i]), this.py(s.low[i] ?? 0));
      ctx.fill();
      ctx.globalAlpha = 1;
    }

    line(ctx, s) {
      const colour = this.colour(s.role);
      ctx.strokeStyle = colour;
      const path = (ys) => {
        ctx.beginPath();
        let pen = false;
        ys.forEach((y, i) => {
          if (y !== null) ctx[pen ? "lineTo" : "moveTo"](this.px(s.x[i]), this.py(y));
          pen = y !== null;
        });
        ctx.stroke();
      };
      ctx.lineWidth = 1;
      ctx.globalAlpha = 0.28;
      for (const thread of s.threads) path(thread);
      ctx.globalAlpha = 1;
      ctx.lineWidth = 2.2;
      ctx.setLineDash(s.dash);
      path(s.y);
      ctx.setLineDash([]);
      if (!s.markers) return;
      s.y.forEach((y, i) => {
        if (y === null) return;
        ctx.beginPath();
        ctx.arc(this.px(s.x[i]), this.py(y), 4, 0, 7);
        ctx.fillStyle = s.hollow[i] ? this.colour("ground") : colour;
        ctx.fill();
        ctx.lineWidth = 1.8;
        ctx.stroke();
      });
    }

    point(pixel) {
      if (!this.value || !this.xs.length) return;
      this.select(this.xs.reduce((best, x) => Math.abs(this.px(x) - pixel) < Math.abs(this.px(best) - pixel) ? x : best));
    }

    key(event) {
      if (!this.xs || !this.xs.length || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      const last = this.xs.length - 1, at = this.selected === null ? -1 : this.xs.indexOf(this.selected);
      const to = { ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last }[event.key];
      this.select(this.xs[to]);
    }

    select(x) {
      if (!this.value || x === this.selected) return;
      this.selected = x;
      const at = (s) => s.words[s.x.indexOf(x)];
      this.readout.textContent = x === null ? this.value.note : this.value.series.map(at).filter(Boolean).join("   ");
      this.draw();
    }
  }

  window.ssmCurves = (element, props, watch) => {
    const curves = new Curves(element.querySelector(".curves"));
    watch("value", () => curves.load(props.value));
    curves.load(props.value);
  };
})();
