// What the page does between its tabs: the address bar, results that no longer fit, and the next step's deed.
(() => {
  const tabButtons = () => [...document.querySelectorAll("#acts button[role=tab]")];
  const idOf = (button) => button?.dataset.tabId; // what it says may be translated
  const selected = () => idOf(tabButtons().find((b) => b.getAttribute("aria-selected") === "true"));
  const openTab = (tab) => tabButtons().find((b) => idOf(b) === tab)?.click();
  const alone = () => !document.getElementById("acts"); // the live page without the others

  // --- the address bar ---

  // It follows what a tab shows. Going to another tab is a step that Back undoes; a changed control is none.
  // It waits until the server has answered what the link opens: the page asks late where a file of it comes late, and sends its address.
  let shown = new URLSearchParams(globalThis.location?.search).has("tab") ? null : "live", held = [];
  window.ssmAddress = (tab, query) => {
    if (held && !alone()) return void (held = [tab, query]);
    if (!query || (selected() !== tab && !alone())) return;
    const own = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("__")); // Gradio's own, its theme for one
    const kept = new URLSearchParams(own).toString(), url = `${location.pathname}?${query}${kept && "&"}${kept}`;
    const state = { ...history.state, tab };
    try {
      if (shown !== null && shown !== tab) history.pushState(state, "", url);
      else history.replaceState(state, "", url);
    } catch { /* a page without an address */ }
    shown = tab;
  };
  window.ssmOpened = () => requestAnimationFrame(() => {
    const [tab, query] = held;
    held = null;
    window.ssmAddress(tab, query);
  });
  addEventListener("popstate", () => {
    const tab = history.state?.tab ?? idOf(tabButtons()[0]);
    if (!tab || tab === selected()) return;
    shown = tab; // so that opening it makes no new step
    openTab(tab);
  });

  // --- what a tab's handlers tell (ui/tabs/state.py) ---

  const states = {}, boxes = {}; // tab -> its state, and where its handlers read it
  const part = (tab, selector) => document.getElementById(`${tab}-soon`)?.closest("[role=tabpanel]")?.querySelectorAll(selector) ?? [];
  const queryOf = ({ now, of, link }) => (link && of === now ? link : now);

  function show(tab) {
    const state = states[tab];
    if (!state) return tab !== "live" && window.ssmAddress(tab, `tab=${tab}`); // Live writes its own
    const stale = !!state.of && (!!state.refused || state.of !== state.now);
    for (const element of part(tab, ".result")) {
      element.classList.toggle("stale", stale);
      if (element.matches(".next-step, .step-choice")) element.inert = stale;
    }
    window.ssmAddress(tab, queryOf(state));
  }

  // Called once by a tab's hidden state when the tab is drawn.
  window.ssmState = (tab, props, watch) => {
    boxes[tab] = props;
    const take = () => {
      if (states[tab] && props.value.id === states[tab].id) return; // as it was put there
      const state = (states[tab] = props.value = { ...states[tab], ...props.value });
      if (!state.refused) for (const stage of part(tab, ".player")) stage.classList.remove("stale");
      show(tab);
      if (state.then === "sync") window.ssmSync(tab);
      else if (state.then) due = setTimeout(press, 150, state.then); // once the controls hold what came with it
    };
    watch("value", take);
    take();
  };
  window.ssmQuery = (tab) => queryOf(states[tab]);
  // The visitor's own policy is another: what was made with the one before fits no longer.
  window.ssmOwn = () => {
    for (const [tab, state] of Object.entries(states)) {
      const mine = (query) => (/yours/.test(query) ? `${query}&before` : query);
      boxes[tab].value = states[tab] = { ...state, of: mine(state.of), stage: mine(state.stage) };
      show(tab);
    }
  };

  // A control was touched: the stage fits no longer, and follows when no other change has come for a while.
  window.ssmTouched = (tab) => {
    for (const stage of part(tab, ".player")) stage.classList.add("stale");
    window.ssmSoon(`${tab}-soon`);
  };
  // Let the stage of a tab, else of the open one, follow its controls now.
  window.ssmSync = (tab = selected()) => document.getElementById(`${tab}-soon`) && window.ssmSoon(`${tab}-soon`, 50);

  // The page speaks English. Gradio names the visitor's language as the page's, and has words of its own in that: they are in the footer.
  let theirs = "en";
  function speakEnglish() {
    const page = document.documentElement, footer = document.querySelector("footer");
    if (page.lang !== "en") [theirs, page.lang] = [page.lang, "en"];
    if (footer && footer.lang !== theirs) footer.lang = theirs;
  }

  new MutationObserver(() => {
    speakEnglish();
    if (selected()) show(selected());
  }).observe(document, { subtree: true, attributeFilter: ["aria-selected", "lang"] });

  // --- next steps ---

  // As soon as it can be pressed, which takes a while on a slow machine; not once the visitor has turned to another tab.
  let due;
  const press = (id, until = Date.now() + 30_000) => {
    clearTimeout(due);
    const button = document.getElementById(id);
    if (button && !button.disabled && button.offsetParent) {
      window.ssmSee(id);
      return button.click();
    }
    if (Date.now() < until) due = setTimeout(press, 50, id, until);
  };
  addEventListener("click", (event) => event.isTrusted && event.target.closest?.("[role=tab]") && clearTimeout(due), true);
  // Bring an element into view, calmly where that is asked for.
  window.ssmSee = (id) => {
    const element = document.getElementById(id), box = element?.getBoundingClientRect();
    if (box && (box.top < 0 || box.bottom > innerHeight)) {
      element.scrollIntoView({ behavior: window.ssmDraw.calm() ? "auto" : "smooth", block: "nearest" });
    }
  };
  const go = (tab) => {
    openTab(tab);
    scrollTo({ top: 0, behavior: window.ssmDraw.calm() ? "auto" : "smooth" });
  };

  const toPlay = () => { go("play"); window.ssmSync("play"); };

  window.ssmGo = (act) => ({
    break: () => { [...document.querySelectorAll(".break-first")].find((b) => b.offsetParent)?.click(); go(selected()); },
    learn: () => { go("adapt"); press("adapt-run"); },
    verify: () => press("play-verify"),
    sweep: () => press("sweep-run"),
    further: () => press("adapt-further"),
    memory: toPlay,
    meta: toPlay,
    play: () => go("play"),
    adapt: () => go("adapt"),
    live: () => go("live"),
    train: () => go("meta-train"),
  }[act]?.());

  // A next step's act is a class of its button. What it chooses on Play and on Adapt comes back, and then it is done.
  let act = "";
  addEventListener("click", (event) => {
    const button = event.target.closest?.(".next-step");
    if (button) act = [...button.classList].find((name) => name.startsWith("act-"))?.slice(4) ?? "";
  }, { capture: true });
  // suited: what a start's learning rate and gradient step are best set to; then what the controls show, and Play's world and Adapt's.
  window.ssmNext = (suited, policy, start, power, fresh, words, ...worlds) => {
    setTimeout(window.ssmGo, 0, act);
    const learns = act === "learn", half = worlds.length / 2; // it learns where it fell
    const from = learns ? (policy === "random" ? "meta" : policy) : start, suiting = from === start ? [power, fresh, words] : suited(from);
    return [["memory", "meta"].includes(act) ? act : policy, from, ...suiting, ...(learns ? worlds.slice(0, half) : worlds.slice(half))];
  };
})();
