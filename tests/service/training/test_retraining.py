import os
import signal
import threading
from dataclasses import asdict

import pytest

from daybreak.config import Settings
from daybreak.errors import ConfigError, GateRefusedError
from daybreak.service.release_training import TrainOptions, retrain
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


def test_a_training_gets_settings_and_options(run, tmp_path):
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
def test_a_failed_training_states_its_reason(run, train, status, note):
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


def test_a_policy_starts_a_training_by_time_volume_or_drift():
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


def test_finished_trainings_leave_no_threads_behind(run):
    runner, before = run(trainings.refuse), threading.active_count()
    for _ in range(3):
        runner.wait(runner.start())
    assert threading.active_count() == before
