// The timeline of an episode whose world changes: the pole's angle, each change, and the step at which the policy noticed it.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake, { format, gap, keepFitted, line, ticks } = window.ssmDraw;
  const PAD = { left: 8, right: 8, top: 14, bottom: 26 };
  const SPAN = 6; // degrees from the middle to the edge: half of what it may lean

  live.ChangesView = class {
    constructor(parent) {
      this.parent = parent;
      this.figure = make("figure", parent, { class: "live-changes" });
      const caption = make("figcaption", this.figure);
      make("span", caption, {}, "Pole angle in this episode");
      make("span", caption, { class: "live-key", "data-kind": "change" }, "change");
      make("span", caption, { class: "live-key", "data-kind": "noticed" }, "noticed");
      this.canvas = make("canvas", this.figure, { role: "img" });
      const rule = `Noticed: from here ${live.config.notice.in_a_row} clear pushes are its teacher’s.`;
      make("p", this.figure, { class: "hint" }, rule);
      keepFitted(this);
    }

    // lane: whose; null hides it.
    show(lane) {
      this.figure.hidden = !lane;
      this.parent.classList.toggle("with-changes", !!lane);
      this.lane = lane;
    }

    draw() {
      if (!this.lane || !this.fit()) return;
      const { c, lane: { shown, changes, role } } = this, { ctx, w, h } = this.fitted, { tau, episode_steps } = live.config.physics;
      const x = (step) => PAD.left + (w - PAD.left - PAD.right) * step / episode_steps, bottom = h - PAD.bottom;
      const y = (angle) => (PAD.top + bottom - (bottom - PAD.top) * Math.max(-1, Math.min(1, angle / SPAN))) / 2;
      ctx.clearRect(0, 0, w, h);
      ctx.font = "11px " + c.font;
      ctx.fillStyle = c.muted;
      ctx.strokeStyle = c.faint;
      ctx.lineWidth = 1;
      line(ctx, x(0), bottom, x(episode_steps), bottom);
      const seconds = tau * episode_steps;
      for (const t of ticks(0, seconds, gap(seconds, 5))) {
        ctx.textAlign = t === 0 ? "left" : t >= seconds ? "right" : "center";
        ctx.fillText(`${format(t)}${t >= seconds ? " s" : ""}`, x(t / tau), h - 4);
      }
      ctx.strokeStyle = c[role];
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      shown.angle.forEach((angle, t) => ctx[t ? "lineTo" : "moveTo"](x(t), y(angle)));
      ctx.stroke();
      for (const mark of changes.marks) this.mark(ctx, mark, x, bottom);
      this.describe(changes.marks);
    }

    mark(ctx, { step, noticed }, x, bottom) {
      const { c } = this;
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = 1;
      ctx.setLineDash([2, 3]);
      line(ctx, x(step), PAD.top - 12, x(step), bottom);
      ctx.setLineDash([]);
      if (noticed === null) return;
      ctx.fillStyle = c.policy;
      ctx.beginPath();
      ctx.moveTo(x(noticed), bottom + 1);
      ctx.lineTo(x(noticed) - 5, bottom + 10);
      ctx.lineTo(x(noticed) + 5, bottom + 10);
      ctx.fill();
    }

    describe(marks) {
      const says = ({ words, step, noticed }) => `${words} at step ${step}, ${noticed === null ? "not yet noticed" : `noticed ${noticed - step} steps later`}`;
      const text = marks.length ? `Changes in this episode: ${marks.map(says).join("; ")}.` : "No change in this episode yet.";
      if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
    }
  };
})();
