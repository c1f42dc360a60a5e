"""Settings of the process: threads and heap."""

import gc
import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info

from daybreak.server.ops.runtime import (
    THREAD_SWITCH_INTERVAL_S,
    limit_heap,
    low_latency_threads,
)

HOLES = """
import os, sys
import numpy as np
from daybreak.server.ops.runtime import limit_heap

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

if sys.argv[1] == "compact":
    assert limit_heap()
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


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is one of glibc")
def test_gaps_between_small_blocks_are_returned_to_the_system():
    assert held_mb("compact") < 40


def test_another_c_library_than_glibc_is_not_changed():
    assert not limit_heap(is_glibc=False)


def blas_threads():
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_matrix_products_use_one_thread():
    before = blas_threads()
    with low_latency_threads():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_the_thread_switch_interval_is_shorter():
    before = sys.getswitchinterval()
    with low_latency_threads():
        assert sys.getswitchinterval() == pytest.approx(THREAD_SWITCH_INTERVAL_S)
    assert sys.getswitchinterval() == before


def test_the_garbage_collector_skips_loaded_objects():
    with low_latency_threads():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
