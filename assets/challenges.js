// The visitor's best in each challenge (ui/tabs/compare/challenges_part.py): kept in this browser, with a link to its world.
(() => {
  const KEY = "ssm-challenges";
  const NEARER = { mend: true, memory: false }; // whether a smaller score is the better one
  let kept = {}; // {challenge: {score, query}}
  try { kept = JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { /* kept while the page is open */ }

  const make = window.ssmMake;

  function show(root) {
    for (const line of root.querySelectorAll("[data-best]")) {
      const name = line.dataset.best, best = kept[name];
      line.replaceChildren();
      if (name === "you") line.textContent = yours();
      else if (!best) line.textContent = "No score yet.";
      else {
        make("span", line, {}, `Your best: ${best.score.toFixed(2)}. `);
        make("a", line, { href: `?${new URLSearchParams(best.query)}`, target: "_blank", rel: "noopener" }, "Its world");
      }
    }
  }

  // Of the contest on the Live tab, which keeps its own.
  function yours() {
    const best = window.ssmLive?.page?.contest.best ?? {}, world = Object.keys(best).sort((a, b) => best[b] - best[a])[0];
    if (!world) return "No score yet.";
    return `Your best of today: ${(best[world] * window.ssmConfig.timeStep).toFixed(2)} s, ${world.replaceAll("_", " ")}.`;
  }

  window.ssmBests = (root) => show(root);

  // text: the verdict on a try, as JSON.
  window.ssmScored = (text) => {
    if (!text) return;
    const { challenge, won, score, query } = JSON.parse(text), before = kept[challenge]?.score;
    if (won && (before === undefined || (NEARER[challenge] ? score < before : score > before))) {
      kept[challenge] = { score, query };
      try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* kept while the page is open */ }
    }
    show(document);
  };
})();
