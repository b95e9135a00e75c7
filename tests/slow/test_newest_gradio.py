"""The page and its endpoints work with the newest Gradio of the series, beside the one that requirements.txt names."""

import subprocess
from pathlib import Path

from tests.slow.own_venv import own_venv

ROOT = Path(__file__).parents[2]


def test_the_endpoints_answer_with_the_newest_gradio(tmp_path):
    python = own_venv(tmp_path, "gradio<7")
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ui/test_api.py"]
    done = subprocess.run(tests, capture_output=True, encoding="utf-8", timeout=900, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
