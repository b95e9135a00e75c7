// You against it: whose cart stood how long in this round, and the visitor's best of today. No DOM.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const KEY = "live-best"; // in what the browser keeps
  const today = () => new Date().toDateString();

  // The best is kept in the browser where that is allowed, else while the page is open.
  function stored() {
    try { return JSON.parse(window.ssmStore.get(KEY)) ?? {}; } catch { return {}; }
  }

  live.Contest = class {
    constructor() {
      this.best = {}; // steps by world
      const kept = stored();
      if (kept.day === today()) this.best = kept.best ?? {};
      this.won = { you: 0, it: 0 }; // rounds, since the page opened
      this.ready();
    }

    // A round waits for the visitor's first key. While it waits, the times of the one before it stand, if there was one here.
    ready() { Object.assign(this, { waiting: true, you: null, it: null }); }

    start() { Object.assign(this, { waiting: false, you: null, it: null }); }

    itEnded(steps) { this.it ??= steps; }

    // The round is over. worldKey: bests are kept for each world. Returns whether it is the best of today.
    youEnded(steps, worldKey) {
      Object.assign(this, { waiting: true, you: steps });
      const first = this.first();
      if (first) this.won[first] += 1;
      const better = steps > (this.best[worldKey] ?? 0);
      if (better) {
        this.best[worldKey] = steps;
        window.ssmStore.set(KEY, JSON.stringify({ day: today(), best: this.best }));
      }
      return better;
    }

    // Who stood longer in the round that has just ended: "you", "it" (also where it still stands), or null for a tie.
    first() {
      if (this.it === null) return "it";
      return this.you === this.it ? null : this.you > this.it ? "you" : "it";
    }

    // The round that has just ended, as the story tells it.
    verdict(itSteps, worldKey) {
      const { you, it } = this.times(0, itSteps, worldKey), head = { you: "You win", it: "It wins" }[this.first()] ?? "A tie";
      return `${head}. You: ${you}. It: ${it}.`;
    }

    // {you, it, best} in words.
    times(youSteps, itSteps, worldKey) {
      const seconds = (steps) => `${(steps * live.config.physics.tau).toFixed(2)} s`;
      return {
        you: seconds(this.you ?? youSteps),
        it: this.it === null ? `${seconds(itSteps)}${this.you === null ? "" : ", still standing"}` : seconds(this.it),
        best: this.best[worldKey] ? seconds(this.best[worldKey]) : "–",
      };
    }
  };

  // From other starts too? The policy, without learning, from `starts` other starts; says(stood, done) after each, so that no frame waits long.
  live.tryOtherStarts = (policy, world, seed, starts, says) => {
    const { episode_steps } = live.config.physics, sim = live.makeSim(world, seed), work = live.makeWork(policy);
    let stood = 0, done = 0, stopped = false;
    const one = () => {
      if (stopped) return;
      const hidden = live.initialHidden(policy);
      if (done > 0) live.resetSim(sim);
      let fell = false, push = 0;
      for (let t = 0; t < episode_steps && !fell; t++) {
        const { left, right } = live.policyStep(policy, live.inputsOf(policy, live.observe(sim), push), hidden, work);
        push = right > left ? 1 : -1;
        fell = live.stepSim(sim, push > 0 ? 1 : 0) && t < episode_steps - 1;
      }
      stood += !fell;
      done += 1;
      says(stood, done);
      if (done < starts) setTimeout(one, 0);
    };
    setTimeout(one, 0);
    return () => { stopped = true; };
  };
})();
