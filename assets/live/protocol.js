// Learning live, from every fall: the rules (model/maml/live_rules.py) as a state machine, one step at a time. No DOM.
//   A fall teaches by one gradient step on that one episode; actions are greedy.
//   A change of the world or of the policy starts a new record: fresh memory, the starting weights again. The cart moves on.
//   A policy that sees its own push and has learnt nothing here goes on through a change of the world with the memory that it has.
//   A fall after a push, or in a visitor's hands, teaches nothing.
//   After some fruitless updates the starting weights come back; after more falls it says that this world can't be learnt so.
//   Whoever stands until the step limit starts afresh, and its count of fruitless updates and falls begins anew.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});
  const LENGTHS = 20; // episodes whose lengths a run keeps

  // makeRun(options): policy (from readPolicy), world (fields), seed, learning, lr, limit (steps of an episode).
  //   policy: the one that acts now; base: the starting weights; sim, hidden, work: see world.js and policy.js; output: what the
  //   policy said last, with obs (its inputs) and action, null before that; push: its last one, -1, 1 or 0 for none; lengths: of the
  //   last episodes since the last change; falls: how many of them fell; updates: gradient steps since the starting weights or since it
  //   last stood; taught: falls that taught since then, going back included; paused: after a fall, until runContinue; givenUp: it
  //   learns no more here. learning and lr may be set at any time.
  live.makeRun = ({ policy, world = {}, seed = 0, learning = true, lr = live.config.rules.lr, limit = live.config.physics.episode_steps }) =>
    startFrom({ learning, lr, limit, sim: live.makeSim(world, seed), paused: false }, policy);

  const startFrom = (run, policy) => startAgain(Object.assign(run, { base: policy, work: live.makeWork(policy), output: null }));

  // A new record with the starting weights.
  function startAgain(run) {
    Object.assign(run, { policy: run.base, lengths: [], falls: 0, updates: 0, taught: 0, givenUp: false });
    run.sim.steps = 0;
    return newRecord(run);
  }

  function newRecord(run) {
    return Object.assign(run, { record: live.newRecord(), hidden: live.initialHidden(run.policy), push: 0, pushed: false, byHand: false });
  }

  // runChangeWorld(run, fields): some fields of the world change while it runs; the same world again is no change. Returns events.
  // Throws for a field out of its bounds; then nothing changes.
  live.runChangeWorld = (run, fields) => {
    const before = run.sim.world;
    live.setWorld(run.sim, fields);
    if (live.config.fields.every(({ name }) => run.sim.world[name] === before[name])) return [];
    const goesOn = live.goesOn(run);
    if (!goesOn) startAgain(run);
    return [{ type: "world_changed", world: run.sim.world, goesOn }];
  };

  // goesOn(run): whether its memory and its episode outlast a change of the world.
  live.goesOn = (run) => live.seesItsPush(run.policy) && run.policy === run.base && run.taught === 0;

  // runSetPolicy(run, policy): other starting weights, at once.
  live.runSetPolicy = (run, policy) => { startFrom(run, policy); };

  // runContinue(run): after a fall, the next episode.
  live.runContinue = (run) => {
    if (!run.paused) return;
    live.resetSim(run.sim);
    newRecord(run);
    run.paused = false;
  };

  // runStep(run, {push, humanAction}): one step of world and policy. push: external force on the cart in this step, N;
  // humanAction: 0 or 1 instead of the policy's action. Returns the events of this step, mostly none:
  //   fell {steps, fall, ending: "pole" or "track", cause: "own", "push" or "hand"}, followed, while it learns, by one of
  //     learnt {steps, fall, update, loss, norm, moved, distance}     pushed_fall {steps}     hand_fall {steps}
  //     back_to_start {updates}                                       given_up {falls}
  //   stands {steps, falls, updates, cause}
  live.runStep = (run, { push = 0, humanAction } = {}) => {
    if (run.paused) return [];
    const obs = live.inputsOf(run.policy, live.observe(run.sim), run.push);
    const output = live.policyStep(run.policy, obs, run.hidden, run.work);
    const action = humanAction ?? (output.right > output.left ? 1 : 0);
    run.output = { ...output, obs, action };
    live.recordStep(run.record, obs, action, live.logProb(output, action));
    run.push = 2 * action - 1;
    run.pushed ||= push !== 0;
    run.byHand ||= humanAction !== undefined;
    const fell = live.stepSim(run.sim, action, push);
    const steps = run.record.actions.length;
    if (steps >= run.limit) return stood(run, steps);
    return fell ? fall(run, steps) : [];
  };

  const causeOf = (run) => (run.byHand ? "hand" : run.pushed ? "push" : "own");

  function keepLength(run, steps) {
    run.lengths.push(steps);
    if (run.lengths.length > LENGTHS) run.lengths.shift();
  }

  function stood(run, steps) {
    keepLength(run, steps);
    const event = { type: "stands", steps, falls: run.falls, updates: run.updates, cause: causeOf(run) };
    if (event.cause !== "hand") Object.assign(run, { updates: 0, taught: 0 });
    live.resetSim(run.sim);
    newRecord(run);
    return [event];
  }

  function fall(run, steps) {
    run.paused = true;
    run.falls += 1;
    keepLength(run, steps);
    const ending = Math.abs(run.sim.state[0]) > live.config.physics.x_limit ? "track" : "pole";
    const cause = causeOf(run);
    const event = { type: "fell", steps, fall: run.falls, ending, cause };
    if (!run.learning || run.givenUp) return [event];
    if (cause === "own") return [event, learnFrom(run, steps)];
    return [event, { type: cause === "push" ? "pushed_fall" : "hand_fall", steps }];
  }

  function learnFrom(run, steps) {
    const { fruitless_updates, hopeless_falls } = live.config.rules;
    if (run.taught >= hopeless_falls) {
      Object.assign(run, { policy: run.base, updates: 0, givenUp: true });
      return { type: "given_up", falls: run.taught };
    }
    run.taught += 1;
    if (run.updates >= fruitless_updates) {
      const updates = run.updates;
      Object.assign(run, { policy: run.base, updates: 0 });
      return { type: "back_to_start", updates };
    }
    const { policy, ...numbers } = live.innerStep(run.policy, run.record, run.lr);
    run.policy = policy;
    run.updates += 1;
    return { type: "learnt", steps, fall: run.falls, update: run.updates, ...numbers };
  }
})();
