"""As far as a machine without the Hub can: the requirements resolve as its builder resolves them, and the page runs as it runs it."""

import os
import shutil
import subprocess
import sys

import pytest
from huggingface_hub import SpaceCard

from tests.machine import unavailable
from tests.slow.installing import ROOT, exported, pip_install

SPACE_USER = 1000
BUILDER_ADDS = ("gradio[oauth,mcp]=={version}", "uvicorn>=0.14.0", "websockets>=10.4", "spaces")


def test_requirements_resolve_together_with_what_the_builder_adds(tmp_path):
    card = SpaceCard.load(ROOT / "README.md").data.to_dict()
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    # torch is the machine's own file here, for one Python alone; nothing that the builder adds depends on it but `spaces`, which takes any.
    ours = [line for line in lines if line and not line.startswith(("#", "torch"))]
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("\n".join([*ours, *(text.format(version=card["sdk_version"]) for text in BUILDER_ADDS)]), encoding="utf-8")
    how = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--implementation", "cp", "--python-version", card["python_version"]]
    pip_install(*map(str, how), "--target", str(tmp_path / "t"), "-r", str(wanted), timeout=300)


CLIENT = """
import json, subprocess, sys, time, urllib.request
root, python = sys.argv[1:]
server = subprocess.Popen([python, "app.py", "--port", "7861"], cwd=root)
try:
    for _ in range(240):
        try:
            config = json.load(urllib.request.urlopen("http://127.0.0.1:7861/config", timeout=5))
            break
        except OSError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.25)
    page = urllib.request.urlopen("http://127.0.0.1:7861/", timeout=20).read().decode()
    print("TITLE", config["title"], len(page) > 1000)
finally:
    server.terminate()
    server.wait(20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a Space runs on Linux")
def test_a_clean_export_serves_the_page_as_the_spaces_user_without_a_network(tmp_path):
    """uid 1000, code that can't be written to, a home elsewhere, and no network but the loopback."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        unavailable("this needs root and unshare")
    code, home = exported(tmp_path / "code"), tmp_path / "home"
    home.mkdir()
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(code)], check=True)
    os.chown(home, SPACE_USER, SPACE_USER)
    client = tmp_path / "client.py"
    client.write_text(CLIENT, encoding="utf-8")
    inside = f"ip link set lo up 2>/dev/null || ifconfig lo up; exec setpriv --reuid={SPACE_USER} --regid={SPACE_USER} --clear-groups "
    # This machine's Python may lie in a folder of root's: the user may read everything, and write to its home alone.
    inside += "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search "
    inside += f"{sys.executable} {client} {code} {sys.executable}"
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(["unshare", "-n", "bash", "-c", inside], capture_output=True, encoding="utf-8", timeout=180, env=environment)
    if "unshare failed" in done.stderr:
        unavailable("this machine allows no network namespaces")
    assert "TITLE SSM-MetaRL playground True" in done.stdout, done.stdout + done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
