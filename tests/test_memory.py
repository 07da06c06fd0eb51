"""Memory given back to the system, seen from outside: each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support import memory

pytestmark = pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")

RESIDENT = """
import psutil
from support import memory
def resident():
    return psutil.Process().memory_info().rss / 1e6
"""


def run(code):
    """Run code in a new process and return the numbers it prints."""
    done = subprocess.run([sys.executable, "-c", RESIDENT + code], capture_output=True, text=True, check=True)
    return [float(each) for each in done.stdout.split()]


def test_what_was_freed_below_what_is_held_goes_back():
    held, freed, given, again = run("""
kept = [bytes(2_000) for _ in range(100_000)]
print(resident())
kept = kept[-1:]  # the last one holds the top of the heap
print(resident())
assert memory.give_back()
print(resident())
memory.give_back()
print(resident())
""")
    assert freed > held - 50 and given < held - 150 and again <= given + 5


def test_threads_share_two_arenas():
    few, many = (run(f"""
import ctypes, os, re, tempfile, threading
if {limited}:
    assert memory.use_few_arenas()
def work(meet=threading.Barrier(12)):
    meet.wait()
    kept = [ctypes.CDLL(None).malloc(5_000) for _ in range(2_000)]
    meet.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[each.start() for each in threads]
[each.join() for each in threads]
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(library.fopen(told.name.encode(), b"w"))
    library.malloc_info(0, file)
    library.fclose(file)
    print(len(re.findall("<heap nr=", open(told.name).read())))
""")[0] for limited in (True, False))
    assert few <= memory.ARENAS < many


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    assert not memory.use_few_arenas() and not memory.give_back()
