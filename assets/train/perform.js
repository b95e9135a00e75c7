// What a policy does in a world before and after a gradient step, for the page to show (ui/runs/training_show.py). No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // perform(sequence, world, {theta, c, seed}): greedy episodes before any inner step and after all of them, from the same start, on the
  // episodes that each step collects: [{world, actions, states, seen, forces}]. states (x, x_dot, theta, theta_dot) and seen (the
  // same as the sensors report it): of each moment; forces: N, of each step.
  train.perform = (sequence, world, { theta, c, seed }) => {
    const limit = live.config.physics.episode_steps;
    const play = (weights) => {
      const states = [], seen = [], forces = [];
      const watch = (_, sim) => {
        if (states.length) forces.push(sim.appliedForce);
        states.push(Array.from(sim.state));
        seen.push(Array.from(live.observe(sim)));
      };
      const [{ actions }] = train.rollout(sequence, weights, world, seed, { episodes: 1, limit, greedy: true, seen: watch });
      return { world: live.makeWorld(world), actions, states, seen, forces };
    };
    let weights = theta;
    for (let s = 0; s < c.inner_steps; s++) {
      const support = train.rollout(sequence, weights, world, live.episodeKey(seed, 6, s), { episodes: c.episodes_per_task, limit });
      weights = train.innerStep(sequence, weights, support, c).theta;
    }
    return (c.inner_steps ? [theta, weights] : [theta]).map(play);
  };
})();
