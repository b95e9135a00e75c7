// The changes of its world that a cart has met since its policy came on: which it outlived, and when the policy noticed each. No DOM.
// It noticed at the first step from which its pushes are its teacher's, so many clear ones in a row (model/experiments/notice.py).
(() => {
  "use strict";
  const live = (globalThis.ssmLive ??= {});

  live.Changes = class {
    constructor() {
      Object.assign(this, { met: 0, survived: 0, open: [] }); // open: those met less than a second ago
      this.startEpisode();
    }

    // marks: this episode's, {step, words, noticed}: the step from which the pushes were right, null while that is not known.
    startEpisode() { this.marks = []; }

    add(step, words) {
      this.met += 1;
      this.open.push({ left: Math.round(1 / live.config.physics.tau) });
      this.marks.push({ step, words, noticed: null, from: step, row: 0 });
    }

    // One step: step's number, the action taken and the push that the teacher wanted. Returns how many steps after the change the
    // policy noticed it, where that has come out just now; else null.
    pass(step, action, wish) {
      for (const change of this.open) change.left -= 1;
      this.settle((change) => change.left <= 0);
      const mark = this.marks.at(-1), { clear, in_a_row } = live.config.notice;
      if (!mark || mark.noticed !== null || Math.abs(wish) < clear) return null;
      const right = (wish > 0) === (action === 1);
      mark.row = right ? mark.row + 1 : 0;
      if (!right) mark.from = step + 1;
      if (mark.row < in_a_row) return null;
      mark.noticed = mark.from;
      return mark.noticed - mark.step;
    }

    settle(over) {
      this.survived += this.open.filter(over).length;
      this.open = this.open.filter((change) => !over(change));
    }

    stood() { this.settle(() => true); }

    // own: whether the policy fell by itself. It has then not outlived the episode's last change, however long ago that was; a change
    // that the visitor's hand cut short is not counted.
    fell(own) {
      if (!own) this.met -= this.open.length;
      else if (this.marks.length && !this.open.length) this.survived -= 1;
      this.open = [];
    }
  };
})();
