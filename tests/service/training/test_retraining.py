import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict

import polars as pl
import pytest

from daybreak.config import Settings
from daybreak.data import Tables, derived_arrays
from daybreak.errors import BusyError, ConfigError, GateRefusedError, NotFoundError
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.serving import RecommenderService
from daybreak.service.training.retraining import (
    MAX_TASKS,
    BackgroundJob,
    RetrainPolicy,
    RetrainRunner,
    RetrainSignals,
)
from daybreak.service.training.task_process import (
    LeaseLostError,
    ProgressWriter,
    TaskCancelledError,
    check_lease,
    kept_lease,
    record_outcome,
)
from daybreak.service.training.task_records import (
    TASK_CANCELLATIONS,
    TASK_PROGRESS,
    TASK_RECORDS,
    TRAINING_LEASE,
    TrainingOutcome,
)
from daybreak.store import open_store
from daybreak.store.leases import LEASE_RECORDS
from tests.service.training import trainings


def until(condition):
    while not condition():
        time.sleep(0.02)


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
    until(lambda: mine.running_task().pid)
    os.kill(mine.running_task().pid, signal.SIGKILL)
    assert mine.wait(task).status == "failed"


def test_a_store_in_memory_cannot_be_trained_on_by_another_process(store):
    settings = Settings(store="sqlite:///:memory:")
    memory = RetrainRunner(settings, store, trainings.succeed)
    with pytest.raises(ConfigError, match="another process"):
        memory.start()


def test_a_release_that_does_not_pass_the_gate_is_a_refused_outcome(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise GateRefusedError("worse", {})

    settings = asdict(Settings(store=f"sqlite:///{tmp_path}/shop.db"))
    options = asdict(TrainOptions())
    assert retrain(settings, options)["note"] == "the store has no items"
    monkeypatch.setattr("daybreak.service.release_training.train_release", refuse)
    assert retrain(settings, options) == {"status": "refused", "release": "", "note": "worse"}


def test_a_training_of_a_server_computes_what_the_server_would(tmp_path, monkeypatch):
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    events = {"user_id": list("aabbcc"), "item_id": list("xyxzyz")}
    with open_store(settings.store) as store:
        store.write(Tables.of(pl.DataFrame(events)))
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)
    found = retrain(asdict(settings), asdict(TrainOptions()))
    assert found["status"] == "done"
    written = sorted((tmp_path / "releases").glob(f".derived-{found['release']}/*"))
    assert written

    def refuse(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(derived_arrays.DerivedArrays, "_write", refuse)
    with RecommenderService(settings, poll_s=3600) as service:
        assert service.status()["release"] == found["release"]


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
    runner, before = run(trainings.refuse), set(threading.enumerate())
    for _ in range(3):
        runner.wait(runner.start())
    assert before.issuperset(threading.enumerate())  # threads of other tests may end


def running_record(**fields):
    return {"status": "running", "reason": "", "started_at": 5.0, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"pid": 1, "host": "a-container-that-is-gone"},  # replaced by another one
        {"pid": os.getpid(), "host": os.uname().nodename},  # taken by another program
        {"pid": 2**22 + 1, "host": os.uname().nodename},  # nobody has it
        {},
    ],
)
@pytest.mark.parametrize("had_lease", [True, False])
def test_a_dead_training_blocks_no_later_one(store, run, fields, had_lease):
    store.put_documents(TASK_RECORDS, {"train-old": running_record(**fields)})
    if had_lease:
        store.acquire_lease(TRAINING_LEASE, "train-old", 0.0)
        time.sleep(0.01)
    runner = run(trainings.succeed)
    assert runner.running_task() is None
    assert store.acquire_lease(TRAINING_LEASE, "train-new", 90.0) == "train-new"
    old = next(one for one in runner.tasks() if one.id == "train-old")
    assert (old.status, old.ended_at is not None) == ("lost", True)
    assert "no sign of life" in old.note


def test_a_training_that_renews_its_lease_is_not_lost(store, run):
    store.put_documents(TASK_RECORDS, {"train-old": running_record(host="elsewhere", pid=1)})
    with pytest.raises(LeaseLostError), kept_lease(store, "train-old"):
        pass  # it never had the lease
    store.acquire_lease(TRAINING_LEASE, "train-old", 90.0)
    with kept_lease(store, "train-old", 0.02):
        first = store.documents(LEASE_RECORDS)[TRAINING_LEASE]["renewed_at"]
        until(lambda: store.documents(LEASE_RECORDS)[TRAINING_LEASE]["renewed_at"] > first)
        check_lease()
        runner = run(trainings.succeed)
        assert runner.start() == "train-old"
        assert runner.running_task().id == "train-old"


