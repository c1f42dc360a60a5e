import subprocess
import sys

import pytest

from daybreak.server.ops import runtime

HOLES = """
import os, sys
import numpy as np
from daybreak.server.ops.runtime import compact_heap

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

if sys.argv[1] == "compact":
    assert compact_heap()
np.ones(30_000_000, dtype=np.uint8)  # frees a block: glibc takes the next from its heap
begin = resident_mb()
large, small = [], []
for _ in range(20):
    large.append(np.ones(10_000_000, dtype=np.uint8))
    small.append(bytes(5_000))
del large
print(resident_mb() - begin)
"""


def held_mb(how):
    command = [sys.executable, "-c", HOLES, how]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not runtime._is_glibc(), reason="another C library is left as it is")
def test_holes_between_small_blocks_go_back_to_the_system():
    assert held_mb("compact") < 40
    assert held_mb("as it is") > 100


def test_another_c_library_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(runtime, "_is_glibc", lambda: False)
    assert not runtime.limit_heap()
