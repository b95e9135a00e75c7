// One frame of the live page: everything that moves, drawn from the page's lanes.
(() => {
  const live = (globalThis.ssmLive ??= {});

  const TITLES = {
    moving: "What it would do now, with the memory it has",
    fallen: "What it would do at the first step: before it learns",
    learnt: "What it would do at the first step: after the fall",
    rising: "What it would do at the first step",
  };

  live.Picture = class {
    constructor(page) {
      this.page = page;
      this.frames = 0;
      this.mapped = null; // the policy whose first step the map shows
      this.marks = {};
      // What is folded or scrolled away costs nothing.
      this.inSight = new Set();
      const watch = new IntersectionObserver((entries) => {
        for (const e of entries) this.inSight[e.isIntersecting ? "add" : "delete"](e.target);
      });
      const { signals, thinking, map, changes, strip } = page.parts;
      const parts = [signals, thinking, map.canvas, changes.canvas, strip.canvas];
      for (const part of parts) watch.observe(part);
      globalThis.addEventListener?.("beforeprint", () => { // paper shows all of it
        const seen = this.inSight;
        [this.inSight, this.frames] = [new Set(parts), 0];
        this.draw(0);
        this.inSight = seen;
      });
    }

    draw(seconds) {
      const { parts, lanes, lane, run, views, root } = this.page, tried = (act) => window.ssmTry(root, act); // one that fails stops no other
      const scales = views.map((view) => view.wantedScale()).filter(Boolean);
      const scale = scales.length > 1 ? Math.min(...scales) : undefined; // one for all: equal lengths look equal
      for (const view of views) tried(() => view.draw(seconds, scale));
      for (const view of views) view.count(this.page.remembering && view.lane.changes);
      const seen = (part, every) => this.frames % every === 0 && this.inSight.has(part);
      if (this.inSight.has(parts.map.canvas)) {
        tried(() => {
          this.updateMap();
          parts.map.name(TITLES[lane.phase]);
          parts.map.draw(seconds, lane.shown.dots, this.page.calm);
        });
      }
      if (seen(parts.changes.canvas, 2)) tried(() => parts.changes.draw());
      if (seen(parts.strip.canvas, 4)) tried(() => parts.strip.draw(lane.phase === "moving" ? lane.shown.steps : 0));
      if (parts.signals.open && seen(parts.signals, 2)) tried(() => parts.traces.draw(lanes));
      if (parts.thinking.open && seen(parts.thinking, 6)) tried(() => parts.equations.draw(run));
      this.mark();
      this.frames += 1;
    }

    // While it moves: what it would do now. While time stands still: before and after the gradient step, at an episode's first step.
    updateMap() {
      const { lane, run, parts } = this.page;
      if (lane.phase === "moving" && run.output) {
        parts.map.update(run.policy, run.hidden, run.output.obs[0], run.output.obs[1], run.push);
        this.mapped = null;
      } else {
        const policy = lane.phase === "fallen" ? lane.before : run.policy;
        if (this.mapped !== policy) parts.map.update(policy, live.initialHidden(policy), 0, 0, 0, true);
        this.mapped = policy;
      }
    }

    // For tests and measurements: where the first lane stands, on the page's element.
    mark() {
      const { run, lane, root, mode, remembering } = this.page, { met, survived, marks: changed } = (remembering ?? lane).changes;
      const [x, , angle] = run.sim.state;
      const marks = {
        phase: lane.phase, episode: lane.shown.steps, falls: run.falls, updates: run.updates, lengths: run.lengths.join(" "),
        x: x.toFixed(4), angle: angle.toFixed(4), mode, givenUp: run.givenUp, force: run.sim.appliedForce, push: lane.shown.push.at(-1) ?? 0,
        met, survived, noticed: changed.filter((c) => c.noticed !== null).length,
      }; // prettier-ignore
      for (const [name, value] of Object.entries(marks)) if (this.marks[name] !== value) root.dataset[name] = value;
      this.marks = marks;
    }
  };
})();
