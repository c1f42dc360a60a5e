import itertools
import os

import pytest

from daybreak.engines import open_engine
from daybreak.engines.processes import ProcessEngine
from daybreak.errors import ConfigError, ServiceError
from tests.engines import tasks


@pytest.fixture(scope="module")
def engine():
    with ProcessEngine(2) as engine:
        yield engine


def test_results_come_in_the_order_of_the_tasks(engine):
    assert list(engine.map(tasks.square, range(20))) == [n * n for n in range(20)]


def test_tasks_run_in_other_processes_that_are_kept(engine):
    first, second = (set(engine.map(tasks.process_id, range(8))) for _ in range(2))
    assert os.getpid() not in first
    assert len(first | second) <= 2


def test_what_a_task_raises_is_raised_here(engine):
    with pytest.raises(ValueError, match="no such item"):
        list(engine.map(tasks.fail, ["no such item"]))
    assert list(engine.map(tasks.square, [3])) == [9]


def test_what_a_task_prints_is_no_answer(engine):
    assert list(engine.map(tasks.print_and_return, ["hello"])) == ["hello"]


def test_a_result_that_cannot_be_sent_is_an_error(engine):
    with pytest.raises(TypeError, match="cannot send a function"):
        list(engine.map(tasks.make_function, [0]))


def test_a_task_whose_worker_ends_runs_again(engine, tmp_path):
    paths = [str(tmp_path / name) for name in "ab"]
    assert list(engine.map(tasks.end_worker_once, paths)) == ["again", "again"]


def test_a_task_that_ends_every_worker_fails(engine):
    with pytest.raises(ServiceError, match="ended 3 workers"):
        list(engine.map(tasks.end_worker, [0]))


def test_a_task_that_takes_long_is_started_a_second_time(engine, tmp_path):
    list(engine.map(tasks.square, range(4)))  # the start of the workers is no part of it
    path = str(tmp_path / "slow")
    assert list(engine.map(tasks.slow_once, [None, path])) == ["fast", "repeated"]


def test_endless_tasks_are_taken_as_results_are(engine):
    taken = []

    def count():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = engine.map(tasks.square, count())
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.close()
    assert len(taken) <= 8


@pytest.mark.parametrize(
    "text", ["processes:0", "processes:two", "processes:-1", "processes:²"]
)
def test_the_number_of_processes_is_checked(text):
    with pytest.raises(ConfigError, match="above 0"):
        open_engine(text)


def test_nothing_runs_after_the_end():
    with ProcessEngine(1) as engine:
        (worker,) = engine.map(tasks.process_id, [0])
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
