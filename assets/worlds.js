// One world on all tabs: a named world moves every slider, and sliders name the world that they make or "custom".
// Each function gives what the controls become (ui/tabs/controls.py); others: how many tabs there are besides.
(() => {
  const { rows, custom, words } = window.ssmConfig.worlds; // name -> what is said of it, then its details as the page shows them
  const repeated = (times, row) => Array(times).fill(row).flat();

  window.ssmWorlds = {
    fill(others, name, values) {
      const row = rows[name] ?? [words, ...values];
      return [...row, ...repeated(others, [name, ...row])];
    },
    set: (tabs, name) => repeated(tabs, [name, ...rows[name]]),
    name(others, values) {
      const name = Object.keys(rows).find((n) => values.every((v, i) => v === rows[n][i + 1])) ?? custom, text = rows[name]?.[0] ?? words;
      return [name, text, ...repeated(others, [name, text, ...values])];
    },
  };
})();
