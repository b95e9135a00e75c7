"""The allocator's settings, seen to act in a process of its own."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, threading
from model.allocator import keep_freed_memory, share_arenas
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
held = lambda: int(open("/proc/self/statm", encoding="utf-8").read().split()[1]) * 4096
def kept():
    before, block = held(), libc.malloc(50_000_000)
    ctypes.memset(ctypes.c_void_p(block), 1, 50_000_000)
    libc.free(block)
    return held() - before
given_back = kept()
keep_freed_memory()
print(given_back, kept(), flush=True)
share_arenas()
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_kept_and_threads_share_two_arenas():
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True).stdout
    given_back, kept = map(int, printed.split("\n")[0].split())
    assert kept > 40_000_000 > 10_000_000 > given_back
    assert printed.count("<heap nr=") == 2
