import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from daybreak.config import Settings
from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError
from daybreak.service.training.drift import content_drift, popularity_drift, stability_index
from daybreak.service.training.retraining import (
    TASK_RECORDS,
    RetrainPolicy,
    RetrainRunner,
    RetrainSignals,
)
from daybreak.store import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/shop.db") as opened:
        yield opened


def trainer(store, tmp_path, code):
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db")
    return RetrainRunner(settings, store.journal, command=(sys.executable, "-c", code))


def test_a_training_runs_in_a_process_of_its_own_and_is_written_down(store, tmp_path):
    code = "import os, json; print(json.dumps({'release': {'id': str(os.nice(0))}}))"
    mine = trainer(store, tmp_path, "import time; time.sleep(0.2); " + code)
    task = mine.start("because")
    assert mine.running_task().id == task
    assert mine.start() == task  # one at a time
    ended = mine.wait(task)
    assert (ended.status, ended.reason, ended.kind) == ("done", "because", "train")
    assert int(ended.release) >= 10  # its priority is lower
    assert ended.ended_at >= ended.started_at
    assert mine.running_task() is None


@pytest.mark.parametrize(
    ("code", "status", "note"),
    [
        ("import sys; sys.exit('no items')", "failed", "no items"),
        ("import sys; print('worse', file=sys.stderr); sys.exit(9)", "refused", "worse"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "failed", "status -9"),
    ],
)
def test_a_training_that_does_not_end_well_says_why(store, tmp_path, code, status, note):
    mine = trainer(store, tmp_path, code)
    ended = mine.wait(mine.start())
    assert ended.status == status
    assert note in ended.note


def test_a_training_whose_process_is_gone_is_lost(store, tmp_path):
    mine = trainer(store, tmp_path, "import time; time.sleep(60)")
    task = mine.start()
    record = store.journal.records(TASK_RECORDS)[task]
    store.journal.put_records(
        TASK_RECORDS, {"train-old": {**record, "id": "train-old", "pid": 2**22 + 1}}
    )
    other = trainer(store, tmp_path, "")
    assert {t.id: t.status for t in other.tasks()} == {task: "running", "train-old": "lost"}
    assert other.start() == task  # that of the other service goes on
    mine._processes[task].kill()
    assert mine.wait(task).status == "failed"


def test_a_store_in_memory_cannot_be_trained_on_elsewhere(store):
    memory = RetrainRunner(Settings(store="sqlite:///:memory:"), store.journal)
    with pytest.raises(ConfigError, match="another process"):
        memory.start()


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


def test_finished_trainings_leave_no_threads_behind(store, tmp_path):
    mine = trainer(store, tmp_path, "")
    for _ in range(3):
        mine.wait(mine.start())
        time.sleep(0.01)
    assert mine._watchers == {}
    assert mine._processes == {}
