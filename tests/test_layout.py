"""Imports run one way: app -> ui -> model, and within each downwards, so that no circle can form."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from ui.fields import TABS

ROOT = Path(__file__).parents[1]
FLOORS = (
    ("model.config", "model.policy", "model.worlds", "model.rl", "model.maml", "model.imitation", "model.model_based", "model.experiments"),
    ("ui.field", "ui.fields", "ui.links", "ui.settings", "ui.training_settings", "ui.runs", "ui.views", "ui.server", "ui.tabs", "ui.page"),
)
"""From the ground up: each may use those before it."""
LONGEST = 300  # lines of a file; most have under 200
PAGE_ONLY = {"gradio", "matplotlib", "PIL"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class TypesLeftOut(ast.NodeTransformer):
    """Drops what is imported for annotations alone."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else self.generic_visit(node)


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(TypesLeftOut().visit(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


FILES = {name_of(p): p for folder in ("model", "ui") for p in sorted((ROOT / folder).rglob("*.py"))}
GRAPH = {name: imports(p) for name, p in FILES.items()}
OURS = {name: {m for m in found if m in GRAPH and m != name} for name, found in GRAPH.items()}


def under(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_the_model_knows_neither_the_page_nor_what_draws_it():
    for name, found in GRAPH.items():
        if under(name, "model"):
            roots = {m.split(".")[0] for m in found}
            assert not roots & (PAGE_ONLY | {"ui", "app"}), f"{name} imports {sorted(roots & (PAGE_ONLY | {'ui', 'app'}))}"


@pytest.mark.parametrize("floors", FLOORS, ids=["model", "ui"])
def test_a_room_uses_only_those_below_it(floors):
    for floor, above in ((floor, floors[i + 1 :]) for i, floor in enumerate(floors)):
        for name in (n for n in OURS if under(n, floor)):
            wrong = [m for m in OURS[name] for a in above if under(m, a)]
            assert not wrong, f"{name} imports {wrong}"


def test_no_tab_imports_another():
    def tab(name: str) -> str:
        return name.split(".")[2] if under(name, "ui.tabs") and name.count(".") >= 2 else ""

    tabs = {name.replace("-", "_") for name in TABS}
    assert tabs <= {tab(name) for name in GRAPH["ui.page"]}
    for name in (n for n in OURS if tab(n) in tabs):
        wrong = [m for m in OURS[name] if tab(m) in tabs and tab(m) != tab(name)]
        assert not wrong, f"{name} imports {wrong}"


def test_there_is_no_circle_of_imports():
    TopologicalSorter(OURS).prepare()  # raises CycleError, which names the circle


DOCUMENTED = {"_replace", "_asdict", "_fields", "os._exit", "_thread"}
"""Public, whatever their names look like."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in DOCUMENTED


def test_what_others_keep_to_themselves_is_left_alone():
    """A name with an underscore is used in its own file alone: a library changes its own from one version to the next."""
    for name, path in FILES.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        touched = [n for n in nodes if isinstance(n, ast.Attribute) and private(n.attr) and ast.unparse(n) not in DOCUMENTED]
        own = {n.attr for n in touched if isinstance(n.ctx, ast.Store) and ast.unparse(n.value) == "self"}
        own |= {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
        own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        wrong = [f"{ast.unparse(n)} in line {n.lineno}" for n in touched if n.attr not in own]
        wrong += [m for m in GRAPH[name] if m not in OURS and any(map(private, m.split(".")))]
        assert not wrong, f"{name} uses {wrong}"


def test_text_is_utf_8_on_every_machine():
    """Where nothing says so, Python reads and writes text as the machine's language has it. Ruff (PLW1514) sees `open` alone."""
    for path in (p for folder in ("model", "ui", "tests", ".") for p in ROOT.glob("*.py" if folder == "." else f"{folder}/**/*.py")):
        for node in (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)):
            given = {k.arg for k in node.keywords}
            named = isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "write_text")
            ours = "encoding" in given or not named
            assert ours and not {"text", "capture_output"} <= given, f"{path.relative_to(ROOT)}, line {node.lineno}: name the encoding"


def test_a_file_is_read_in_one_sitting():
    scripts = [p for p in (ROOT / "assets").rglob("*") if p.suffix in (".js", ".css")]
    long = {
        p.relative_to(ROOT).as_posix(): n
        for p in [*FILES.values(), *scripts]
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not long
