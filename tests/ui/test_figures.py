"""The README says what the results say, its figures are those of the results, and its snippet runs."""

import re

from model.experiments.results_page import SECTIONS, TABLES, comparisons
from model.policy.checkpoint import file_hash
from model.policy.pretrained import PRETRAINED, WEIGHTS, pretrained_path
from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.figures import ASSETS, FIGURES, PAGES, ROOT, SVG, read_results, with_figures, with_tables
from ui.lesson import LESSON

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_table_is_the_results():
    results = read_results()
    assert {"sets", "broken", "cost"} <= set(re.findall(r"<!-- table: (\w+) -->", README)) <= set(TABLES)
    assert with_tables(README, results) == README
    for name, make in PAGES.items():
        assert (WEIGHTS / name).read_text(encoding="utf-8") == make(results)


def test_every_figure_of_the_lesson_is_the_results():
    lesson = LESSON.read_text(encoding="utf-8")
    assert lesson.count("data-from") > 20 and with_figures(lesson, read_results()) == lesson


def test_the_results_page_holds_every_table_that_the_readme_leaves_out():
    named = {name for _, _, name in SECTIONS} | set(re.findall(r"<!-- table: (\w+) -->", README))
    assert named == set(TABLES)


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
    assert f"of {n} worlds: chance could explain it" in words and abs(solved["random"] - solved["memory"]) < chance
    one = {start: f"{compared[start]['1']['outside']['hybrid']['share_solved'][3]:.1%}" for start in ("random", "meta")}
    assert one == {"random": "35.0%", "meta": "72.5%"} and "it: 35%, from the meta-trained weights 72%" in words
    equal = [compared["meta"]["3"][where]["gains"]["3"]["equal_env_steps"]["mean"] for where in ("inside", "outside", "break_set")]
    assert "hybrid's gain from the meta-trained weights is {:.0f}, {:.0f} and {:.0f}:".format(*equal) in words
    lost = compared["meta"]["10"]["inside"]["gains"]["3"]["equal_env_steps"]
    assert f"{-lost['mean']:.0f} steps [{-lost['interval'][1]:.0f}, {-lost['interval'][0]:.0f}]." in words
    recovered = {where: [row["meta"][k]["share_solved"] * 100 for k in "13"] for where, row in results["unseen_worlds"].items()}
    assert "{:.0f}% stand after one, {:.0f}% after three".format(*recovered["inside"]) in words
    assert "of 100 outside {:.0f}% and {:.0f}%".format(*recovered["outside"]) in words
    gain = compared["meta"]["1"]["break_set"]["gains"]["3"]["equal_collections"]
    assert f"{gain['mean']:.0f} steps [{gain['interval'][0]:.0f}, {gain['interval'][1]:.0f}] ahead on the break set" in words
    named_worlds = results["named"]["meta"]
    behind = [
        (start, world)
        for start, by_world in results["named"].items()
        for world, row in by_world.items()
        if row["gains"]["3"]["equal_collections"]["interval"][1] < 0
    ]
    assert (
        behind == [("memory", "restless_motor")]
        and f"one of {len(named_worlds)} named worlds from memory (restless motor; 10 trials" in words
    )
    of_map = {family: {m: f"{v['mean']:.0f}" for m, v in row["methods"].items()} for family, row in results["map"].items()}
    assert "{hybrid_taught} steps in place of {taught}".format(**of_map["reversals"]) in words
    assert "{hybrid_meta} of 500 steps after nine episodes, {meta_3} without".format(**of_map["dead_velocities"]) in words
    late = named_worlds["delayed_motor"]["standard"]["returns"]
    assert late[3] < late[0] == 500  # on a delayed motor a step can make a standing policy worse
    regulator = [row["gains"]["3"]["regulator_minus_hybrid"] for _, _, _, row in comparisons(results)]
    assert f"ahead of hybrid in {sum(g['interval'][0] > 0 for g in regulator)} of {len(regulator)} comparisons and behind in none" in words
    assert all(g["interval"][1] >= 0 for g in regulator)
    wins = {w for by in results["named"].values() for w, r in by.items() if r["gains"]["3"]["regulator_minus_hybrid"]["interval"][1] < 0}
    assert wins == {"noisy_sensors", "reversed_noisy"}  # "ahead of it only where the sensors are noisy"
    reversed_worlds = [row for name, row in results["presets"].items() if name.startswith("reversed")]
    ahead = sum(row["memory"]["0"]["mean"] >= row["meta"]["3"]["mean"] for row in reversed_worlds)
    assert f"{ahead} of the {len(reversed_worlds)} named worlds with a reversed motor" in words

    stood = {case: {p: f"{100 * row['share_standing']:.0f}" for p, row in by.items()} for case, by in results["taught"]["stands"].items()}
    seeds = {case: [stood[case][p] for p in ("taught", "taught_1", "taught_2")] for case in stood}
    assert "five switches of the whole world {}, {} and {} of 100".format(*seeds["switches_5"]) in words
    assert "the reversed, late motor {}, {} and {}, a motor".format(*seeds["reversed_delay"]) in words
    assert "a motor four steps late {}, {} and {}.".format(*seeds["delayed_motor"]) in words
    assert stood["inside"]["taught"] == "100" and "stands in all of 200 worlds inside the ranges" in words
    assert f"nine reversals of the motor in {stood['reversals_9']['taught']} of 100 episodes" in words
    assert "in {taught} (teacher: {teacher}), on the reversed".format(**stood["switches_5"]) in words
    assert f"reversed motor two steps late in {stood['reversed_delay']['taught']} of 100; but" in words
    assert "a motor four steps late in {taught} (teacher: {teacher})".format(**stood["delayed_motor"]) in words
    assert "without delay in {taught}% of 200 worlds (teacher {teacher}%)".format(**stood["anywhere_at_once"]) in words
    assert "with it in {taught}% ({teacher}%)".format(**stood["anywhere_delay"]) in words
    assert stood["anywhere_dead"]["taught"] == "0" and "velocity sensors in none ({teacher}%)".format(**stood["anywhere_dead"]) in words


def test_the_results_are_of_the_shipped_weights():
    results = read_results()
    assert results["split"] == "sealed"
    assert {n: results["checkpoints"][n]["sha256"] for n in PRETRAINED} == {n: file_hash(pretrained_path(n)) for n in PRETRAINED}


def test_every_figure_is_drawn_and_shown(tmp_path):
    results = read_results()
    for name, draw in FIGURES.items():
        draw(results).savefig(tmp_path / f"{name}.svg", **SVG)
        assert (tmp_path / f"{name}.svg").stat().st_size > 5_000
        assert (ASSETS / f"{name}.svg").is_file() and f"{name}.svg" in README + (WEIGHTS / "RESULTS.md").read_text(encoding="utf-8")
