"""How the server ends, and that it starts on an odd machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import answers, free_port, wait_until

ROOT = Path(__file__).parents[2]
ODD_MACHINE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "MPLBACKEND": "none of this name"}
ODD_MACHINE |= {name: "/proc/nowhere" for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "GRADIO_TEMP_DIR")}
ODD_MACHINE |= {f"{kind}_proxy": f"{kind}5h://127.0.0.1:9" if kind == "all" else "http://127.0.0.1:9" for kind in ("http", "https", "all")}
"""Letters of ASCII alone, folders that can't be written to, a proxy that does not answer, a plotting back end that is not there."""


def test_sigterm_leaves_nothing(tmp_path):
    """The server, started as nohup does on an odd machine where Gradio's own look at the page comes too late, is asked to go while
    it holds files: they are gone, and its code is 0."""
    port = free_port()
    code = f"import signal, sys, app; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.argv = ['app.py', '--port', '{port}']; "
    code += "import httpx; late = httpx.ReadTimeout('late'); httpx.head = lambda *_, **__: (_ for _ in ()).throw(late); "
    code += "from ui.server.files import new_file; new_file('a.csv', b'1'); sys.exit(app.main())"
    env = {**os.environ, **ODD_MACHINE, "TMPDIR": str(tmp_path)}
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert wait_until(lambda: answers(f"http://127.0.0.1:{port}/"))
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(3)
        assert list(tmp_path.glob("ssm-metarl-*/*/a.csv"))
        server.terminate()
        _, error = server.communicate(timeout=120)
    finally:
        server.kill()
    assert server.returncode == 0 and b"Traceback" not in error, error[-2000:]
    assert not list(tmp_path.iterdir())
