// What the page says and what it offers next: one sentence above the stage, one button beside it.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const PACE = 2.5; // s between two sentences for a screen reader

  live.Story = class {
    constructor(parent) {
      this.line = make("p", parent, { class: "live-say" });
      this.spoken = make("p", parent, { class: "live-spoken", role: "status", "aria-live": "polite" });
      this.quiet = 0;
    }

    say(text) {
      if (!text || this.line.textContent === text) return;
      this.line.textContent = text;
      this.unspoken = text;
    }

    // The eye reads every sentence at once; the ear gets the latest one at a human pace.
    pass(seconds) {
      this.quiet += seconds;
      if (!this.unspoken || this.quiet < PACE) return;
      this.spoken.textContent = this.unspoken;
      this.unspoken = null;
      this.quiet = 0;
    }
  };

  // What could be tried next: {words, label, act} or null.
  // s: {run, policy, mode, changed, otherStarts, lastStood, canAdapt, met (changes so far), sawTaught}
  live.nextStep = (s) => {
    const { run } = s, learnt = run.updates > 0 || run.falls > 0;
    if (s.mode === "you") return { words: "Enough?", label: "Back to watching", act: "watch" };
    if (s.policy === "taught" && s.mode === "one" && (run.falls > 0 || s.met >= 3)) {
      if (run.falls) return { words: "One that learns from falls:", label: "Let the meta-trained policy try", act: "meta" };
      return { words: "The same changes, two policies:", label: "See it beside the meta-trained one", act: "besideTaught" };
    }
    if (run.givenUp) {
      return s.canAdapt
        ? { words: "Imagined rollouts in a model of this world can help:", label: "Take it to Adapt (hybrid)", act: "adapt" }
        : { words: "Does memory manage it?", label: "Try the memory weights", act: "memory" };
    }
    if (!run.learning && run.falls >= 2) return { words: "It can’t help it:", label: "Switch learning on", act: "learn" };
    if (s.mode !== "one") return { words: "", label: "Back to one stage", act: "watch" };
    if (s.policy === "memory" && s.lastStood && !run.falls && s.changed) {
      return { words: "No fall, no gradient step:", label: "See it beside the meta-trained policy", act: "beside" };
    }
    if (["memory", "standard", "untrained"].includes(s.policy) && run.falls >= 3) {
      return { words: "It isn’t getting anywhere:", label: "Let the meta-trained policy try", act: "meta" };
    }
    if (s.lastStood && learnt && s.policy === "meta" && !s.sawTaught) {
      return { words: "This one had to fall first.", label: "Now a policy that is hard to make fall", act: "taught" };
    }
    if (s.lastStood && learnt && s.otherStarts === null) return { words: "From other starts too?", label: "Try 20 other starts", act: "starts" };
    if (s.lastStood && learnt && s.policy === "meta") {
      return { words: "Does memory do it without a fall?", label: "Try the memory weights", act: "memory" };
    }
    if (s.lastStood && s.changed) return { words: "Could you do it?", label: "Take the motor yourself", act: "you" };
    return null;
  };
})();
