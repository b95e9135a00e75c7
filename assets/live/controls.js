// Everything beside the stage that can be moved: what it shows and whom it tells. Nothing here decides anything.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const DEGREE = Math.PI / 180;

  // The world's sliders: label, unit, and how the page's number relates to the field's (half a pole, radians, shares).
  const SLIDERS = [
    ["gravity", "Gravity", "m/s²", 0.1],
    ["wind", "Wind", "N", 0.1],
    ["pole_half_length", "Pole length", "m", 0.02, 2],
    ["force_mag", "Motor force", "N", 0.5],
    ["action_delay", "Motor delay", "steps", 1],
    ["angle_bias", "Tilt of the angle sensor", "°", 0.1, 1 / DEGREE],
    ["pole_mass", "Pole mass", "kg", 0.01],
    ["cart_mass", "Cart mass", "kg", 0.05],
    ["sensor_noise", "Sensor noise", "", 0.1],
    ["lost_push", "Lost pushes", "%", 1, 100],
    ["motor_reversals", "Motor reversals", "an episode", 1],
  ];

  function slider(parent, { label, minimum, maximum, step, words, set, name }) {
    const row = make("label", parent, { class: "live-slider", "data-field": name });
    make("span", row, {}, label);
    const output = make("output", row);
    const input = make("input", row, { type: "range", min: minimum, max: maximum, step, "aria-label": label });
    const show = (value) => {
      input.value = value;
      output.textContent = words(+value);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      show(input.value);
      set(+input.value);
    });
    return show;
  }

  live.button = (parent, text, attributes, act) => {
    const button = make("button", parent, { type: "button", ...attributes }, text);
    button.addEventListener("click", act);
    return button;
  };

  live.select = (parent, label, choices, act) => {
    const row = make("label", parent, { class: "live-select" });
    make("span", row, {}, label);
    const select = make("select", row, { "aria-label": label });
    const fill = (list) => {
      select.replaceChildren();
      for (const [value, text] of list) make("option", select, { value }, text);
    };
    fill(choices);
    select.addEventListener("change", () => act(select.value));
    return { select, fill };
  };

  live.toggle = (parent, text, act) => {
    const row = make("label", parent, { class: "live-toggle" });
    const input = make("input", row, { type: "checkbox" });
    make("span", row, {}, text);
    input.addEventListener("change", () => act(input.checked));
    return input;
  };

  // Sliders, the list of named worlds and the velocity sensors. change(fields) with some of a world's fields.
  live.WorldControls = class {
    constructor(parent, change) {
      make("h2", parent, {}, "The [[world]]");
      const names = Object.keys(live.config.worlds), spoken = (name) => (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");
      const choices = [...names, "custom"].map((name) => [name, spoken(name)]);
      this.named = live.select(parent, "A named world", choices, (name) => { if (name !== "custom") change(live.config.worlds[name].fields); });
      this.named.select.dataset.field = "world";
      this.description = make("p", parent, { class: "hint" });
      const grid = make("div", parent, { class: "live-sliders" });
      this.shows = SLIDERS.map(([name, label, unit, step, times = 1]) => {
        const field = live.config.fields.find((f) => f.name === name), { minimum, maximum } = field;
        const words = (v) => `${window.ssmDraw.format(v)} ${name === "action_delay" && v === 1 ? "step" : unit}`.replace(/ (°|%|$)/, "$1");
        const low = Math.ceil(+(minimum * times / step).toFixed(6)) * step, high = Math.floor(+(maximum * times / step).toFixed(6)) * step;
        // The slider's grid misses some values of named worlds; only a moved slider rounds.
        const show = slider(grid, {
          label, name, step, words, minimum: +low.toFixed(6), maximum: +high.toFixed(6),
          set: (v) => change({ [name]: Math.max(minimum, Math.min(maximum, +(v / times).toPrecision(12))) }),
        });
        return (world) => show(+(world[name] * times).toPrecision(12));
      });
      this.velocity = live.toggle(parent, "Velocity sensors", (on) => change({ velocity_sensors: on }));
    }

    show(world) {
      const name = live.worldName(world);
      this.named.select.value = name;
      this.description.textContent = live.config.worlds[name]?.description ?? "A world of your own.";
      for (const show of this.shows) show(world);
      this.velocity.checked = world.velocity_sensors;
    }
  };

  // The learning rate as powers of ten around the default, which a tick marks.
  live.rateSlider = (parent, change) => {
    const [lowest, highest] = live.config.rates, usual = live.config.rules.lr;
    const power = (lr) => Math.log10(lr / usual), rate = (p) => +(usual * 10 ** p).toPrecision(3);
    const bounded = (p) => Math.max(lowest, Math.min(highest, rate(p)));
    const words = (p) => (Math.abs(p) < 0.025 ? `${usual} (as tuned)` : `${bounded(p)}`);
    const holder = make("div", parent, { class: "live-rate" });
    const minimum = +Math.max(-1.5, power(lowest)).toFixed(2), maximum = +Math.min(1.5, power(highest)).toFixed(2);
    const show = slider(holder, { label: "Learning rate", name: "lr", minimum, maximum, step: 0.05, words, set: (p) => change(bounded(p)) });
    const mark = make("i", holder, { class: "live-usual", "aria-hidden": "true" });
    mark.style.left = `${100 * (0 - minimum) / (maximum - minimum)}%`;
    return (lr) => show(power(lr));
  };
})();
