"""The README says what the results say, its figures are those of the results, and its snippet runs."""

import csv
import io
import re
import subprocess
import sys

from model.experiments.results_page import SECTIONS, TABLES
from model.policy.checkpoint import file_hash
from model.policy.pretrained import PRETRAINED, WEIGHTS, pretrained_path
from ui.figures import ASSETS, FIGURES, PAGES, ROOT, SVG, main, read_results, with_tables

README = (ROOT / "README.md").read_text()


def test_every_table_is_the_results():
    results = read_results()
    assert {"sets", "break_set", "cost"} <= set(re.findall(r"<!-- table: (\w+) -->", README)) <= set(TABLES)
    assert with_tables(README, results) == README
    for name, make in PAGES.items():
        assert (WEIGHTS / name).read_text() == make(results)


def test_the_results_page_holds_every_table_that_the_readme_leaves_out():
    named = {name for _, _, name in SECTIONS} | set(re.findall(r"<!-- table: (\w+) -->", README))
    assert named == set(TABLES)


def test_the_curves_are_the_results():
    rows = list(csv.DictReader(io.StringIO((WEIGHTS / "curves.csv").read_text())))
    results = read_results()
    (row,) = [r for r in rows if (r["world"], r["weights"], r["step"]) == ("reversed_motor", "meta", "1")]
    one_step = results["presets"]["reversed_motor"]["meta"]["1"]
    assert float(row["mean_return"]) == round(one_step["mean"], 2) and int(row["n"]) == one_step["n"]
    assert {r["method"] for r in rows} == {"standard", "hybrid", "regulator"}


def test_the_results_are_of_the_shipped_weights():
    results = read_results()
    assert results["split"] == "test"
    assert {n: results["checkpoints"][n]["sha256"] for n in PRETRAINED} == {n: file_hash(pretrained_path(n)) for n in PRETRAINED}


def test_every_figure_is_drawn_and_shown(tmp_path):
    results = read_results()
    for name, draw in FIGURES.items():
        draw(results).savefig(tmp_path / f"{name}.svg", **SVG)
        assert (tmp_path / f"{name}.svg").stat().st_size > 5_000
        assert (ASSETS / f"{name}.svg").is_file() and f"{name}.svg" in README + (WEIGHTS / "RESULTS.md").read_text()


def test_the_readmes_snippet_runs():
    (snippet,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, check=True, cwd=ROOT)
    lines = done.stdout.split("\n")
    assert float(lines[0]) < 50 and lines[1].startswith("0 0 ") and float(lines[-2].split()[2]) > 450


def test_the_space_runs_the_gradio_that_was_tested():
    version = re.search(r"^sdk_version: (\S+)$", README, flags=re.MULTILINE)[1]
    assert f"gradio=={version}\n" in (ROOT / "requirements.txt").read_text()


def test_missing_results_name_the_command(tmp_path, capsys):
    assert main(["--results", str(tmp_path / "none.json")]) == 1
    assert "python -m model evaluate" in capsys.readouterr().err
