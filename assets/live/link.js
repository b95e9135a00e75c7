// The live page's state in the address bar, with the names that every link of the page uses (ui/fields.py). No DOM.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const CUSTOM = "custom", MAX_SEED = 2 ** 32 - 1;

  live.standardWorld = () => Object.fromEntries(live.config.fields.map((f) => [f.name, f.default]));

  // The name of the named world that this is, else "custom".
  live.worldName = (world) => {
    const same = ({ fields }) => live.config.fields.every(({ name }) => fields[name] === world[name]);
    return Object.keys(live.config.worlds).find((name) => same(live.config.worlds[name])) ?? CUSTOM;
  };

  // Whether a policy, when it is chosen, learns from its falls: not one whose way is to need none.
  live.learnsAtFirst = (policy) => policy !== "taught";

  // state: {world, policy, seed, learning, lr} -> a query without its question mark.
  live.toQuery = ({ world, policy, seed, learning, lr }) => {
    const query = new URLSearchParams({ tab: "live" }), name = live.worldName(world), standard = live.standardWorld();
    query.set("world", name);
    if (name === CUSTOM) {
      for (const f of live.config.fields) {
        if (world[f.name] !== standard[f.name]) query.set(f.name, f.kind === "float" ? `${+world[f.name].toPrecision(10)}` : `${world[f.name]}`);
      }
    }
    if (policy !== "yours") query.set("policy", policy); // a visitor's own policy can't travel in a link
    query.set("seed", `${seed}`);
    query.set("learning", learning ? "on" : "off");
    if (lr !== live.config.rules.lr) query.set("lr", `${lr}`);
    return query.toString();
  };

  // A link's names and values as ours are written, name -> value, as `link_query` of ui/links.py reads them.
  live.readLink = (text) => {
    const small = (words) => words.trim().toLowerCase();
    return new Map(Array.from(new URLSearchParams(text), ([name, value]) => [small(name).replace(/[- ]/g, "_"), small(value)]));
  };

  // As `check_names` there: an Error for a name that is almost one of ours; any other that is not ours is passed over.
  live.checkNames = (query) => {
    const letters = (word) => [...word].sort().join(""), shorter = (word) => [...word].map((_, i) => word.slice(0, i) + word.slice(i + 1));
    const { link_names } = live.config, spaced = (name) => name.replace(/_/g, " ");
    for (const name of query.keys()) {
      if (link_names.includes(name) || name.length < 4 || name.length >= 40) continue;
      const meant = link_names.find((known) => known.length >= 4
        && (letters(name) === letters(known) || shorter(known).includes(name) || shorter(name).includes(known)));
      if (meant) throw Object.assign(new Error(`link must name ${meant}, got ${name}`), { plain: `Its “${spaced(name)}” must be “${spaced(meant)}”.` });
    }
  };

  // A query -> the parts of a state that it names; {} where it leads elsewhere. Throws one sentence for a name or a value that can't be.
  // tabs: those that the page has; usual: the tab that a link without one leads to, if that is known here.
  live.fromQuery = (text, policies, tabs = ["live"], usual = "") => {
    const query = live.readLink(text), get = (name) => query.get(name), state = {}, tab = get("tab") ?? usual;
    if (tab && !tabs.includes(tab)) throw live.refusal("tab", `be one of ${tabs.join(", ")}`, tab.slice(0, 40));
    if (tab !== "live") return {};
    live.checkNames(query);
    const oneOf = (name, allowed) => {
      if (allowed.includes(get(name))) return get(name);
      throw live.refusal(name, `be one of ${allowed.join(", ")}`, get(name).slice(0, 40), "be one of those that the page offers");
    };
    const given = live.config.fields.filter((f) => query.has(f.name));
    if (query.has("world") || given.length) {
      const name = query.has("world") ? oneOf("world", [...Object.keys(live.config.worlds), CUSTOM]) : CUSTOM;
      if (name !== CUSTOM && given.length) {
        throw live.refusal("world", `be ${CUSTOM} when a link sets ${given[0].name}`, name, "be custom when a link sets its details");
      }
      const parse = (f) => (f.kind === "bool" ? { true: true, false: false }[get(f.name)] ?? get(f.name).slice(0, 40) : Number(get(f.name)));
      const fields = name === CUSTOM ? Object.fromEntries(given.map((f) => [f.name, parse(f)])) : live.config.worlds[name].fields;
      state.world = live.makeWorld(fields);
    }
    if (query.has("policy")) {
      state.policy = oneOf("policy", policies);
      state.learning = live.learnsAtFirst(state.policy);
    }
    if (query.has("seed")) state.seed = live.checkSeed(Number(get("seed") || NaN));
    if (query.has("learning")) state.learning = oneOf("learning", ["on", "off"]) === "on";
    if (query.has("lr")) state.lr = live.checkRate(Number(get("lr")));
    return state;
  };

  live.checkSeed = (seed) => {
    if (Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED) return seed;
    throw live.refusal("seed", `be a whole number between 0 and ${MAX_SEED}`, seed);
  };

  live.checkRate = (lr) => {
    const [minimum, maximum] = live.config.rates;
    if (lr >= minimum && lr <= maximum) return lr;
    throw live.refusal("lr", `be between ${minimum} and ${maximum}`, lr);
  };
})();
