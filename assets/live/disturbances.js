// What a world does at random, as model/worlds/disturbances.py draws it: a hash of (the episode's key, the step, the channel). No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});

  // lowbias32 of a whole number, taken modulo 2^32.
  function mix(x) {
    const { shifts, factors } = live.config.disturbances;
    let y = Math.imul(x ^ (x >>> shifts[0]), factors[0]);
    y = Math.imul(y ^ (y >>> shifts[1]), factors[1]);
    return (y ^ (y >>> shifts[2])) >>> 0;
  }

  // episodeKey(...words): an episode's key from the whole numbers below 2^32 that name it.
  live.episodeKey = (...words) => words.reduce((key, word) => mix(key ^ mix(word)), 1);

  function uniform(key, step, channel) {
    return mix(key ^ mix(step * live.config.disturbances.channels + channel)) / 2 ** 32;
  }

  // sensorNoise(key, step): what noise 1 adds to the four readings, in their units; by Box and Muller.
  live.sensorNoise = (key, step) => {
    const pair = (first) => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, step, first))), turn = 2 * Math.PI * uniform(key, step, first + 1);
      return [radius * Math.cos(turn), radius * Math.sin(turn)];
    };
    return [...pair(0), ...pair(2)].map((z, i) => live.config.disturbances.noise_sd[i] * z);
  };

  // pushIsLost(key, step, rate): whether the motor gives no force in this step.
  live.pushIsLost = (key, step, rate) => rate > 0 && uniform(key, step, live.config.disturbances.push) < rate;

  // reversalSteps(key, count, period): the steps of a period, of 500, at which the motor reverses.
  live.reversalSteps = (key, count, period) => {
    const { first_reversal, spacing, reversal, period: length } = live.config.disturbances;
    const free = length - first_reversal - spacing * (count - 1);
    const drawn = Array.from({ length: count }, (_, k) => uniform(key, period * length + k, reversal)).sort((a, b) => a - b);
    return drawn.map((u, k) => first_reversal + Math.floor(u * free) + spacing * k);
  };

  // motorTurned(key, step, count): whether the motor has by itself reversed an odd number of times.
  live.motorTurned = (key, step, count) => {
    if (count === 0) return false;
    const { period } = live.config.disturbances, periods = Math.floor(step / period);
    const now = live.reversalSteps(key, count, periods).filter((at) => at <= step % period).length;
    return (count * periods + now) % 2 === 1;
  };
})();
