"""The allocator's settings, each seen to act in a process of its own."""

import platform
import subprocess
import sys

import pytest

from model.allocator import keep_freed_memory, share_arenas

GLIBC = platform.libc_ver()[0] == "glibc"
ARENAS = """
import ctypes, re, sys, threading
from model.allocator import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
barrier = threading.Barrier(8)
def work():
    libc.malloc(1000)
    barrier.wait()  # all live at once, so that none takes over an arena that another has left
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""
FREED = """
import ctypes, sys
from model.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
held = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
before, block = held(), libc.malloc(50_000_000)
ctypes.memset(ctypes.c_void_p(block), 1, 50_000_000)
libc.free(block)
print(held() - before)
"""


def printed(program: str, argument: str) -> str:
    return subprocess.run([sys.executable, "-c", program, argument], capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
def test_threads_share_two_arenas():
    assert printed(ARENAS, "shared").count("<heap nr=") == 2 < printed(ARENAS, "own").count("<heap nr=")


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
def test_freed_memory_is_kept():
    assert int(printed(FREED, "kept")) > 40_000_000 > 10_000_000 > int(printed(FREED, "given back"))


def test_another_system_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", lambda name: pytest.fail("no C library is to be opened"))
    keep_freed_memory()
    share_arenas()
