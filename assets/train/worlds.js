// The worlds of a training (model/worlds/families.py): what varies from world to world; all else stays standard. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // sampleWorlds(families, n, random): n worlds as fields. Reversed motor and mirrored sensors take turns, so that a few worlds hold both.
  train.sampleWorlds = (families, n, random) => {
    const { ranges, sometimes_zero, physics, gravity_thousandths, longest_delay } = live.config.train.worlds;
    const has = (name) => families.includes(name), below = (count) => Math.floor(random() * count), turn = below(4);
    return Array.from({ length: n }, (_, k) => {
      const world = { reversed_motor: has("reversed_motor") && (turn + k) % 2 === 1, mirrored_sensors: has("mirrored_sensors") && Math.floor((turn + k) / 2) % 2 === 1 };
      for (const [name, [low, high]] of Object.entries(ranges)) {
        if (!has(physics.includes(name) ? "physics" : name)) continue;
        world[name] = low + (high - low) * random();
        if (sometimes_zero.includes(name) && random() < 0.5) world[name] = 0;
      }
      // Gravity's thousandths keep training apart from validation and test.
      if ("gravity" in world) world.gravity = Math.floor(world.gravity * 100) / 100 + gravity_thousandths[below(gravity_thousandths.length)] / 1000;
      if (has("action_delay")) world.action_delay = below(longest_delay + 1);
      return world;
    });
  };
})();
