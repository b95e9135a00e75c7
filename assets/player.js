// The player: one to six episodes side by side under one playhead, with their signals below.
// window.ssmPlayer(element, props, watch) is called once by each player component (ui/views/player.py).
(() => {
  const { timeStep, angleLimit, xLimit, shortEpisode, slowly } = window.ssmConfig;
  const MORPH = 250; // ms that a decision map takes to the next step's
  const HOLD = 0.9; // s that a looping episode rests at its end

  const make = window.ssmMake, { bytes, calm, colours, fit, onLook } = window.ssmDraw;

  class Player {
    constructor(root) {
      this.root = root;
      root.player = this; // for window.ssmMorph
      this.playhead = 0;
      this.playing = false;
      root.tabIndex = 0;
      root.setAttribute("role", "group");
      root.setAttribute("aria-label", "Episode player. Space plays or pauses, arrow keys step, Home and End jump.");
      this.stages = make("div", root, { class: "stages" });
      this.buildTransport();
      this.signals = make("details", root, { class: "signals" });
      make("summary", this.signals, {}, "Signals");
      this.grid = make("div", this.signals, { class: "signal-grid" });
      this.signals.open = matchMedia("(min-width: 640px)").matches;
      this.signals.addEventListener("toggle", () => this.layout());
      root.addEventListener("keydown", (event) => this.key(event));
      onLook(root, () => this.layout());
    }

    buildTransport() {
      const bar = make("div", this.root, { class: "transport" });
      this.button = make("button", bar, { type: "button", class: "play" }, "Play");
      this.button.addEventListener("click", () => this.toggle());
      const track = make("span", bar, { class: "scrub" });
      this.turns = make("span", track, { "aria-hidden": "true" });
      this.scrubber = make("input", track, { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": "Step" });
      this.scrubber.addEventListener("input", () => this.seek(+this.scrubber.value));
      this.counter = make("output", bar, { class: "counter", "aria-label": "Step counter" });
      const speed = make("label", bar, { class: "speed" }, "Speed ");
      this.speed = make("select", speed, { "aria-label": "Playback speed" });
      for (const s of [0.25, 0.5, 1, 2, 4]) make("option", this.speed, { value: s }, `${s}×`);
      this.speed.value = "1";
      this.speed.addEventListener("change", () => { this.speedChosen = true; });
      const loop = make("label", bar, { class: "loop" });
      this.loop = make("input", loop, { type: "checkbox" });
      make("span", loop, {}, "Loop");
    }

    load(value) {
      if (!value?.episodes?.length) return;
      this.root.classList.remove("stale");
      this.episodes = value.episodes;
      this.maps = value.maps || {};
      this.steps = Math.max(...this.episodes.map((e) => e.steps));
      this.scrubber.max = this.steps;
      this.markTurns();
      if (value.signals === false) this.signals.open = false;
      this.buildStages();
      window.ssmGhost.attach(this);
      this.buildSignals();
      this.layout();
      this.seek(0, true);
      // A fall within a fifth of a second is no more than a flicker: slowed down, until the visitor sets a speed.
      if (!this.speedChosen) this.speed.value = value.speed ?? (this.steps < shortEpisode ? slowly : 1);
      this.shown = false;
      this.runId = value.id;
      if (calm()) requestAnimationFrame(() => this.markShown());
      else this.play();
    }

    // For measurements and tests: which run is on the stage, once its first frame is drawn.
    markShown() {
      if (this.shown) return;
      this.shown = true;
      this.root.dataset.run = this.runId;
      this.root.dataset.steps = this.episodes.map((e) => e.steps).join(" ");
    }

    // Ticks on the timeline where a motor reversed by itself.
    markTurns() {
      this.turns.replaceChildren();
      const turns = new Set(this.episodes.flatMap((e) => e.turns ?? []));
      for (const step of turns) make("i", this.turns, { style: `--at: ${step / this.steps}` });
    }

    buildStages() {
      this.stages.replaceChildren();
      this.stages.dataset.count = this.episodes.length;
      this.views = this.episodes.map((e) => {
        const figure = make("figure", this.stages, { class: "stage" });
        const caption = make("figcaption", figure);
        make("span", caption, { class: "who", "data-role": e.role }, e.label);
        make("span", caption, { class: "notes" }, e.notes.join(" · "));
        const frame = make("div", figure, { class: "frame" });
        const canvas = make("canvas", frame, { role: "img", "aria-label": `${e.label}. ${e.notes.join(", ")}. ${e.ending}` });
        const map = e.map && make("canvas", make("div", figure, { class: "map" }), {
          role: "img", "aria-label": `${e.label}: which way the policy pushes at the first step, over pole angle and angular velocity`,
        });
        if (e.map) figure.classList.add("with-map");
        const below = make("div", figure, { class: "below" });
        const ending = make("p", below, { class: "ending", "aria-live": "polite" });
        if (this.episodes.length === 1) this.addKey(below, [e]);
        canvas.addEventListener("click", () => { this.toggle(); this.root.focus({ preventScroll: true }); });
        return { e, figure, canvas, ending, map, cells: e.map && bytes(e.map) };
      });
      if (this.episodes.length > 1) this.addKey(this.stages, this.episodes);
      if (!this.episodes.some((e) => e.map)) return;
      const key = make("p", this.stages, { class: "map-key" });
      make("span", key, {}, "Which way it pushes at an episode’s first step, before it remembers anything: left");
      make("span", key, { class: "map-scale" });
      make("span", key, {}, "right. Dot: what the sensors report now.");
    }

    // Move the maps to those of a gradient step; the episode of that step comes later, from the server.
    morph(step) {
      const ways = this.views.filter((v) => this.maps[v.e.role]).map((v) => {
        const steps = this.maps[v.e.role];
        return { v, from: v.cells, to: bytes(steps[Math.min(step, steps.length - 1)]) };
      });
      const began = performance.now(), id = (this.morphing = (this.morphing || 0) + 1);
      const move = (now) => {
        if (id !== this.morphing) return;
        const k = calm() ? 1 : Math.min(1, Math.max(0, (now - began) / MORPH));
        for (const { v, from, to } of ways) {
          v.cells = to.map((b, i) => from[i] + (b - from[i]) * k);
          v.picture = window.ssmMap.picture(v.cells, this.c);
        }
        this.draw();
        if (k < 1) requestAnimationFrame(move);
      };
      requestAnimationFrame(move);
    }

    // What the marks on the stage mean; only those that these worlds have.
    addKey(parent, episodes) {
      const some = (has, words) => episodes.some(has) && words;
      window.ssmStage.addKey(make("p", parent, { class: "key" }), {
        motor: "motor force", wind: some((e) => e.world.wind, "wind"), lost: some((e) => e.lost, "push that was lost"),
        turn: some((e) => e.turns, "the motor reverses by itself"), sensed: some((e) => e.sensed, "pole as the sensor reports it"),
        limit: `${angleLimit}° limits`,
      });
    }

    buildSignals() {
      this.grid.replaceChildren();
      this.panels = [];
      const steps = this.steps, one = this.episodes.length === 1, thinking = this.episodes.filter((e) => e.p);
      const turns = [...new Set(this.episodes.flatMap((e) => e.turns ?? []))];
      const chart = (title, spec) => this.panel(window.ssmCharts.Chart, title, { steps, turns, ...spec });
      const line = (values) => (e) => ({ values: values(e), role: e.role, dash: e.dash });
      const sensed = this.episodes.filter((e) => e.sensed);
      const widest = Math.min(2 * angleLimit, Math.max(angleLimit + 2, ...sensed.flatMap((e) => e.sensed.map((v) => Math.abs(v) * 1.05))));
      chart(sensed.length ? "Pole angle (degrees); thin dashed: what the sensor reports" : "Pole angle (degrees)", {
        series: [
          ...this.episodes.map(line((e) => e.angle)),
          ...sensed.map((e) => ({ values: e.sensed, role: one ? "ink" : e.role, dash: [3, 3], thin: true })),
        ],
        range: [-widest, widest],
        limits: [-angleLimit, angleLimit],
      });
      chart("Cart position (m)", { series: this.episodes.map(line((e) => e.x)), range: [-1.17 * xLimit, 1.17 * xLimit], limits: [-xLimit, xLimit] });
      if (thinking.length) {
        chart("Probability of pushing right", {
          series: thinking.map((e) => ({ ...line((x) => x.p)(e), stepped: true })), range: [-0.04, 1.04], limits: [0.5],
        });
        const all = thinking.flatMap((e) => [...e.long, ...(one ? e.short : [])]);
        const range = [Math.max(-0.5, Math.min(0, ...all)) - 0.04, Math.min(1.5, Math.max(1, ...all)) + 0.04];
        const short = one ? thinking.map((e) => ({ values: e.short, role: e.role, dash: [3, 3], thin: true })) : [];
        chart(one ? "Expected survival (1: never falls); long horizon, dashed: short" : "Expected survival, long horizon (1: never falls)", {
          series: [...thinking.map(line((e) => e.long)), ...short], range, limits: [1],
        });
        for (const e of thinking) {
          const title = `Hidden state, ${e.hidden.size} units, −${e.hidden.scale} (blue) to ${e.hidden.scale} (orange)`;
          this.panel(window.ssmCharts.HeatMap, one ? title : `${e.label}: ${title.toLowerCase()}`, {
            cells: bytes(e.hidden.cells), size: e.hidden.size, scale: e.hidden.scale, length: e.steps, steps,
          }, one ? "wide" : "");
        }
      }
    }

    panel(Kind, title, spec, extra = "") {
      const figure = make("figure", this.grid, { class: `signal ${extra}` });
      make("figcaption", figure, {}, title);
      const canvas = make("canvas", figure, { role: "img", "aria-label": title });
      const panel = new Kind(canvas);
      panel.set(spec);
      const scrub = (event) => {
        const step = panel.stepAt(event.clientX - canvas.getBoundingClientRect().left);
        this.pause();
        this.seek(step);
      };
      canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); scrub(event); });
      canvas.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
      this.panels.push(panel);
    }

    layout() {
      if (!this.episodes || !this.root.clientWidth) return;
      window.ssmTry(this.root, () => this.measure());
      this.draw();
    }

    measure() {
      this.c = colours(this.root);
      for (const v of this.views) [v.width, v.height] = fit(v.canvas) ? [v.canvas.clientWidth, v.canvas.clientHeight] : [0, 0];
      for (const v of this.views) if (v.map) v.picture = window.ssmMap.picture(v.cells, this.c);
      // One scale for all, so that equal lengths look equal.
      this.scale = Math.min(...this.views.map((v) => window.ssmStage.pixelsPerMetre(v.width, v.height, 2 * v.e.world.half_length)));
      if (this.signals.open) for (const panel of this.panels) panel.layout(this.c);
    }

    draw() {
      if (!this.c) return;
      const step = Math.floor(this.playhead);
      this.counter.textContent = `step ${step} of ${this.steps}`;
      this.scrubber.value = step;
      window.ssmTry(this.root, () => this.paint());
    }

    paint() {
      for (const v of this.views) {
        window.ssmStage.draw(v.canvas.getContext("2d"), v.width, v.height, v.e, this.playhead, this.c, this.scale, this.ghostSwitch.checked && v.e.ghost);
        if (v.map) {
          const k = Math.min(Math.floor(this.playhead), v.e.steps);
          window.ssmMap.draw(v.map, v.picture, this.c, (v.e.sensed || v.e.angle)[k], v.e.rate[k]);
        }
        const ending = this.playhead >= v.e.steps ? v.e.ending : "";
        if (v.ending.textContent !== ending) v.ending.textContent = ending;
      }
      if (this.signals.open) for (const panel of this.panels) panel.draw(this.playhead);
    }

    seek(step, silent) {
      this.playhead = Math.max(0, Math.min(this.steps, step));
      if (!silent && this.playing && this.playhead >= this.steps) this.pause();
      this.draw();
    }

    play() {
      if (this.playhead >= this.steps) this.playhead = 0;
      this.rest = 0;
      this.last = null;
      if (this.playing) return;
      this.playing = true;
      this.button.textContent = "Pause";
      requestAnimationFrame((now) => this.frame(now));
    }

    pause() {
      this.playing = false;
      this.button.textContent = "Play";
    }

    toggle() { this.playing ? this.pause() : this.play(); }

    frame(now) {
      if (!this.playing) return;
      const elapsed = this.last === null ? 0 : Math.min(0.1, (now - this.last) / 1000);
      this.last = now;
      if (this.root.clientWidth) { // an episode on a hidden tab waits
        this.playhead = Math.min(this.steps, this.playhead + elapsed / timeStep * +this.speed.value);
        if (this.playhead >= this.steps) {
          this.rest += elapsed;
          if (!this.loop.checked) this.pause();
          else if (this.rest > HOLD) { this.playhead = 0; this.rest = 0; }
        }
        this.draw();
        this.markShown();
      }
      requestAnimationFrame((next) => this.frame(next));
    }

    key(event) {
      if (event.target !== this.root && !(event.target === this.scrubber && event.key === " ")) return;
      const jump = event.shiftKey ? 10 : 1, at = Math.floor(this.playhead);
      const move = { ArrowLeft: at - jump, ArrowRight: at + jump, Home: 0, End: this.steps }[event.key];
      if (event.key === " ") this.toggle();
      else if (move !== undefined) { this.pause(); this.seek(move); }
      else return;
      event.preventDefault();
    }
  }

  window.ssmMorph = (id, step) => document.querySelector(`#${id} .player`)?.player.morph(step);
  window.ssmPlayer = (element, props, watch) => {
    const player = new Player(element.querySelector(".player"));
    watch("value", () => player.load(props.value));
    player.load(props.value);
  };
})();
