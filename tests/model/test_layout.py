"""Imports run one way: app -> ui -> model, and within each downwards, so that no circle can form."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL_FLOORS = ("model.config", "model.policy", "model.worlds", "model.learn", "model.experiments")  # each may use those before it
TABS = ("ui.live", "ui.play", "ui.adapt", "ui.meta_train", "ui.about")
PAGE_ONLY = {"gradio", "matplotlib", "PIL"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


GRAPH = {name_of(p): imports(p) for folder in ("model", "ui") for p in sorted((ROOT / folder).rglob("*.py"))}
OURS = {name: {m for m in found if m in GRAPH and m != name} for name, found in GRAPH.items()}


def under(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_the_model_knows_neither_the_page_nor_what_draws_it():
    for name, found in GRAPH.items():
        if under(name, "model"):
            roots = {m.split(".")[0] for m in found}
            assert not roots & (PAGE_ONLY | {"ui", "app"}), f"{name} imports {sorted(roots & (PAGE_ONLY | {'ui', 'app'}))}"


@pytest.mark.parametrize("floor", MODEL_FLOORS)
def test_a_room_of_the_model_uses_only_those_below_it(floor):
    above = MODEL_FLOORS[MODEL_FLOORS.index(floor) + 1 :]
    for name in (n for n in OURS if under(n, floor)):
        wrong = [m for m in OURS[name] for a in above if under(m, a)]
        assert not wrong, f"{name} imports {wrong}"


def test_what_all_tabs_share_knows_no_tab():
    for name in (n for n in OURS if under(n, "ui.shared")):
        wrong = [m for m in OURS[name] if under(m, "ui") and not under(m, "ui.shared") and m != "ui"]
        assert not wrong, f"{name} imports {wrong}"


def test_there_is_no_circle_of_imports():
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"circle: {' -> '.join([*path[path.index(name) :], name])}"
        if name not in done:
            for other in sorted(OURS[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(OURS):
        visit(name, ())
