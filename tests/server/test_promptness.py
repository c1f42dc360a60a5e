import gc
import sys

import pytest
from threadpoolctl import threadpool_info

from daybreak.server.ops.runtime import THREAD_SWITCH_INTERVAL_S, low_latency_threads


def blas_threads():
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_products_take_one_thread_while_a_server_answers():
    before = blas_threads()
    with low_latency_threads():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_busy_threads_make_way_sooner():
    before = sys.getswitchinterval()
    with low_latency_threads():
        assert sys.getswitchinterval() == pytest.approx(THREAD_SWITCH_INTERVAL_S)
    assert sys.getswitchinterval() == before


def test_what_is_loaded_is_not_looked_through_again():
    with low_latency_threads():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
