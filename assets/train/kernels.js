// The two loops in which training spends its time, over one memory of doubles: a strided product, and tanh. No DOM.
// Written twice, in JavaScript and as WebAssembly that is assembled here, with the same operations in the same order: equal to the bit.
(() => {
  "use strict";
  const train = (globalThis.ssmTrain ??= {});

  // tanh |x| = 1 - 2 / (e^2|x| + 1), e^y = 2^k e^r with k the whole number next to y / ln 2 and e^r by its series. Within 3e-16.
  const MOST = 20; // tanh of more is 1
  const LOG2E = Math.LOG2E, LN2_HIGH = 0.6931471803691238, LN2_LOW = 1.9082149292705877e-10;
  const ROUND = 1.5 * 2 ** 52; // what is added to this loses its fraction and leaves its whole part in the last bits
  const SERIES = [1];
  for (let n = 1; n < 13; n++) SERIES.push(SERIES[n - 1] / n);
  const POWERS = Float64Array.from({ length: 64 }, (_, k) => 2 ** k);

  // makeKernels(doubles, simd): memory (Float64Array of at least so many), and, with places in it counted in doubles:
  //   product(c, ldc, from, ldf, a, rowA, colA, b, ldb, rows, inner, cols): C = From + A B. A (rows, inner) with the strides rowA and
  //     colA, so that it may be transposed; rows of C (rows, cols), From and B (inner, cols) lie ldc, ldf and ldb apart: ldf 0 repeats one row.
  //   tanh(at, count): in place.
  // simd: whether it is WebAssembly, for which cols must be a multiple of 4 and count of 2; where that can't be had it is JavaScript.
  train.makeKernels = (doubles, simd = true) => (simd && assembled(doubles)) || plain(new Float64Array(doubles));

  function plain(memory) {
    const M = memory;
    function product(c, ldc, from, ldf, a, rowA, colA, b, ldb, rows, inner, cols) {
      for (let r = 0; r < rows; r++, c += ldc, from += ldf, a += rowA) {
        let j = 0;
        for (; j + 4 <= cols; j += 4) {
          let s0 = M[from + j], s1 = M[from + j + 1], s2 = M[from + j + 2], s3 = M[from + j + 3];
          for (let i = 0, x = a, w = b + j; i < inner; i++, x += colA, w += ldb) {
            const v = M[x];
            s0 += v * M[w];
            s1 += v * M[w + 1];
            s2 += v * M[w + 2];
            s3 += v * M[w + 3];
          }
          M[c + j] = s0;
          M[c + j + 1] = s1;
          M[c + j + 2] = s2;
          M[c + j + 3] = s3;
        }
        for (; j < cols; j++) {
          let s = M[from + j];
          for (let i = 0, x = a, w = b + j; i < inner; i++, x += colA, w += ldb) s += M[x] * M[w];
          M[c + j] = s;
        }
      }
    }
    function tanh(at, count) {
      for (const end = at + count; at < end; at++) {
        const x = M[at], y = 2 * Math.min(Math.abs(x), MOST), k = y * LOG2E + ROUND - ROUND, r = y - k * LN2_HIGH - k * LN2_LOW;
        const z = r * r;
        let even = SERIES[12], odd = SERIES[11]; // two sums, so that neither waits for the other
        for (let n = 10; n >= 0; n -= 2) even = even * z + SERIES[n];
        for (let n = 9; n >= 0; n -= 2) odd = odd * z + SERIES[n];
        const q = 1 - 2 / ((even + odd * r) * POWERS[k] + 1);
        M[at] = x < 0 ? -q : q;
      }
    }
    return { memory, product, tanh, simd: false };
  }

  function assembled(doubles) {
    try {
      const pages = Math.ceil((8 * doubles) / 65536);
      const { memory, product, tanh } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(pages))).exports;
      const inBytes = (c, ldc, from, ldf, a, rowA, colA, b, ldb, rows, inner, cols) =>
        product(8 * c, 8 * ldc, 8 * from, 8 * ldf, 8 * a, 8 * rowA, 8 * colA, 8 * b, 8 * ldb, rows, inner, cols);
      return { memory: new Float64Array(memory.buffer), product: inBytes, tanh: (at, count) => tanh(8 * at, count), simd: true };
    } catch {
      return null; // no WebAssembly here, or a policy that forbids it, or no SIMD
    }
  }

  // --- a small assembler: an instruction is a list of bytes, nested as it reads (webassembly.github.io/spec/core/binary) ---

  const I32 = 0x7f, V128 = 0x7b;
  function leb(value) { // signed; for small counts the same as unsigned
    const bytes = [];
    for (let more = true; more; value >>= 7) {
      more = !(value >= -64 && value < 64);
      bytes.push((value & 0x7f) | (more ? 0x80 : 0));
    }
    return bytes;
  }
  function size(value) {
    const bytes = [];
    do bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    while ((value >>>= 7));
    return bytes;
  }
  const get = (x) => [0x20, size(x)], set = (x, ...value) => [value, 0x21, size(x)];
  const number = (n) => [0x41, leb(n)], add = (x, y) => [x, y, 0x6a], shift = (x, n) => [x, number(n), 0x74];
  const more = (x, ...by) => set(x, get(x), by, 0x6a);
  const vector = (code, ...operands) => [operands, 0xfd, size(code)];
  const load = (at, offset = 0) => vector(0x00, at).concat([3, size(offset)]);
  const splat = (at) => vector(0x0a, at).concat([3, 0]);
  const store = (at, value, offset = 0) => vector(0x0b, at, value).concat([3, size(offset)]);
  const plus = (x, y) => vector(0xf0, x, y), minus = (x, y) => vector(0xf1, x, y), times = (x, y) => vector(0xf2, x, y);
  const both = (value) => vector(0x14, [0x44, [...new Uint8Array(Float64Array.of(value).buffer)]]);
  // while (x >= n) body
  const whileAtLeast = (x, n, ...body) => [0x02, 0x40, 0x03, 0x40, get(x), number(n), 0x48, 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b];

  // Its arguments in bytes, but for the counts. Rows by fours in strips of 4 columns, the rest one by one in strips of 16 and 4, so
  // that eight sums wait for nothing.
  function productBody() {
    const [c, ldc, from, ldf, a, rowA, colA, b, ldb, rows, inner, cols, pc, pf, pa, pb, bj, j, n, row2, row3] = Array(21).keys();
    const sums = 21, B = 29, one = 31;
    const strip = (R, V) => {
      const at = (x, stride, r) => Array.from({ length: r }).reduce((place) => add(place, get(stride)), get(x));
      const rowOf = [get(pa), add(get(pa), get(rowA)), add(get(pa), get(row2)), add(get(pa), get(row3))];
      const each = (act) => Array.from({ length: R * V }, (_, k) => act(k, Math.floor(k / V), k % V));
      return whileAtLeast(j, 2 * V,
        each((k, r, v) => set(sums + k, load(at(pf, ldf, r), 16 * v))),
        set(pa, get(a)), set(pb, get(bj)), set(n, get(inner)),
        whileAtLeast(n, 1,
          R > 1 ? Array.from({ length: V }, (_, v) => set(B + v, load(get(pb), 16 * v))) : [],
          each((k, r, v) => [v ? [] : set(one, splat(rowOf[r])), set(sums + k, plus(get(sums + k), times(get(one), R > 1 ? get(B + v) : load(get(pb), 16 * v))))]),
          more(pa, get(colA)), more(pb, get(ldb)), more(n, number(-1))),
        each((k, r, v) => store(at(pc, ldc, r), get(sums + k), 16 * v)),
        more(pc, number(16 * V)), more(pf, number(16 * V)), more(bj, number(16 * V)), more(j, number(-2 * V)));
    };
    const block = (R, ...widths) => whileAtLeast(rows, R,
      set(pc, get(c)), set(pf, get(from)), set(bj, get(b)), set(j, get(cols)),
      widths.map((V) => strip(R, V)),
      Array.from({ length: R }, () => [more(c, get(ldc)), more(from, get(ldf)), more(a, get(rowA))]),
      more(rows, number(-R)));
    return [set(row2, shift(get(rowA), 1)), set(row3, add(get(row2), get(rowA))), block(4, 2), block(1, 8, 2)];
  }

  // The constants lie in locals of their own, made once: made anew in every round they would take half of its time.
  const CONSTANTS = [MOST, 2, LOG2E, ROUND, LN2_HIGH, LN2_LOW, 0, -0, ...SERIES];
  function tanhBody() {
    const [at, count, x, y, k, r, z, p, odd, first] = Array(10).keys();
    const the = (value) => get(first + CONSTANTS.findIndex((c) => Object.is(c, value)));
    const sum = (into, last) => {
      const terms = SERIES.slice(0, last).filter((_, n) => n % 2 === last % 2).reverse();
      return [set(into, the(SERIES[last])), terms.map((term) => set(into, plus(times(get(into), get(z)), the(term))))];
    };
    return [
      CONSTANTS.map((value, n) => set(first + n, both(value))),
      whileAtLeast(count, 2,
        set(x, load(get(at))),
        set(y, times(the(2), vector(0xf6, vector(0xec, get(x)), the(MOST)))), // min(|x|, MOST)
        set(k, plus(times(get(y), the(LOG2E)), the(ROUND))),
        set(r, minus(get(k), the(ROUND))),
        set(r, minus(minus(get(y), times(get(r), the(LN2_HIGH))), times(get(r), the(LN2_LOW)))),
        set(z, times(get(r), get(r))),
        sum(p, 12), sum(odd, 11),
        set(p, plus(get(p), times(get(odd), get(r)))),
        set(p, vector(0xce, get(p), [get(k), number(52), 0xfd, size(0xcb)])), // times 2^k: k is added to the exponent's bits
        set(p, minus(the(1), vector(0xf3, the(2), plus(get(p), the(1))))),
        store(get(at), vector(0x50, get(p), vector(0x4e, vector(0x49, get(x), the(0)), the(-0)))), // minus where x < 0
        more(at, number(16)), more(count, number(-2)))];
  }

  function moduleBytes(pages) {
    const flat = (...parts) => parts.flat(Infinity);
    const list = (...items) => [size(items.length), items];
    const section = (id, ...content) => { const bytes = flat(content); return [id, size(bytes.length), bytes]; };
    const name = (text) => [size(text.length), [...text].map((char) => char.charCodeAt(0))];
    const type = (params) => [0x60, size(params), Array(params).fill(I32), 0];
    const code = (locals, body) => { const bytes = flat(list(...locals.map(([n, kind]) => [size(n), kind])), body, 0x0b); return [size(bytes.length), bytes]; };
    return Uint8Array.from(flat(
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(type(12), type(2))),
      section(3, list(0, 1)),
      section(5, list([1, size(pages), size(pages)])), // it can't grow: growing would take the memory from under its views
      section(7, list([name("memory"), 2, 0], [name("product"), 0, 0], [name("tanh"), 0, 1])),
      section(10, list(code([[9, I32], [11, V128]], productBody()), code([[7 + CONSTANTS.length, V128]], tanhBody()))),
    ));
  }
})();
