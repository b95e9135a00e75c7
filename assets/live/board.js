// What the controls beside the stage show of the page's state, and what is said beside them.
(() => {
  const live = (globalThis.ssmLive ??= {});

  live.Board = class {
    constructor(page) { this.page = page; }

    // What is wrong; null: nothing.
    complain(error) {
      const { parts } = this.page;
      parts.problem.textContent = error ? error.plain ?? error.message : "";
      parts.note.textContent = "";
    }

    // What was done.
    note(text) {
      this.complain(null);
      this.page.parts.note.textContent = text;
    }

    // The contest's times.
    score() {
      const { page } = this, [it, you] = page.lanes, times = page.contest.times(you.shown.steps, it.shown.steps, page.worldKey);
      const { you: mine, it: its } = page.contest.won;
      const text = `You ${times.you} · it ${times.it} · rounds ${mine} : ${its} · your best of today here ${times.best}`;
      if (page.parts.score.textContent !== text) page.parts.score.textContent = text;
    }

    paused() { this.page.parts.pause.textContent = this.page.paused ? "Play" : "Pause"; }

    // The one offer of what to try next.
    next() {
      const { run, lane, mode, otherStarts, lastStood, parts, state, onServer, place, sawTaught } = this.page;
      const offer = live.nextStep({
        run, mode, policy: state.policy, otherStarts, lastStood, changed: place !== "standard", canAdapt: onServer, met: lane.changes.met, sawTaught,
      }); // prettier-ignore
      this.offer = offer;
      parts.nextWords.textContent = offer?.words ?? "";
      parts.next.textContent = offer?.label ?? "";
      parts.next.hidden = !offer;
    }

    show() {
      const { page } = this, { parts, state, mode } = page, { world } = state, standard = live.standardWorld();
      const press = (button, on) => button.setAttribute("aria-pressed", `${on}`);
      parts.reverse.textContent = world.reversed_motor ? "Put the motor right" : "Reverse the motor";
      press(parts.reverse, world.reversed_motor);
      press(parts.mirror, world.mirrored_sensors);
      press(parts.gale, world.wind !== standard.wind);
      press(parts.tilt, world.angle_bias !== standard.angle_bias);
      parts.world.show(world);
      parts.policy.select.value = state.policy;
      parts.learning.checked = state.learning;
      parts.howTaught.hidden = !page.remembering;
      parts.bars.figure.hidden = !!page.remembering; // the timeline takes their place
      parts.changes.show(page.remembering);
      parts.rate(state.lr);
      parts.seed.value = state.seed;
      for (const [name, button] of Object.entries(parts.modes)) press(button, mode === name);
      if (mode !== "you") parts.score.textContent = "";
      for (const view of page.views) view.name();
      this.complain(null);
      this.next();
      page.travel.writeLink();
    }
  };
})();
