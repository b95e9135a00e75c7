// What is shown of a training: the values that curves (assets/curves.js) and player (assets/player.js) take, and numbers in words. No DOM.
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {}), train = (globalThis.ssmTrain ??= {});

  // The mean of each epoch's value and those of up to `smooth` - 1 epochs before it under the same step limit; NaN, an epoch without
  // such a world, is left out and stays.
  function smoothed(records, value) {
    const { smooth } = live.config.train.drawn;
    return records.map((record, k) => {
      const near = records.slice(Math.max(0, k + 1 - smooth), k + 1).filter((r) => r.step_limit === record.step_limit).map(value);
      return Number.isNaN(value(record)) ? NaN : train.mean(near.filter(Number.isFinite));
    });
  }

  // Curves as ui/views/training.py sends them, {chart, records, ended}, filled with the records.
  train.returnsChart = ({ chart, records, ended }) => {
    const last = ended && records.length ? Math.max(2, records.length) : chart.x.range[1], x = records.map((r) => r.epoch + 1);
    const series = chart.series.map(({ of: [name, place], ...line }, i) => {
      const value = (record) => [record[name]].flat().at(place) ?? NaN, words = ended ? records.map((r) => said(!i, line.label, r, value(r))) : [];
      return { ...line, x, y: smoothed(records, value).map((v) => (Number.isNaN(v) ? null : v)), words };
    });
    return {
      ...chart, series: records.length ? series : [], x: { ...chart.x, range: [1, last] },
      events: records.filter((r) => r.rolled_back).map((r) => ({ at: r.epoch + 1, label: "rolled back" })),
      treads: chart.treads.filter(({ from }) => from <= last).map((tread) => ({ ...tread, to: Math.min(tread.to, last) })),
    };
  };

  function said(first, label, { epoch, rolled_back }, value) {
    const words = Number.isNaN(value) ? `${label}: no such world` : `${label} ${value.toFixed(0)}`;
    return first ? `epoch ${epoch + 1}${rolled_back ? ", rolled back" : ""}: ${words}` : words;
  }

  // Name -> value, of the row above the curves; dashes where there is nothing yet.
  train.numbers = ({ config: c }, records, ended) => {
    const { names } = live.config.train.drawn, last = records.at(-1);
    if (!last) return names.map((name) => [name, "–"]);
    const left = ended ? 0 : (last.seconds / records.length) * (c.num_epochs - records.length), now = (value) => smoothed(records, value).at(-1).toFixed(0);
    const speed = Math.round(last.env_steps / Math.max(last.seconds, 1e-9)).toLocaleString("en");
    return names.map((name, i) => [name, [
      `${records.length} of ${c.num_epochs}`, `${last.seconds.toFixed(0)} s`, `${left.toFixed(0)} s`, now((r) => r.return_before),
      c.inner_steps ? now((r) => r.return_after) : "–", last.meta_loss.toFixed(3).replace(/^-(?=0\.000)/, "").replace("-", "−"), speed,
    ][i]]);
  };

  // The player's value for what `perform` played: a row for each world, before and after adaptation side by side.
  train.stageValue = (shows, { after }, id) => {
    const labels = [["before", "Before"], ["standard", after[0].toUpperCase() + after.slice(1)]], degrees = (rad) => (rad * 180) / Math.PI;
    const episodes = shows.flatMap((of) => of.map(({ world: w, actions, states, seen, forces }, i) => ({
      role: labels[i][0], label: labels[i][1], dash: live.config.train.drawn.dashes[labels[i][0]], notes: live.differences(w), ending: ending(states, actions.length),
      steps: actions.length, x: states.map((s) => s[0]), angle: states.map((s) => degrees(s[2])), force: forces, action: actions.join(""),
      ...(w.mirrored_sensors || w.angle_bias ? { sensed: seen.map((s) => degrees(s[2])) } : {}),
      world: { half_length: w.pole_half_length, pole_mass: w.pole_mass, cart_mass: w.cart_mass, wind: w.wind, reversed: w.reversed_motor, delay: w.action_delay },
    })));
    return { id, signals: false, speed: live.config.train.drawn.speed, episodes };
  };

  function ending(states, length) {
    const { x_limit, angle_limit } = live.config.physics, [x, , angle] = states.at(-1);
    if (Math.abs(angle) > angle_limit) return `The pole fell past ${((angle_limit * 180) / Math.PI).toFixed(0)} degrees after ${live.count(length, "step")}.`;
    return Math.abs(x) > x_limit ? `The cart left the track after ${live.count(length, "step")}.` : `It stood for all ${live.count(length, "step")}.`;
  }

  // The records as the log that a server's training is saved with: a line for each epoch.
  train.log = (records) => {
    const shown = (v) => (Array.isArray(v) ? v.map((x) => x.toFixed(2)).join(" ") : typeof v === "boolean" ? (v ? "True" : "False") : `${Number.isInteger(v) ? v : +v.toPrecision(6)}`);
    return [Object.keys(records[0]).join(","), ...records.map((r) => Object.values(r).map(shown).join(","))].join("\n") + "\n";
  };
})();
