// What the live page says: about a world, after each event, and what could be tried next. No DOM.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const signed = (v) => `${v > 0 ? "+" : "−"}${Math.abs(+v.toFixed(1))}`;
  const plain = (v) => `${+v.toFixed(2)}`.replace("-", "−");

  // A number with its noun: 1 step, 2 steps.
  live.count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const steps = (n) => live.count(n, "step");
  const degrees = (rad) => rad * 180 / Math.PI;

  // How a world's field reads when it is not the standard one's.
  const FIELD = {
    gravity: (v) => `gravity ${plain(v)} m/s²`,
    cart_mass: (v) => `cart ${plain(v)} kg`,
    pole_mass: (v) => `pole ${plain(v)} kg`,
    pole_half_length: (v) => `pole ${plain(2 * v)} m long`,
    force_mag: (v) => `motor ${plain(v)} N`,
    wind: (v) => `wind ${plain(Math.abs(v))} N to the ${v > 0 ? "right" : "left"}`,
    reversed_motor: () => "motor reversed",
    angle_bias: (v) => `angle sensor ${signed(degrees(v))}°`,
    mirrored_sensors: () => "pole sensors mirrored",
    action_delay: (v) => `motor ${steps(v)} late`,
    velocity_sensors: () => "velocity sensors off",
    sensor_noise: (v) => `sensor noise ${plain(v)}`,
    lost_push: (v) => `${plain(100 * v)}% of pushes lost`,
    motor_reversals: (v) => `motor reverses ${live.count(v, "time")} by itself`,
  };

  // How a change back to the standard world reads, where it reads otherwise.
  const BACK = {
    wind: "no wind", reversed_motor: "motor put right", angle_bias: "angle sensor level", mirrored_sensors: "sensors put right",
    action_delay: "motor on time", velocity_sensors: "velocity sensors on", sensor_noise: "no noise", lost_push: "no push lost",
    motor_reversals: "motor keeps its sign",
  }; // prettier-ignore

  // A few words for each difference from the standard world.
  live.differences = (world) => {
    const standard = live.standardWorld();
    const words = Object.keys(FIELD).filter((name) => world[name] !== standard[name]).map((name) => FIELD[name](world[name]));
    return words.length ? words : ["standard world"];
  };

  // What changed from one world to the next, in few words: "motor reversed", "wind off".
  live.changeWords = (before, after) => {
    const standard = live.standardWorld();
    const changed = Object.keys(FIELD).filter((name) => after[name] !== before[name]);
    const words = (name) => (after[name] === standard[name] && BACK[name]) || FIELD[name](after[name]);
    return changed.length > 2 ? "another world" : changed.map(words).join(", ");
  };

  const NAMES = {
    meta: "The meta-trained policy",
    memory: "The memory policy",
    taught: "The taught policy",
    standard: "The single-world policy",
    untrained: "The untrained policy",
    yours: "Your policy",
  };

  // What there is to see on the standard cart, by policy.
  const OPENING = {
    meta: "balances. Reverse its motor: it falls, learns from that fall, and stands again.",
    memory: "balances. Reverse its motor: its memory of this episode tells it that, with no gradient step.",
    taught: "balances. Change what you like while it runs: it keeps its memory, and must notice by itself.",
    standard: "balances; it has seen no other cart. Reverse its motor, and see what its falls teach it.",
    untrained: "has learnt nothing yet. See what its falls teach it.",
    yours: "is on the stage. Reverse its motor, and see whether it learns from its fall.",
  };

  // Before anything has happened, in whichever world a link or Reset has set up.
  function opening(who, run, policy) {
    const changed = live.differences(run.sim.world).join(", "), usual = changed === live.differences(live.standardWorld()).join(", ");
    if (policy === "taught") return `${usual ? "" : `Here: ${changed}. `}${who} ${OPENING.taught}`;
    if (!usual) return `Here: ${changed}. ${who} starts anew: its own weights, an empty memory.`;
    if (!run.learning) return `${who} starts on the standard cart. Learning is off: a fall teaches it nothing.`;
    return `${who} ${OPENING[policy]}`;
  }

  function noticed(after) {
    if (after === 0) return "It noticed at once: it pushes as its teacher would.";
    return `It noticed ${steps(after)} later (${(after * live.config.physics.tau).toFixed(2)} s): from there on it pushes as its teacher would.`;
  }

  // The sentence above the stage after an event of a run; null where there is nothing new to say.
  live.sentence = (event, run, policy) => {
    const who = NAMES[policy] ?? "The policy";
    switch (event.type) {
      case "start": return opening(who, run, policy);
      case "world_changed":
        if (event.goesOn) return `Changed: ${event.changed}. Nobody tells the policy.`;
        return `Now: ${live.differences(event.world).join(", ")}. ${who} starts anew: its own weights, an empty memory.`;
      case "policy_changed": return `${who} takes over in the same world.${policy === "taught" ? " Try to make it fall." : ""}`;
      case "noticed": return noticed(event.after);
      case "fell": {
        const how = event.ending === "track" ? "Off the track" : `Fall ${event.fall}`;
        const after = `${how} after ${steps(event.steps)} (${(event.steps * live.config.physics.tau).toFixed(2)} s).`;
        if (event.cause === "hand") return `You held it for ${(event.steps * live.config.physics.tau).toFixed(2)} s.`;
        if (policy === "taught" && !run.learning) return `${after} Too much for it, or too fast.`;
        if (!run.learning) return `${after} Learning is off: this fall changes nothing.`;
        return run.givenUp ? null : `${after} Time stops.`; // that it can't learn this one stays said
      }
      case "learnt": return `Fall ${event.fall}: learnt from ${steps(event.steps)}. One gradient step changed what it does.`;
      case "pushed_fall": return "You pushed it: that fall was not its own, so it teaches nothing.";
      case "hand_fall": return "The motor was in your hands: that fall teaches it nothing.";
      case "back_to_start": return `${event.updates} updates in a row did not help: back to the weights it started from.`;
      case "given_up": return `${live.count(event.falls, "fall")}: this one it can’t learn from falls alone.`;
      case "stands": {
        if (event.cause === "hand") return `You held it for all ${steps(event.steps)}.`;
        if (event.changes && live.goesOn(run)) return `It stands: all ${steps(event.steps)}, through ${live.count(event.changes, "change")}.`;
        const without = policy === "memory" ? "without a single fall: its memory is enough here" : "without a fall";
        return event.falls ? `It stands: all ${steps(event.steps)}, after ${live.count(event.falls, "fall")}.` : `It stands: all ${steps(event.steps)}, ${without}.`;
      }
      default: return null;
    }
  };
})();
