// What a policy does in a world before and after a gradient step, for the page to show (ui/runs/training_show.py). No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // perform(sequence, world, {theta, c, seed}): greedy episodes before any inner step and after all of them, from the same start, on the
  // episodes that each step collects: [{world, actions, states, forces}], states: x, x_dot, theta, theta_dot
  // of each moment; forces: N, of each step.
  train.perform = (sequence, world, { theta, c, seed }) => {
    const limit = live.config.physics.episode_steps, play = (weights) => train.rollout(sequence, weights, world, seed, { episodes: 1, limit, greedy: true })[0];
    const before = play(theta);
    let weights = theta;
    for (let s = 0; s < c.inner_steps; s++) {
      const support = train.rollout(sequence, weights, world, live.episodeKey(seed, 6, s), { episodes: c.episodes_per_task, limit });
      weights = train.innerStep(sequence, weights, support, c).theta;
    }
    return (c.inner_steps ? [before, play(weights)] : [before]).map(({ actions }) => replay(world, seed, actions));
  };

  function replay(world, seed, actions) {
    const sim = live.makeSim(world, live.episodeKey(seed, 2, 0)), states = [Array.from(sim.state)], forces = [];
    for (const action of actions) {
      live.stepSim(sim, action);
      states.push(Array.from(sim.state));
      forces.push(sim.appliedForce);
    }
    return { world: sim.world, actions, states, forces };
  }
})();
