// The policy over whole episodes and its reverse pass, for one set of parameters at a time (model/policy/ssm.py, folded as in cell.py). No DOM.
//   h_t = h_{t-1} Ā + x_t B' + b        B' = s B, and so W_x' and D': the input scale s goes into what it multiplies
//   m_t = tanh(h_t W_h + x_t W_x' + b_m)        n_t = tanh(m_t W_1 + b_1)
//   y_t = m_t C + n_t W_C + x_t D' + c'         W_C = W_2 C and c' = b_2 C + c, since z enters y linearly
// An episode: {length, obs (length I), actions, logProbs (length), terminated}. Rows are time-major and the longest episode is first,
// so that nothing is padding: the episodes alive at a step are the first of those alive at the one before.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});
  const CHUNK = 64; // rows whose read-out is computed at once, so that it stays in the cache

  // layout(sizes): where each parameter lies in θ, all of them one Float64Array: {name: {at, rows, columns}}, and `count`.
  train.layout = (sizes) => {
    let count = 0;
    const places = {};
    for (const [name, shape] of Object.entries(live.shapes(sizes))) {
      const [rows, columns] = shape.length > 1 ? shape : [1, shape[0]];
      places[name] = { at: count, rows, columns };
      count += rows * columns;
    }
    return { places, count };
  };

  // flat(params, sizes): parameters by name as θ. named(theta, sizes): θ as name -> Float32Array, what a policy is made of.
  train.flat = (params, sizes) => {
    const { places, count } = train.layout(sizes), theta = new Float64Array(count);
    for (const [name, { at }] of Object.entries(places)) theta.set(params[name], at);
    return theta;
  };
  train.named = (theta, sizes, Kind = Float32Array) =>
    Object.fromEntries(Object.entries(train.layout(sizes).places).map(([name, { at, rows, columns }]) => [name, Kind.from(theta.subarray(at, at + rows * columns))]));

  // One set of parameters and one batch of episodes of at most `rows` steps in all, in one memory. set(theta), load(episodes),
  // forward(), then read `y`; write dL/dy to `dy`; reverse() gives dL/dθ. `row(k, t)` is where episode k's step t lies.
  train.Sequence = class {
    constructor(sizes, rows, simd = true) {
      const { S, I, O, H } = sizes, P = rows + 4; // a round number of rows
      Object.assign(this, { sizes, rows, ...train.layout(sizes) });
      let end = 0;
      const take = (n) => (end += n) - n;
      const matrices = { A: [S, S], B: [I, S], Wh: [S, S], Wx: [I, S], W1: [S, H], W2: [H, S], C: [S, O], WC: [H, O], D: [I, O] };
      const vectors = { b: S, bm: S, b1: H, b2: S, c: O, h0: S };
      this.w = {}; // the folded parameters; those with a T transposed
      this.g = {}; // the gradients with respect to them
      for (const [name, [r, c]] of Object.entries(matrices)) this.w[name] = take(r * c);
      for (const name of ["A", "Wh", "W1", "W2", "C", "WC"]) this.w[`${name}T`] = take(matrices[name][0] * matrices[name][1]);
      for (const [name, n] of Object.entries(vectors)) this.w[name] = take(n);
      this.gradients = end;
      for (const [name, [r, c]] of Object.entries(matrices)) this.g[name] = take(r * c);
      for (const [name, n] of Object.entries(vectors)) this.g[name] = take(n);
      this.gradientsEnd = end;
      Object.assign(this, { one: take(4), dm: take(CHUNK * S), dn: take(CHUNK * H), zeros: take(Math.max(S, H)), sum: take(S) });
      // h has one row more for each episode: its initial state, before the first step's.
      Object.assign(this, { x: take(P * I), hAll: take(2 * P * S), m: take(P * S), n: take(P * H), yAt: take(P * O), dyAt: take(P * O), dh: take(P * S) });
      this.kernels = train.makeKernels(end, simd && [S, I, O, H].every((n) => n % 4 === 0));
      const { memory } = this.kernels;
      memory[this.one] = 1;
      this.memory = memory;
      this.y = memory.subarray(this.yAt, this.yAt + P * O);
      this.dy = memory.subarray(this.dyAt, this.dyAt + P * O);
    }

    // --- the parameters, folded ---

    set(theta) {
      if (theta === this.theta) return;
      const { w, memory: M, places, kernels: { product }, sizes: { S, I, O, H } } = this;
      const part = (name) => theta.subarray(places[name].at, places[name].at + places[name].rows * places[name].columns);
      const scale = part("input_scale"), mix = part("mix_weight");
      const scaled = (values, columns, at) => { for (let k = 0; k < values.length; k++) M[at + k] = scale[(k / columns) | 0] * values[k]; };
      this.theta = theta;
      M.set(live.stable(part("A"), S).bounded, w.A);
      M.set(mix.subarray(0, S * S), w.Wh);
      scaled(part("B"), S, w.B);
      scaled(mix.subarray(S * S), S, w.Wx);
      scaled(part("D"), O, w.D);
      for (const [name, at] of Object.entries({ mlp_in_weight: w.W1, mlp_out_weight: w.W2, C: w.C, state_bias: w.b, mix_bias: w.bm, mlp_in_bias: w.b1, mlp_out_bias: w.b2, output_bias: w.c, initial_state: w.h0 })) M.set(part(name), at);
      product(w.c, O, w.c, O, w.b2, S, 1, w.C, O, 1, S, O);
      product(w.WC, O, this.zeros, 0, w.W2, S, 1, w.C, O, H, S, O);
      for (const [from, to, rows, columns] of [[w.A, w.AT, S, S], [w.Wh, w.WhT, S, S], [w.W1, w.W1T, S, H], [w.W2, w.W2T, H, S], [w.C, w.CT, S, O], [w.WC, w.WCT, H, O]]) transpose(M, from, to, rows, columns);
    }

    // --- the episodes ---

    load(episodes) {
      const { I } = this.sizes;
      this.order = episodes.map((_, k) => k).sort((a, b) => episodes[b].length - episodes[a].length || a - b);
      this.rank = [];
      this.order.forEach((k, rank) => { this.rank[k] = rank; });
      const longest = episodes.length ? episodes[this.order[0]].length : 0;
      this.alive = new Int32Array(longest + 1); // at each step
      for (const e of episodes) for (let t = 0; t < e.length; t++) this.alive[t] += 1;
      this.starts = new Int32Array(longest + 1); // the first row of each step
      for (let t = 0; t < longest; t++) this.starts[t + 1] = this.starts[t] + this.alive[t];
      Object.assign(this, { steps: longest, total: this.starts[longest], episodes });
      episodes.forEach((e, k) => {
        for (let t = 0; t < e.length; t++) for (let i = 0, at = this.x + this.row(k, t) * I; i < I; i++) this.memory[at + i] = e.obs[t * I + i];
      });
      this.dy.fill(0, 0, this.total * this.sizes.O);
    }

    row(k, t) { return this.starts[t] + this.rank[k]; }

    // Where the hidden state of a row lies; rows below 0 hold the initial ones.
    h(row) { return this.hAll + (row + (this.alive?.[0] ?? 0)) * this.sizes.S; }

    // --- forward ---

    // h_t of `rows` rows at `next` from h_{t-1} at `previous`; x_t B' + b is there already.
    recur(previous, next, rows) {
      const { S } = this.sizes;
      this.kernels.product(next, S, next, S, previous, S, 1, this.w.A, S, rows, S, S);
    }

    drive(x, h, rows) {
      const { S, I } = this.sizes;
      this.kernels.product(h, S, this.w.b, 0, x, I, 1, this.w.B, S, rows, I, S);
    }

    readOut(h, x, m, n, y, rows) {
      const { w, kernels: { product, tanh }, sizes: { S, I, O, H } } = this;
      product(m, S, w.bm, 0, x, I, 1, w.Wx, S, rows, I, S);
      product(m, S, m, S, h, S, 1, w.Wh, S, rows, S, S);
      tanh(m, rows * S);
      product(n, H, w.b1, 0, m, S, 1, w.W1, H, rows, S, H);
      tanh(n, rows * H);
      product(y, O, w.c, 0, x, I, 1, w.D, O, rows, I, O);
      product(y, O, y, O, m, S, 1, w.C, O, rows, S, O);
      product(y, O, y, O, n, H, 1, w.WC, O, rows, H, O);
    }

    forward() {
      const { memory: M, w, sizes: { S, I, O, H } } = this, first = this.alive[0];
      for (let k = 0; k < first; k++) M.copyWithin(this.h(k - first), w.h0, w.h0 + S);
      this.drive(this.x, this.h(0), this.total);
      for (let t = 0; t < this.steps; t++) this.recur(this.h(t ? this.starts[t - 1] : -first), this.h(this.starts[t]), this.alive[t]);
      for (let r = 0; r < this.total; r += CHUNK) {
        this.readOut(this.h(r), this.x + r * I, this.m + r * S, this.n + r * H, this.yAt + r * O, Math.min(CHUNK, this.total - r));
      }
    }

    // One step of `rows` episodes for acting: x holds their inputs; then y holds their outputs. Their states lie in two blocks in turn.
    step(rows, t) {
      const { S } = this.sizes, now = this.block(t);
      if (t === 0) for (let k = 0; k < rows; k++) this.memory.copyWithin(this.block(1) + k * S, this.w.h0, this.w.h0 + S);
      this.drive(this.x, now, rows);
      this.recur(this.block(t + 1), now, rows);
      this.readOut(now, this.x, this.m, this.n, this.yAt, rows);
    }

    block(t) { return this.hAll + (t % 2) * this.rows * this.sizes.S; }

    // After step(rows, t): one row's state takes another's place.
    moveState(from, to, t) {
      const { S } = this.sizes, at = this.block(t) + from * S;
      this.memory.copyWithin(this.block(t) + to * S, at, at + S);
    }

    // --- reverse ---

    // dL/dθ from dL/dy in `dy`, after forward(): a new Float64Array.
    reverse() {
      const { memory: M, w, g, kernels: { product }, sizes: { S, I, O, H } } = this;
      const outer = (into, columns, a, width, d, rows) => product(into, columns, into, columns, a, 1, width, d, columns, width, rows, columns); // += aᵀ d
      const summed = (into, columns, d, rows) => product(into, columns, into, columns, this.one, 0, 0, d, columns, 1, rows, columns);
      M.fill(0, this.gradients, this.gradientsEnd);
      for (let r = 0; r < this.total; r += CHUNK) {
        const rows = Math.min(CHUNK, this.total - r);
        const [x, h, m, n, dy] = [this.x + r * I, this.h(r), this.m + r * S, this.n + r * H, this.dyAt + r * O], { dm, dn } = this;
        outer(g.C, O, m, S, dy, rows);
        outer(g.WC, O, n, H, dy, rows);
        outer(g.D, O, x, I, dy, rows);
        summed(g.c, O, dy, rows);
        product(dn, H, this.zeros, 0, dy, O, 1, w.WCT, H, rows, O, H);
        for (let k = 0; k < rows * H; k++) M[dn + k] *= 1 - M[n + k] * M[n + k];
        outer(g.W1, H, m, S, dn, rows);
        summed(g.b1, H, dn, rows);
        product(dm, S, this.zeros, 0, dy, O, 1, w.CT, S, rows, O, S);
        product(dm, S, dm, S, dn, H, 1, w.W1T, S, rows, H, S);
        for (let k = 0; k < rows * S; k++) M[dm + k] *= 1 - M[m + k] * M[m + k];
        outer(g.Wh, S, h, S, dm, rows);
        outer(g.Wx, S, x, I, dm, rows);
        summed(g.bm, S, dm, rows);
        product(this.dh + r * S, S, this.zeros, 0, dm, S, 1, w.WhT, S, rows, S, S);
      }
      const d = (row) => this.dh + row * S;
      // dL/dh_t += dL/dh_{t+1} Āᵀ for the episodes that went on
      for (let t = this.steps - 2; t >= 0; t--) product(d(this.starts[t]), S, d(this.starts[t]), S, d(this.starts[t + 1]), S, 1, w.AT, S, this.alive[t + 1], S, S);
      // dL/dĀ = Σ h_{t-1}ᵀ dL/dh_t, over stretches of steps in which no episode ended
      for (let t = 0; t < this.steps; ) {
        let to = t + 1;
        const same = t === 0 || this.alive[t] === this.alive[t - 1];
        if (same) while (to < this.steps && this.alive[to] === this.alive[t]) to += 1;
        outer(g.A, S, this.h(t ? this.starts[t - 1] : -this.alive[0]), S, d(this.starts[t]), this.starts[to] - this.starts[t]);
        t = to;
      }
      outer(g.B, S, this.x, I, this.dh, this.total);
      summed(g.b, S, this.dh, this.total);
      M.fill(0, this.sum, this.sum + S);
      summed(this.sum, S, this.dh, this.alive[0]);
      product(g.h0, S, g.h0, S, this.sum, S, 1, w.AT, S, 1, S, S);
      return this.unfolded();
    }

    // The gradients of the folded parameters as those of the policy's own.
    unfolded() {
      const { g, w, memory: M, places, theta, kernels: { product }, sizes: { S, I, O, H } } = this, out = new Float64Array(this.count);
      const at = (name) => places[name].at;
      const copy = (name, from, length) => out.set(M.subarray(from, from + length), at(name));
      throughBound(theta.subarray(at("A"), at("A") + S * S), M.subarray(g.A, g.A + S * S), S, out.subarray(at("A"), at("A") + S * S));
      for (const [name, from, columns, first] of [["B", g.B, S, 0], ["mix_weight", g.Wx, S, S * S], ["D", g.D, O, 0]]) { // s times ... : both factors
        for (let i = 0, k = 0; i < I; i++) {
          const scale = theta[at("input_scale") + i];
          for (let j = 0; j < columns; j++, k++) {
            out[at(name) + first + k] = scale * M[from + k];
            out[at("input_scale") + i] += theta[at(name) + first + k] * M[from + k];
          }
        }
      }
      copy("mix_weight", g.Wh, S * S);
      copy("mlp_in_weight", g.W1, S * H);
      copy("state_bias", g.b, S);
      copy("mix_bias", g.bm, S);
      copy("mlp_in_bias", g.b1, H);
      copy("output_bias", g.c, O);
      copy("initial_state", g.h0, S);
      // W_C = W_2 C, c' = b_2 C + c
      product(g.C, O, g.C, O, w.W2T, H, 1, g.WC, O, S, H, O);
      product(g.C, O, g.C, O, w.b2, 1, 0, g.c, O, S, 1, O);
      product(g.W2, S, this.zeros, 0, g.WC, O, 1, w.CT, S, H, O, S);
      product(g.b2, S, this.zeros, 0, g.c, O, 1, w.CT, S, 1, O, S);
      copy("C", g.C, S * O);
      copy("mlp_out_weight", g.W2, H * S);
      copy("mlp_out_bias", g.b2, S);
      return out;
    }
  };

  // fitting(sequence, sizes, rows, simd): the one given, which may be null, if it fits them, else a new one.
  train.fitting = (sequence, sizes, rows, simd) =>
    (sequence?.rows >= rows && Object.entries(sizes).every(([name, n]) => sequence.sizes[name] === n) ? sequence : new train.Sequence(sizes, rows, simd));

  function transpose(M, from, to, rows, columns) {
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) M[to + j * rows + i] = M[from + i * columns + j];
  }

  // dL/dA from dL/dĀ. Ā = A f with f_j = bound / max(sum_j, bound) for column j: where the bound is active, sum_j moves too.
  function throughBound(A, dA, S, into) {
    const bound = live.config.policy.column_bound, { sums } = live.stable(A, S), along = new Float64Array(S); // sum_i dL/dĀ_ij A_ij
    for (let k = 0; k < A.length; k++) along[k % S] += dA[k] * A[k];
    for (let k = 0; k < A.length; k++) {
      const sum = sums[k % S];
      into[k] = sum < bound ? dA[k] : (bound / sum) * (dA[k] - (along[k % S] / sum) * Math.sign(A[k]));
    }
  }
})();
