// The strip: a bar for every episode since the page opened, as long as it stood; and how far each group of parameters moved.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake, { keepFitted, levels, line } = window.ssmDraw;
  const PAD = { left: 46, right: 8, top: 18, bottom: 8 };
  const BAR = 16, GAP = 6, MOST = 80; // px, px, episodes that are remembered
  const KINDS = { stood: "stood", taught: "fall that taught", still: "fall that taught nothing" };

  live.StripView = class {
    constructor(parent) {
      const figure = make("figure", parent, { class: "live-strip" });
      const caption = make("figcaption", figure);
      make("span", caption, {}, "Every [[episode]] so far, in [[step|steps]]");
      for (const [kind, text] of Object.entries(KINDS)) make("span", caption, { class: "live-key", "data-kind": kind }, text);
      this.canvas = make("canvas", figure, { role: "img" });
      this.episodes = []; // {steps, kind, mark}: mark names a change that came before it
      this.mark = "";
      keepFitted(this);
      this.describe();
    }

    add(steps, kind) {
      this.episodes.push({ steps, kind, mark: this.mark });
      this.mark = "";
      if (this.episodes.length > MOST) this.episodes.shift();
      this.describe();
    }

    change(words) { this.mark = words; }

    describe() {
      const last = this.episodes.slice(-8).map((e) => `${e.steps}`).join(", ");
      this.canvas.setAttribute("aria-label", last ? `Lengths of the last episodes in steps: ${last}.` : "No episode has ended yet.");
    }

    // running: steps of the episode under way.
    draw(running) {
      if (!this.fit()) return;
      const { c } = this, { ctx, w, h } = this.fitted, limit = live.config.physics.episode_steps, height = h - PAD.top - PAD.bottom;
      const y = (steps) => PAD.top + height * (1 - steps / limit);
      ctx.clearRect(0, 0, w, h);
      ctx.font = "12px " + c.font;
      levels(ctx, c, [0, limit / 2, limit], y, PAD.left, w - PAD.right);
      const room = Math.floor((w - PAD.left - PAD.right) / (BAR + GAP)) - 1;
      const shown = [...this.episodes.slice(-room), { steps: running, kind: "now", mark: this.mark }];
      let free = 0; // where the next label may begin
      shown.forEach((e, i) => {
        const x = PAD.left + 4 + i * (BAR + GAP);
        this.bar(ctx, e, x, y);
        if (e.mark) free = this.label(ctx, e.mark, x - GAP / 2, w, h, free);
      });
    }

    bar(ctx, e, x, y) {
      const { c } = this, top = Math.min(y(e.steps), y(0) - 2), height = y(0) - top;
      ctx.strokeStyle = ctx.fillStyle = { stood: c.policy, taught: c.before, still: c.muted, now: c.muted }[e.kind];
      ctx.lineWidth = 1.5;
      if (e.kind === "stood" || e.kind === "taught") ctx.fillRect(x, top, BAR, height);
      else {
        ctx.setLineDash(e.kind === "now" ? [2, 2] : []);
        ctx.strokeRect(x + 0.75, top + 0.75, BAR - 1.5, Math.max(1, height - 1.5));
        ctx.setLineDash([]);
      }
      if (e.kind === "now" || e.steps >= live.config.physics.episode_steps) return;
      ctx.textAlign = "center";
      ctx.font = "11px " + c.font;
      ctx.fillStyle = c.ink;
      ctx.fillText(`${e.steps}`, x + BAR / 2, top - 4);
    }

    label(ctx, words, x, w, h, free) {
      const { c } = this;
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = 1;
      ctx.setLineDash([2, 3]);
      line(ctx, x, 4, x, h - PAD.bottom);
      ctx.setLineDash([]);
      ctx.font = "12px " + c.font;
      const wide = ctx.measureText(words).width;
      if (x < free || x + wide + 6 > w) return free;
      ctx.fillStyle = c.ink;
      ctx.textAlign = "left";
      ctx.fillText(words, x + 4, 12);
      return x + wide + 14;
    }
  };

  live.BarsView = class {
    constructor(parent) {
      const figure = (this.figure = make("figure", parent, { class: "live-bars" }));
      this.title = make("figcaption", figure, {}, "How far one [[gradient step]] moved each part");
      this.rows = live.config.policy.groups.map((group) => {
        const row = make("div", figure, { class: "live-bar" });
        make("span", row, {}, group.length > 1 ? group[0].toUpperCase() + group.slice(1) : group);
        const track = make("i", row);
        return { group, bar: make("b", track), value: make("output", row, {}, "–") };
      });
    }

    // moved, distance: by group, from ssmLive.innerStep. null: nothing has been learnt yet.
    show(moved, distance) {
      const most = Math.max(1e-9, ...Object.values(moved ?? {}).map((v) => v ?? 0));
      for (const { group, bar, value } of this.rows) {
        const share = moved?.[group];
        bar.style.transform = `scaleX(${(share ?? 0) / most})`;
        value.textContent = moved ? (share === null ? `${distance[group].toPrecision(2)} from 0` : `${+(100 * share).toPrecision(2)} %`) : "–";
      }
    }
  };
})();
