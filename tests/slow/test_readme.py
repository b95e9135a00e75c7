"""The README's snippet prints what the README says."""

import re
import subprocess
import sys

from ui.figures import ROOT


def test_the_readmes_snippet_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert float(lines[0]) < 50 and lines[1].startswith("0 0 ") and float(lines[-1].split()[2]) > 450
    expected = re.search(r"^prints (.*)$", readme, flags=re.MULTILINE)[1]
    steps = [line.split()[:2] for line in re.findall(r"`([^`]*)`", expected)]
    assert steps[1:3] == [line.split()[:2] for line in lines[1:3]], "the first episodes don't depend on the machine's rounding"