def test_a_dead_training_says_since_when_it_has_given_no_heartbeat(store, run):
    store.put_documents(TASK_RECORDS, {"train-old": running_record()})
    store.acquire_lease(TRAINING_LEASE, "train-old", 60.0)
    runner = run(trainings.succeed)
    fresh = runner.running_task()
    assert (fresh.note, fresh.heartbeat_age_s < 15.0) == ("", True)
    for age_s, note in (
        (23.2, "no heartbeat since 23 s; it counts as lost after 60 s"),
        (61, ""),
    ):
        lease = store.documents(LEASE_RECORDS)[TRAINING_LEASE]
        lease["renewed_at"] = time.time() - age_s
        store.put_documents(LEASE_RECORDS, {TRAINING_LEASE: lease})
        task = runner.tasks()[0]
        assert task.status == ("running" if note else "lost")
        assert note in task.note
        assert (task.heartbeat_age_s is None) == (not note)


def test_a_training_that_was_suspended_for_too_long_activates_nothing(store, run):
    """Another training has started meanwhile; only one of them may change the release."""
    store.put_documents(TASK_RECORDS, {"train-old": running_record()})
    store.acquire_lease(TRAINING_LEASE, "train-old", 90.0)
    with kept_lease(store, "train-old", 60.0):
        store.renew_lease(TRAINING_LEASE, "train-old", 0.0)  # as if no time was left
        time.sleep(0.01)
        assert store.acquire_lease(TRAINING_LEASE, "train-new", 90.0) == "train-new"
        with pytest.raises(LeaseLostError, match="no sign of life"):
            check_lease()
    check_lease()  # this process runs no task any more
    assert store.lease_holder(TRAINING_LEASE) == "train-new"


def test_a_training_that_kept_its_lease_records_its_result_although_it_counted_as_lost(store):
    """Its store was locked for longer than the lease lasts, and nobody took the lease."""
    lost = {**running_record(), "status": "lost", "note": "no sign of life"}
    store.put_documents(TASK_RECORDS, {"train-old": lost, "train-gone": lost})
    store.acquire_lease(TRAINING_LEASE, "train-old", 0.0)
    time.sleep(0.01)
    for task in ("train-gone", "train-old"):
        record_outcome(store, task, TrainingOutcome("done", release="r2"))
    found = {id_: row["status"] for id_, row in store.documents(TASK_RECORDS).items()}
    assert found == {"train-old": "done", "train-gone": "lost"}
    assert store.lease_holder(TRAINING_LEASE) is None


SERVER = """
import sys
from daybreak.config import Settings
from daybreak.service.training.retraining import RetrainRunner
from daybreak.store import open_store
from daybreak.store.leases import LEASE_RECORDS
from tests.service.training import trainings
settings = Settings(store=sys.argv[1])
runner = RetrainRunner(settings, open_store(settings.store), trainings.chatter)
print(runner.start(), flush=True)
sys.stdin.read()
"""


def test_a_training_outlives_its_server_and_records_its_result(store, run, tmp_path):
    """It prints more than a pipe holds after the server was killed."""
    url = f"sqlite:///{tmp_path}/shop.db"
    command = [sys.executable, "-c", SERVER, url]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with server:
        task = server.stdout.readline().strip()
        server.kill()
    later = run(trainings.succeed)
    assert later.start() in {task, later.tasks()[0].id}
    until(lambda: next(one for one in later.tasks() if one.id == task).status != "running")
    ended = next(one for one in later.tasks() if one.id == task)
    assert (ended.status, ended.release) == ("done", "chatter")
    assert ended.pid


def test_the_log_of_a_training_is_a_file_that_only_its_user_reads(store, tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db")
    folder = tmp_path / "trainings"
    runner = RetrainRunner(settings, store, trainings.fail, log_folder=folder)
    task = runner.start()
    runner.wait(task)
    log = folder / f"{task}.log"
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_no_password_is_in_the_arguments_of_a_training(store, tmp_path):
    secret = "xyzzy-secret"
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", cache=secret)
    runner = RetrainRunner(settings, store, trainings.wait_long)
    task = runner.start()
    until(lambda: runner.running_task().pid)
    pid = runner.running_task().pid
    arguments = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], check=True, capture_output=True, text=True
    ).stdout
    assert "python" in arguments
    assert secret not in arguments
    os.kill(pid, signal.SIGKILL)
    assert runner.wait(task).status == "failed"


