"""Memory of the process."""

import subprocess
import sys

import pytest

from daybreak.memory import return_free_memory

GAPS = """
import os, sys
from daybreak.memory import return_free_memory

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

kept = [bytes(50_000) for _ in range(2_000)]
del kept[:-1]  # the last block keeps the end of the heap in use
before = resident_mb()
assert return_free_memory()
print(before - resident_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the call is one of glibc")
def test_memory_below_a_used_block_is_returned():
    command = [sys.executable, "-c", GAPS]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(found) > 60
    assert not return_free_memory(is_glibc=False)
