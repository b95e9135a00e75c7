// One gradient step on one fallen episode: model/rl/advantages.py and model/maml/inner_step.py, first order, written out. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});
  const vector = (n) => new Float64Array(n);

  // A record of one episode, step by step: inputs, actions, and log pi(action) of the policy that acted.
  live.newRecord = () => ({ obs: [], actions: [], logProbs: [] });
  live.recordStep = (record, obs, action, logProb) => {
    record.obs.push(Float32Array.from(obs));
    record.actions.push(action);
    record.logProbs.push(logProb);
  };

  // innerStep(policy, record, lr): theta' = theta - lr g n / |g|, with n = |g| brought between min_grad_norm times the
  // share of the step limit that the episode missed, and max_grad_norm (MAML: Finn et al. 2017, eq. 1).
  // record: an episode that ended in a fall. Returns the new policy, the surrogate loss, |g|, and how far each group of parameters
  // moved: `moved` as a share of its length (null where that is 0), `distance` in its own unit. The given policy stays as it is.
  // Where the step would leave a parameter that is not finite, the policy returned is the one given, with a norm of 0.
  live.innerStep = (policy, record, lr) => {
    const { grads, loss } = live.policyGradient(policy, record);
    let squared = 0;
    for (const g of Object.values(grads)) for (const v of g) squared += v * v;
    const norm = Math.sqrt(squared);
    const { max_grad_norm, min_grad_norm } = live.config.learn;
    const least = (min_grad_norm * missedShare(record.actions.length)) / Math.max(norm, 1e-8);
    const step = lr * Math.max(Math.min(1, max_grad_norm / Math.max(norm, 1e-8)), least);
    const params = {};
    for (const [name, p] of Object.entries(policy.params)) params[name] = p.map((v, k) => v - step * grads[name][k]);
    const finite = Object.values(params).every((p) => p.every(Number.isFinite));
    const moved = live.movement(policy.params, finite ? params : policy.params);
    return { policy: finite ? live.makePolicy(params, policy.sizes) : policy, loss, norm: finite ? norm : 0, ...moved };
  };

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

  // policyGradient(policy, record): the gradient of L = - sum_t f_t A_t pi(a_t) / mu(a_t), name -> Float64Array, and L.
  // mu is the policy that acted; the ratio is 1 where that is this one. Advantages are numbers to the gradient.
  live.policyGradient = (policy, record) => {
    const { max_ratio, inner_scale } = live.config.learn;
    const steps = forwardAll(policy, record.obs);
    const advantage = live.advantages(steps.map((s) => s.y[2]), steps.map((s) => s.y[3]));
    const falls = live.fallWeights(steps.length);
    let loss = 0;
    const cotangents = steps.map(({ y: [left, right] }, t) => {
      const action = record.actions[t];
      const ratio = Math.min(Math.exp(live.logProb({ left, right }, action) - record.logProbs[t]), max_ratio);
      const weight = ratio * advantage[t] * falls[t] * inner_scale;
      loss -= weight;
      const surprise = action - 1 / (1 + Math.exp(left - right)); // of the right action: onehot(a) - pi
      return [weight * surprise, -weight * surprise]; // dL/dlogits = -weight (onehot(a) - pi)
    });
    return { grads: backward(policy, record.obs, steps, cotangents), loss };
  };

  // advantages(long, short): the sum over both values of the generalised advantage estimates (Schulman et al. 2016, eq. 16)
  //   delta_t = (1 - discount) + discount V_{t+1} - V_t      A_t = sum_l (discount lambda)^l delta_{t+l}      V after the fall is 0
  live.advantages = (long, short) => {
    const { discount, short_discount, inner_lambda } = live.config.learn;
    const total = vector(long.length);
    for (const [values, gamma] of [[long, discount], [short, short_discount]]) {
      let ahead = 0;
      for (let t = values.length - 1; t >= 0; t--) {
        ahead = 1 - gamma + gamma * (values[t + 1] ?? 0) - values[t] + gamma * inner_lambda * ahead;
        total[t] += ahead;
      }
    }
    return total;
  };

  // fallWeights(length): how much each step counts for the fall, proportional to fall_decay^(steps left). They sum to the share of
  // the step limit that the episode missed.
  live.fallWeights = (length) => {
    const weights = vector(length).map((_, t) => live.config.learn.fall_decay ** (length - 1 - t));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => (w * missedShare(length)) / sum);
  };

  const missedShare = (length) => Math.max(1 - length / live.config.physics.episode_steps, 0);

  // All steps of an episode, from the initial state on, each with what the reverse pass needs: before (h_{t-1}), h, x, m, n, z, y.
  function forwardAll(policy, observations) {
    const { S, I, O, H } = policy.sizes;
    const h = live.initialHidden(policy);
    return observations.map((obs) => {
      const step = { x: vector(I), before: vector(S), m: vector(S), n: vector(H), z: vector(S), y: vector(O) };
      live.forward(policy, obs, h, step);
      return Object.assign(step, { h: h.slice() });
    });
  }

  // The four equations in reverse. cotangents: dL/dlogits of each step; the values carry none.
  function backward(policy, observations, steps, cotangents) {
    const p = policy.weights;
    const { S, I, O, H } = policy.sizes;
    const g = Object.fromEntries(Object.entries(p).map(([name, values]) => [name, vector(values.length)]));
    const dA = vector(S * S); // with respect to Ā
    let dNext = vector(S); // dL/dh_{t-1} through the recurrence alone
    const [dy, dx, dz, dn, dm, dh] = [O, I, S, H, S, S].map(vector);
    for (let t = steps.length - 1; t >= 0; t--) {
      const { before, h, x, m, n, z } = steps[t];
      dy.set(cotangents[t]);
      // y = z C + x D + c
      addTo(g.output_bias, dy);
      addOuter(g.C, z, dy);
      addOuter(g.D, x, dy);
      timesTransposed(dz, dy, p.C);
      timesTransposed(dx, dy, p.D);
      // z = m + n W_2 + b_2
      addTo(g.mlp_out_bias, dz);
      addOuter(g.mlp_out_weight, n, dz);
      timesTransposed(dn, dz, p.mlp_out_weight);
      // n = tanh(m W_1 + b_1)
      for (let j = 0; j < H; j++) dn[j] *= 1 - n[j] * n[j];
      addTo(g.mlp_in_bias, dn);
      addOuter(g.mlp_in_weight, m, dn);
      timesTransposed(dm, dn, p.mlp_in_weight);
      // m = tanh([h, x] W_m + b_m)
      for (let j = 0; j < S; j++) dm[j] = (dm[j] + dz[j]) * (1 - m[j] * m[j]);
      addTo(g.mix_bias, dm);
      addOuter(g.mix_weight, h, dm);
      addOuter(g.mix_weight, x, dm, S);
      timesTransposed(dh, dm, p.mix_weight);
      addTo(dh, dNext);
      // h = before Ā + x B + b
      addTo(g.state_bias, dh);
      addOuter(dA, before, dh);
      addOuter(g.B, x, dh);
      dNext = timesTransposed(vector(S), dh, p.A);
      // x = s * obs
      const more = timesTransposed(vector(I), dm, p.mix_weight, S);
      const most = timesTransposed(vector(I), dh, p.B);
      for (let i = 0; i < I; i++) g.input_scale[i] += (dx[i] + more[i] + most[i]) * observations[t][i];
    }
    g.initial_state.set(dNext);
    g.A.set(throughBound(Float64Array.from(policy.params.A), dA, S));
    return g;
  }

  // dL/dA from dL/dĀ. Ā = A f with f_j = bound / max(sum_j, bound) for column j: where the bound is active, sum_j moves too.
  function throughBound(A, dA, S) {
    const bound = live.config.policy.column_bound;
    const { sums } = live.stable(A, S);
    const along = vector(S); // sum_i dL/dĀ_ij A_ij
    A.forEach((a, k) => (along[k % S] += dA[k] * a));
    return dA.map((d, k) => {
      const sum = sums[k % S];
      if (sum < bound) return d;
      return (bound / sum) * (d - (along[k % S] / sum) * Math.sign(A[k]));
    });
  }

  function addTo(y, x) {
    for (let j = 0; j < y.length; j++) y[j] += x[j];
  }

  // W += x^T d, for rows of W from `first` on.
  function addOuter(W, x, d, first = 0) {
    const columns = d.length;
    for (let i = 0, k = first * columns; i < x.length; i++) {
      const xi = x[i];
      for (let j = 0; j < columns; j++) W[k++] += xi * d[j];
    }
  }

  // y = d W^T, for the y.length rows of W from `first` on. Returns y.
  function timesTransposed(y, d, W, first = 0) {
    const columns = d.length;
    for (let i = 0, k = first * columns; i < y.length; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += d[j] * W[k++];
      y[i] = sum;
    }
    return y;
  }
})();
