"""Shared values reach every worker once, and are forgotten afterwards."""

import pytest

from daybreak.engines import open_engine
from daybreak.engines.processes import ProcessEngine
from tests.engines import tasks


@pytest.mark.parametrize("name", ["serial", "processes:2"])
def test_every_task_gets_the_shared_value(name):
    with open_engine(name) as engine, engine.share([10, 20]) as shared:
        found = engine.map(tasks.add_to_shared, [(shared, n) for n in range(6)])
        assert list(found) == [[10 + n, 20 + n] for n in range(6)]


def test_a_value_is_sent_once_to_each_worker_and_forgotten():
    with ProcessEngine(1) as engine:
        with engine.share([1]) as first:
            one, again = engine.map(tasks.identity_of_shared, [first, first])
            assert one == again
        with engine.share([2]) as second:
            assert list(engine.map(tasks.known_keys, [0])) == [[second.key]]
        assert list(engine.map(tasks.known_keys, [0])) == [[]]


def test_two_values_can_be_shared_at_once():
    with ProcessEngine(2) as engine, engine.share([1]) as one, engine.share([2]) as two:
        pairs = [(one, 0), (two, 0), (one, 5), (two, 5)]
        assert list(engine.map(tasks.add_to_shared, pairs)) == [[1], [2], [6], [7]]


def test_the_worker_that_replaces_a_lost_one_gets_the_value_too(tmp_path):
    with ProcessEngine(1) as engine, engine.share([3]) as shared:
        task = (shared, str(tmp_path / "lost"))
        assert list(engine.map(tasks.end_worker_once_with_shared, [task])) == [[3]]
