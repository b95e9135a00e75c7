// The clock of the live page: calls frame(seconds) once a screen refresh, with the time since the last one.
// A hidden page gets no frames and no time: what it missed is not caught up. A frame that fails does not end it.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const LONGEST = 0.1; // s of a frame that count; a slower machine shows slow motion instead of falling behind

  live.startLoop = (root, frame) => {
    let last = null;
    const tick = (now) => {
      requestAnimationFrame(tick);
      const shown = !document.hidden && root.clientWidth > 0, seconds = last === null ? 0 : Math.min(LONGEST, (now - last) / 1000);
      last = shown ? now : null;
      if (shown) window.ssmTry(root, () => frame(seconds));
    };
    requestAnimationFrame(tick);
  };

  // Whole physics steps out of uneven frames. `fraction` of a step is left over: the picture stands that far between the last two states.
  live.Stepper = class {
    constructor(stepSeconds) {
      this.stepSeconds = stepSeconds;
      this.fraction = 0;
    }

    // How many steps these seconds hold.
    steps(seconds) {
      this.fraction += seconds / this.stepSeconds;
      const whole = Math.floor(this.fraction + 1e-9);
      this.fraction = Math.max(0, this.fraction - whole);
      return whole;
    }
  };
})();
