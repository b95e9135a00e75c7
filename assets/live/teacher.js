// The taught policy's teacher, by which its pushes are judged after a change: the regulator of the true present world, as
// model/imitation/teacher.py plans it. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});
  const known = new WeakMap(); // a world -> its regulator

  // One step near upright: next state = A state + B F. A (4, 4) by rows, B (4,), F the force on the cart, N.
  function linearMotion({ gravity, cart_mass, pole_mass, pole_half_length }) {
    const { tau } = live.config.physics, total = cart_mass + pole_mass;
    const inertia = pole_half_length * (4 / 3 - pole_mass / total), lever = (pole_mass * pole_half_length) / total;
    const turn = (tau * gravity) / inertia, push = -tau / (total * inertia);
    const A = [[1, tau, 0, 0], [0, 1, -lever * turn, 0], [0, 0, 1, tau], [0, 0, turn, 1]];
    return { A, B: [0, tau / total - lever * push, 0, push] };
  }

  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const times = (M, v) => M.map((row) => dot(row, v));
  const transposed = (M) => M[0].map((_, j) => M.map((row) => row[j]));
  const product = (...Ms) => Ms.reduce((M, N) => { const columns = transposed(N); return M.map((row) => times(columns, row)); });
  const plus = (M, N) => M.map((row, i) => row.map((v, j) => v + N[i][j]));
  const outer = (a, b) => a.map((v) => b.map((u) => v * u));
  const diagonal = (values) => values.map((v, i) => values.map((_, j) => (i === j ? v : 0)));

  // By Gauss and Jordan, the largest pivot first.
  function inverse(M) {
    const n = M.length, rows = M.map((row, i) => [...row, ...diagonal(row.map(() => 1))[i]]);
    for (let k = 0; k < n; k++) {
      const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
      [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
      rows[k] = rows[k].map((v) => v / rows[k][k]);
      rows.forEach((row, i) => { if (i !== k) rows[i] = row.map((v, j) => v - row[k] * rows[k][j]); });
    }
    return rows.map((row) => row.slice(n));
  }

  // regulator(world): {A, B, gain}: the wanted force is -gain state. The discrete Riccati equation by structure-preserving doubling
  // (Chu, Fan, Lin and Wang 2004).
  live.regulator = (world) => {
    if (known.has(world)) return known.get(world);
    const { cost, push_cost, discount, doublings } = live.config.teacher, { A, B } = linearMotion(world);
    const root = Math.sqrt(discount), discounted = A.map((row) => row.map((v) => v * root)), b = B.map((v) => v * root);
    const R = push_cost / world.force_mag ** 2, eye = diagonal(cost.map(() => 1));
    let F = discounted, G = outer(b, b.map((v) => v / R)), P = diagonal(cost);
    for (let n = 0; n < doublings; n++) {
      const Ft = transposed(F), W = inverse(plus(eye, product(G, P)));
      [F, G, P] = [product(F, W, F), plus(G, product(F, W, G, Ft)), plus(P, product(Ft, P, W, F))];
    }
    const Pb = times(P, b), gain = times(transposed(discounted), Pb).map((v) => v / (R + dot(b, Pb)));
    known.set(world, { A, B, gain });
    return known.get(world);
  };

  // teacherPush(sim): the push that it wants done now, in units of the motor's own: left below 0, right above. Where the motor is
  // late, the state is rolled ahead through the pushes on their way; the wind is pushed against.
  live.teacherPush = (sim) => {
    const { world, pending, clock } = sim, { wind, action_delay: delay, lost_push } = world, { A, B, gain } = live.regulator(world);
    const motor = live.motorReversed(sim) ? -world.force_mag : world.force_mag;
    let state = Array.from(sim.state);
    for (let j = 0; j < delay; j++) {
      const force = motor * (1 - lost_push) * pending[(clock + j - delay + pending.length) % pending.length] + wind;
      state = times(A, state).map((v, i) => v + B[i] * force);
    }
    return (-dot(gain, state) - wind) / motor;
  };
})();
