"""The README says what the results say, its figures are those of the results, and its snippet runs."""

import csv
import io
import re

from model.experiments.comparison_tables import METHOD_LABELS
from model.experiments.results_page import SECTIONS, TABLES, comparisons, made_with, named
from model.policy.checkpoint import file_hash
from model.policy.pretrained import PRETRAINED, WEIGHTS, pretrained_path
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import WORLDS
from ui.figures import ASSETS, FIGURES, PAGES, ROOT, SVG, main, read_results, with_tables

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_table_is_the_results():
    results = read_results()
    assert {"sets", "broken", "cost"} <= set(re.findall(r"<!-- table: (\w+) -->", README)) <= set(TABLES)
    assert with_tables(README, results) == README
    for name, make in PAGES.items():
        assert (WEIGHTS / name).read_text(encoding="utf-8") == make(results)


def test_the_results_page_holds_every_table_that_the_readme_leaves_out():
    named = {name for _, _, name in SECTIONS} | set(re.findall(r"<!-- table: (\w+) -->", README))
    assert named == set(TABLES)


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((WEIGHTS / name).read_text(encoding="utf-8"))))


def test_the_curves_hold_every_world_start_and_method_that_was_measured():
    results, rows = read_results(), rows_of("curves.csv")
    presets = {(w, start, "standard", "10") for w, by_start in results["presets"].items() for start in by_start}
    few = {("reversed_motor", "meta", "standard", k) for k in results["few_data"]}
    sets = {(where, start, m, str(k)) for start, k, where, _ in (*comparisons(results), *named(results)) for m in METHOD_LABELS}
    measured = set(results["presets"])
    assert measured == set(results["named"]["random"]) <= set(WORLDS)
    assert sets >= {(w, s, m, "3") for w in measured for s in (*PRETRAINED, "random") for m in METHOD_LABELS}
    assert {(r["world"], r["weights"], r["method"], r["episodes_a_step"]) for r in rows} == presets | few | sets
    keys = [tuple(r.values())[:5] for r in rows]
    assert len(set(keys)) == len(keys)
    at = {tuple(r.values())[:5]: r for r in rows}
    row, one_step = at["reversed_motor", "meta", "standard", "10", "1"], results["presets"]["reversed_motor"]["meta"]
    assert float(row["mean_return"]) == round(one_step["1"]["mean"], 2) and int(row["n"]) == one_step["1"]["n"]
    assert float(row["env_steps"]) == round(one_step["env_steps"][1], 1)
    row, held = at["mirrored_gale", "memory", "hybrid", "3", "2"], results["named"]["memory"]["mirrored_gale"]["hybrid"]
    assert float(row["mean_return"]) == round(held["returns"][2], 2) and float(row["low"]) <= float(row["mean_return"])
    assert [float(row["low"]), float(row["high"])] == [round(x, 2) for x in held["intervals"][2]]


def test_the_budgets_hold_every_row_that_says_who_spent_them():
    results, rows = read_results(), rows_of("budgets.csv")
    measured = {
        (where, start, m, str(k)): row[m]
        for start, k, where, row in (*comparisons(results), *named(results))
        for m in METHOD_LABELS
        if "spent_env_steps" in row[m]
    }
    assert {(r["world"], r["weights"], r["method"], r["episodes_a_step"]) for r in rows} == set(measured)
    for r in rows:
        m = measured[r["world"], r["weights"], r["method"], r["episodes_a_step"]]
        assert float(r["mean_return"]) == round(m["at_env_steps"][r["env_steps"]], 2)
        assert float(r["share_spent"]) == round(m["spent_env_steps"][r["env_steps"]], 3)
        if r["world"] in WORLDS:
            assert [float(r["low"]), float(r["high"])] == [round(x, 2) for x in m["at_env_steps_intervals"][r["env_steps"]]]


