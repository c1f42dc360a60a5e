import multiprocessing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.server.access import RateLimiter
from daybreak.server.links.board import BUCKETS_PER_SET, SharedRateLimiter, WorkerBoard


@pytest.fixture
def boards(tmp_path):
    WorkerBoard.create(tmp_path / "board", n_workers=3)
    made = [WorkerBoard(tmp_path / "board", 3, number) for number in range(3)]
    yield made
    for board in made:
        board.close()


def test_writes_of_all_workers_are_counted_by_kind(boards):
    boards[0].count_write("rows")
    boards[2].count_write("rows")
    boards[2].count_write("settings")
    assert [board.writes("rows") for board in boards] == [2, 2, 2]
    assert boards[1].writes("settings") == 1


def test_a_caller_has_one_bucket_at_all_workers(boards):
    now = [100.0]
    limiters = [SharedRateLimiter(board, 10.0, lambda: now[0]) for board in boards]
    waits = [limiters[n % 3].take_token("ann") for n in range(12)]
    assert waits == [0.0] * 10 + [0.1, 0.1]
    assert limiters[0].take_token("bob") == 0.0
    now[0] += 0.25  # 2.5 tokens
    assert [limiter.take_token("ann") == 0.0 for limiter in limiters] == [True, True, False]


def test_without_a_rate_nothing_is_limited(boards):
    limiter = SharedRateLimiter(boards[0], 0.0)
    assert {limiter.take_token("ann") for _ in range(100)} == {0.0}


@given(
    rate=st.floats(0.5, 50),
    steps=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 2)), max_size=40),
)
def test_it_limits_like_the_limiter_of_one_process(tmp_path_factory, rate, steps):
    path = tmp_path_factory.mktemp("boards") / "board"
    WorkerBoard.create(path, n_workers=1)
    board, now = WorkerBoard(path, 1, 0), [5.0]
    shared, own = (
        SharedRateLimiter(board, rate, lambda: now[0]),
        RateLimiter(rate, lambda: now[0]),
    )
    for caller, wait_s in steps:
        now[0] += wait_s
        assert shared.take_token(caller) == pytest.approx(own.take_token(caller))
    board.close()


def test_the_least_recent_caller_of_a_group_is_dropped(boards, monkeypatch):
    monkeypatch.setattr("daybreak.server.links.board.N_BUCKET_SETS", 1)
    now = [0.0]
    limiter = SharedRateLimiter(boards[0], 1.0, lambda: now[0])
    for _ in range(10):
        limiter.take_token("first")
    assert limiter.take_token("first") > 0
    for number in range(BUCKETS_PER_SET):
        now[0] += 0.001
        limiter.take_token(f"other-{number}")
    assert limiter.take_token("first") == 0.0  # it has a new bucket


def take_tokens(path, number, n_calls, sender):
    limiter = SharedRateLimiter(WorkerBoard(path, 2, number), 100.0, lambda: 1.0)
    sender.send(sum(limiter.take_token("ann") == 0.0 for _ in range(n_calls)))


def test_processes_share_a_bucket_without_losing_a_token(tmp_path):
    path = tmp_path / "board"
    WorkerBoard.create(path, n_workers=2)
    context = multiprocessing.get_context("spawn")
    started = []
    for number in range(2):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=take_tokens, args=(path, number, 400, sender))
        process.start()
        started.append((process, receiver))
    taken = [receiver.recv() for _, receiver in started]
    for process, _ in started:
        process.join()
    assert sum(taken) == 100
