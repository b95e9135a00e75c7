"""Tables made from what `python -m model evaluate` and `python -m model benchmark` wrote, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.policy.pretrained import SHIPPED

START_LABELS = {"meta": "meta-trained", "memory": "memory", "standard": "single-world", "random": "random start"}

Results = Mapping[str, Any]


def name_of(key: str) -> str:
    """A preset's key as words."""
    return key.replace("_", " ")


def interval(row: Results) -> str:
    """A mean with its 95% interval."""
    low, high = row["interval"]
    return f"{row['mean']:.0f} [{low:.0f}, {high:.0f}]"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def checkpoints_table(results: Results) -> str:
    rows = []
    for name in SHIPPED:
        c, s = results["checkpoints"][name], results["standard_world"][name]
        took = f"{c['seconds'] / 60:.0f} min" if c["seconds"] >= 60 else f"{c['seconds']:.0f} s"
        made = f"{c['env_steps'] / 1e6:.1f} million in {took}" + (", after memory's" if name == "taught" else "")
        rows.append([name, f"{s['mean']:.1f} ± {s['std']:.1f}", f"{c['epochs']:,}", made, f"`{c['sha256'][:12]}`"])
    n = results["standard_world"]["meta"]["n"]
    return table(["weights", f"CartPole-v1, {n} seeds, greedy", "epochs", "environment steps of training", "SHA-256"], rows)


def presets_table(results: Results) -> str:
    rows = []
    for world, by_start in results["presets"].items():
        cells = [" → ".join(f"{by_start[start][k]['mean']:.0f}" for k in "0123") for start in START_LABELS]
        rows.append([name_of(world), *cells])
    return table(["world", *(f"{label}: before → 1 → 2 → 3 steps" for label in START_LABELS.values())], rows)


def break_set_table(results: Results) -> str:
    rows = []
    for world, row in results["break_set"]["worlds"].items():
        meta, share = results["presets"][world]["meta"], row["recovered_share"]
        ratio = meta["step_10_over_step_3"]
        low, high = ratio["interval"]
        cells = [interval(meta[k]) for k in ("0", "1", "3", "10")]
        rows.append([name_of(world), *cells, f"{share['3']:.0%}", f"{ratio['ratio']:.2f} [{low:.2f}, {high:.2f}]"])
        rows[-1].append(f"{row['best_return_alone_from_scratch']:.0f}")
    mean = results["break_set"]["mean_recovered_share"]
    rows.append(["**mean recovered share**", "", f"**{mean['1']:.0%}**", f"**{mean['3']:.0%}**", f"**{mean['10']:.0%}**", "", "", ""])
    return table(
        ["world", "before", "after 1 step", "after 3", "after 10", "recovered after 3", "step 10 / step 3", "trained on it alone"], rows
    )


def broken_table(results: Results) -> str:
    """The break set in short: mean returns, a world a column."""
    worlds = results["break_set"]["worlds"]
    rows = [
        [words, *(f"{results['presets'][world]['meta'][k]['mean']:.0f}" for world in worlds)]
        for k, words in {"0": "before", "1": "after 1 step", "3": "after 3", "10": "after 10"}.items()
    ]
    return table(["mean return", *map(name_of, worlds)], rows)


def few_data_table(results: Results) -> str:
    rows = []
    for episodes, row in results["few_data"].items():
        rows.append([episodes, *(f"{row[str(k)]['mean']:.0f}" for k in range(6)), f"{row['env_steps'][1]:.0f}"])
    return table(["episodes a step", "before", *(f"after {k}" for k in range(1, 6)), "environment steps of step 1"], rows)


def unseen_table(results: Results) -> str:
    rows = []
    for where, by_start in results["unseen_worlds"].items():
        for start, label in START_LABELS.items():
            row = by_start[start]
            cells = [f"{row[k]['mean']:.0f} ({row[k]['share_solved']:.0%})" for k in ("0", "1", "3", "10")]
            rows.append([where, str(row["0"]["n"]), label, *cells])
        scratch = results["from_scratch"][where]
        median = scratch["median_env_steps_to_solve"]
        words = f"{scratch['share_solved']:.0%} solved" + (f", median {median:,.0f} environment steps" if median else "")
        rows.append([where, str(scratch["n"]), f"from scratch, up to {scratch['max_env_steps']:,} steps", words, "", "", ""])
    return table(["worlds", "n", "start", "before", "after 1 step", "after 3", "after 10"], rows)


