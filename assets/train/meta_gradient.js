// One task of a meta-update: its episodes, and its part of the meta-loss and the meta-gradient (model/maml/meta_batch.py). No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // rollout(sequence, theta, world, seed, how): episodes of sampled actions in one world, how: {episodes, limit, spread, greedy}.
  // Each is {length, obs, actions, logProbs, terminated, values}; spread: whether every second starts anywhere on the track. seen(k, sim):
  // called at the start of episode k and after each of its steps.
  train.rollout = (sequence, theta, world, seed, { episodes, limit, spread = false, greedy = false, seen = () => {} }) => {
    const { sizes: { I, O }, memory: M, x, y } = sequence, random = live.makeRandom(live.episodeKey(seed, 1));
    sequence.set(theta);
    const runs = Array.from({ length: episodes }, (_, k) => {
      const sim = live.makeSim(world, live.episodeKey(seed, 2, k));
      if (spread && k % 2) live.config.train.start_scale.forEach((scale, i) => { sim.state[i] *= scale; });
      seen(k, sim);
      return { k, sim, push: 0, obs: [], actions: [], logProbs: [], values: [], terminated: false };
    });
    const going = runs.slice(); // the run of each row
    for (let t = 0; t < limit && going.length; t++) {
      going.forEach((run, row) => {
        run.inputs = live.inputsOf(sequence, live.observe(run.sim), run.push);
        for (let i = 0; i < I; i++) M[x + row * I + i] = run.inputs[i];
      });
      sequence.step(going.length, t);
      const draws = runs.map(random); // for all of them, so that nobody's draws depend on when another fell
      for (let row = going.length - 1; row >= 0; row--) {
        const run = going[row], left = y[row * O], right = y[row * O + 1];
        const action = (greedy ? 0.5 : draws[run.k]) * (1 + Math.exp(left - right)) < 1 ? 1 : 0;
        run.obs.push(...run.inputs);
        run.actions.push(action);
        run.logProbs.push(live.logProb({ left, right }, action));
        run.values.push(y[row * O + 2], y[row * O + 3]);
        run.push = 2 * action - 1;
        run.terminated = live.stepSim(run.sim, action);
        seen(run.k, run.sim);
        if (!run.terminated) continue;
        const last = going.length - 1; // its row goes to the last run
        sequence.moveState(last, row, t);
        going[row] = going[last];
        going.pop();
      }
    }
    return runs.map(({ obs, actions, logProbs, values, terminated }) => ({ length: actions.length, obs, actions, logProbs, values, terminated }));
  };

  // collectTask(sequence, theta, world, seed, c, epoch): the task's episodes before any inner step and after each, from the policy that
  // each made. c: what `MetaTrainingConfig` holds.
  train.collectTask = (sequence, theta, world, seed, c, epoch) => {
    const collected = [], how = { episodes: c.episodes_per_task, limit: train.stepLimit(c, epoch), spread: c.spread_starts };
    for (let s = 0; s <= c.inner_steps; s++) {
      collected.push(train.rollout(sequence, theta, world, live.episodeKey(seed, s), how));
      if (s < c.inner_steps) theta = train.innerStep(sequence, theta, collected[s], c).theta;
    }
    return { episodes: collected, counted: c.inner_steps === 0 || !train.conflicting(world) ? 1 : 0 };
  };

  // Whether what serves the standard cart fails here: the motor or the sensors are reversed.
  train.conflicting = (world) => world.reversed_motor || world.mirrored_sensors;

  // targetsOf(task, c, epoch): for each policy of the task what its episodes are worth, before anything is normalised over all tasks:
  // weight (of each step, by episode), advantage and values (what the baselines should say), by episode; and sums: of the weights, of
  // the weighted advantages and of their squares.
  train.targetsOf = ({ episodes }, c, epoch) =>
    episodes.map((of) => {
      const { outer_lambda } = live.config.train, { short_discount } = live.config.learn, weights = train.advantageWeights(c, epoch), sums = [0, 0, 0];
      const each = of.map(({ length, values, terminated }) => {
        const weight = 1 / length ** c.length_exponent, advantage = new Float64Array(length), targets = new Float64Array(2 * length);
        [c.discount_factor, short_discount].forEach((gamma, i) => {
          const said = Float64Array.from({ length }, (_, t) => values[2 * t + i]), one = train.gae(said, terminated, gamma, outer_lambda);
          one.forEach((a, t) => {
            advantage[t] += weights[i] * a;
            targets[2 * t + i] = said[t] + a;
          });
        });
        for (const a of advantage) [1, a, a * a].forEach((x, i) => { sums[i] += weight * x; });
        return { weight, advantage, values: targets };
      });
      return { each, sums };
    });

  // taskGradient(sequence, theta, task, targets, scales, c): the task's part of the meta-gradient, of the meta-loss, and for each of its
  // policies how far it has moved from the one that collected, [sum of log-ratios, steps].
  //   L = w_pre L_0 + sum_s L_s,  L_s = clipped surrogate (Schulman et al. 2017, eq. 7) + value_weight value errors - entropy_bonus entropy (s = 0)
  // scales: for each policy {total, mean, std} over all tasks: a step's weight is divided by total, its advantage normalised by the others.
  train.taskGradient = (sequence, theta, task, targets, scales, c) => {
    const steps = [], gradients = [], moved = [];
    let loss = 0;
    for (let s = 0; s <= c.inner_steps; s++) {
      sequence.set(theta);
      sequence.load(task.episodes[s]);
      sequence.forward();
      const part = outerLoss(sequence, targets[s], scales[s], s, task.counted, c);
      loss += part.loss;
      moved.push(part.moved);
      gradients.push(sequence.reverse());
      if (s === c.inner_steps) break;
      steps.push(train.innerStep(sequence, theta, task.episodes[s], c));
      theta = steps[s].theta;
    }
    let after = null; // the gradient of the losses after adaptation, carried back step by step
    for (let s = c.inner_steps - 1; s >= 0; s--) {
      const v = after ? train.addTo(gradients[s + 1], after) : gradients[s + 1];
      after = c.first_order ? v : train.carried(sequence, steps[s], v, c);
    }
    const gradient = gradients[0];
    if (after) train.addTo(gradient, after, c.split_meta_gradient ? train.within(after, live.config.train.gradient_limit / c.tasks_per_epoch) : 1);
    return { gradient, loss, moved };
  };

  // within(gradient, limit): the factor that brings it to a norm of at most `limit`.
  train.within = (gradient, limit) => Math.min(1, limit / Math.max(Math.sqrt(train.dot(gradient, gradient)), 1e-8));

  // The loss of the loaded episodes, with its cotangents in `dy`.
  function outerLoss(sequence, targets, { total, mean, std }, s, counted, c) {
    const { y, dy, episodes, sizes: { O } } = sequence, { log_ratio_limit } = live.config.train;
    const first = s === 0, surrogateWeight = !first ? 1 : counted * (c.inner_steps ? c.pre_adaptation_weight : 1);
    const entropyWeight = first ? c.entropy_bonus * (c.entropy_where_counted ? 1 : 1 - counted) : 0;
    let loss = 0, ratios = 0, steps = 0;
    episodes.forEach((e, k) => {
      const target = targets[k], weight = target.weight / total;
      steps += e.length;
      for (let t = 0; t < e.length; t++) {
        const at = O * sequence.row(k, t), left = y[at], right = y[at + 1], margin = right - left, pi = 1 / (1 + Math.exp(-margin));
        const advantage = (target.advantage[t] - mean) / std, logRatio = live.logProb({ left, right }, e.actions[t]) - e.logProbs[t];
        const bounded = Math.max(-log_ratio_limit, Math.min(log_ratio_limit, logRatio)), ratio = Math.exp(bounded);
        const clipped = Math.max(1 - c.clip_ratio, Math.min(1 + c.clip_ratio, ratio)) * advantage, free = ratio * advantage <= clipped;
        loss -= surrogateWeight * weight * (free ? ratio * advantage : clipped);
        ratios -= bounded;
        // r A where it counts: its derivative along right - left is r A (onehot(a) - pi)
        let along = free && bounded === logRatio ? -surrogateWeight * weight * ratio * advantage * (e.actions[t] - pi) : 0;
        if (entropyWeight) { // H = -p log p - q log q with q = 1 - p, log q = log p - margin; dH/dmargin = -margin p q
          loss -= entropyWeight * weight * ((1 - pi) * margin - live.logProb({ left, right }, 1));
          along += entropyWeight * weight * margin * pi * (1 - pi);
        }
        dy[at] = -along;
        dy[at + 1] = along;
        for (let i = 0; i < 2; i++) {
          const error = y[at + 2 + i] - target.values[2 * t + i];
          loss += c.value_weight * weight * error * error;
          dy[at + 2 + i] = 2 * c.value_weight * weight * error;
        }
      }
    });
    return { loss, moved: [ratios, steps] };
  }
})();