def test_the_page_says_what_each_part_was_made_with():
    one, other = ({"commit": c * 40, "torch": "2", "processor": p} for c, p in (("a", "a Ryzen"), ("b", "a Xeon")))
    assert made_with({"parts_made_with": {"presets": one}}) == "Measured with commit aaaaaaaaaaaa, PyTorch 2, two cores of a Ryzen."
    parts = {"presets": one, "few_data": one, "named": other}
    assert made_with({"parts_made_with": parts}) == (
        "Measured with commit aaaaaaaaaaaa, PyTorch 2, two cores of a Ryzen; "
        "every named world by every method with commit bbbbbbbbbbbb, PyTorch 2, two cores of a Xeon."
    )


def test_what_the_readme_says_in_words_is_what_was_measured():
    results, words = read_results(), " ".join(README.split())
    ours = results["benchmark"]["adaptation"]
    assert f"falls after {results['presets']['reversed_motor']['meta']['0']['mean']:.0f} of {MAX_EPISODE_STEPS} steps" in words
    assert f"{ours['median_env_steps_to_475']:.0f} environment steps of falling" in words
    assert f"needs {results['benchmark']['ppo']['from_scratch']['median_env_steps']:,.0f} steps" in words
    assert f"{results['checkpoints']['meta']['parameters']:,} parameters" in words

    compared = results["hybrid"]["comparison"]
    solved = {start: compared[start]["3"]["outside"]["hybrid"]["share_solved"][3] for start in ("random", "memory")}
    assert f"random weights stand in {solved['random']:.0%} of the worlds, memory's in {solved['memory']:.0%}" in words
    n = compared["memory"]["3"]["outside"]["n"]
    chance = 1.96 * sum(share * (1 - share) / n for share in solved.values()) ** 0.5
    assert f"of {n} worlds: no more than chance apart" in words and abs(solved["random"] - solved["memory"]) < chance
    gain = compared["meta"]["1"]["break_set"]["gains"]["3"]["equal_collections"]
    assert f"{gain['mean']:.0f} steps [{gain['interval'][0]:.0f}, {gain['interval'][1]:.0f}] ahead on the break set" in words
    named_worlds = results["named"]["meta"]
    behind = [w for w, row in named_worlds.items() if row["gains"]["3"]["equal_collections"]["interval"][1] < 0]
    assert f"in {len(behind)} of {len(named_worlds)} named worlds, each with a reversed motor" in words
    assert all(WORLDS[w].reversed_motor for w in behind)
    blind = {method: named_worlds["blind_velocity"][method]["returns"][3] for method in ("hybrid", "standard")}
    assert f"{blind['hybrid']:.0f} of 500 steps after nine episodes, {blind['standard']:.0f} without" in words
    late = named_worlds["delayed_motor"]["standard"]["returns"]
    assert late[3] < late[0] == 500  # on a delayed motor a step can make a standing policy worse
    regulator = [row["gains"]["3"]["regulator_minus_hybrid"] for _, _, _, row in comparisons(results)]
    assert f"{sum(g['interval'][1] >= 0 for g in regulator)} of {len(regulator)} comparisons" in words
    reversed_worlds = [row for name, row in results["presets"].items() if name.startswith("reversed")]
    ahead = sum(row["memory"]["0"]["mean"] >= row["meta"]["3"]["mean"] for row in reversed_worlds)
    assert f"{ahead} of the {len(reversed_worlds)} named worlds with a reversed motor" in words


def test_the_results_are_of_the_shipped_weights():
    results = read_results()
    assert results["split"] == "test"
    assert {n: results["checkpoints"][n]["sha256"] for n in PRETRAINED} == {n: file_hash(pretrained_path(n)) for n in PRETRAINED}


def test_every_figure_is_drawn_and_shown(tmp_path):
    results = read_results()
    for name, draw in FIGURES.items():
        draw(results).savefig(tmp_path / f"{name}.svg", **SVG)
        assert (tmp_path / f"{name}.svg").stat().st_size > 5_000
        assert (ASSETS / f"{name}.svg").is_file() and f"{name}.svg" in README + (WEIGHTS / "RESULTS.md").read_text(encoding="utf-8")


def test_missing_results_name_the_command(tmp_path, capsys):
    assert main(["--results", str(tmp_path / "none.json")]) == 1
    assert "python -m model evaluate" in capsys.readouterr().err
