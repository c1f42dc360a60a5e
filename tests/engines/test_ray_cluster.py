"""The engine ``ray`` on a cluster of two workers, which a test starts on this machine."""

import sys

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.engines import open_engine, use_engine
from daybreak.engines.ray_cluster import RayEngine
from daybreak.errors import ConfigError, MissingExtraError, ServiceError
from tests.engines import tasks


@pytest.fixture(scope="module")
def engine():
    import ray  # noqa: PLC0415 - slow to import

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    with RayEngine() as engine:
        yield engine
    ray.shutdown()


def test_results_come_in_the_order_of_the_tasks(engine):
    assert engine.n_workers == 2
    assert list(engine.map(tasks.square, range(10))) == [n * n for n in range(10)]


def test_what_a_task_raises_is_raised_here(engine):
    with pytest.raises(ValueError, match="no such item"):
        list(engine.map(tasks.fail, ["no such item"]))


def test_a_task_whose_worker_ends_runs_again(engine, tmp_path):
    path = str(tmp_path / "a")
    assert list(engine.map(tasks.end_worker_once, [path])) == ["again"]


def test_a_task_that_ends_every_worker_fails(engine):
    with pytest.raises(ServiceError, match="ended 3 workers"):
        list(engine.map(tasks.end_worker, [0]))


def test_a_task_that_takes_long_is_started_a_second_time(engine, tmp_path):
    list(engine.map(tasks.square, range(4)))  # the start of the workers is no part of it
    path = str(tmp_path / "slow")
    assert list(engine.map(tasks.slow_once, [None, path])) == ["fast", "repeated"]


def test_a_shared_value_reaches_every_worker_and_can_be_changed_there(engine):
    with engine.share(np.arange(3)) as shared, engine.share(np.ones(2)) as other:
        pairs = [(shared, 0), (other, 1), (shared, 2)]
        found = [list(one) for one in engine.map(tasks.add_in_place, pairs)]
    assert found == [[0, 1, 2], [2, 2], [2, 3, 4]]


def test_a_cluster_of_two_workers_trains_the_same_model(engine):
    rng = np.random.default_rng(0)
    events = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in np.repeat(np.arange(120), 6)],
            "item_id": [f"i{item}" for item in np.minimum(rng.geometric(0.08, 720), 40)],
            "timestamp": 1.7e9 + 3_600 * rng.permutation(720),
        }
    )
    strategies = ["popular", "ease", "item_knn", "transitions"]
    alone = Recommender(encoder="none", strategies=strategies).fit(events)
    with use_engine(engine):
        together = Recommender(encoder="none", strategies=strategies).fit(events)
    users = [f"u{user}" for user in range(0, 120, 5)]
    wanted, found = (model.recommend(users, k=10) for model in (alone, together))
    assert found.select("user_id", "item_id", "rank").equals(
        wanted.select("user_id", "item_id", "rank")
    )
    np.testing.assert_allclose(found["score"], wanted["score"], rtol=1e-3, atol=1e-3)


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"daybreak\[ray\]"):
        open_engine("ray")


def test_an_address_of_another_form_is_rejected():
    with pytest.raises(ConfigError, match="ray://HOST"):
        open_engine("ray:nowhere")
