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
  const largest = (values) => Math.max(...values);
  const times = (M, v) => M.map((row) => dot(row, v));
  const transposed = (M) => M[0].map((_, j) => M.map((row) => row[j]));

  // regulator(world): {A, B, gain}: the wanted force is -gain state. The discrete Riccati equation, by as many steps as Python's
  // doubling stands for, or until nothing moves:  P <- Q + A'PA - A'Pb b'PA / (R + b'Pb)
  live.regulator = (world) => {
    if (known.has(world)) return known.get(world);
    const { cost, push_cost, discount, horizon, settled } = live.config.teacher, { A, B } = linearMotion(world);
    const root = Math.sqrt(discount), At = transposed(A.map((row) => row.map((v) => v * root))), b = B.map((v) => v * root);
    const R = push_cost / world.force_mag ** 2;
    let P = cost.map((q, i) => cost.map((_, j) => (i === j ? q : 0))), gain = [];
    for (let n = 0, moved = 1; n < horizon && moved > settled; n++) {
      const Pb = times(P, b), bPA = times(At, Pb), AtP = At.map((column) => times(P, column));
      gain = bPA.map((v) => v / (R + dot(b, Pb)));
      const next = P.map((row) => row.slice());
      for (let i = 0; i < P.length; i++) {
        for (let j = 0; j <= i; j++) next[i][j] = next[j][i] = (i === j ? cost[i] : 0) + dot(AtP[i], At[j]) - bPA[i] * gain[j]; // symmetric to the bit
      }
      moved = largest(next.map((row, i) => largest(row.map((v, j) => Math.abs(v - P[i][j]))))) / largest(next.map(largest));
      P = next;
    }
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
