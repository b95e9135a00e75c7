"""A Space's `spaces` package beside the app, on CPU hardware and, where it is asked for, as on ZeroGPU hardware.

ZERO_GPU="2.8.0 2.11.0" python -m pytest tests/slow/test_zero_gpu.py installs these versions of torch, the oldest and the newest that
ZeroGPU takes. `spaces` needs CUDA builds there, each a download of three gigabytes, so the gate leaves them out. The Hub's scheduler is
a stand-in that only counts what it is asked; nothing here has a GPU.
"""

import html
import os
import re
import subprocess
import sys

import pytest

from tests.slow.installing import own_venv
from tests.slow.serve import served
from ui.views.about.words import PROGRAM

EXAMPLES = html.unescape(re.search(r"<code>(.*?)</code></pre>", PROGRAM, re.DOTALL)[1])
TRAIN = """
for answer in client.submit(num_epochs=1, tasks_per_epoch=2, api_name="/meta_train"):
    pass
assert answer["phase"] == "done" and answer["checkpoint_base64"], answer
"""


def answers(url: str) -> None:
    """The examples that the page gives to programs, and a training."""
    program = EXAMPLES.replace("http://127.0.0.1:7860/", url).replace("http://127.0.0.1:7860", url) + TRAIN
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=600)
    assert url in program and done.returncode == 0, done.stderr[-2000:]


def test_the_examples_run_on_cpu_hardware(tmp_path, listener):
    python, (address, asked) = own_venv(tmp_path, "spaces"), listener
    with served(python=python, SPACES_ZERO_DEVICE_API_URL=address) as app:
        answers(app.url)
    assert asked == []


@pytest.mark.parametrize("torch", os.environ.get("ZERO_GPU", "").split())
def test_the_examples_run_on_zero_gpu_hardware_without_a_gpu(torch, tmp_path, listener):
    python, (address, asked) = own_venv(tmp_path, f"torch=={torch}", "spaces", timeout=3600), listener
    with served(python=python, SPACES_ZERO_GPU="true", SPACES_ZERO_DEVICE_API_URL=address, HOME=str(tmp_path)) as app:
        answers(app.url)
        assert "Traceback" not in app.log.read_text(encoding="utf-8")
    assert asked == ["/startup-report"], "it is told that a function may use a GPU, and never asked for one"
