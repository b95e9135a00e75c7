"""weights/RESULTS.md: every table, with a sentence on how it was measured; and the curves behind them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from model.experiments import comparison_tables as h
from model.experiments import map_tables
from model.experiments import report as r
from model.experiments import stands_tables as s
from model.experiments.report import Results

Table = Callable[[Results], str]

TABLES: dict[str, Table] = {
    "checkpoints": r.checkpoints_table,
    "card": r.card_table,
    "break_set": r.break_set_table,
    "broken": r.broken_table,
    "presets": r.presets_table,
    "few_data": r.few_data_table,
    "unseen": r.unseen_table,
    "sets": h.start_sets_table,
    "hybrid": h.hybrid_table,
    "gains": h.gains_table,
    "budget": h.budget_table,
    "verdicts": h.verdicts_table,
    "named": h.named_table,
    "ablations": h.ablations_table,
    "cost": r.cost_table,
    "speed": r.speed_table,
    "scaling": r.scaling_table,
    "one_minute": r.one_minute_table,
    "live": r.live_table,
    "stands": s.stands_table,
    "notice": s.notice_table,
    "map": map_tables.map_table,
    "map_budget": map_tables.map_budget_table,
    "map_words": map_tables.winners_words,
    "beside": map_tables.beside_table,
}
"""By the names between <!-- table: NAME --> and <!-- end table --> in the README."""

INTRO = """# Results

Every table here is made by `python -m ui.figures` from `results.json`, which `python -m model evaluate` writes, and `benchmark.json`,
which `python -m model benchmark` writes. Returns are greedy, under the 500-step limit; brackets hold 95% bootstrap intervals; 475 is
the mean at which CartPole-v1 counts as solved. "Gradient" is gradient steps alone (`StandardAdapter`), "single-world" the policy
trained on the standard world only. Held-out worlds are those of a sealed split: nothing was trained, tuned or chosen on them. They were
read on {read}. Each shipped checkpoint is one training with one seed: intervals are over worlds and trials. The mean of 2, 4 (hybrid,
named worlds by every method) or 10 (held-out worlds) greedy episodes scores a trial. In half of the training worlds the motor is
reversed, and their return before adaptation is left out of the meta-loss by a label: failing there before the first step is partly by
design. The curves are in `curves.csv` (return after each step, with the environment steps used by then) and `budgets.csv` (return after
equal environment steps), for every named world and every set, by every method; there "standard" stands for the method "gradient" and
for the policy "single-world".

{made_with}

![Return against gradient step in the worlds that break the policy](../assets/break_set.svg)