def test_the_oldest_tasks_are_deleted_with_their_logs(store, run, tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db")
    records = {
        f"train-{n}": {**running_record(), "started_at": n} for n in range(MAX_TASKS + 3)
    }
    store.put_documents(TASK_RECORDS, records)
    for n in (0, 50):
        (tmp_path / f"train-{n}.log").write_text("old")
    runner = RetrainRunner(settings, store, trainings.succeed, log_folder=tmp_path)
    assert len(runner.tasks()) == MAX_TASKS
    assert sorted(path.name for path in tmp_path.glob("*.log")) == ["train-50.log"]


def test_drift_above_the_learned_threshold_makes_a_training_due():
    policy = RetrainPolicy.parse("drift=learned")
    usual = RetrainSignals(3_600.0, drift={"interests": 0.04}, thresholds={"interests": 0.05})
    moved = RetrainSignals(3_600.0, drift={"interests": 0.09}, thresholds={"interests": 0.05})
    unknown = RetrainSignals(3_600.0, drift={"interests": 0.09}, thresholds={"interests": 0.0})
    assert policy.due(usual) is None
    assert policy.due(unknown) is None
    assert policy.due(moved) == "interests has moved by 0.09, more than the usual 0.05"


@pytest.mark.parametrize("train", [trainings.report, trainings.catch_everything])
def test_a_task_ends_by_request_and_says_so(store, run, train):
    runner = run(train)
    task = runner.start()
    until(lambda: runner.running_task().pid)
    assert runner.cancel(task).note == "asked to end"
    ended = runner.wait(task)
    assert (ended.status, ended.note) == ("cancelled", "ended by request")
    assert not store.documents(TASK_CANCELLATIONS)
    assert store.lease_holder(TRAINING_LEASE) is None
    assert runner.cancel(task).status == "cancelled"  # a second request changes nothing


def test_an_error_that_the_request_to_end_has_caused_is_no_failure(store, run):
    runner = run(trainings.turn_into_an_error)
    task = runner.start()
    until(lambda: runner.running_task().progress)
    runner.cancel(task)
    assert runner.wait(task).status == "cancelled"


def test_a_task_of_another_service_ends_with_its_next_heartbeat(store, run):
    runner = run(trainings.wait_long)
    task = runner.start()
    run(trainings.wait_long).cancel(task)  # this one has not started the process
    assert runner.wait(task).status == "cancelled"


def test_a_process_that_is_cancelled_must_not_activate_its_release(store):
    store.acquire_lease(TRAINING_LEASE, "train-1", 60.0)
    with kept_lease(store, "train-1"):
        check_lease()
        store.put_documents(TASK_CANCELLATIONS, {"train-1": {"at": 0.0}})
        with pytest.raises(TaskCancelledError):
            check_lease()


def test_an_unknown_task_cannot_be_cancelled(run):
    with pytest.raises(NotFoundError, match="no task 'train-x'"):
        run(trainings.succeed).cancel("train-x")


def test_a_running_task_shows_its_progress(store, run):
    runner = run(trainings.report)
    task = runner.start()
    until(lambda: runner.running_task().progress)
    state = {"step": "training", "done": 30, "total": 400, "left_s": None}
    assert runner.running_task().progress == state
    runner.cancel(task)
    assert runner.wait(task).progress is None
    assert not store.documents(TASK_PROGRESS)


def test_the_time_that_is_left_is_calculated_by_hand(store):
    # 10 parts took 4 s, 30 are left: 12 s; a report 1 s later is not written
    times = iter([100.0, 104.0, 105.0, 106.0])
    writer = ProgressWriter(store, "t", lambda: next(times))
    states = []
    for done, step in ((0, "a"), (10, "a"), (11, "a"), (3, "b")):
        writer.write(done, 40, step)
        states.append(store.documents(TASK_PROGRESS)["t"])
    assert [one["left_s"] for one in states] == [None, 12.0, 12.0, None]
    assert [one["done"] for one in states] == [0, 10, 10, 3]


def test_the_lease_of_a_task_that_has_ended_is_waited_for(store, run):
    store.put_documents(TASK_RECORDS, {"train-old": running_record(status="done")})
    store.acquire_lease(TRAINING_LEASE, "train-old", 90.0)
    back = threading.Timer(0.2, store.release_lease, (TRAINING_LEASE, "train-old"))
    back.start()
    runner = run(trainings.succeed)
    task = runner.start()
    back.join()
    assert task != "train-old"
    assert runner.wait(task).status == "done"


def test_another_job_and_a_training_exclude_each_other(run):
    runner = run(trainings.wait_long)
    job = BackgroundJob("other", trainings.wait_long, encoder="e1")
    task = runner.start_job(job, "why")
    running = runner.running_task()
    assert (running.id, running.kind, running.encoder) == (task, "other", "e1")
    with pytest.raises(BusyError, match=f"{task} is running"):
        runner.start()
    with pytest.raises(BusyError, match=f"{task} is running"):
        runner.start_job(job)
    runner.cancel(task)
    assert runner.wait(task).status == "cancelled"
