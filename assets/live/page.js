// The live page: its state, what each control does to it, and what happens in a frame.
// window.ssmLive.mount(element, props, watch, send): once, by the Live tab (ui/tabs/live.py) or the page that needs no server (ui/live_page.py).
(() => {
  const live = (globalThis.ssmLive ??= {});
  const STARTS = 20; // of the other starts
  const INVITATION = "Hold ← or → on the stage, or touch a side of it, to run the motor. Nothing held: it alternates.";

  class Page {
    constructor(root, labels, onServer, tabs, send) {
      Object.assign(this, { root, labels, onServer, policies: {}, lanes: [], views: [], mode: "", rate: "auto" });
      this.state = { world: live.makeWorld(), policy: "meta", seed: 0, learning: true, lr: live.config.rules.lr };
      this.contest = new live.Contest();
      this.calm = window.ssmDraw.calm();
      this.paused = this.calm; // still until started
      this.travel = new live.Travel(this, send, onServer, tabs);
      this.travel.openLink();
      this.parts = live.buildLayout(root, this);
      this.picture = new live.Picture(this);
      this.board = new live.Board(this);
      this.setMode("one");
      this.board.paused();
      if (this.travel.problem) this.board.complain(this.travel.problem);
      this.parts.story.say(this.travel.problem?.message ?? live.sentence({ type: "start" }, this.run, this.state.policy));
      this.parts.tour.tell({ type: "start" });
      live.startLoop(root, (seconds) => this.frame(seconds));
      if (onServer) window.ssmLine.whenAlone(() => { this.onServer = this.travel.onServer = false; });
    }

    // --- policies and lanes; the first lane is the one that map, bars and signals show ---

    get lane() { return this.lanes[0]; }
    get run() { return this.lane.run; }
    get worldKey() { return JSON.stringify(this.state.world); } // custom worlds share a name
    get place() { return live.worldName(this.state.world); }

    policyOf(name) {
      return (this.policies[name] ??= live.readPolicy(window.ssmDraw.bytes(live.weights[name]).buffer));
    }

    nameOf(policy) { return this.labels.find(([name]) => name === policy)[1].split(" (")[0]; }

    // The lane whose policy keeps its memory through changes, if there is one.
    get remembering() { return this.lanes.find((lane) => live.seesItsPush(lane.run.policy) && !lane.human); }

    // Another policy for the first lane, which learns from its falls or not as suits it.
    take(name) {
      const learns = live.learnsAtFirst(name);
      if (learns !== live.learnsAtFirst(this.state.policy)) this.state.learning = learns;
      this.state.policy = name;
      this.sawTaught ||= !learns;
    }

    // The visitor's own policy joins the list. Where an earlier one is on the stage, or it is chosen, it takes over.
    own(policy, chosen = false) {
      this.policies.yours = policy;
      if (!this.labels.some(([name]) => name === "yours")) this.labels.push(["yours", "Yours"]);
      this.parts.policy.fill(this.labels);
      this.parts.policy.select.value = this.state.policy;
      const earlier = this.state.policy === "yours" && !live.samePolicy(policy, this.run.base);
      if (chosen || earlier) this.choosePolicy("yours", chosen);
    }

    makeLane(policyName, options) {
      const { world, seed, learning, lr } = this.state;
      const run = live.makeRun({ policy: this.policyOf(policyName), world, seed, learning: options.learning ?? learning, lr });
      return new live.Lane({ run, label: this.nameOf(policyName), ...options });
    }

    // one; frozen: beside the same policy that never learns; memory, taught: meta beside that one; you: you against it.
    setMode(mode) {
      if (mode === "memory" || mode === "taught") this.take("meta");
      const { policy } = this.state, from = this.lanes[0]?.pose();
      const lanes = [this.makeLane(policy, {})];
      if (mode === "frozen") lanes.push(this.makeLane(policy, { label: `${this.nameOf(policy)}, never learns`, role: "before", learning: false }));
      if (mode === "memory") lanes.push(this.makeLane("memory", { label: "Memory, no gradient step", role: "baseline", learning: false }));
      if (mode === "taught") lanes.push(this.makeLane("taught", { label: "Taught, no gradient step", role: "baseline", learning: false }));
      if (mode === "you") lanes.push(this.makeLane(policy, { label: "You", role: "baseline", human: true, learning: false }));
      if (from) for (const lane of lanes) lane.riseFrom(from);
      this.lanes = lanes;
      if (mode === this.mode) this.views.forEach((view, i) => { view.lane = lanes[i]; });
      else this.buildStages();
      if ((mode === "you") !== (this.mode === "you")) this.setSpeed(mode === "you" ? "0.5" : "auto");
      this.mode = mode;
      this.contest.ready();
      this.forget();
      this.board.show();
      if (from) this.reveal();
      if (mode !== "you") return;
      this.parts.story.say(`Your turn. ${INVITATION}`);
      this.views[1].canvas.focus({ preventScroll: true });
    }

    buildStages() {
      for (const view of this.views) view.remove();
      this.views = this.lanes.map((lane) => new live.StageView(this.parts.stages, lane, () => this.touched()));
      for (const view of this.views) view.others = this.views.filter((other) => other !== view);
      this.parts.stages.dataset.count = this.lanes.length;
    }

    // A choice further down the page acts on the stage: bring it into view.
    reveal() {
      const { top } = this.parts.story.line.getBoundingClientRect();
      if (top < 0) this.parts.story.line.scrollIntoView({ behavior: this.calm ? "auto" : "smooth" });
    }

    // What was found out about a world or a policy does not belong to the next one.
    forget() {
      this.stopOtherStarts?.();
      Object.assign(this, { lastStood: false, otherStarts: null });
    }

    // --- the controls ---

    // asked: by the visitor, here; then time goes on. What comes from elsewhere leaves a page that waits as it is.
    changeWorld(fields, asked = true) {
      let events;
      try {
        events = this.lanes.map((lane) => lane.change(fields));
      } catch (error) {
        return this.board.complain(error);
      }
      this.state.world = this.run.sim.world;
      if (!events[0].length) return this.board.show();
      this.forget();
      this.contest.ready();
      this.parts.strip.change(live.differences(this.state.world).join(", "));
      this.parts.bars.show(null);
      this.tell(events[0][0]);
      if (asked) this.start();
      this.board.show();
    }

    // The buttons that break the world, and mend it when pressed again.
    flip(field) {
      const standard = live.standardWorld()[field], { worlds } = live.config;
      const broken = { wind: worlds.reversed_gale.fields.wind, angle_bias: worlds.reversed_tilted.fields.angle_bias };
      this.changeWorld({ [field]: this.state.world[field] === standard ? broken[field] ?? !standard : standard });
    }

    choosePolicy(name, asked = true) {
      try {
        this.policyOf(name);
      } catch (error) {
        return this.board.complain(error);
      }
      this.take(name);
      if (this.mode === "one") {
        this.run.learning = this.state.learning;
        this.lane.setPolicy(this.policyOf(name), this.nameOf(name));
        this.forget();
      } else this.setMode(["memory", "taught"].includes(this.mode) ? "one" : this.mode);
      this.parts.strip.change(this.lane.label);
      this.parts.bars.show(null); // what moved, moved in other weights
      this.tell({ type: "policy_changed" });
      if (asked) this.start();
      this.board.show();
    }

    setLearning(on) {
      this.state.learning = this.run.learning = on;
      this.start();
      this.board.show();
    }

    setRate(lr) {
      this.state.lr = lr;
      for (const lane of this.lanes) lane.run.lr = lr;
      this.board.show();
    }

    setSeed(text) {
      try {
        this.state.seed = live.checkSeed(text === "" ? NaN : Number(text));
      } catch (error) {
        return this.board.complain(error);
      }
      this.reset();
    }

    setSpeed(value) {
      this.rate = value === "auto" ? value : +value;
      this.parts.speed.value = value;
    }

    tip() {
      this.start();
      for (const view of this.views) view.tip();
    }

    reset() {
      this.setMode(this.mode);
      this.parts.bars.show(null);
      this.parts.strip.change("reset");
      this.tell({ type: "start" });
    }

    start() { if (this.paused) this.pause(false); }

    pause(on) {
      this.paused = on;
      this.board.paused();
    }

    // One physics step; where time stands still after a fall, on to what comes next.
    single() {
      this.pause(true);
      for (const lane of this.lanes) {
        const moving = lane.phase === "moving";
        if (!moving) lane.wait = 0;
        for (const event of moving ? lane.step(this.hand(lane)) : lane.advance(0, 1)) this.tell(event);
      }
    }

    takeNext() {
      const take = {
        starts: () => this.tryOtherStarts(), memory: () => this.choosePolicy("memory"), meta: () => this.choosePolicy("meta"),
        taught: () => this.choosePolicy("taught"), besideTaught: () => this.setMode("taught"), beside: () => this.setMode("memory"), you: () => this.setMode("you"), watch: () => this.setMode("one"),
        learn: () => this.setLearning(true), adapt: () => this.travel.toAdapt(),
      }; // prettier-ignore
      take[this.board.offer?.act]?.();
    }

    tryOtherStarts() {
      this.forget();
      this.otherStarts = { stood: 0, done: 0 };
      this.board.next();
      this.stopOtherStarts = live.tryOtherStarts(this.run.policy, this.state.world, this.state.seed + 1, STARTS, (stood, done) => {
        this.otherStarts = { stood, done };
        this.parts.story.say(`From other starts, without learning: ${stood} of ${done} stood for all ${this.run.limit} steps.`);
        if (done < STARTS) return;
        this.lastStood = true;
        this.board.next();
      });
    }

    // --- what happens ---

    touched() {
      if (this.mode === "you" && this.contest.waiting) {
        if (this.lanes.some((lane) => lane.phase !== "rising")) for (const lane of this.lanes) lane.again(); // else both stand at their start
        this.contest.start();
      }
      this.start();
    }

    hand(lane) {
      return this.views[this.lanes.indexOf(lane)].hand();
    }

    frame(seconds) {
      const waits = this.paused || (this.mode === "you" && this.contest.waiting);
      if (!waits) for (const lane of this.lanes) for (const event of lane.advance(seconds, this.rate, (l) => this.hand(l))) this.tell(event);
      this.parts.story.pass(seconds);
      if (!waits) this.parts.tour.pass(seconds);
      this.picture.draw(seconds);
      if (this.mode === "you") this.board.score();
    }

    tell(event) {
      const lane = event.lane ?? this.lane, { parts, mode } = this;
      if (mode === "you") this.keepScore(event, lane);
      if (lane !== this.lane) return;
      parts.tour.tell(event);
      const words = live.sentence(event, lane.run, this.state.policy);
      if (words && mode !== "you") parts.story.say(words);
      if (event.type === "learnt") parts.bars.show(event.moved, event.distance);
      if (event.type === "fell") parts.strip.add(event.steps, lane.waiting.some((e) => e.type === "learnt") ? "taught" : "still");
      if (event.type === "stands") parts.strip.add(event.steps, "stood");
      if (event.type === "fell" || event.type === "stands") this.lastStood = event.type === "stands";
      this.board.next();
    }

    // A round of the contest ends with the visitor's episode; then time stands still until the next.
    keepScore(event, lane) {
      const ended = event.type === "fell" || event.type === "stands", { contest } = this;
      if (!ended || contest.waiting) return;
      if (!lane.human) return contest.itEnded(event.steps);
      const best = contest.youEnded(event.steps, this.worldKey), verdict = contest.verdict(this.lane.shown.steps, this.worldKey);
      this.parts.story.say(`${verdict}${best ? " Your best of today." : ""} An arrow key or a touch begins the next round.`);
    }
  }

  // props.value: {labels: [[name, label]], server: bool, tabs: [id]}, later what travel.arrive takes. send(event, data): to the server.
  live.mount = (element, props, watch = () => {}, send = () => {}) => {
    const { labels, server, tabs } = props.value;
    live.page = new Page(element.querySelector(".live"), labels.slice(), server, tabs, send);
    watch("value", () => live.page.travel.arrive(props.value));
  };
})();
