// Live curves: lines with bands over a whole number of steps, and their limits. window.ssmCurves is called once by each chart (ui/views/charts.py).
(() => {
  const PAD = { left: 48, right: 14, top: 10, bottom: 38 };

  const make = window.ssmMake, { colours, fit, format, gap, levels, line, onLook, ticks, upwards } = window.ssmDraw;

  class Curves {
    constructor(root) {
      this.root = root;
      this.legend = make("p", root, { class: "legend" });
      const frame = make("div", root, { class: "curve-frame" });
      this.canvas = make("canvas", frame, { role: "img", tabindex: 0 });
      this.empty = make("p", frame, { class: "curve-empty" });
      this.readout = make("output", root, { class: "readout" });
      const at = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
      for (const kind of ["pointermove", "pointerdown"]) this.canvas.addEventListener(kind, (event) => this.point(at(event)));
      for (const kind of ["pointerleave", "blur"]) this.canvas.addEventListener(kind, () => this.select(null));
      this.canvas.addEventListener("keydown", (e) => this.key(e));
      onLook(frame, () => this.draw());
    }

    load(value) {
      if (!value?.series) return;
      this.value = value;
      this.selected = null;
      this.xs = [...new Set(value.series.filter((s) => s.markers || s.words.length).flatMap((s) => s.x))].sort((a, b) => a - b);
      this.legend.replaceChildren();
      for (const s of value.series) this.name(s);
      this.empty.textContent = value.series.length ? "" : value.empty;
      this.readout.textContent = value.note;
      this.root.dataset.points = value.series.map((s) => s.x.length).join(" ");
      const last = (s) => `${s.label}: ${format(s.y.at(-1) ?? NaN)} at ${format(s.x.at(-1))}`;
      const says = value.series.filter((s) => s.x.length).map(last).join("; ") || value.empty;
      this.canvas.setAttribute("aria-label", `${value.y.title} against ${value.x.title}. ${says}. Arrow keys read out the points.`);
      this.draw();
    }

    // A line's name beside a piece of it.
    name(s) {
      const colour = `var(--role-${s.role})`, ends = s.dash.reduce((at, d) => [...at, at.at(-1) + d], [0]);
      const pieces = s.dash.map((_, i) => `${i % 2 ? "transparent" : colour} ${ends[i]}px ${ends[i + 1]}px`);
      const look = pieces.length ? `repeating-linear-gradient(90deg, ${pieces.join(", ")})` : colour;
      const name = make("span", this.legend);
      make("i", name, { style: `height: ${1.3 * s.width}px; background: ${look}` });
      make("span", name, {}, s.label);
    }

    px(x) {
      const [low, high] = this.value.x.range;
      return PAD.left + (this.w - PAD.left - PAD.right) * (x - low) / Math.max(high - low, 1e-9);
    }

    py(y) {
      const [low, high] = this.value.y.range;
      return PAD.top + (this.h - PAD.top - PAD.bottom) * (high - Math.min(Math.max(y, low), high)) / (high - low);
    }

    draw() { window.ssmTry(this.root, () => this.paint()); }

    paint() {
      const size = this.value && fit(this.canvas);
      if (!size) return;
      const { ctx } = size;
      this.w = size.w;
      this.h = size.h;
      this.c = colours(this.root);
      ctx.font = "12px " + this.c.font;
      this.axes(ctx);
      ctx.lineJoin = "round";
      for (const s of this.value.series) this.band(ctx, s);
      for (const s of this.value.series) this.line(ctx, s);
      if (this.selected !== null) {
        ctx.strokeStyle = this.c.muted;
        ctx.lineWidth = 1;
        line(ctx, this.px(this.selected), PAD.top, this.px(this.selected), this.h - PAD.bottom);
      }
    }

    axes(ctx) {
      const { x, y, limits } = this.value, right = this.w - PAD.right, bottom = this.h - PAD.bottom;
      const { muted } = this.c;
      levels(ctx, this.c, ticks(...y.range, gap(y.range[1] - y.range[0], 5)), (v) => this.py(v), PAD.left, right, 7);
      ctx.textAlign = "center";
      const step = Math.max(1, gap(Math.max(x.range[1] - x.range[0], 1), Math.max(3, this.w / 70)));
      for (const v of ticks(...x.range, step)) {
        ctx.strokeStyle = muted;
        line(ctx, this.px(v), bottom, this.px(v), bottom + 4);
        ctx.fillText(format(v), this.px(v), bottom + 17);
      }
      ctx.fillText(x.title, (PAD.left + right) / 2, this.h - 5);
      upwards(ctx, y.title, 11, (PAD.top + bottom) / 2);
      // Labels of limits that lie close together stand on either side of their lines.
      ctx.strokeStyle = muted;
      ctx.setLineDash([2, 4]);
      ctx.textAlign = "left";
      limits.forEach((limit, i) => {
        const y = this.py(limit.at) + (i === 0 && limits.length > 1 ? 13 : -4);
        line(ctx, PAD.left, this.py(limit.at), right, this.py(limit.at));
        ctx.fillText(limit.label, this.clear(PAD.left + 6, right - 6, ctx.measureText(limit.label).width, y), y);
      });
      this.staircase(ctx);
      this.events(ctx);
      ctx.setLineDash([]);
    }

    // Where words of a width can stand between left and right without a dot or a line on them; at the left if nowhere.
    clear(left, right, width, y) {
      const SAMPLES = 24, drawn = [];
      for (const s of this.value.series.filter((s) => s.markers)) {
        const at = s.x.map((x, i) => [this.px(x), this.py(s.y[i] ?? 0)]);
        at.forEach(([x, y], i) => {
          const [fromX, fromY] = at[Math.max(0, i - 1)];
          for (let k = 1; k <= SAMPLES; k++) drawn.push([fromX + (x - fromX) * k / SAMPLES, fromY + (y - fromY) * k / SAMPLES]);
        });
      }
      const free = (x) => !drawn.some(([a, b]) => a > x - 6 && a < x + width + 6 && b > y - 16 && b < y + 8);
      for (let x = left; x + width <= right; x += 12) if (free(x)) return x;
      return left;
    }

    // A limit that changes on the way: treads joined by risers. A name that would not fit on a narrow last tread ends at its end.
    staircase(ctx) {
      const { treads } = this.value;
      ctx.beginPath();
      treads.forEach((tread, i) => {
        ctx[i ? "lineTo" : "moveTo"](this.px(tread.from), this.py(tread.at));
        ctx.lineTo(this.px(treads[i + 1]?.from ?? tread.to), this.py(tread.at));
      });
      ctx.stroke();
      for (const tread of treads) {
        const right = tread === treads.at(-1) && treads.length > 1;
        ctx.textAlign = right ? "right" : "left";
        ctx.fillText(tread.label, right ? this.px(tread.to) : this.px(tread.from) + 6, this.py(tread.at) - 4);
      }
      ctx.textAlign = "left";
    }

    events(ctx) {
      ctx.strokeStyle = ctx.fillStyle = this.c.ink;
      this.value.events.forEach((event, i) => {
        const x = this.px(event.at), right = x > this.w - 90;
        line(ctx, x, PAD.top, x, this.h - PAD.bottom);
        ctx.textAlign = right ? "right" : "left";
        if (i === 0 || this.value.events[i - 1].label !== event.label) ctx.fillText(event.label, x + (right ? -4 : 4), PAD.top + 32);
      });
    }

    band(ctx, s) {
      if (!s.low.length) return;
      ctx.fillStyle = this.c[s.role];
      ctx.globalAlpha = 0.16;
      ctx.beginPath();
      s.x.forEach((x, i) => ctx[i ? "lineTo" : "moveTo"](this.px(x), this.py(s.high[i] ?? 0)));
      for (let i = s.x.length - 1; i >= 0; i--) ctx.lineTo(this.px(s.x[i]), this.py(s.low[i] ?? 0));
      ctx.fill();
      ctx.globalAlpha = 1;
    }

    line(ctx, s) {
      const colour = this.c[s.role];
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
      ctx.lineWidth = s.width;
      ctx.setLineDash(s.dash);
      path(s.y);
      ctx.setLineDash([]);
      if (!s.markers) return;
      s.y.forEach((y, i) => {
        if (y === null) return;
        ctx.beginPath();
        ctx.arc(this.px(s.x[i]), this.py(y), 4, 0, 7);
        ctx.fillStyle = s.hollow[i] ? this.c.ground : colour;
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
      if (!this.xs?.length || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
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
