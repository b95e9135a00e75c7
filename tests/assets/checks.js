// What the tests ask of the scripts of assets/live/, in whichever engine: ssmChecks[name](payload) -> result, both plain JSON.
(() => {
  "use strict";
  const live = globalThis.ssmLive, train = globalThis.ssmTrain;
  const list = (values) => Array.from(values);
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
  const base64Of = (bytes) => btoa(new Uint8Array(bytes).reduce((text, byte) => text + String.fromCharCode(byte), ""));
  const policyOf = (base64) => live.readPolicy(bytesOf(base64));
  const listsOf = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, list(values)]));
  const attempt = (act) => {
    try {
      act();
      return "";
    } catch (error) {
      return error.message;
    }
  };

  function recordOf({ obs, actions, logProbs }) {
    const record = live.newRecord();
    obs.forEach((row, t) => live.recordStep(record, row, actions[t], logProbs[t]));
    return record;
  }

  globalThis.ssmChecks = {
    // runs: [{world, rows: [{fresh, state, action, force}]}], in order. Every step starts from the state given; the actions under
    // way are the simulation's own since the last fresh row.
    worldSteps: ({ runs }) =>
      runs.map(({ world, rows }) => {
        const sim = live.makeSim(world);
        return rows.map(({ fresh, key, state, action, force }) => {
          if (fresh) live.resetSim(sim);
          sim.key = key;
          sim.state.set(state);
          const wish = live.teacherPush(sim), fell = live.stepSim(sim, action, force);
          return { wish, state: list(sim.state), obs: list(live.observe(sim)), applied: sim.appliedForce, lost: sim.lostForce, fell };
        });
      }),

    // Draws of each key along some steps: of the sensors, of the push; and of the motor: its reversals by period, where it is turned.
    draws: ({ keys, steps, count, periods, rate }) =>
      keys.map((words) => {
        const key = live.episodeKey(...words);
        return {
          key,
          noise: steps.map((t) => live.sensorNoise(key, t)),
          lost: steps.map((t) => live.pushIsLost(key, t, rate)),
          reversals: periods.map((p) => live.reversalSteps(key, count, p)),
          turned: steps.map((t) => live.motorTurned(key, t, count)),
        };
      }),

    // jobs: [{policy, obs}]. Along a sequence of observations from the initial state: the four outputs, P(right), the hidden state.
    policySteps: ({ jobs }) =>
      jobs.map(({ policy, obs }) => {
        const loaded = policyOf(policy);
        const hidden = live.initialHidden(loaded), work = live.makeWork(loaded);
        return obs.map((row) => {
          const { left, right, probRight, valueLong, valueShort } = live.policyStep(loaded, Float32Array.from(row), hidden, work);
          return { outputs: [left, right, valueLong, valueShort], probRight, hidden: list(hidden) };
        });
      }),

    // A policy left to itself: in each step its inputs and its action.
    ownSteps: ({ policy, world, steps }) => {
      const run = live.makeRun({ policy: policyOf(policy), world });
      return Array.from({ length: steps }, () => {
        live.runStep(run);
        return { obs: list(run.output.obs), action: run.output.action };
      });
    },

    // rows: [action, wish] of each step; changes: the steps before which one came; ends: {step: "stood", "own" or "hand"}.
    noticed: ({ rows, changes, ends }) => {
      const met = new live.Changes();
      const after = rows.map(([action, wish], t) => {
        if (changes.includes(t)) met.add(t, "");
        const found = met.pass(t, action, wish);
        if (ends[t]) ends[t] === "stood" ? met.stood() : met.fell(ends[t] === "own");
        return found;
      });
      return { after, met: met.met, survived: met.survived };
    },

    // jobs: [{policy, record}]. One gradient step each.
    innerSteps: ({ jobs, lr }) =>
      jobs.map(({ policy, record: given }) => {
        const loaded = policyOf(policy);
        const record = recordOf(given);
        const { policy: after, loss, norm, moved, distance } = live.innerStep(loaded, record, lr);
        const sequence = new train.Sequence(loaded.sizes, record.actions.length), { discount } = live.config.learn;
        const { gradient } = train.policyGradient(sequence, train.flat(loaded.params, loaded.sizes), [live.episodeOf(record)], discount);
        const grads = train.named(gradient, loaded.sizes, Float64Array);
        return { grads: listsOf(grads), params: listsOf(after.params), same: after === loaded, loss, norm, moved, distance };
      }),

    // runs: [[{obs, fell}]]. Runs that are led: what each observes and when it falls come from elsewhere. For each episode the last
    // event, the parameters after it as a file, the margins right - left of each step, and the actions it took.
    ledRuns: ({ policy, runs }) => {
      const own = { observe: live.observe, stepSim: live.stepSim };
      const results = runs.map((episodes) => {
        const run = live.makeRun({ policy: policyOf(policy) });
        return episodes.map(({ obs, fell }) => {
          let t = 0;
          live.observe = () => Float32Array.from(obs[t]);
          live.stepSim = () => ++t === obs.length && fell;
          const margins = [];
          const actions = [];
          let events = [];
          while (t < obs.length) {
            events = live.runStep(run);
            margins.push(run.output.right - run.output.left);
            actions.push(run.output.action);
          }
          live.runContinue(run);
          const { type = "", norm = 0 } = events.at(-1) ?? {};
          return { event: type, norm, policy: base64Of(live.policyBytes(run.policy)), margins, actions };
        });
      });
      Object.assign(live, own);
      return results;
    },

    // A run from orders: {steps, push, humanAction} or {change} or {learning}. Continues after falls. Returns all events, and where
    // the run stands in the end.
    orders: ({ policy, world, seed, learning, lr, limit, orders }) => {
      const run = live.makeRun({ policy: policyOf(policy), world, seed, learning, lr, limit });
      const events = [];
      for (const order of orders) {
        if (order.change) events.push(...live.runChangeWorld(run, order.change));
        if (order.learning !== undefined) run.learning = order.learning;
        for (let t = 0; t < (order.steps ?? 0); t++) {
          events.push(...live.runStep(run, { push: order.push, humanAction: order.humanAction }));
          if (run.paused && order.wait) break;
          live.runContinue(run);
        }
      }
      const { falls, lengths, updates, taught, givenUp, paused } = run;
      const record = run.record.actions.length;
      const atBase = run.policy === run.base;
      return { events, falls, lengths, updates, taught, givenUp, paused, record, steps: run.sim.steps, atBase, state: list(run.sim.state) };
    },

    // Changing a simulation's world between steps: [{change?, action}] -> state before and after, applied force; or the Error.
    changes: ({ world, rows }) => {
      const sim = live.makeSim(world);
      return rows.map(({ change, action }) => {
        const before = list(sim.state);
        const error = attempt(() => change && live.setWorld(sim, change));
        const kept = list(sim.state);
        live.stepSim(sim, action);
        return { before, kept, applied: sim.appliedForce, error, world: sim.world };
      });
    },

    readErrors: ({ files }) => files.map((file) => attempt(() => policyOf(file))),

    writtenBytes: ({ policy }) => base64Of(live.policyBytes(policyOf(policy))),

    // States of the page -> the links that hold them -> the states that those open.
    // links: [text]; each opens a state, or is a sentence.
    opened: ({ links, ...rest }) => links.map((text) => {
      try { return live.fromQuery(text, ...Object.values(rest)); } catch (error) { return error.plain ?? error.message; }
    }),

    travelled: ({ states, policies }) => states.map((state) => live.fromQuery(live.toQuery(state), policies)),
  };
})();
