// The inner step, one gradient step on a task's own episodes (model/maml/inner_step.py), and its derivative. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});
  const NUDGE = 1e-5; // how far the parameters move, |eps u|, for a difference of gradients

  train.dot = (a, b) => { let sum = 0; for (let k = 0; k < a.length; k++) sum += a[k] * b[k]; return sum; };
  train.mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  train.addTo = (a, b, factor = 1) => { for (let k = 0; k < a.length; k++) a[k] += factor * b[k]; return a; };
  train.moved = (theta, by, factor) => train.addTo(theta.slice(), by, factor);

  // gae(values, terminated, discount, lambda): generalised advantage estimates (Schulman et al. 2016, eq. 16), Float64Array.
  //   delta_t = (1 - discount) + discount V_{t+1} - V_t      A_t = sum_l (discount lambda)^l delta_{t+l}
  // V after the fall is 0; after a cut by the step limit it is the last V seen.
  train.gae = (values, terminated, discount, lambda) => {
    const T = values.length, out = new Float64Array(T);
    for (let t = T - 1, ahead = 0; t >= 0; t--) {
      const next = t + 1 < T ? values[t + 1] : terminated ? 0 : values[t];
      out[t] = ahead = 1 - discount + discount * next - values[t] + discount * lambda * ahead;
    }
    return out;
  };

  const missedShare = ({ terminated, length }) => (terminated ? Math.max(1 - length / live.config.physics.episode_steps, 0) : 0);

  // fallWeights(episode): how much each step counts for the fall, proportional to fall_decay^(steps left). They sum to the share of
  // the step limit that the episode missed.
  function fallWeights(episode) {
    const { length } = episode, weights = new Float64Array(length).map((_, t) => live.config.learn.fall_decay ** (length - 1 - t));
    const share = missedShare(episode) / weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w * share);
  }

  // eachEpisode(sequence, weight, discount, act): act(episode's number, its steps) for each of the loaded episodes, all of which fell.
  // What the surrogate takes from a step:
  //   at: where its outputs lie in y          advantage: long + short
  //   ratio: pi(a) / mu(a), at most max_ratio      free: whether it moves with the parameters, below max_ratio
  //   scale: its share of the fall, times the episode's weight and the inner scale
  //   surprise: 1 or 0 for a push to the right, less pi(right)      spread: pi (1 - pi)
  function eachEpisode(sequence, weight, discount, act) {
    const { y, episodes, sizes: { O } } = sequence, { short_discount, inner_lambda, max_ratio, inner_scale } = live.config.learn;
    episodes.forEach((e, k) => {
      const falls = fallWeights(e), at = Int32Array.from(falls, (_, t) => O * sequence.row(k, t));
      const [long, short] = [[2, discount], [3, short_discount]].map(([i, gamma]) => train.gae(Float64Array.from(at, (a) => y[a + i]), true, gamma, inner_lambda));
      act(k, Array.from(at, (a, t) => {
        const logits = { left: y[a], right: y[a + 1] }, pi = 1 / (1 + Math.exp(y[a] - y[a + 1]));
        const ratio = Math.exp(live.logProb(logits, e.actions[t]) - e.logProbs[t]);
        return {
          at: a, ratio: Math.min(ratio, max_ratio), free: ratio <= max_ratio, advantage: long[t] + short[t], scale: falls[t] * weight * inner_scale,
          surprise: e.actions[t] - pi, spread: pi * (1 - pi),
        };
      }));
    });
  }

  // policyGradient(sequence, theta, episodes, discount): the gradient of
  //   L = - sum_k w_k sum_t f_kt A_kt pi(a_kt) / mu(a_kt)        w_k: 1 / episodes; f: fallWeights; mu: the policy that acted
  // over the episodes that fell, L, and the cotangents of the outputs. The advantages are numbers to this gradient.
  train.policyGradient = (sequence, theta, episodes, discount) => {
    sequence.set(theta);
    sequence.load(episodes.filter((e) => e.terminated));
    sequence.forward();
    const { dy, total, sizes: { O } } = sequence;
    let loss = 0;
    eachEpisode(sequence, 1 / episodes.length, discount, (k, steps) => {
      for (const { at, ratio, advantage, scale, surprise } of steps) {
        const worth = ratio * advantage * scale;
        loss -= worth;
        dy[at] = worth * surprise; // dL/dlogits = -worth (onehot(a) - pi)
        dy[at + 1] = -worth * surprise;
      }
    });
    return { gradient: sequence.reverse(), loss, cotangents: dy.slice(0, O * total) };
  };

  // innerStep(sequence, theta, episodes, how): theta' = theta - lr g n / |g|, with n = |g| brought between min_grad_norm times the share
  // of the step limit that the episodes missed, and max_grad_norm (MAML: Finn et al. 2017, section 2.2).
  // how: {inner_lr, max_grad_norm, min_grad_norm, discount_factor}. Returns theta, g as `gradient`, its norm, the loss, and what
  // `carried` needs.
  train.innerStep = (sequence, theta, episodes, how) => {
    const { gradient, loss, cotangents } = train.policyGradient(sequence, theta, episodes, how.discount_factor);
    const norm = Math.sqrt(train.dot(gradient, gradient)), missed = episodes.reduce((sum, e) => sum + missedShare(e), 0) / episodes.length;
    const length = Math.max(norm, 1e-8), target = Math.max(Math.min(length, how.max_grad_norm), how.min_grad_norm * missed);
    const factor = target === length ? 1 : target / length;
    return { before: theta, theta: train.moved(theta, gradient, -how.inner_lr * factor), gradient, norm, loss, cotangents, episodes, factor };
  };

  // carried(sequence, step, v, how): (d theta' / d theta)^T v, the gradient v at theta' carried back to theta through `step`.
  // u is v through the step's length: lr n / |g| (I - g g^T / |g|^2) v where n is fixed, lr v where n = |g|. What is left is
  // v - (dg/dtheta)^T u. With c the cotangents of the outputs y, g = J^T c, and so
  //   (dg/dtheta)^T u = d/d eps [J(theta + eps u)^T c], c held  +  J^T (dc/dy)^T (J u)
  // The first is a difference of two reverse passes, whose forward passes also give J u; the second is one more reverse pass.
  train.carried = (sequence, { before, gradient, norm, cotangents, episodes, factor }, v, how) => {
    const u = v.map((x) => x * how.inner_lr * factor);
    if (factor !== 1) train.addTo(u, gradient, -train.dot(gradient, u) / (norm * norm));
    const length = Math.sqrt(train.dot(u, u)), eps = NUDGE / length;
    if (!(norm > 0 && length > 0)) return v.slice(); // nobody fell: theta' is theta
    const { y, dy, sizes: { O } } = sequence;
    sequence.load(episodes.filter((e) => e.terminated));
    dy.set(cotangents);
    const [ahead, behind] = [eps, -eps].map((by) => {
      sequence.set(train.moved(before, u, by));
      sequence.forward();
      return { margins: Float64Array.from({ length: sequence.total }, (_, r) => y[r * O + 1] - y[r * O]), gradient: sequence.reverse() };
    });
    sequence.set(before);
    sequence.forward();
    eachEpisode(sequence, 1 / episodes.length, how.discount_factor, (k, steps) => {
      const ofAdvantage = steps.map(({ at, ratio, free, advantage, scale, surprise, spread }) => {
        // c (J u) = -ratio advantage scale surprise e, with e how fast right - left moves along u
        const e = (ahead.margins[at / O] - behind.margins[at / O]) / (2 * eps);
        dy[at + 1] = -advantage * scale * e * ratio * ((free ? surprise * surprise : 0) - spread);
        dy[at] = -dy[at + 1];
        return -ratio * scale * surprise * e;
      });
      [how.discount_factor, live.config.learn.short_discount].forEach((gamma, i) => { // gae in reverse
        let sum = 0;
        steps.forEach(({ at }, t) => {
          const earlier = sum;
          sum = ofAdvantage[t] + gamma * live.config.learn.inner_lambda * earlier;
          dy[at + 2 + i] = gamma * earlier - sum;
        });
      });
    });
    const turn = sequence.reverse();
    return v.map((x, k) => x - (ahead.gradient[k] - behind.gradient[k]) / (2 * eps) - turn[k]);
  };
})();
