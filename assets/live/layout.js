// The live page's parts and where they stand. Returns them by name; what they do is page.js's business.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const SPEEDS = [["auto", "Auto speed"], ["0.25", "¼×"], ["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"], ["8", "8×"], ["16", "16×"]];

  live.buildLayout = (root, page) => {
    const parts = {}, button = live.button;
    const tour = make("div", root);
    parts.story = new live.Story(make("div", root, { class: "live-head" }));

    const main = make("div", root, { class: "live-main" });
    parts.stages = make("div", main, { class: "live-stages" });
    const act = make("div", main, { class: "live-act" });
    parts.reverse = button(act, "Reverse the motor", { class: "live-big", "data-act": "reverse" }, () => page.flip("reversed_motor"));
    const next = make("div", act, { class: "live-next" });
    parts.nextWords = make("span", next);
    parts.next = button(next, "", { class: "live-small", "data-act": "next" }, () => page.takeNext());
    const side = make("div", main, { class: "live-side" });
    parts.map = new live.MapView(side);
    parts.bars = new live.BarsView(side);
    parts.changes = new live.ChangesView(main);
    const row = make("div", main, { class: "live-row" });
    buildButtons(row, parts, page);
    parts.tour = new live.Tour(tour, row, page);
    parts.strip = new live.StripView(main);

    const controls = make("div", root, { class: "live-controls" });
    parts.world = new live.WorldControls(make("section", controls), (fields) => page.changeWorld(fields));
    buildPolicy(make("section", controls), parts, page);
    buildTogether(make("section", controls), parts, page);

    const wide = matchMedia("(min-width: 640px)").matches;
    parts.signals = folded(root, "Signals, as they come", wide);
    parts.traces = new live.TraceView(parts.signals);
    parts.thinking = folded(root, "The equations, with this step’s values", wide);
    parts.equations = new live.EquationView(parts.thinking);
    live.explain(root);
    return parts;
  };

  function folded(root, title, open) {
    const details = make("details", root, { class: "live-fold" });
    make("summary", details, {}, title);
    details.open = open;
    return details;
  }

  function buildButtons(row, parts, page) {
    const { button } = live, small = (act) => ({ class: "live-small", "data-act": act });
    parts.mirror = button(row, "Mirror sensors", small("mirror"), () => page.flip("mirrored_sensors"));
    parts.gale = button(row, "Gale", small("gale"), () => page.flip("wind"));
    parts.tilt = button(row, "Tilt sensor", small("tilt"), () => page.flip("angle_bias"));
    parts.tip = button(row, "Tip pole", small("tip"), () => page.tip());
    make("span", row, { class: "live-gap" });
    parts.pause = button(row, "Pause", small("pause"), () => page.pause(!page.paused));
    parts.single = button(row, "Step", small("step"), () => page.single());
    parts.reset = button(row, "Reset", { ...small("reset"), title: "The same start again, with the policy’s own weights" }, () => page.reset());
    parts.speed = live.select(row, "Speed", SPEEDS, (value) => page.setSpeed(value)).select;
  }

  function buildPolicy(section, parts, page) {
    const { button } = live, small = (act) => ({ class: "live-small", "data-act": act });
    make("h2", section, {}, "The [[policy]]");
    parts.policy = live.select(section, "Which one", page.labels, (name) => page.choosePolicy(name));
    parts.policy.select.dataset.field = "policy";
    parts.howTaught = make("p", section, { class: "hint" }, "Taught by [[imitation]], not by reinforcement learning: a teacher that is told the "
      + "world said which push is right. The policy sees the sensors and its own last push. A late motor, dead velocity sensors or shaking readings can still fell it.");
    parts.learning = live.toggle(section, "Learns from its falls", (on) => page.setLearning(on));
    parts.learning.dataset.field = "learning";
    parts.rate = live.rateSlider(section, (lr) => page.setRate(lr));
    make("p", section, { class: "hint" }, "The [[learning rate]] says how far a fall moves it. The same [[seed]] gives the same starts.");
    const seed = make("label", section, { class: "live-select" });
    make("span", seed, {}, "Seed of its starts");
    parts.seed = make("input", seed, { type: "number", min: 0, step: 1, "aria-label": "Seed", "data-field": "seed" });
    parts.seed.addEventListener("change", () => page.setSeed(parts.seed.value));
    const row = make("div", section, { class: "live-row" });
    parts.keep = button(row, "Keep as yours", small("keep"), () => page.travel.keep());
    button(row, "Save weights", small("save"), () => page.travel.save());
    const file = make("input", section, { type: "file", accept: ".safetensors", hidden: "", "aria-label": "A policy file" });
    button(row, "Open weights", small("open"), () => file.click());
    file.addEventListener("change", () => { if (file.files[0]) page.travel.openFile(file.files[0]); file.value = ""; });
    parts.note = make("p", section, { class: "live-note hint", role: "status" });
    parts.problem = make("p", section, { class: "live-problem", role: "alert" });
  }

  function buildTogether(section, parts, page) {
    const { button } = live, small = (act) => ({ class: "live-small", "data-act": act, "aria-pressed": "false" });
    make("h2", section, {}, "You against it, and side by side");
    const column = make("div", section, { class: "live-column" });
    parts.modes = {
      you: button(column, "Take the motor yourself", small("you"), () => page.setMode(page.mode === "you" ? "one" : "you")),
      frozen: button(column, "Beside one that never learns", small("frozen"), () => page.setMode(page.mode === "frozen" ? "one" : "frozen")),
      memory: button(column, "Meta beside memory", small("beside"), () => page.setMode(page.mode === "memory" ? "one" : "memory")),
      taught: button(column, "Meta beside taught", small("beside-taught"), () => page.setMode(page.mode === "taught" ? "one" : "taught")),
    };
    parts.score = make("p", section, { class: "live-score" });
    make("p", section, { class: "hint" }, "Drag the cart or the pole, or press the arrow keys on the stage: that is your push. "
      + "A fall that you caused teaches nothing.");
  }
})();