![Mean return in training](../assets/training.svg)
"""

SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("Checkpoints", "The shipped weights.", "checkpoints"),
    ("On the standard cart", "What random actions and learning from nothing reach there.", "card"),
    (
        "The break set",
        "Worlds that break the meta-trained policy, settled on drafts before the shipped weights were trained; two lie inside the training "
        "ranges, and the training of memory begins with the reversed motor itself. They were looked at during development: the held-out "
        "worlds, below, are the stricter test. The recovered share is "
        "(after - before) / (500 - before). Gradient steps alone, 10 episodes a step, 100 trials in each world.",
        "break_set",
    ),
    ("Every named world, four starting points", "Gradient steps alone, 10 episodes a step, 100 trials in each.", "presets"),
    ("Few data: the reversed motor", "Gradient steps alone, from the meta-trained weights, 100 trials.", "few_data"),
    (
        "Held-out worlds",
        "One trial in each; in parentheses the share of at least 475. Gradient steps alone, 10 episodes.",
        "unseen",
    ),
    (
        "Gradient against hybrid adaptation",
        "Paired by seed. Hybrid adaptation also learns from imagined rollouts of a linear dynamics model fitted to the buffer (Dyna). "
        "Shares are of worlds, in the break set of trials. The rule of trust keeps what was learnt in imagination only once "
        "it stands there for 400 steps on average or the dynamics model rests on 60 transitions; before, a gradient step is taken "
        "instead. The regulator is what a control engineer would try: an LQR planned on the mean of the same fit. The weights collect its "
        "first episodes, so that its returns before are theirs; the further ones are its own.",
        "hybrid",
    ),
    (
        "Gains, paired",
        "Equal environment steps: against the policy that gradient steps alone held after as many as hybrid had used; they went on "
        "collecting until these were spent, at most 100 times, and where not all trials could spend them the row says what share did.",
        "gains",
    ),
    (
        "Return against environment steps",
        "Of the policy held by then; 3 episodes a collection. Gradient steps went on until the largest was spent, hybrid and the regulator "
        "for 3 collections; where some trials ended before, the share of those that did not.",
        "budget",
    ),
    (
        "Every named world, every method",
        "3 episodes a collection, paired by seed; the gain after 3 collections. The last table has the numbers of trials.",
        "verdicts",
    ),
    (
        "Every named world, every method, in full",
        "Of the same trials. Environment steps grow as a policy stands: 3 episodes of 500 steps are 1,500 a collection.",
        "named",
    ),
    (
        "What hybrid adaptation owes to what",
        "On validation worlds, inside and outside together; 3 episodes a collection. With so few worlds most differences are chance.",
        "ablations",
    ),
    (
        "Learning from every fall",
        "The Live tab's protocol, 100 runs for each row: one gradient step on each fall, greedy actions. The share of runs that stand for "
        "500 steps within so many falls; by `benchmark`, and so the worlds inside and outside are those of the test split.",
        "live",
    ),
    (
        "Who stands while the world changes",
        "No adaptation: each policy plays the same episodes, hidden state kept where the world changes. The share that stands for all 500 "
        "steps with its 95% interval (Wilson); the mean return. Worlds of the meta-training ranges unless the row says otherwise. "
        "The taught policy imitates a teacher that is told the true world, in worlds drawn over everything that the page can set and "
        "switch (model/imitation/worlds.py); pushes by hand and gusts it never met. It alone of the three sees its previous push, and it "
        "has 64 states for their 32. Its recipe was run from two more seeds, with which nothing was chosen. Every slider anywhere: but "
        "for noise, lost pushes and reversals.",
        "stands",
    ),
    (
        "Steps to notice a change",
        "The world changes at step 100, and 50 more are watched. Steps after it from which on five pushes in a row, of those that matter, "
        "are what the teacher of the new world would do (0 also where the first that matters comes later, and is right); and the share "
        "of such pushes that are right by the step after the change.",
        "notice",
    ),
    (
        "Who wins where",
        "Each family is worlds of the meta-training ranges with one or two things changed, the same for every method; a trial's score "
        "is the mean of 4 greedy episodes. Bold: the best mean, and every method whose paired difference to it has a 95% "
        "interval that holds 0. Numbers count collections of 3 episodes; without one a policy plays as it is. The LQRs plan on "
        "the fit of hybrid adaptation, from episodes that memory began; the Kalman filter is told how far the sensors shake. "
        "The adaptive LQR starts with the standard cart's data sheet, is told the noise too, and refits in every step of the "
        "running episode; where a change is far from what it expects it forgets. Its settings and the filter's were chosen on "
        "validation worlds, one for all families, as the policies' were (those of taught are memory's). Intervals are not corrected for "
        "the 13 methods.",
        "map",
    ),
    ("Who wins where, in words", "By the same rule.", "map_words"),
    (
        "Who wins where, by environment steps",
        "Of the same trials: the policy held after so many, that of the last complete collection.",
        "map_budget",
    ),
    (
        "Test worlds beside sealed ones",
        "Mean returns, test / sealed, of the families that were measured on both. The test worlds were looked at several times while the "
        "methods were made: had these been fitted to them, the sealed ones would fall behind. Chance: beyond 1.96 standard errors of the "
        "difference, each cell by itself.",
        "beside",
    ),
    ("What adaptation costs", "PPO is Stable-Baselines3's with RL Zoo's tuned settings, until a greedy evaluation reaches 475.", "cost"),
    (
        "Speed",
        "Whole second-order meta-updates: 20 tasks x (10 + 10) episodes, horizon 200, one inner step that learns from every episode. "
        "Compare within one run: times vary between machines and with what else runs.",
        "speed",
    ),
    ("Cost of an epoch", "Full episodes.", "scaling"),
    (
        "A minute of meta-training",
        "The page's first recipe from random weights, `train_one_minute(seed)`: return after one gradient step, means over 80 support "
        "sets, on seeds that nothing was tuned on.",
        "one_minute",
    ),
)


def results_page(results: Results) -> str:
    """The whole of RESULTS.md."""
    intro = INTRO.format(read=dates(results), made_with=made_with(results))
    return "\n".join([intro, *(f"## {title}\n\n{text}\n\n{TABLES[name](results)}\n" for title, text, name in SECTIONS)])


def dates(results: Results) -> str:
    """When the sealed split was read, and with which commits; in parentheses what the ledger says beside."""
    reads = ((f"{r['date']} with commit {r['commit'][:12]}", r.get("words")) for r in results["sealed_reads"])
    return " and on ".join(read + (f" ({words})" if words else "") for read, words in reads)


def made_with(results: Results) -> str:
    """With what code and on what machine the study and each part of the benchmark were measured."""
    made: dict[str, dict[str, None]] = {}  # words -> labels of parts, each once and in order
    for label, m in (
        *(("the study", m) for m in results["parts_made_with"].values()),
        *((part.replace("_", " "), m) for part, m in results["benchmark"]["made_with"].items()),
    ):
        words = f"commit {str(m['commit'])[:12]}, PyTorch {m['torch']}, two cores of {m['processor']}"
        made.setdefault(words, {})[label] = None
    return "Measured with " + "; ".join(f"{words} ({', '.join(labels)})" for words, labels in made.items()) + "."


CURVE_COLUMNS = ("world", "weights", "method", "episodes_a_step", "step", "env_steps", "mean_return", "low", "high", "n")


def step_rows(world: str, start: str, episodes: int, row: Results) -> Iterator[tuple]:
    """Standard adaptation in a named world, each recorded step with its 95% interval."""
    for k in sorted(int(k) for k in row if k.isdigit()):
        at = row[str(k)]
        low, high = (round(x, 2) for x in at["interval"])
        yield world, start, "standard", episodes, k, round(row["env_steps"][k], 1), round(at["mean"], 2), low, high, at["n"]


def curve_rows(results: Results) -> Iterator[tuple]:
    """Return after each step with the environment steps used by then: named worlds, and the sets of the hybrid study."""
    for world, by_start in results["presets"].items():
        for start, row in by_start.items():
            yield from step_rows(world, start, 10, row)
    for episodes, row in results["few_data"].items():
        if episodes not in ("3", "10"):  # 10 stands among the named worlds, and 3 there beside hybrid adaptation
            yield from step_rows("reversed_motor", "meta", int(episodes), row)
    for start, episodes, where, row in (*comparisons(results), *named(results)):
        for method in h.METHOD_LABELS:
            m = row[method]
            for k, mean in enumerate(m["returns"]):
                low, high = (round(x, 2) for x in m["intervals"][k])
                yield where, start, method, episodes, k, round(m["env_steps"][k], 1), round(mean, 2), low, high, row["n"]


def comparisons(results: Results) -> Iterator[tuple[str, int, str, Results]]:
    """Start, episodes a collection, set and measurement of every comparison of the hybrid study."""
    for start, by_episodes in results["hybrid"]["comparison"].items():
        for episodes, by_set in by_episodes.items():
            for where, row in by_set.items():
                yield start, int(episodes), where, row


def named(results: Results) -> Iterator[tuple[str, int, str, Results]]:
    """The same of every named world."""
    for start, by_world in results["named"].items():
        for world, row in by_world.items():
            yield start, 3, world, row


BUDGET_COLUMNS = ("world", "weights", "method", "episodes_a_step", "env_steps", "mean_return", "low", "high", "n", "share_spent")


def budget_rows(results: Results) -> Iterator[tuple]:
    """Mean return of the policy held after so many environment steps, for every set, named world, start and method.

    share_spent: of the trials that collected until so many were spent.
    """
    for start, episodes, where, row in (*comparisons(results), *named(results)):
        for method in h.METHOD_LABELS:
            m = row[method]
            for steps, share in m["spent_env_steps"].items():
                low, high = (round(x, 2) for x in m["at_env_steps_intervals"][steps])
                yield where, start, method, episodes, int(steps), round(m["at_env_steps"][steps], 2), low, high, row["n"], round(share, 3)


def as_csv(columns: Sequence[str], rows: Iterable[tuple]) -> str:
    """Rows under their columns' names."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()


def curves_csv(results: Results) -> str:
    """`curve_rows` as CSV."""
    return as_csv(CURVE_COLUMNS, curve_rows(results))


def budgets_csv(results: Results) -> str:
    """`budget_rows` as CSV."""
    return as_csv(BUDGET_COLUMNS, budget_rows(results))
