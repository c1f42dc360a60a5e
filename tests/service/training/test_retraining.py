import os
import signal
import threading
from dataclasses import asdict

import numpy as np
import pytest
from numpy.testing import assert_allclose

from daybreak.config import Settings
from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, GateRefusedError
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.training.drift import content_drift, popularity_drift, stability_index
from daybreak.service.training.retraining import (
    TASK_RECORDS,
    RetrainPolicy,
    RetrainRunner,
    RetrainSignals,
)
from daybreak.store import open_store
from tests.service.training import trainings


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/shop.db") as opened:
        yield opened


@pytest.fixture
def run(store, tmp_path):
    """Return a runner of a training function."""
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db")
    return lambda train, **options: RetrainRunner(settings, store, train, options)


def test_a_training_runs_in_a_process_of_its_own_and_is_recorded(run):
    runner = run(trainings.succeed)
    task = runner.start("because")
    assert runner.running_task().id == task
    assert runner.start() == task  # one at a time
    ended = runner.wait(task)
    assert (ended.status, ended.reason, ended.kind) == ("done", "because", "train")
    assert int(ended.release) >= 10  # its priority is lower
    assert ended.ended_at >= ended.started_at
    assert runner.running_task() is None


def test_a_training_is_told_settings_and_options(run, tmp_path):
    runner = run(trainings.echo, start="active")
    ended = runner.wait(runner.start())
    assert (ended.release, ended.note) == (f"sqlite:///{tmp_path}/shop.db", "active")


@pytest.mark.parametrize(
    ("train", "status", "note"),
    [
        (trainings.refuse, "refused", "worse"),
        (trainings.fail, "failed", "ValueError: no items"),
        (trainings.exit_early, "failed", "status 0"),
        (trainings.kill_itself, "failed", "status -9"),
    ],
)
def test_a_training_that_does_not_end_well_says_why(run, train, status, note):
    runner = run(train)
    ended = runner.wait(runner.start())
    assert ended.status == status
    assert note in ended.note


def test_a_training_whose_process_is_gone_is_lost(store, run):
    mine = run(trainings.wait_long)
    task = mine.start()
    record = store.documents(TASK_RECORDS)[task]
    store.put_documents(
        TASK_RECORDS, {"train-old": {**record, "id": "train-old", "pid": 2**22 + 1}}
    )
    other = run(trainings.succeed)
    assert {t.id: t.status for t in other.tasks()} == {task: "running", "train-old": "lost"}
    assert other.start() == task  # the training of the other service goes on
    os.kill(mine.running_task().pid, signal.SIGKILL)
    assert mine.wait(task).status == "failed"


def test_a_store_in_memory_cannot_be_trained_on_by_another_process(store):
    settings = Settings(store="sqlite:///:memory:")
    memory = RetrainRunner(settings, store, trainings.succeed)
    with pytest.raises(ConfigError, match="another process"):
        memory.start()


def test_a_release_that_does_not_pass_the_gate_is_a_refused_outcome(tmp_path, monkeypatch):
    def refuse(*_):
        raise GateRefusedError("worse", {})

    settings = asdict(Settings(store=f"sqlite:///{tmp_path}/shop.db"))
    options = asdict(TrainOptions())
    assert retrain(settings, options)["note"] == "the store has no items"
    monkeypatch.setattr("daybreak.service.release_training.train_release", refuse)
    assert retrain(settings, options) == {"status": "refused", "release": "", "note": "worse"}


def test_a_policy_asks_for_a_training_by_time_volume_or_drift():
    policy = RetrainPolicy.parse("every=2d events=0.5, drift=0.25")
    assert policy == RetrainPolicy(172_800.0, 0.5, None, 0.25)
    assert policy.due(RetrainSignals(age_s=172_801.0)) == "the last training is 48.0 h old"
    assert (
        policy.due(RetrainSignals(age_s=700.0, events=0.5))
        == "50% new events since the training"
    )
    assert policy.due(RetrainSignals(age_s=700.0, items=9.0)) is None
    moved = RetrainSignals(age_s=700.0, drift={"content": 0.1, "popularity": 0.3})
    assert policy.due(moved) == "popularity has moved by 0.30"
    assert policy.due(RetrainSignals(age_s=599.0, events=9.0)) is None
    for text in ("", "every=now", "events=-1", "often"):
        with pytest.raises(ConfigError):
            RetrainPolicy.parse(text)


def test_drift_is_told_from_chance():
    """Two samples of one distribution seldom reach what chance is said to reach."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(10))
    found = [
        stability_index(rng.multinomial(2000, shares) * 1.0, rng.multinomial(300, shares) * 1.0)
        for _ in range(500)
    ]
    assert np.mean([one.psi > one.chance_level for one in found]) < 0.04
    shifted = stability_index(
        rng.multinomial(2000, shares) * 1.0, rng.multinomial(300, shares[::-1])
    )
    assert shifted.score > 0.25


def test_the_index_is_what_a_pencil_gives():
    """(0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5) = 0.2749 + 0.1410."""
    found = stability_index(np.array([50.0, 50.0]), np.array([20.0, 80.0]))
    assert_allclose(found.psi, 0.27489 + 0.14100, atol=1e-4)


def test_popularity_drifts_when_other_items_are_chosen():
    then = np.r_[np.arange(100, 0, -1) * 10.0, np.zeros(20)]
    same = popularity_drift(then, then / 10)
    other = popularity_drift(then, then[::-1] / 10)
    assert same.score == 0.0
    assert other.score > 0.25


def test_content_drifts_when_new_items_are_of_another_kind():
    rng = np.random.default_rng(0)
    directions = np.eye(4, dtype=np.float32)
    kinds = np.r_[np.arange(200) % 4, np.zeros(60, dtype=np.int64), np.arange(60) % 4]
    vectors = directions[kinds] + 0.05 * rng.normal(size=(320, 4)).astype(np.float32)
    names = Vocabulary(f"i{n}" for n in range(320))
    items = Items(names, (ContentBlock("meaning", vectors.astype(np.float32)),))
    old = np.arange(200)
    assert content_drift(items, old, np.arange(200, 260)).score > 0.25
    assert content_drift(items, old, np.arange(260, 320)).score == 0.0


def test_finished_trainings_leave_no_threads_behind(run):
    runner, before = run(trainings.refuse), threading.active_count()
    for _ in range(3):
        runner.wait(runner.start())
    assert threading.active_count() == before
