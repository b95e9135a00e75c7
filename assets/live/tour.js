// A short guided tour: five steps in a row, of which the present one is marked and explained. It follows what happens, it blocks nothing.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const KEY = "live-tour", CLOSED = "closed"; // in what the browser keeps
  const LOOK = 4; // s to look at the standing pole before the tour asks for a click
  const STEPS = ["It stands", "You break it", "It falls", "It learns", "It stands again"];
  const [STANDS, BREAK, FALLS, LEARNS, AGAIN, DONE] = [0, 1, 2, 3, 4, 5];
  const HINTS = [
    "50 times a second it chooses a push. The map shows which one it would choose, the dot where the pole is.",
    "Press the large button: from then on the motor pushes the other way.",
    "What it has learnt may be wrong here. If it falls, time slows down, so that you can see it.",
    "One gradient step on this fall comes next.",
    "Map and bars show what that one step changed. Below, every episode is counted.",
  ];

  const CERTAIN = "What it has learnt is wrong now. Time slows down, so that you can see it fall.";
  const REMEMBERS = "Its memory may tell it what is different here. If it falls, time slows down, so that you can see it.";
  const OFF = "Learning is off, so that this fall changes nothing.";

  const remembers = ({ policy }) => policy === "memory" || policy === "taught";

  // What the tour says at a place. page: {run, state, place}
  live.tourHint = (at, page) => {
    if (at === FALLS && page.state.policy === "meta" && page.place === "reversed_motor") return CERTAIN;
    if (at === FALLS && remembers(page.state)) return REMEMBERS;
    if (at === LEARNS && !page.run.learning) return OFF;
    return HINTS[at];
  };

  // The tour's place after an event. broken: whether the world is another than the standard one.
  live.tourAfter = (at, event, broken) => {
    switch (event.type) {
      case "start": return broken ? FALLS : STANDS;
      case "world_changed": return broken ? FALLS : BREAK;
      case "policy_changed": return broken ? FALLS : at;
      case "fell": return broken && at === FALLS ? LEARNS : at;
      case "learnt": return broken ? AGAIN : at;
      case "stands": return broken ? DONE : Math.max(at, BREAK);
      default: return at;
    }
  };

  live.Tour = class {
    // head: where it stands. row: where the button that opens it again stands. page: {root, run, state, place, onServer}
    constructor(head, row, page) {
      this.page = page;
      this.looked = 0;
      this.box = make("section", head, { class: "live-tour", "aria-label": "Guided tour" });
      const list = make("ol", this.box);
      this.items = STEPS.map((text) => make("li", list, {}, text));
      this.hint = make("p", this.box, { class: "hint" });
      this.close = live.button(this.box, "Close", { class: "live-small", "data-act": "tour-close", "aria-label": "Close the tour" }, () => this.show(false));
      this.open = live.button(row, "Tour", { class: "live-small", "data-act": "tour" }, () => this.show(true));
      this.at = STANDS;
      this.reveal(window.ssmStore.get(KEY) !== CLOSED);
    }

    // By the visitor: remembered, and the keyboard's place goes along.
    show(open) {
      window.ssmStore.set(KEY, open ? "" : CLOSED);
      this.reveal(open);
      (open ? this.close : this.open).focus();
    }

    reveal(open) {
      this.box.hidden = !open;
      this.open.hidden = open;
      this.mark();
    }

    pass(seconds) {
      if (this.at !== STANDS) return;
      this.looked += seconds;
      if (this.looked > LOOK) this.go(BREAK);
    }

    tell(event) { this.go(live.tourAfter(this.at, event, this.page.place !== "standard")); }

    go(at) {
      this.at = at;
      this.mark();
    }

    mark() {
      this.items[FALLS].textContent = remembers(this.page.state) ? "It may fall" : STEPS[FALLS];
      this.items.forEach((item, i) => {
        item.classList.toggle("done", i < this.at);
        if (i === this.at) item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
      });
      this.hint.textContent = live.tourHint(this.at, this.page) ?? this.end();
      this.page.root.dataset.tour = this.box.hidden ? "" : this.at;
    }

    end() {
      const { run, state, onServer } = this.page;
      if (state.policy === "taught") {
        const how = run.falls ? "It fell, and stood" : "It needed no fall";
        return `${how}. Break it again, in any way, while it runs${live.goesOn(run) ? ": its memory goes on" : ""}.`;
      }
      const further = onServer ? "; Adapt shows every gradient step" : "";
      return `${run.falls ? "That was the first act" : "It needed no fall"}. Next: a policy that is hard to make fall${further}.`;
    }
  };
})();
