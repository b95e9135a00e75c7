// What is shown of a training: the values that curves (assets/curves.js) and player (assets/player.js) take, and numbers in words. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});
  const steps = (n) => `${n} step${n === 1 ? "" : "s"}`;
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // The mean of each epoch's value and those of up to `smooth` - 1 epochs before it under the same step limit; NaN, an epoch without
  // such a world, is left out and stays.
  function smoothed(records, value) {
    const { smooth } = live.config.train.drawn;
    return records.map((record, k) => {
      const near = records.slice(Math.max(0, k + 1 - smooth), k + 1).filter((r) => r.step_limit === record.step_limit).map(value);
      return Number.isNaN(value(record)) ? NaN : mean(near.filter(Number.isFinite));
    });
  }

  // The returns before and after adaptation in each kind of world, under the step limit of the moment. settings: as Python emits them.
  train.returnsChart = ({ config: c, sides, after }, records, ended) => {
    const { dashes, widths, smooth, bold, empty, headroom } = live.config.train.drawn, last = Math.max(2, ended && records.length ? records.length : c.num_epochs), series = [];
    const kinds = sides ? sides.map((name, i) => [`${name}, `, i ? "conflicting" : "usual", i === 1]) : [["", "", true]];
    for (const [name, key, isBold] of kinds) {
      for (const [role, when] of [["before", sides ? "before" : "before adaptation"], ["standard", after]].slice(0, c.inner_steps ? 2 : 1)) {
        const value = (r) => (key ? r[key].at(role === "before" ? 0 : -1) ?? NaN : role === "before" ? r.return_before : r.return_after);
        const first = !series.length, words = ended ? records.map((r) => said(first, name + when, r, value(r))) : [];
        const line = { role, label: name + when, dash: dashes[role], x: records.map((r) => r.epoch + 1), y: smoothed(records, value).map((v) => (Number.isNaN(v) ? null : v)) };
        series.push({ ...line, low: [], high: [], hollow: [], threads: [], words, markers: false, width: widths[+isBold] });
      }
    }
    return {
      series: records.length ? series : [], x: { title: "epoch", range: [1, last] },
      y: { title: "return (steps)", range: [0, headroom * longest(c)] }, limits: [],
      note: `${sides ? bold : ""}Each line: mean of the last ${smooth} epochs, sampled actions.`,
      empty,
      events: records.filter((r) => r.rolled_back).map((r) => ({ at: r.epoch + 1, label: "rolled back" })), treads: treads(c, last),
    };
  };

  function said(first, label, { epoch, rolled_back }, value) {
    const words = Number.isNaN(value) ? `${label}: no such world` : `${label} ${value.toFixed(0)}`;
    return first ? `epoch ${epoch + 1}${rolled_back ? ", rolled back" : ""}: ${words}` : words;
  }

  const longest = (c) => Math.max(c.max_steps_per_episode, c.long_episodes_share > 0 ? live.config.physics.episode_steps : 0);

  // The step limit's staircase; each tread ends where the next begins.
  function treads(c, last) {
    const found = [];
    for (let epoch = 0; epoch < last; epoch++) {
      const at = train.stepLimit(c, epoch), from = epoch + 1;
      if (found.length) found.at(-1).to = from;
      if (found.at(-1)?.at !== at) found.push({ from, to: from, at, label: `${at}: step limit${epoch ? ` from epoch ${from}` : ""}` });
    }
    return found;
  }

  // Name -> value, of the row above the curves; dashes where there is nothing yet.
  train.numbers = ({ config: c }, records, ended) => {
    const { names } = live.config.train.drawn, last = records.at(-1);
    if (!last) return names.map((name) => [name, "–"]);
    const left = ended ? 0 : (last.seconds / records.length) * (c.num_epochs - records.length), now = (value) => smoothed(records, value).at(-1).toFixed(0);
    const speed = Math.round(last.env_steps / Math.max(last.seconds, 1e-9)).toLocaleString("en");
    return names.map((name, i) => [name, [
      `${records.length} of ${c.num_epochs}`, `${last.seconds.toFixed(0)} s`, `${left.toFixed(0)} s`, now((r) => r.return_before),
      c.inner_steps ? now((r) => r.return_after) : "–", last.meta_loss.toFixed(3).replace("-", "−"), speed,
    ][i]]);
  };

  // The player's value for what `perform` played: a row for each world, before and after adaptation side by side.
  train.stageValue = (shows, { after }, id) => {
    const labels = [["before", "Before"], ["standard", after[0].toUpperCase() + after.slice(1)]], degrees = (rad) => (rad * 180) / Math.PI;
    const episodes = shows.flatMap((of) => of.map(({ world: w, actions, states, forces }, i) => ({
      role: labels[i][0], label: labels[i][1], dash: live.config.train.drawn.dashes[labels[i][0]], notes: live.differences(w), ending: ending(states, actions.length),
      steps: actions.length, x: states.map((s) => s[0]), angle: states.map((s) => degrees(s[2])), force: forces, action: actions.join(""),
      world: { half_length: w.pole_half_length, pole_mass: w.pole_mass, cart_mass: w.cart_mass, wind: w.wind, reversed: w.reversed_motor, delay: w.action_delay },
    })));
    return { id, autoplay: true, signals: false, speed: live.config.train.drawn.speed, episodes };
  };

  function ending(states, length) {
    const { x_limit, angle_limit } = live.config.physics, [x, , angle] = states.at(-1);
    if (Math.abs(angle) > angle_limit) return `The pole fell past ${((angle_limit * 180) / Math.PI).toFixed(0)} degrees after ${steps(length)}.`;
    return Math.abs(x) > x_limit ? `The cart left the track after ${steps(length)}.` : `It stood for all ${steps(length)}.`;
  }

  // The records as the log that a server's training is saved with: a line for each epoch.
  train.log = (records) => {
    const shown = (v) => (Array.isArray(v) ? v.map((x) => x.toFixed(2)).join(" ") : typeof v === "boolean" ? (v ? "True" : "False") : `${Number.isInteger(v) ? v : +v.toPrecision(6)}`);
    return [Object.keys(records[0]).join(","), ...records.map((r) => Object.values(r).map(shown).join(","))].join("\n") + "\n";
  };
})();