def card_table(results: Results) -> str:
    c, v = results["comparison"], results["verification"]
    scratch = c["from_scratch"]
    median = scratch["median_env_steps_to_solve"]
    cost = f"{median:,.0f} environment steps (median of {scratch['n']} runs)" if median else "not within the cap"
    rows = [
        ["random actions", f"{c['random_actions']['mean']:.1f} ± {c['random_actions']['std']:.1f}", str(c["random_actions"]["n"]), "none"],
        ["the same model from scratch", f"{scratch['mean']:.1f} ± {scratch['std']:.1f}", str(scratch["n"]), cost],
        ["meta-trained, no adaptation", f"{c['meta']['mean']:.1f} ± {c['meta']['std']:.1f}", str(c["meta"]["n"]), "none"],
        [
            "meta-trained, 10 episodes in Gymnasium",
            f"{v['mean']:.1f} ± {v['std']:.1f} (min {v['min']:.0f}, max {v['max']:.0f})",
            str(v["n"]),
            "none",
        ],
    ]
    return table(["policy on the standard cart", "return, mean ± std", "n", "cost on this world"], rows)


def cost_table(results: Results) -> str:
    ours, ppo = results["benchmark"]["adaptation"], results["benchmark"]["ppo"]
    median, meta = ours["median_env_steps_to_475"], ours["meta_training_env_steps"]
    share = f"{ours['share_solved_within_5_steps']:.0%} of 100 trials"
    rows = [["gradient steps from the meta-trained weights", f"{median:,.0f}", share, f"{meta / 1e6:.0f} million"]]
    for key, label, before in (
        ("from_scratch", "PPO from scratch", "none"),
        ("fine_tuned", "PPO, trained on the standard cart and fine-tuned", "100,000"),
    ):
        row = ppo[key]
        solved = [s for s in row["env_steps"] if s]
        steps = f"{row['median_env_steps']:,.0f} ({min(solved):,} to {max(solved):,})" if row["median_env_steps"] else "more than 100,000"
        rows.append([label, steps, f"{row['solved']} of {row['seeds']} runs", before])
    scratch = ppo["from_scratch"]["median_env_steps"]
    text = (
        f"\n\nThat is {scratch / median:,.0f} times fewer environment steps than PPO from scratch; the meta-training behind it has paid "
        f"for itself after {meta / (scratch - median):,.0f} such worlds. One step on 10 failing episodes takes "
        f"{ours['one_step_seconds'] * 1e3:.0f} ms."
    )
    return table(["reversed motor to 475", "environment steps, median", "reached", "environment steps beforehand"], rows) + text


def speed_table(results: Results) -> str:
    b = results["benchmark"]
    ways = ("1 thread", "2 threads")
    rows = [
        [f"meta-training, {label}", *(f"{b['meta_training'][f'{key}, {way}']:,.0f}" for way in ways)]
        for key, label in (("full", "episodes of 200 steps"), ("fresh", "a random policy's episodes"))
    ]
    rows.append(["a plain loop: one episode, one model call a step, nothing learnt", f"{b['plain_loop']:,.0f}", ""])
    rows.append(["the environment alone, 1,024 at once", f"{b['environment']['1024']:,.0f}", ""])
    shares = ", ".join(f"{name} {share:.0%}" for name, share in b["profile"].items())
    return table(["environment steps a second", *ways], rows) + f"\n\nWhere the time of a full epoch goes: {shares}."


def scaling_table(results: Results) -> str:
    rows = [
        [str(r["tasks"]), str(r["episodes"]), str(r["horizon"]), f"{r['seconds']:.2f}", f"{r['microseconds_per_step']:.1f}"]
        for r in results["benchmark"]["scaling"]
    ]
    return table(["tasks", "episodes", "horizon (steps)", "seconds an epoch", "microseconds an environment step"], rows)


def one_minute_table(results: Results) -> str:
    rows = results["benchmark"]["one_minute"]
    both = [min(r["standard"], r["reversed_motor"]) for r in rows]
    m = results["benchmark"]["memory"]
    cells = [
        [
            str(r["seed"]),
            f"{r['standard']:.0f}",
            f"{r['reversed_motor']:.0f}",
            f"{r['env_steps'] / 1e6:.2f} million",
            f"{r['cpu_seconds']:.0f}",
        ]
        for r in rows
    ]
    text = (
        f"\n\n{sum(x >= 450 for x in both)} of {len(rows)} seeds reach 450 on both motors. A training of {m['minutes']:g} minutes holds "
        f"{m['after_a_minute']:,.0f} MB after its first minute and {m['at_the_end']:,.0f} MB at its end; the peak is {m['peak']:,.0f} MB."
    )
    return table(["seed", "usual motor", "reversed motor", "environment steps", "CPU seconds"], cells) + text


def live_table(results: Results) -> str:
    """Learning from every fall, as the Live tab does it: the share of runs that stand within so many falls."""
    shares = results["benchmark"]["live"]["stands_within_falls"]
    rows = [[START_LABELS[s], where, *(f"{x:.0%}" for x in by.values())] for s, sets in shares.items() for where, by in sets.items()]
    falls = list(shares["meta"]["break set"])
    return table(["weights", "worlds", *(f"{n} falls" for n in falls)], rows)
