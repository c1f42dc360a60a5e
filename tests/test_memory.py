"""Memory of the process."""

import gc
import subprocess
import sys
from threading import Barrier, Thread

import pytest

from daybreak.memory import paused_collections, trim_heaps

GAPS = """
import os, sys
from daybreak.memory import trim_heaps

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

kept = [bytes(50_000) for _ in range(2_000)]
del kept[:-1]  # the last block keeps the end of the heap in use
before = resident_mb()
assert trim_heaps()
print(before - resident_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is one of glibc")
def test_memory_below_a_used_block_is_returned():
    command = [sys.executable, "-c", GAPS]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(found) > 60
    assert not trim_heaps(is_glibc=False)


def test_unused_objects_are_searched_for_again_after_the_last_pause():
    def pause():
        with paused_collections():
            both_pause.wait()
            both_pause.wait()
            assert not gc.isenabled()
        ended.wait()

    both_pause, ended = Barrier(2), Barrier(2)
    thread = Thread(target=pause)
    with paused_collections():
        thread.start()
        both_pause.wait()
    assert not gc.isenabled()  # the other thread still pauses them
    both_pause.wait()
    ended.wait()
    thread.join()
    assert gc.isenabled()


def test_a_pause_leaves_searches_off_where_they_were_off():
    gc.disable()
    try:
        with paused_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
