// A lane: one cart on one stage, its run and what has been recorded of this episode for the eye. No DOM.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const REST = 1.1; // s that time stands still after a fall before the step is taken, and again to look at what it changed
  const SHORT_REST = 0.45; // s, once the visitor has seen a few
  const RISE = 0.45; // s in which a fresh start is set up
  const { slowly, shortEpisode } = globalThis.ssmConfig; // a fall of 0.2 s is seen in slow motion only
  const SLOW_STEPS = 22; // physics steps of slow motion after a change or a start that follows a short episode
  const DANGER = 5; // degrees; outward beyond it the pole is likely to fall
  const degrees = (rad) => rad * 180 / Math.PI;

  live.Lane = class {
    // options: {run, role (colour of the pole), label, human (whether the visitor holds the motor)}
    constructor(options) {
      Object.assign(this, { human: false, label: "", role: "policy" }, options);
      this.stepper = new live.Stepper(live.config.physics.tau);
      this.pace = 1;
      this.phase = "moving"; // moving, fallen, learnt (both: time stands still), rising
      this.wait = 0;
      this.slow = 0;
      this.seen = 0; // falls watched, for the length of the rests
      this.waiting = []; // events to tell once time has stood still for a moment
      this.rise = null;
      this.changes = new live.Changes();
      this.startEpisode();
    }

    get sim() { return this.run.sim; }

    // What is drawn of an episode: state by state, and for each step what was thought and done.
    startEpisode() {
      if (this.shown?.steps > 1) this.previous = this.shown;
      const { state } = this.sim, seen = live.observe(this.sim);
      this.shown = {
        steps: 0, x: [state[0]], angle: [degrees(state[2])], sensed: [degrees(seen[2])], sensedX: [seen[0]],
        reversed: live.motorReversed(this.sim), turns: [], // at the first step, and the steps at which the motor reversed by itself
        force: [], lost: [], action: [], push: [], prob: [], long: [], hidden: [], dots: [],
      };
      this.changes.startEpisode();
      this.stepper.fraction = 0;
    }

    // After a step that ended an episode at its limit the run has started afresh already: `fresh` leaves its state out.
    record(push, fresh) {
      const { shown, sim, run } = this, said = run.output, seen = live.observe(sim);
      shown.steps += 1;
      shown.x.push(fresh ? shown.x.at(-1) : sim.state[0]);
      shown.angle.push(fresh ? shown.angle.at(-1) : degrees(sim.state[2]));
      shown.sensed.push(fresh ? shown.sensed.at(-1) : degrees(seen[2]));
      shown.sensedX.push(fresh ? shown.sensedX.at(-1) : seen[0]);
      shown.force.push(sim.appliedForce);
      shown.lost.push(sim.lostForce);
      shown.push.push(push);
      shown.action.push(String(said.action));
      shown.prob.push(said.probRight);
      shown.long.push(said.valueLong);
      shown.hidden.push(Float32Array.from(run.hidden));
      shown.dots.push({ angle: said.obs[2], velocity: said.obs[3] });
    }

    // Let `seconds` of the visitor's time pass. rate: 1 is real time, "auto" slows down where there is something to see.
    // hand(lane): {push (N), humanAction (0, 1 or undefined)} for the next step. Returns events, each with its lane.
    advance(seconds, rate, hand) {
      const events = [], faster = rate === "auto" ? 1 : Math.max(1, rate);
      if (this.phase !== "moving") {
        this.wait -= seconds * faster;
        if (this.wait > 0) return events;
        this.next(events);
        return events;
      }
      const wanted = rate === "auto" ? this.autoPace() : rate;
      this.pace = rate === "auto" ? this.pace + (wanted - this.pace) * Math.min(1, seconds * 9) : wanted;
      for (let n = this.stepper.steps(seconds * this.pace); n > 0 && this.phase === "moving"; n--) events.push(...this.step(hand(this)));
      return events;
    }

    autoPace() {
      const [, , theta, theta_dot] = this.sim.state, falling = Math.abs(degrees(theta)) > DANGER && theta * theta_dot > 0;
      return this.slow > 0 || falling ? slowly : 1;
    }

    // One physics step, whatever the clock says.
    step(hand) {
      if (hand.kick) { // a tip changes the state itself: like a push, it must not teach
        this.sim.state[3] += hand.kick;
        this.run.pushed = true;
      }
      const before = this.run.policy, { shown } = this;
      if (live.motorReversed(this.sim) !== (shown.reversed !== (shown.turns.length % 2 === 1))) this.turn();
      const wish = live.teacherPush(this.sim);
      const events = live.runStep(this.run, hand).map((event) => ({ ...event, lane: this }));
      const stood = events.some((e) => e.type === "stands");
      this.judge(events, wish);
      this.record(hand.push ?? 0, stood);
      this.slow = Math.max(0, this.slow - 1);
      if (this.run.paused) this.stopTime(events, before);
      else if (stood) this.setUp();
      return this.phase === "fallen" ? events.filter((e) => !this.waiting.includes(e)) : events;
    }

    // The motor turned: by itself, or by a change that has just been counted.
    turn() {
      const { shown, changes } = this;
      shown.turns.push(shown.steps);
      if (changes.marks.at(-1)?.step !== shown.steps) changes.add(shown.steps, "motor reversed");
    }

    // What a step says of the changes before it. wish: what the teacher wanted done in it.
    judge(events, wish) {
      const { changes, run, shown } = this, after = changes.pass(shown.steps, run.output.action, wish);
      for (const event of events) {
        if (event.type === "stands") Object.assign(event, { changes: changes.marks.length });
        if (event.type === "stands") changes.stood();
        if (event.type === "fell") changes.fell(event.cause === "own");
      }
      if (after !== null && !run.paused) events.push({ type: "noticed", after, lane: this });
    }

    // The fall is told at once; what was learnt from it when time has stood still for a moment.
    stopTime(events, before) {
      this.before = before; // the policy that fell
      this.phase = "fallen";
      this.seen += 1;
      this.wait = this.seen > 3 ? SHORT_REST : REST;
      this.stepper.fraction = 0;
      this.waiting = events.filter((e) => e.type !== "fell");
      this.slow = this.shown.steps < shortEpisode ? SLOW_STEPS : 0;
    }

    next(events) {
      if (this.phase === "fallen" && this.waiting.length) {
        events.push(...this.waiting);
        this.waiting = [];
        this.phase = "learnt";
        this.wait = this.seen > 3 ? 2 * SHORT_REST : 1.5 * REST;
      } else if (this.phase !== "rising") {
        live.runContinue(this.run);
        this.setUp();
        events.push({ type: "again", lane: this });
      } else {
        this.phase = "moving";
        this.rise = null;
      }
    }

    // A fresh episode: the cart is brought from where it was to where it starts, so that nothing jumps.
    setUp() {
      const { x, angle } = this.shown;
      this.startEpisode();
      this.riseFrom({ x: x.at(-1), angle: angle.at(-1) });
    }

    riseFrom({ x, angle }) {
      this.rise = { x, angle };
      this.phase = "rising";
      this.wait = RISE;
    }

    // A change of the world starts a new record, unless the memory goes on; the cart stays where it is.
    change(fields) {
      const before = this.sim.world, events = live.runChangeWorld(this.run, fields), changed = live.changeWords(before, this.sim.world);
      if (events.length) {
        if (this.run.paused || !events[0].goesOn) this.begin();
        this.changes.add(this.shown.steps, changed);
      }
      return events.map((event) => ({ ...event, changed, lane: this }));
    }

    // Other starting weights, at once; the cart moves on.
    setPolicy(policy, label) {
      live.runSetPolicy(this.run, policy);
      this.label = label;
      this.changes = new live.Changes();
      this.begin();
    }

    // A fresh start with the weights as they are.
    again() {
      this.run.paused = true;
      this.begin();
    }

    begin() {
      if (this.run.paused || this.phase === "fallen" || this.phase === "learnt") {
        if (this.run.paused) live.runContinue(this.run);
        this.setUp();
      } else {
        this.startEpisode();
      }
      this.waiting = [];
      this.seen = 0;
      this.slow = SLOW_STEPS;
    }

    // Where the cart and the pole stand between the last two states, for the drawing.
    pose() {
      const { shown, rise } = this, last = shown.steps;
      if (rise && this.phase === "rising") {
        const f = 1 - Math.max(0, this.wait) / RISE, ease = f * f * (3 - 2 * f);
        return { x: rise.x + (shown.x[0] - rise.x) * ease, angle: rise.angle + (shown.angle[0] - rise.angle) * ease };
      }
      const f = this.phase === "moving" && last > 0 ? this.stepper.fraction : 1, k = Math.max(0, last - 1);
      const mix = (series) => series[k] + (series[last] - series[k]) * f;
      return { x: mix(shown.x), angle: mix(shown.angle), sensed: mix(shown.sensed), playhead: k + f };
    }
  };
})();
