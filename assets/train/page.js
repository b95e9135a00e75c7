// Meta-training in this browser, on the page: buttons, curves, the best so far at play. window.ssmTrain.mount(element, props, watch, send):
// once, by the Meta-train tab (ui/tabs/meta_train.py) or the page that needs no server (ui/live_page.py).
(() => {
  const live = globalThis.ssmLive, train = (globalThis.ssmTrain ??= {});
  const make = window.ssmMake, KEPT = "trained-here";
  const MOST_WORKERS = 4, SILENT = 60; // s without a word from them, after which the page says so
  const { count } = live;

  const nothing = () => ({ records: [], best: null, ended: null, settings: live.config.train.recipes[live.config.train.recipe] });

  class Page {
    constructor(root, onServer, send) {
      Object.assign(this, { root, onServer, send, ...nothing() });
      const row = make("div", root, { class: "train-row" }), button = (id, text, act) => live.button(row, text, { class: id === "go" ? "live-big" : "live-small", "data-train": id }, act);
      this.buttons = {
        go: button("go", "Train", () => this.ask("go")), stop: button("stop", "Stop", () => this.stop()), on: button("on", "Train it further", () => this.ask("on")),
      };
      this.hint = make("p", root, { class: "hint" });
      this.explain();
      if (!onServer) this.buildAlone();
      this.words = make("p", root, { class: "train-words", role: "status" });
      this.numbers = make("dl", root, { class: "meta-numbers" });
      this.curves = part(root, "curves", train.curves);
      this.title = make("p", root, { class: "hint train-title" });
      this.player = part(root, "player", window.ssmPlayer);
      addEventListener("beforeunload", (event) => { if (this.training) event.preventDefault(); });
      this.say("Press Train and watch the return after a gradient step climb: about half a minute on a fast computer, some minutes on a phone.");
      window.ssmDraw.onLook(root, () => this.look());
      this.draw();
      if (!onServer) this.tried(() => this.openLink());
      if (onServer) window.ssmLine.whenAlone(() => this.leaveServer());
    }

    explain() {
      const sent = this.onServer ? "the server checks the settings, and is handed the result for the other tabs" : "nothing is sent";
      this.hint.textContent = `Trains in this browser, without a queue; ${sent}. `
        + "In another browser the same seed may take another path: arithmetic differs in the last digit.";
    }

    // A page whose server can't be reached goes on as the one that never had any.
    leaveServer() {
      Object.assign(this, { onServer: false, send: () => window.ssmGo("live") });
      this.explain();
      this.buildAlone();
      this.draw();
    }

    // Without a server there are the recipes; what else can be set needs its checks.
    buildAlone() {
      const { buttons } = this, row = make("div", this.root, { class: "train-row" });
      const button = (id, text, act) => { buttons[id] = live.button(buttons.go.parentNode, text, { class: "live-small", "data-train": id }, act); };
      button("live", "Use it in Live", () => this.toLive());
      button("weights", "Save weights", () => this.save("safetensors"));
      button("log", "Save log", () => this.save("csv"));
      this.hint.before(row);
      const recipes = Object.entries(live.config.train.recipes).map(([name, { title }]) => [name, title]);
      const changed = () => window.ssmAddress("train", this.query);
      this.recipe = live.select(row, "Recipe", recipes, changed).select;
      const label = make("label", row, { class: "live-select" });
      make("span", label, {}, "Seed");
      this.seed = make("input", label, { type: "number", min: 0, step: 1, value: 0, "aria-label": "Seed of the training" });
      this.seed.addEventListener("change", changed);
      make("span", row, { class: "hint" }, "All other settings stand on the full page, which checks them.");
    }

    // What the choice is in the address, and what an address chooses.
    get query() { return `${new URLSearchParams({ tab: "train", recipe: this.recipe.value, seed: this.seed.value })}`; }

    openLink() {
      const query = live.readLink(location.search), recipe = query.get("recipe") ?? this.recipe.value;
      if (query.get("tab") !== "train") return;
      live.checkNames(query);
      if (!Object.hasOwn(live.config.train.recipes, recipe)) throw live.refusal("recipe", "be one of those that the page offers", recipe);
      this.seed.value = live.checkSeed(query.has("seed") ? Number(query.get("seed") || NaN) : 0);
      this.recipe.value = recipe;
    }

    get training() { return this.current !== undefined; }

    // --- from a button to a training ---

    // how: "go" from where the settings say, "on" from the best so far. On the server's page the settings are its controls', checked there.
    ask(how) {
      this.how = how;
      if (this.onServer) return this.send("ask", {});
      this.tried(() => {
        const { config, ...settings } = live.config.train.recipes[this.recipe.value], seed = live.checkSeed(this.seed.value === "" ? NaN : Number(this.seed.value));
        this.begin({ ...settings, config: { ...config, seed } });
      });
    }

    // act(), or the sentence that says why not.
    tried(act) {
      try {
        act();
      } catch (error) {
        this.say(error.plain ?? error.message);
      }
    }

    // settings: as ui/views/train_config.py emits them; weights: of a start that only the server knows, base64.
    begin({ weights, ...settings }) {
      if (this.training) return;
      const { config: c, start } = settings;
      let policy = this.how === "on" && this.best ? this.policy() : null;
      if (!policy && start !== "random") policy = live.readPolicy(window.ssmDraw.bytes(weights ?? live.weights[start]).buffer);
      const { sizes, best: theta } = policy ? { sizes: policy.sizes, best: train.flat(policy.params, policy.sizes) } : this.randomStart(c);
      const { records, best, sizes: made, settings: by, ended } = this;
      this.before = records.length ? { records, best, sizes: made, settings: by, ended } : null;
      Object.assign(this, { settings, sizes, best: theta, records: [], ended: null });
      this.run({ ...settings, theta, sizes }).catch((error) => this.finish("failed", error.message));
    }

    randomStart(c) {
      const { sensors: I, output_dim: O } = live.config.policy, sizes = { I, O, S: c.state_dim, H: c.hidden_dim };
      return { sizes, best: train.firstWeights(sizes, c.seed) };
    }

    async run(task) {
      const run = (this.current = {}), over = () => this.current !== run; // stopped, and perhaps another has begun
      this.draw();
      const crew = await train.makeCrew({ count: Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1, task.config.tasks_per_epoch) });
      if (over()) return crew.close();
      this.crew = crew;
      let shown = -Infinity;
      try {
        for await (const { record, best } of train.metaTrain(crew, task)) {
          if (over()) return;
          const better = best !== this.best;
          this.records.push(record);
          this.best = best;
          if (better) this.keep();
          if (performance.now() - shown > 1000 * live.config.train.drawn.every) {
            await this.perform(crew);
            shown = performance.now();
          }
          this.say(`Training with ${this.hands(crew)}. Stop ends it at once and keeps the best.`);
          this.draw();
        }
        await this.perform(crew);
      } catch (error) {
        if (over()) return;
        throw error;
      }
      if (over()) return;
      this.finish("done");
    }

    hands(crew) {
      const how = this.slow ??= train.makeKernels(8).simd ? "" : ", in plain JavaScript, which is slower: this browser allows no WebAssembly here";
      return (crew.local ? "this page’s own thread, which is slower: it can start no workers" : count(crew.hands.length, "worker")) + how;
    }

    // The best so far plays: greedy episodes before and after a step, from the same starts.
    async perform(crew) {
      const { settings, records: { length } } = this, { config: c, shown, after } = settings;
      const shows = await crew.perform({ theta: this.best, sizes: this.sizes, c, worlds: shown, seed: c.seed });
      this.player(train.stageValue(shows, settings, `here-${performance.now()}`));
      const who = length ? `The best policy after ${count(length, "epoch")} plays` : "A policy of random weights plays";
      this.title.textContent = `${who} in two worlds, ${c.inner_steps ? `before and ${after} on its own episodes` : "without a gradient step"}.`;
    }

    stop() {
      if (!this.training) return;
      this.finish("stopped");
      this.playBest();
    }

    // why: "done", "stopped" or "failed". What was best so far stays.
    finish(why, problem = "") {
      const { crew } = this, done = count(this.records.length, "epoch");
      delete this.current;
      delete this.crew;
      crew?.close();
      this.ended = why;
      const began = { done: `All ${done} are done`, stopped: `Stopped after ${done}`, failed: `The training ended after ${done}: ${problem.replace(/\.$/, "")}` }[why];
      const fresh = this.records.length > 0;
      if (!fresh && this.before) Object.assign(this, this.before);
      this.say(`${began}; ${fresh ? "the best so far is kept" : this.before ? "what was trained before is kept" : "there is nothing to keep"}.`);
      this.draw();
      if (fresh) this.handOn();
    }

    // --- what was best ---

    policy() { return live.makePolicy(train.named(this.best, this.sizes), this.sizes); }

    get file() { return window.ssmDraw.base64(live.policyBytes(this.policy())); }

    handOn() {
      this.keep();
      if (this.onServer) this.send("trained", { weights: this.file, records: this.records, settings: this.settings.values });
    }

    // In the browser's own storage, where there is one: a page that is loaded again finds it.
    keep() {
      window.ssmStore.set(KEPT, JSON.stringify({ weights: this.file, records: this.records, settings: this.settings }));
    }

    // When the page is first seen: what an earlier one left, else random weights, play.
    look() {
      if (this.looked || !this.root.clientWidth) return;
      this.looked = true;
      this.restore();
      if (this.training) return;
      if (!this.best) Object.assign(this, this.randomStart(this.settings.config));
      this.playBest();
    }

    async playBest() {
      const crew = await train.makeCrew({ count: 1 });
      if (!this.training) await this.perform(crew);
      crew.close();
    }

    restore() {
      if (this.training) return;
      try {
        const { weights, records, settings } = JSON.parse(window.ssmStore.get(KEPT)), policy = live.readPolicy(window.ssmDraw.bytes(weights).buffer);
        for (const record of records) record.meta_loss ??= NaN; // which JSON does not know
        Object.assign(this, { records, settings, sizes: policy.sizes, best: train.flat(policy.params, policy.sizes), ended: "done" });
        this.draw();
      } catch { // nothing there, or nothing that this page can read
        Object.assign(this, nothing());
        return this.draw();
      }
      this.handOn();
      this.say(`The best of your last training here is still there, after ${count(this.records.length, "epoch")}.`);
    }

    toLive() {
      live.page.own(this.policy(), true);
      this.send("live", {});
    }

    save(suffix) {
      const { families, config } = this.settings, name = ["meta", ...families, config.seed].join("-");
      suffix === "csv" ? window.ssmSave(`${name}_log.csv`, train.log(this.records)) : window.ssmSave(`${name}.safetensors`, live.policyBytes(this.policy()));
    }

    // --- what is seen ---

    say(words) { this.words.textContent = words; }

    draw() {
      const { go, stop, ...after } = this.buttons, { training, records } = this;
      go.disabled = training;
      stop.disabled = !training;
      for (const button of Object.values(after)) button.disabled = training || !records.length;
      clearTimeout(this.silent); // a browser may take a worker away without a word
      if (training) this.silent = setTimeout(() => this.say(`Nothing has come for ${SILENT} s. It may only be slow; Stop keeps the best so far.`), 1000 * SILENT);
      this.root.dataset.training = training ? "on" : this.ended ?? "off";
      this.root.dataset.epochs = records.length;
      this.numbers.replaceChildren();
      for (const [name, value] of train.numbers(this.settings, records, !training)) {
        const cell = make("div", this.numbers);
        make("dt", cell, {}, name);
        make("dd", cell, {}, value);
      }
      this.curves({ chart: this.settings.chart, records, ended: !training && records.length > 0 });
    }

    // From the server: the settings of a training that may begin, or that they were refused.
    arrive({ settings, weights }) {
      if (settings) this.tried(() => this.begin({ ...settings, weights }));
    }
  }

  // A part of the page that shows a value: returns what takes the next one.
  function part(root, name, build) {
    const holder = make("div", root, { class: `train-${name}` }), props = {};
    let changed = () => build(holder, props, (_, act) => { changed = act; });
    make("div", holder, { class: name });
    return (value) => {
      props.value = value;
      changed();
    };
  }

  // A chart of a training's curves; props.value: what train.returnsChart takes.
  train.curves = (element, props, watch) => {
    const shown = {}, fill = () => { shown.value = train.returnsChart(props.value); };
    fill();
    window.ssmCurves(element, shown, (_, act) => watch("value", () => {
      fill();
      act();
    }));
  };

  // props.value: {server: bool}, later what `arrive` takes. send(event, data): to whoever put it there.
  train.mount = (element, props, watch = () => {}, send = () => {}) => {
    train.page = new Page(element.querySelector(".train"), props.value.server, send);
    watch("value", () => train.page.arrive(props.value));
  };
})();
