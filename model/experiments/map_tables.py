"""The map of who wins where, as Markdown: each family by every method, and what learners have after so many environment steps."""

from __future__ import annotations

from model.experiments.report import Results, table
from model.experiments.who_wins import BUDGETS, FAMILIES, LEARNERS, METHODS
from model.worlds.cartpole import SOLVED


def map_table(results: Results) -> str:
    """A family a row: the mean return of every method, the best bold, and bold too whose paired difference to it may be none."""
    rows = []
    for name in FAMILIES:
        row = results["map"][name]
        cells = [f"**{m['mean']:.0f}**" if method in row["ties"] else f"{m['mean']:.0f}" for method, m in row["methods"].items()]
        rows.append([FAMILIES[name].words, str(row["n"]), *cells])
    return table(["worlds", "n", *METHODS.values()], rows)


def map_budget_table(results: Results) -> str:
    """A family and learner a row: the mean return of the policy held after so many environment steps."""
    rows = [
        [FAMILIES[name].words, METHODS[method], *(f"{results['map'][name]['at_env_steps'][method][str(b)]:.0f}" for b in BUDGETS)]
        for name in FAMILIES
        for method in LEARNERS
    ]
    return table(["worlds", "method", *(f"{b:,} steps" for b in BUDGETS)], rows)


def winners_words(results: Results) -> str:
    """In which families learning is not needed, and in which it is: who is best or even with the best, in a sentence each."""
    learnt = {"standard", "memory", "taught", "meta", "meta_1", "meta_3", *(m for m in METHODS if m.startswith("hybrid_"))}
    regulators, policies, both = [], [], []
    for name in FAMILIES:
        ties, words = set(results["map"][name]["ties"]), FAMILIES[name].words
        (both if ties & learnt and ties - learnt else policies if ties & learnt else regulators).append(words)
    sentences = (
        ("Only a regulator is best", regulators),
        ("Only a learnt policy is best", policies),
        ("A regulator and a learnt policy are even at the top, so that learning is not needed,", both),
    )
    told = [f"{begin} in {len(names)} of {len(FAMILIES)} families: {'; '.join(names)}." for begin, names in sentences if names]
    return " ".join([*told, _taught_learns(results)]).strip()


def _taught_learns(results: Results) -> str:
    """What adaptation gives the taught policy where it falls, and what it takes."""
    better, worse = [], []
    for name in FAMILIES:
        before, after = (results["map"][name]["methods"][m]["mean"] for m in ("taught", "hybrid_taught"))
        if min(before, after) < SOLVED:
            (better if after > before else worse).append(f"from {before:.0f} to {after:.0f} ({FAMILIES[name].words})")
    told = f"Three collections and imagined rollouts take the taught policy {', '.join(better)}"
    return f"{told}; they make it worse, {', '.join(worse)}." if worse else f"{told}."


def beside_table(results: Results) -> str:
    """A family that was measured on both splits a row: the mean return of some methods in the test worlds and in the sealed ones."""
    methods = ("memory", "meta", "meta_3", "hybrid_meta", "regulator")
    test, sealed = results["test"].get("map", {}), results["map"]
    rows = [
        [FAMILIES[name].words, *(" / ".join(f"{of[name]['methods'][m]['mean']:.0f}" for of in (test, sealed)) for m in methods)]
        for name in FAMILIES
        if name in test
    ]
    pairs = [(test[name]["methods"][m], sealed[name]["methods"][m]) for name in FAMILIES if name in test for m in methods]
    lower = sum(new["mean"] < old["mean"] for old, new in pairs)
    beyond = sum(new["mean"] - old["mean"] < -1.96 * _error_of_difference(old, new) for old, new in pairs)
    words = f"Of {len(pairs)} sealed means {lower} are lower than the test worlds', {beyond or 'none'} of them beyond chance."
    return f"{table(['worlds', *(METHODS[m] for m in methods)], rows)}\n\n{words}"


def _error_of_difference(old: Results, new: Results) -> float:
    """The standard error of the difference of two means that are not paired."""
    return (old["std"] ** 2 / old["n"] + new["std"] ** 2 / new["n"]) ** 0.5
