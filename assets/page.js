// What the page does between its tabs: the address bar, results that no longer fit, and the next step's deed.
(() => {
  const tabButton = (name) => [...document.querySelectorAll("#acts button[role=tab]")].find((b) => b.textContent.trim() === name);
  const openTab = (name) => tabButton(name)?.click();
  const selected = () => document.querySelector("#acts button[role=tab][aria-selected=true]")?.textContent.trim();
  const alone = () => !document.getElementById("acts"); // the live page without the others

  // The address follows what a tab shows. Going to another tab is a step that Back undoes; a changed control is none.
  let shown = null;
  window.ssmAddress = (tab, query) => {
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
  addEventListener("popstate", () => {
    const first = document.querySelector("#acts button[role=tab]"), tab = history.state?.tab ?? first?.textContent.trim();
    if (!first || tab === selected()) return;
    shown = tab; // so that opening it makes no new step
    openTab(tab);
  });

  // A result is dimmed while it belongs to other settings (`of`) than those that stand (`now`), or those that stand can't be used
  // (`refused`); and what would show or use it rests.
  window.ssmFits = (selector, of, now, refused) => {
    const stale = !!of && (!!refused || (!!now && of !== now));
    for (const element of document.querySelectorAll(selector)) {
      element.classList.toggle("stale", stale);
      if (element.matches(".step-choice, .next-step")) element.inert = stale;
    }
  };
  const dim = (on) => (selector) => { for (const element of document.querySelectorAll(selector)) element.classList.toggle("stale", on); };
  window.ssmDim = dim(true);
  window.ssmBright = dim(false);

  const press = (id, tries = 40) => {
    const button = document.getElementById(id);
    if (button && !button.disabled && button.offsetParent) {
      window.ssmSee(id);
      return button.click();
    }
    if (tries) setTimeout(() => press(id, tries - 1), 50);
  };
  // Bring an element into view, calmly where that is asked for.
  window.ssmSee = (id) => {
    const element = document.getElementById(id), box = element?.getBoundingClientRect();
    if (box && (box.top < 0 || box.bottom > innerHeight)) {
      element.scrollIntoView({ behavior: window.ssmDraw.calm() ? "auto" : "smooth", block: "nearest" });
    }
  };
  const toTop = () => scrollTo({ top: 0, behavior: window.ssmDraw.calm() ? "auto" : "smooth" });

  window.ssmGo = (act) => ({
    break: () => { [...document.querySelectorAll(".break-first")].find((b) => b.offsetParent)?.click(); toTop(); },
    learn: () => { openTab("Adapt"); toTop(); press("adapt-run"); },
    verify: () => press("play-verify"),
    luck: () => press("luck-run"),
    further: () => press("adapt-further"),
    memory: () => { openTab("Play"); toTop(); },
    play: () => { openTab("Play"); toTop(); },
    adapt: () => { openTab("Adapt"); toTop(); },
    meta: () => toTop(),
    train: () => { openTab("Meta-train"); toTop(); },
  }[act]?.());
})();
