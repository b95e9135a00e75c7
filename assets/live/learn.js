// One gradient step on one fallen episode: that of meta-training (assets/train/inner_step.js), with one episode. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});
  let sequence = null; // the last one used

  // A record of one episode, step by step: inputs, actions, and log pi(action) of the policy that acted.
  live.newRecord = () => ({ obs: [], actions: [], logProbs: [] });
  live.recordStep = (record, obs, action, logProb) => {
    record.obs.push(Float32Array.from(obs));
    record.actions.push(action);
    record.logProbs.push(logProb);
  };

  // innerStep(policy, record, lr): one step on a record that ended in a fall. Returns the new policy, the surrogate loss, |g|, and how
  // far each group of parameters moved: `moved` as a share of its length (null where that is 0), `distance` in its own unit. The given
  // policy stays as it is. Where the step would leave a parameter that is not finite, the policy returned is the one given, with a norm of 0.
  live.innerStep = (policy, record, lr) => {
    const train = globalThis.ssmTrain, { max_grad_norm, min_grad_norm, discount } = live.config.learn, { sizes } = policy;
    sequence = train.fitting(sequence, sizes, live.config.physics.episode_steps);
    const how = { inner_lr: lr, max_grad_norm, min_grad_norm, discount_factor: discount };
    const step = train.innerStep(sequence, train.flat(policy.params, sizes), [live.episodeOf(record)], how);
    const params = train.named(step.theta, sizes), finite = Object.values(params).every((p) => p.every(Number.isFinite));
    const moved = live.movement(policy.params, finite ? params : policy.params);
    return { policy: finite ? live.makePolicy(params, sizes) : policy, loss: step.loss, norm: finite ? step.norm : 0, ...moved };
  };

  // A record as an episode that fell (assets/train/sequence.js).
  live.episodeOf = ({ obs, actions, logProbs }) => ({ length: actions.length, obs: obs.flatMap((x) => [...x]), actions, logProbs, terminated: true });

  // movement(before, after): of each group |change| (`distance`) and |change| / |before| (`moved`), Euclidean norms.
  live.movement = (before, after) => {
    const groups = live.config.policy.groups;
    const squares = Object.fromEntries(groups.map((group) => [group, [0, 0]]));
    for (const [name, p] of Object.entries(before)) {
      const sums = squares[groups.includes(name) ? name : groups.at(-1)];
      p.forEach((v, k) => {
        sums[0] += (after[name][k] - v) ** 2;
        sums[1] += v * v;
      });
    }
    const rows = Object.entries(squares);
    return {
      distance: Object.fromEntries(rows.map(([group, [change]]) => [group, Math.sqrt(change)])),
      moved: Object.fromEntries(rows.map(([group, [change, size]]) => [group, size > 0 ? Math.sqrt(change / size) : null])),
    };
  };
})();
