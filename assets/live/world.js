// The world in the browser: CartPole with a World's fields, as model/worlds/cartpole.py moves it. No DOM.
// Every number of the science arrives with ssmLive.configure, from ui/views/live_config.py; these scripts hold none of their own.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});

  // configure(config): take the constants, ranges and worlds that Python emitted. Call it once, before anything else.
  live.configure = (config) => {
    live.config = config;
  };

  // A small seeded generator of numbers in [0, 1), mulberry32. The same seed gives the same starts.
  live.makeRandom = (seed) => {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), a | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  };

  // refusal(name, must, value): an Error for programs, "wind must be between -6 and 6 N, got 9"; its `plain` is the same for visitors,
  // "Wind must be between -6 and 6 N, not 9." plainly: what follows "must" there, where it differs.
  live.refusal = (name, must, value, plainly = must) => {
    const label = live.config.fields.find((f) => f.name === name)?.label ?? (name === "lr" ? "Learning rate" : name[0].toUpperCase() + name.slice(1));
    const typed = typeof value === "string" && /^[a-z\d .,+-]{1,20}$/i.test(value), clear = typed || Number.isFinite(value);
    const plain = `${label} must ${plainly.replace("^2", "²")}${clear ? `, not ${value}` : ""}.`;
    return Object.assign(new Error(`${name} must ${must}, got ${value}`), { plain });
  };

  // makeWorld(fields, base): a whole World, frozen, from some of its fields; the others are those of `base`, or the defaults.
  // Throws one sentence that names the field, its bounds and the value given.
  live.makeWorld = (fields = {}, base = null) => {
    const known = live.config.fields;
    const odd = Object.keys(fields).find((name) => !known.some((f) => f.name === name));
    if (odd !== undefined) throw new Error(`world has no field ${odd.slice(0, 40)}`);
    const world = {};
    for (const f of known) world[f.name] = checked(f, name(fields, f) ?? name(base, f) ?? f.default);
    return Object.freeze(world);
  };

  const name = (fields, f) => (fields && Object.hasOwn(fields, f.name) ? fields[f.name] : undefined);

  function checked(f, value) {
    if (f.kind === "bool") {
      if (typeof value === "boolean") return value;
      throw live.refusal(f.name, "be true or false", value, "be on or off");
    }
    const fits = typeof value === "number" && value >= f.minimum && value <= f.maximum && (f.kind !== "int" || Number.isInteger(value));
    if (fits) return value;
    const whole = f.kind === "int" ? "a whole number " : "";
    throw live.refusal(f.name, `be ${whole}between ${f.minimum} and ${f.maximum}${f.unit && " "}${f.unit}`, value);
  }

  // makeSim(fields, seed): a cart in a world, at the start of an episode.
  //   state: Float64Array (x m, x_dot m/s, theta rad, theta_dot rad/s); appliedForce: the motor's, of the last step, after delay and
  //   reversal and loss, N; lostForce: what a push that was lost in it would have given, N; steps: since the episode, or its record,
  //   began; drawStart: makes the next start state, four numbers; key: of the episode's noise, from the seed and the episodes so far.
  live.makeSim = (fields = {}, seed = 0) => {
    const random = live.makeRandom(seed);
    const range = live.config.physics.start_range;
    const drawStart = () => Array.from({ length: 4 }, () => range * (2 * random() - 1));
    // pending: the last actions as -1, 0 (none) or 1, a ring with one place for each step that an action may be under way.
    const places = live.config.fields.find((f) => f.name === "action_delay").maximum + 1;
    const sim = { world: live.makeWorld(fields), state: new Float64Array(4), steps: 0, clock: 0, seed, episodes: 0, drawStart };
    sim.pending = new Float64Array(places);
    live.resetSim(sim);
    return sim;
  };

  // resetSim(sim): a fresh episode; each of the four state variables starts uniformly within the start range.
  live.resetSim = (sim) => {
    sim.state.set(sim.drawStart());
    sim.pending.fill(0);
    sim.episodes += 1;
    Object.assign(sim, { steps: 0, appliedForce: 0, lostForce: 0, key: live.episodeKey(sim.seed, sim.episodes), begun: sim.clock });
  };

  // motorReversed(sim): whether a push to the right that reaches the motor now pushes to the left.
  live.motorReversed = ({ world, key, clock, begun }) => world.reversed_motor !== live.motorTurned(key, clock - begun, world.motor_reversals);

  // setWorld(sim, fields): change some fields while it runs. The state stays, and so do the actions under way, unless the delay
  // itself changes: then the motor gives no force until the first action with the new delay arrives. On an Error nothing changes.
  live.setWorld = (sim, fields) => {
    const world = live.makeWorld(fields, sim.world);
    if (world.action_delay !== sim.world.action_delay) sim.pending.fill(0);
    sim.world = world;
  };

  // stepSim(sim, action, force): one time step with action 0 (left) or 1 (right) and an external force on the cart, N.
  // Returns whether the pole fell or the cart left the track. coneural.org/florian/papers/05_cart_pole.pdf, without friction.
  live.stepSim = (sim, action, force = 0) => {
    const { tau, x_limit, angle_limit } = live.config.physics;
    const w = sim.world;
    const [x, x_dot, theta, theta_dot] = sim.state;
    const places = sim.pending.length;
    sim.pending[sim.clock % places] = 2 * action - 1;
    const delayed = sim.pending[(sim.clock - w.action_delay + places) % places];
    const pushed = (live.motorReversed(sim) ? -w.force_mag : w.force_mag) * delayed;
    const lost = live.pushIsLost(sim.key, sim.clock - sim.begun, w.lost_push);
    Object.assign(sim, { appliedForce: lost ? 0 : pushed, lostForce: lost ? pushed : 0 });
    sim.clock += 1;

    const total = w.pole_mass + w.cart_mass;
    const moment = w.pole_mass * w.pole_half_length;
    const cos = Math.cos(theta);
    const sin = Math.sin(theta);
    const temp = (sim.appliedForce + w.wind + force + moment * theta_dot * theta_dot * sin) / total;
    const angular = (w.gravity * sin - cos * temp) / (w.pole_half_length * (4 / 3 - (w.pole_mass * cos * cos) / total));
    const linear = temp - (moment * angular * cos) / total;
    // Euler: every derivative is that of the state before the step.
    sim.state[0] = x + tau * x_dot;
    sim.state[1] = x_dot + tau * linear;
    sim.state[2] = theta + tau * theta_dot;
    sim.state[3] = theta_dot + tau * angular;
    sim.steps += 1;
    return Math.abs(sim.state[0]) > x_limit || Math.abs(sim.state[2]) > angle_limit;
  };

  // observe(sim): what the sensors report of the present state, Float32Array(4).
  live.observe = (sim) => {
    const { mirrored_sensors, velocity_sensors, angle_bias, sensor_noise } = sim.world;
    const [x, x_dot, theta, theta_dot] = sim.state;
    const mirror = mirrored_sensors ? -1 : 1;
    const sees = velocity_sensors ? 1 : 0;
    const seen = [x, sees * x_dot, mirror * theta + angle_bias, mirror * sees * theta_dot];
    if (sensor_noise > 0) {
      const noise = live.sensorNoise(sim.key, sim.clock - sim.begun);
      const reads = [1, sees, 1, sees]; // a sensor that reads 0 has no noise
      for (const i of seen.keys()) seen[i] += reads[i] * sensor_noise * noise[i];
    }
    return Float32Array.from(seen);
  };
})();
