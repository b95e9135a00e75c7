// The policy in the browser: the four equations of model/policy/ssm.py, one time step at a time, and its safetensors file. No DOM.
//   h_t = h_{t-1} Ā + x̃_t B + b          x̃ = s * x: a learned scale for each input
//   m_t = tanh([h_t, x̃_t] W_m + b_m)
//   z_t = m_t + n_t W_2 + b_2             n_t = tanh(m_t W_1 + b_1)
//   y_t = z_t C + x̃_t D + c               y: logits of left and right, value over the long and over the short horizon
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});

  // The parameters and their shapes, matrices by rows. S state, I input, O output, H hidden dimension.
  live.shapes = ({ S, I, O, H }) => ({
    A: [S, S], B: [I, S], C: [S, O], D: [I, O], state_bias: [S], initial_state: [S], input_scale: [I],
    mix_weight: [S + I, S], mix_bias: [S], mlp_in_weight: [S, H], mlp_in_bias: [H], mlp_out_weight: [H, S], mlp_out_bias: [S],
    output_bias: [O],
  });

  // makePolicy(params, sizes): parameters, name -> Float32Array, prepared for use. Treat it as read-only: learning makes a new one.
  //   sizes {S, I, O, H}; weights: the parameters in double precision, with the bounded Ā in place of A.
  live.makePolicy = (params, sizes) => {
    const weights = Object.fromEntries(Object.entries(params).map(([name, values]) => [name, Float64Array.from(values)]));
    weights.A = live.stable(weights.A, sizes.S).bounded;
    return { params, sizes, weights };
  };

  // makeWork(policy): what a step of it writes, see forward. Whoever steps it has one of their own, and finds the last step there.
  live.makeWork = ({ sizes: { S, I, O, H } }) => ({ x: vector(I), before: vector(S), m: vector(S), n: vector(H), z: vector(S), y: vector(O) });
  const vector = (n) => new Float64Array(n);

  // stable(A, S): Ā, A with every column whose absolute sum exceeds the bound scaled down to it, and those sums (S,).
  live.stable = (A, S) => {
    const bound = live.config.policy.column_bound;
    const sums = vector(S);
    for (let k = 0; k < A.length; k++) sums[k % S] += Math.abs(A[k]);
    const bounded = A.map((a, k) => a * (bound / Math.max(sums[k % S], bound)));
    return { bounded, sums };
  };

  // addProduct(y, x, W): y += x W with x (R,) and W (R, y.length) by rows, from row `first` on.
  live.addProduct = (y, x, W, first = 0) => {
    const columns = y.length;
    for (let i = 0, k = first * columns; i < x.length; i++) {
      const xi = x[i];
      for (let j = 0; j < columns; j++) y[j] += xi * W[k++];
    }
  };

  // forward(policy, obs, h, into): one step of the equations. h (S,) holds h_{t-1} and receives h_t; into: x, before (h_{t-1}), m, n, z, y.
  live.forward = (policy, obs, h, into) => {
    const w = policy.weights;
    const { x, before, m, n, z, y } = into;
    before.set(h);
    for (let i = 0; i < x.length; i++) x[i] = w.input_scale[i] * obs[i];
    h.set(w.state_bias);
    live.addProduct(h, before, w.A);
    live.addProduct(h, x, w.B);
    m.set(w.mix_bias);
    live.addProduct(m, h, w.mix_weight);
    live.addProduct(m, x, w.mix_weight, h.length);
    for (let j = 0; j < m.length; j++) m[j] = Math.tanh(m[j]);
    n.set(w.mlp_in_bias);
    live.addProduct(n, m, w.mlp_in_weight);
    for (let j = 0; j < n.length; j++) n[j] = Math.tanh(n[j]);
    z.set(w.mlp_out_bias);
    live.addProduct(z, n, w.mlp_out_weight);
    for (let j = 0; j < z.length; j++) z[j] += m[j];
    y.set(w.output_bias);
    live.addProduct(y, z, w.C);
    live.addProduct(y, x, w.D);
  };

  live.samePolicy = (a, b) => Object.entries(a.params).every(([name, p]) => String(p) === String(b.params[name]));

  live.initialHidden = (policy) => Float64Array.from(policy.params.initial_state);

  // seesItsPush(policy): whether its own previous push is a fifth input beside the four sensors (model/policy/inputs.py).
  live.seesItsPush = ({ sizes }) => sizes.I > live.config.policy.sensors;

  // inputsOf(policy, observed, push): what it is given in a step, Float32Array(I), from what the sensors report and its previous push:
  // -1 left, 1 right, 0 before an episode's first action.
  live.inputsOf = (policy, observed, push) => (live.seesItsPush(policy) ? Float32Array.of(...observed, push) : observed);

  // policyStep(policy, obs, hidden, work): obs (I,), see inputsOf. Returns logits, P(right), and the two values (1: never falling).
  // Updates hidden (S,) and work in place.
  live.policyStep = (policy, obs, hidden, work) => {
    live.forward(policy, obs, hidden, work);
    const [left, right, valueLong, valueShort] = work.y;
    return { left, right, probRight: 1 / (1 + Math.exp(left - right)), valueLong, valueShort };
  };

  // logProb(logits, action) = log pi(action), without overflow.
  live.logProb = ({ left, right }, action) => {
    const margin = action === 1 ? right - left : left - right;
    return Math.min(margin, 0) - Math.log1p(Math.exp(-Math.abs(margin)));
  };

  // readPolicy(bytes): a policy from the ArrayBuffer of a .safetensors file. Strict: every name, shape and dtype must be this
  // architecture's and every value finite, else one Error sentence.
  live.readPolicy = (bytes) => {
    const { header, data } = readHeader(bytes);
    const { sensors, output_dim: O, max_dim } = live.config.policy;
    const I = header.B?.shape?.[0] === sensors + 1 ? sensors + 1 : sensors;
    const sizes = { S: header.A?.shape?.[1], I, O, H: header.mlp_in_weight?.shape?.[1] };
    const fits = (n) => Number.isInteger(n) && n >= 1 && n <= max_dim;
    if (!fits(sizes.S) || !fits(sizes.H)) throw unreadable("The file is not a policy of this architecture: it lacks A or mlp_in_weight.", OTHER);
    const expected = live.shapes(sizes);
    const odd = Object.keys(header).find((name) => !Object.hasOwn(expected, name));
    if (odd !== undefined) throw unreadable(`The file has the unknown parameter ${odd.slice(0, 40)}: it was made for another architecture.`, OTHER);
    const params = {};
    for (const [name, shape] of Object.entries(expected)) params[name] = readTensor(name, shape, header[name], data);
    return live.makePolicy(params, sizes);
  };

  // An Error whose `plain` says the same to visitors, who know no parameter's name.
  const unreadable = (text, plain) => Object.assign(new Error(text), { plain });
  const OTHER = "This file was made for another architecture.";

  function readHeader(bytes) {
    const damaged = new Error("The file is damaged or not a .safetensors file.");
    if (!(bytes instanceof ArrayBuffer) || bytes.byteLength < 8) throw damaged;
    const length = Number(new DataView(bytes).getBigUint64(0, true));
    if (length > bytes.byteLength - 8) throw damaged;
    let header;
    try {
      header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
    } catch {
      throw damaged;
    }
    if (header === null || typeof header !== "object") throw damaged;
    delete header.__metadata__;
    return { header, data: bytes.slice(8 + length) };
  }

  function readTensor(name, shape, entry, data) {
    if (!entry) throw unreadable(`The file lacks the parameter ${name}: it was made for another architecture.`, OTHER);
    const got = Array.isArray(entry.shape) ? entry.shape.join(" x ") : "none";
    if (got !== shape.join(" x ")) throw unreadable(`${name} must have shape ${shape.join(" x ")}, got ${got.slice(0, 40)}.`, OTHER);
    if (entry.dtype !== "F32") throw unreadable(`${name} must be float32, got ${String(entry.dtype).slice(0, 40)}.`, "The weights in this file must be float32, and are not.");
    const [begin, end] = entry.data_offsets ?? [];
    const count = shape.reduce((a, b) => a * b);
    if (!(Number.isInteger(begin) && begin >= 0 && end === begin + 4 * count && end <= data.byteLength)) throw unreadable(`The file is damaged: ${name} is cut short.`, "The file is damaged: it is cut short.");
    const view = new DataView(data, begin, 4 * count);
    const values = Float32Array.from({ length: count }, (_, k) => view.getFloat32(4 * k, true));
    if (!values.every(Number.isFinite)) throw unreadable(`${name} must be finite, got a value that is not.`, "The weights in this file must be finite, and some are not.");
    return values;
  }

  // policyBytes(policy): the ArrayBuffer of a .safetensors file with these parameters, as Python's checkpoint.load_checkpoint reads it.
  live.policyBytes = (policy) => {
    const { S, I, O, H } = policy.sizes;
    const named = JSON.stringify({ sizes: { state_dim: S, input_dim: I, output_dim: O, hidden_dim: H } });
    const header = { __metadata__: { model: named } };
    let end = 0;
    for (const [name, shape] of Object.entries(live.shapes(policy.sizes))) {
      const begin = end;
      end += 4 * policy.params[name].length;
      header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
    }
    const text = new TextEncoder().encode(JSON.stringify(header));
    const length = 8 * Math.ceil(text.length / 8); // the tensors begin at a multiple of 8 bytes
    const bytes = new ArrayBuffer(8 + length + end);
    const view = new DataView(bytes);
    view.setBigUint64(0, BigInt(length), true);
    new Uint8Array(bytes, 8, length).fill(0x20).set(text);
    for (const name of Object.keys(live.shapes(policy.sizes))) {
      const at = 8 + length + header[name].data_offsets[0];
      policy.params[name].forEach((value, k) => view.setFloat32(at + 4 * k, value, true));
    }
    return bytes;
  };
})();
