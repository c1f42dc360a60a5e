import threading

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - loads a BLAS library of its own
from threadpoolctl import ThreadpoolController, threadpool_limits

from daybreak.blas import SingleBlasThread


def n_threads():
    blas = ThreadpoolController().select(user_api="blas")
    return {library.num_threads for library in blas.lib_controllers}


@pytest.fixture(autouse=True)
def two_threads():
    assert np.ones((2, 2)) @ np.ones(2) is not None
    with threadpool_limits(2, user_api="blas"):
        yield


def test_one_thread_inside_and_as_many_as_before_outside():
    before = n_threads()
    with SingleBlasThread(load_all=True):
        assert n_threads() == {1}
    assert n_threads() == before


def test_the_inner_of_two_contexts_restores_nothing():
    before = n_threads()
    with SingleBlasThread():
        with SingleBlasThread():
            pass
        assert n_threads() == {1}
    assert n_threads() == before


def test_an_error_ends_the_limit():
    before = n_threads()

    @SingleBlasThread()
    def fail():
        assert n_threads() == {1}
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert n_threads() == before


def test_the_last_thread_that_leaves_restores_the_number():
    before = n_threads()
    inside, finish = threading.Event(), threading.Event()

    def stay():
        with SingleBlasThread():
            inside.set()
            finish.wait(60)

    with SingleBlasThread():
        other = threading.Thread(target=stay)
        other.start()
        assert inside.wait(60)
    assert n_threads() == {1}
    finish.set()
    other.join()
    assert n_threads() == before


def test_the_limit_holds_next_to_a_thread_that_has_left_before_another():
    """The first thread lives on, as those of a pool do, and has entered once more."""
    inside, left, again, end = (threading.Event() for _ in range(4))

    def work():
        with SingleBlasThread():
            inside.set()
            again.wait(60)
        left.set()
        end.wait(60)

    def enter_twice():
        with SingleBlasThread():
            started.start()
            assert inside.wait(60)
        with SingleBlasThread():
            pass
        again.set()
        assert left.wait(60)
        with SingleBlasThread():
            pass
        entered.set()
        end.wait(60)

    entered, started = threading.Event(), threading.Thread(target=work)
    first = threading.Thread(target=enter_twice)
    first.start()
    assert entered.wait(60)
    with SingleBlasThread():
        assert n_threads() == {1}
    end.set()
    first.join()
    started.join()
