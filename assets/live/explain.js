// Words of the glossary (ui/views/terms.py) on the live page: [[word]] or [[word|as shown]] explains itself where it stands first.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const MARK = /\[\[([^\]|]+)(?:\|([^\]]+))?\]\]/;

  // In all text of `root`, once it is built. The same elements as those of `term` in ui/views/terms.py, for assets/terms.js.
  live.explain = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), texts = [], seen = new Set();
    while (walker.nextNode()) if (MARK.test(walker.currentNode.data)) texts.push(walker.currentNode);
    for (const text of texts) text.replaceWith(parts(text.data, seen));
  };

  function parts(text, seen) {
    const all = document.createDocumentFragment();
    for (let found = MARK.exec(text); found; found = MARK.exec(text)) {
      const [whole, name, shown = name] = found;
      all.append(text.slice(0, found.index));
      if (seen.has(name)) all.append(shown);
      else term(all, name, shown);
      seen.add(name);
      text = text.slice(found.index + whole.length);
    }
    all.append(text);
    return all;
  }

  function term(parent, name, shown) {
    const id = `term-live-${name.replace(/\W+/g, "-")}`, box = make("span", parent, { class: "term" });
    make("span", box, { class: "word", role: "button", tabindex: "0", "aria-describedby": id }, shown);
    make("span", box, { class: "tip", role: "tooltip", id }, live.glossary[name]);
  }
})();
