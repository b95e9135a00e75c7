// What the tests ask of the scripts of assets/train/: ssmChecks[name](payload) -> result, or a promise of it, both plain JSON.
(() => {
  "use strict";
  const live = globalThis.ssmLive, train = globalThis.ssmTrain;
  const list = (values) => Array.from(values);
  const rowsOf = (episodes) => episodes.reduce((sum, e) => sum + e.length, 0);
  // A crew of one hand on this thread: there are no workers here.
  const alone = (simd) => train.makeCrew({ source: "", simd });
  const bits = (theta) => list(new BigUint64Array(theta.buffer)).map(String);

  Object.assign(globalThis.ssmChecks, {
    // The meta-loss and its gradient at `now` on a batch that the policy `collected` collected, all by the scripts but the episodes.
    // tasks: [{counted, episodes: [[episode]]}], for each policy of the task those that it played.
    metaGradient: ({ sizes, c, epoch, tasks, collected, now, simd }) => {
      const sequence = new train.Sequence(sizes, Math.max(...tasks.flatMap(({ episodes }) => episodes.map(rowsOf))), simd);
      for (const { episodes } of tasks) { // what the policies that collected said of their episodes
        let theta = train.flat(collected, sizes);
        episodes.forEach((of, s) => {
          sequence.set(theta);
          sequence.load(of);
          sequence.forward();
          of.forEach((e, k) => { e.values = list({ length: 2 * e.length }).map((_, i) => sequence.y[sequence.sizes.O * sequence.row(k, i >> 1) + 2 + (i & 1)]); });
          if (s < c.inner_steps) theta = train.innerStep(sequence, theta, of, c).theta;
        });
      }
      const targets = tasks.map((task) => train.targetsOf(task, c, epoch));
      const scales = train.normalising(targets.map((of) => of.map(({ sums }) => sums)), c.advantage_std_floor);
      const theta = train.flat(now, sizes), each = (of) => of.map(({ each }) => each);
      const total = train.metaGradient(tasks.map((task, k) => train.taskGradient(sequence, theta, task, each(targets[k]), scales, c)));
      const grads = Object.fromEntries(Object.entries(train.named(total.gradient, sizes, Float64Array)).map(([name, g]) => [name, list(g)]));
      return { loss: total.loss, divergence: total.divergence, grads, bits: bits(total.gradient) };
    },

    schedules: ({ configs }) =>
      configs.map((c) => list({ length: c.num_epochs }).map((_, epoch) => [train.stepLimit(c, epoch), train.outerLrAt(c, epoch), ...train.advantageWeights(c, epoch)])),

    adam: ({ theta, gradients, lr }) => {
      let point = { theta: Float64Array.from(theta), state: { m: new Float64Array(theta.length), v: new Float64Array(theta.length), steps: 0 } };
      return gradients.map((gradient) => {
        point = train.adam(point.theta, point.state, gradient, lr);
        return list(point.theta);
      });
    },

    // A point of each epoch is named by its number; the one that an epoch begins with is the last one, or what the guard went back to.
    guard: ({ startAt, epochs }) => {
      let point = "0";
      const guard = new train.Guard(startAt, point);
      return epochs.map(([score, finite], k) => {
        point = guard.check(`${k + 1}`, point, score, finite);
        return [guard.rolledBack, point, guard.running];
      });
    },

    firstWeights: ({ sizes, seeds }) =>
      seeds.map((seed) => Object.fromEntries(Object.entries(train.named(train.firstWeights(sizes, seed), sizes, Float64Array)).map(([name, p]) => [name, list(p)]))),

    sampledWorlds: ({ families, n, seeds }) => seeds.map((seed) => train.sampleWorlds(families, n, live.makeRandom(seed))),

    // Episodes as they were played, with the states they began with.
    rollouts: ({ sizes, params, worlds, how }) => {
      const sequence = new train.Sequence(sizes, how.episodes * how.limit), theta = train.flat(params, sizes);
      return worlds.map((world, seed) => train.rollout(sequence, theta, world, seed, how));
    },

    // Both kernels on the same numbers: the largest error of tanh, and how many bits differ.
    kernels: ({ numbers }) => {
      const [simd, plain] = [true, false].map((wanted) => {
        const { memory, product, tanh, ...kernels } = train.makeKernels(20000, wanted);
        for (let k = 0; k < memory.length; k++) memory[k] = numbers[(k * 7919) % numbers.length];
        product(0, 12, 300, 0, 1000, 17, 1, 2000, 16, 7, 17, 12);
        product(5000, 24, 5000, 24, 6000, 1, 9, 7000, 20, 9, 31, 20);
        memory.set(numbers, 10000);
        tanh(10000, 2 * Math.floor(numbers.length / 2));
        return { ...kernels, tanh: list(memory.subarray(10000, 10000 + numbers.length)), bits: bits(memory.slice(0, 20000)) };
      });
      return { simd: simd.simd, plain: plain.simd, tanh: simd.tanh, differ: simd.bits.filter((b, k) => b !== plain.bits[k]).length };
    },

    // The curves of a training, while it goes on and at its end.
    charts: ({ chart, records }) => [false, true].map((ended) => train.returnsChart({ chart, records, ended })),

    // A whole training: its records and the bits of its best parameters.
    training: async ({ sizes, config, families, simd }) => {
      const records = [], crew = await alone(simd);
      let best = null;
      for await (const epoch of train.metaTrain(crew, { sizes, config, families, theta: train.firstWeights(sizes, config.seed) })) {
        records.push(epoch.record);
        best = epoch.best;
      }
      return { records, bits: bits(best) };
    },
  });
})();
