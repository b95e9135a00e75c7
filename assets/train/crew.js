// Who computes: workers made of the page's own scripts (they work from a file too), each with its share of the tasks. No DOM but the
// scripts' text. Where there are no workers the page's own thread does it, a task at a time.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // What a hand answers: name -> (what it is told) -> the answer, or many of them one by one. It keeps its tasks' episodes in between.
  train.makeHand = (simd = true) => {
    let sequence = null, tasks = [], told = null;
    const prepare = ({ sizes, c }) => {
      const rows = c.episodes_per_task * Math.max(c.max_steps_per_episode, live.config.physics.episode_steps);
      sequence = train.fitting(sequence, sizes, rows, simd);
    };
    return {
      *collect(batch) {
        prepare(batch);
        [told, tasks] = [batch, []];
        for (const [k, world] of batch.worlds.entries()) {
          const task = train.collectTask(sequence, batch.theta, world, batch.seeds[k], batch.c, batch.epoch);
          const targets = train.targetsOf(task, batch.c, batch.epoch);
          tasks.push({ task, targets: targets.map(({ each }) => each) });
          yield { lengths: task.episodes.map((of) => of.map((e) => e.length)), sums: targets.map(({ sums }) => sums) };
        }
      },
      *gradient({ theta, scales }) {
        for (const { task, targets } of tasks) yield train.taskGradient(sequence, theta, task, targets, scales, told.c);
      },
      *perform(show) {
        prepare(show);
        for (const world of show.worlds) yield train.perform(sequence, world, show);
      },
    };
  };

  // workerMain(): what a worker does with its messages, {act, given}: it answers each with {answers} or {error}, in their order.
  train.workerMain = () => {
    let hand = null;
    const begin = ({ config, simd }) => {
      live.configure(config);
      hand = train.makeHand(simd);
      return [];
    };
    globalThis.onmessage = ({ data: { act, given } }) => {
      try {
        postMessage({ answers: act === "begin" ? begin(given) : [...hand[act](given)] });
      } catch (error) {
        postMessage({ error: error.message });
      }
    };
  };

  class Lost extends Error {} // a worker is gone, and with it what it held

  // A hand in a worker. ask(act, given) -> a promise of its answers.
  class RemoteHand {
    constructor(url, simd) {
      this.waiting = [];
      this.worker = new Worker(url);
      this.worker.onmessage = ({ data: { answers, error } }) => {
        const { resolve, reject } = this.waiting.shift();
        error === undefined ? resolve(answers) : reject(new Error(error));
      };
      this.worker.onerror = () => this.close();
      this.ready = this.ask("begin", { config: live.config, simd });
    }

    ask(act, given) {
      return new Promise((resolve, reject) => {
        if (this.lost) return reject(new Lost());
        this.waiting.push({ resolve, reject });
        this.worker.postMessage({ act, given });
      });
    }

    close() {
      this.worker.terminate();
      this.lost = true;
      for (const { reject } of this.waiting.splice(0)) reject(new Lost());
    }
  }

  // A hand on this thread, which lets others have their turn after each answer.
  class LocalHand {
    constructor(simd) { this.hand = train.makeHand(simd); }

    async ask(act, given) {
      const answers = [];
      for (const answer of this.hand[act](given)) {
        answers.push(answer);
        await new Promise((resolve) => setTimeout(resolve));
        if (this.lost) throw new Lost();
      }
      return answers;
    }

    close() { this.lost = true; }
  }

  class Crew {
    constructor(hands, simd) { Object.assign(this, { hands, simd }); }

    get local() { return this.hands[0] instanceof LocalHand; }

    // batch: {worlds, seeds, theta, ...}: each hand takes a run of the tasks. The answers are in the tasks' order.
    collect(batch) {
      const end = (i) => Math.round((batch.worlds.length * i) / this.hands.length);
      return this.all("collect", (i) => ({ ...batch, worlds: batch.worlds.slice(end(i), end(i + 1)), seeds: batch.seeds.slice(end(i), end(i + 1)) }));
    }

    gradient(given) { return this.all("gradient", () => given); }

    perform(show) { return this.whole(() => this.hands[0].ask("perform", show)); }

    async all(act, given) {
      const answers = await Promise.allSettled(this.hands.map((hand, i) => hand.ask(act, given(i))));
      for (const { reason } of answers) if (reason) throw reason;
      return answers.flatMap(({ value }) => value);
    }

    // whole(act): act() again, with the hands that are left, where one was lost on the way; on this thread if none is.
    async whole(act) {
      for (;;) {
        try {
          return await act();
        } catch (error) {
          if (!(error instanceof Lost) || this.closed) throw error;
          this.hands = this.hands.filter((hand) => !hand.lost);
          if (!this.hands.length) this.hands = [new LocalHand(this.simd)];
        }
      }
    }

    close() {
      this.closed = true;
      for (const hand of this.hands) hand.close();
    }
  }

  // makeCrew({count, source, simd}): so many workers, each of the scripts in `source`; one hand on this thread where no worker can be made.
  train.makeCrew = async ({ count = 1, source = train.source(), simd = true }) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" })), hands = [];
    try {
      for (let i = 0; i < count; i++) hands.push(new RemoteHand(url, simd));
      await Promise.all(hands.map((hand) => hand.ready));
      return new Crew(hands, simd);
    } catch {
      for (const hand of hands) hand.close();
      return new Crew([new LocalHand(simd)], simd);
    } finally {
      URL.revokeObjectURL(url);
    }
  };

  // The text of the scripts that the page marks for workers.
  train.source = () => [...document.querySelectorAll("script[data-worker]")].map((script) => script.textContent).join("\n") + "\nssmTrain.workerMain();";
})();
