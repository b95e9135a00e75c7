"""`pip install .` gives the package, its weights and `python -m model`; the page's endpoints work with the newest Gradio of the series."""

import os
import subprocess
import sys

from tests.slow.installing import ROOT, exported, own_venv, pip_install


def test_the_package_can_be_installed_without_the_pages_libraries(tmp_path):
    installed = tmp_path / "installed"
    pip_install("--no-deps", "--target", str(installed), ".[hub]", cwd=exported(tmp_path / "code"))
    assert {p.name for p in installed.iterdir() if not p.name.endswith(("-info", "__"))} == {"model", "weights"}
    command = [sys.executable, "-m", "model", "adapt", "--num_adapt_steps", "0", "--episodes", "1"]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    assert done.stdout.startswith("step 0: greedy return"), done.stderr[-2000:]


def test_the_endpoints_answer_with_the_newest_gradio(tmp_path):
    python = own_venv(tmp_path, "gradio<7")
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ui/test_api.py"]
    done = subprocess.run(tests, capture_output=True, encoding="utf-8", timeout=900, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
