// Meta-training: model/maml/training.py, whose records it yields. No DOM. What computes is a crew (crew.js).
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // --- the schedule: model/maml/meta_config.py ---

  train.stepLimit = (c, epoch) => (epoch >= c.num_epochs * (1 - c.long_episodes_share) ? live.config.physics.episode_steps : c.max_steps_per_episode);

  train.outerLrAt = (c, epoch) => {
    const done = epoch / c.num_epochs, held = c.hold_lr_share;
    return done < held ? c.outer_lr : c.outer_lr * Math.max(live.config.train.last_lr_share, 1 - (done - held) / Math.max(1 - held, 1e-9));
  };

  train.advantageWeights = (c, epoch) => [1, epoch >= live.config.train.short_advantage_share * c.num_epochs ? c.short_advantage_weight : 1];

  // firstWeights(sizes, seed): random parameters, distributed as StateSpaceModel's (model/policy/ssm.py).
  train.firstWeights = (sizes, seed) => {
    const { S, I, H } = sizes, { max_decay, read_out_gain, input_scale } = live.config.train.first, { places, count } = train.layout(sizes);
    const theta = new Float64Array(count), random = live.makeRandom(live.episodeKey(seed, 3));
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()); // Box and Muller
    const decay = Array.from({ length: S }, (_, j) => (S > 1 ? (max_decay * j) / (S - 1) : 0));
    const fill = (name, value) => { const { at, rows, columns } = places[name]; for (let k = 0; k < rows * columns; k++) theta[at + k] = value(k % columns); };
    decay.forEach((d, j) => { theta[places.A.at + j * S + j] = d; });
    fill("B", (j) => (normal() / Math.sqrt(I)) * Math.sqrt(1 - decay[j] ** 2));
    fill("C", () => (normal() * read_out_gain) / Math.sqrt(S));
    fill("input_scale", (i) => input_scale[i % input_scale.length]);
    fill("mix_weight", () => normal() / Math.sqrt(S + I));
    fill("mlp_in_weight", () => normal() / Math.sqrt(S));
    fill("mlp_out_weight", () => normal() / Math.sqrt(H));
    return theta;
  };

  // Adam (Kingma and Ba 2015), with PyTorch's defaults. state: {m, v, steps}; returns the new parameters and state, both new values.
  train.adam = (theta, { m, v, steps }, gradient, lr) => {
    const { betas: [b1, b2], eps } = live.config.train.adam;
    const next = { m: m.map((x, k) => b1 * x + (1 - b1) * gradient[k]), v: v.map((x, k) => b2 * x + (1 - b2) * gradient[k] ** 2), steps: steps + 1 };
    const size = lr / (1 - b1 ** next.steps), root = Math.sqrt(1 - b2 ** next.steps);
    return { theta: theta.map((x, k) => x - (size * next.m[k]) / (Math.sqrt(next.v[k]) / root + eps)), state: next };
  };

  // The guard against collapse (model/maml/guard.py). A point is {theta, state}: parameters and Adam's state.
  // check(point, candidate, score, finite): the point to go on from; `candidate` is where this epoch began and what reached `score`.
  train.Guard = class {
    constructor(startAt, point) { Object.assign(this, { startAt, good: point, running: -Infinity }); }

    check(point, candidate, score, finite) {
      const { decay, collapse, good } = live.config.train.guard;
      this.rolledBack = !finite || (score < collapse * this.running && this.running >= this.startAt);
      if (this.rolledBack) {
        this.running *= decay; // should the tasks have become harder, do not step back for ever
        return this.good;
      }
      this.running = this.running === -Infinity ? score : decay * this.running + (1 - decay) * score;
      if (score >= good * this.running) this.good = candidate;
      return point;
    }
  };

  // normalising(sums): over all tasks, for each policy, {total, mean, std} of the weighted advantages from each task's sums.
  train.normalising = (ofTasks, floor) =>
    ofTasks[0].map((_, s) => {
      const [weights, first, second] = [0, 1, 2].map((i) => ofTasks.reduce((sum, sums) => sum + sums[s][i], 0)), centre = first / weights;
      return { total: weights, mean: centre, std: Math.max(Math.sqrt(Math.max(second / weights - centre * centre, 0)), floor) };
    });

  // metaTrain(crew, {config, families, theta, sizes}): yields {record, best} after every epoch: the fields of a MetaEpoch, and the best
  // parameters so far, by the running mean of the return. config: MetaTrainingConfig's fields; an inner step learns from all episodes
  // of its task. theta: where to start. To stop is to stop iterating.
  train.metaTrain = async function* (crew, { config: c, families, theta, sizes }) {
    const random = live.makeRandom(live.episodeKey(c.seed, 4)), zeros = () => new Float64Array(theta.length), began = performance.now();
    let point = { theta, state: { m: zeros(), v: zeros(), steps: 0 } }, best = theta, bestScore = -Infinity, episodes = 0, env_steps = 0;
    const guard = new train.Guard(c.guard_from, point);
    for (let epoch = 0; epoch < c.num_epochs; epoch++) {
      const candidate = point, worlds = train.sampleWorlds(families, c.tasks_per_epoch, random);
      const seeds = worlds.map((_, task) => live.episodeKey(c.seed, 5, epoch, task)), batch = { sizes, c, epoch, worlds, seeds };
      const { tasks, ...updated } = await crew.whole(() => update(crew, candidate, batch));
      const returns = meanReturns(tasks, c), after = returns.slice(1);
      point = guard.check(updated.point, candidate, train.mean(after.length ? after : returns), updated.finite);
      if (guard.running > bestScore && !guard.rolledBack) [bestScore, best] = [guard.running, candidate.theta];
      for (const { lengths } of tasks) for (const of of lengths) for (const n of of) [episodes, env_steps] = [episodes + 1, env_steps + n];
      const side = (reversed) => meanReturns(tasks.filter((_, k) => train.conflicting(worlds[k]) === reversed), c);
      yield {
        best,
        record: {
          epoch, meta_loss: updated.loss, return_before: returns[0], return_after: returns.at(-1), return_after_by_step: after, episodes, env_steps,
          seconds: (performance.now() - began) / 1000, rolled_back: guard.rolledBack, step_limit: train.stepLimit(c, epoch), usual: side(false), conflicting: side(true),
        },
      };
    }
  };

  // One epoch's episodes, and Adam's steps on them: the tasks' lengths of episodes, the new point, the first meta-loss, and whether all
  // gradients were finite.
  async function update(crew, point, batch) {
    const { c, epoch } = batch, { gradient_limit } = live.config.train;
    const tasks = await crew.collect({ ...batch, theta: point.theta }), scales = train.normalising(tasks.map((task) => task.sums), c.advantage_std_floor);
    let loss = NaN;
    for (let k = 0; k < c.outer_updates; k++) {
      const parts = await crew.gradient({ theta: point.theta, scales }), total = train.metaGradient(parts);
      if (k === 0) loss = total.loss;
      else if (total.divergence > c.kl_stop) break;
      const { gradient } = total, factor = train.within(gradient, gradient_limit);
      if (!gradient.every(Number.isFinite)) return { tasks, point, loss, finite: false };
      point = train.adam(point.theta, point.state, gradient.map((g) => g * factor), train.outerLrAt(c, epoch));
    }
    return { tasks, point, loss, finite: point.theta.every(Number.isFinite) };
  }

  // metaGradient(parts): the tasks' parts summed in their order, whoever computed them: {gradient, loss, divergence}; the last is how far
  // the policies have moved from those that collected the episodes (KL, nats).
  train.metaGradient = (parts) => {
    const gradient = new Float64Array(parts[0].gradient.length);
    for (const part of parts) train.addTo(gradient, part.gradient);
    const sum = (value) => parts.reduce((total, part) => total + value(part), 0);
    const moved = parts[0].moved.map((_, s) => sum((p) => p.moved[s][0]) / sum((p) => p.moved[s][1]));
    return { gradient, loss: sum((p) => p.loss), divergence: Math.max(...moved) };
  };

  // Mean return before and after each inner step, of the episodes from ordinary first states; empty where there is no task.
  function meanReturns(tasks, c) {
    const ordinary = (lengths) => lengths.filter((_, k) => !(c.spread_starts && k % 2));
    return tasks.length ? tasks[0].lengths.map((_, s) => train.mean(tasks.flatMap((task) => ordinary(task.lengths[s])))) : [];
  }
})();
