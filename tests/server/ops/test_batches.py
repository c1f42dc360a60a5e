"""Calls of several requests that are made together in one thread."""

import asyncio
import threading

import pytest

from daybreak.deadline import limited_wait, remaining_wait_s
from daybreak.errors import StoreError
from daybreak.server.ops.batches import MAX_CALLS, CallBatcher
from daybreak.server.ops.pools import PoolFullError, WorkerPool


class Doubling:
    """Doubles numbers, after a pause if a test needs that; keeps the batches."""

    def __init__(self):
        self.batches = []
        self.waits = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.waits.append(remaining_wait_s())
        self.may_answer.wait()
        if None in numbers:
            raise StoreError("the store is away")
        return [ValueError("odd") if number % 2 else 2 * number for number in numbers]


@pytest.fixture
def doubling():
    return Doubling()


def batcher(doubling, max_waiting=1_000):
    return CallBatcher(doubling, WorkerPool("write", 2, 8), max_waiting)


async def gather(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


def test_calls_that_come_together_are_made_together_and_errors_belong_to_one(doubling):
    calls = batcher(doubling)
    results = asyncio.run(gather(*(calls_of(calls, range(4)))))
    assert results[::2] == [0, 4]
    assert [type(result) for result in results[1::2]] == [ValueError, ValueError]
    assert doubling.batches == [[0, 1, 2, 3]]


def calls_of(calls, numbers):
    return [calls.run(number) for number in numbers]


def test_calls_that_come_meanwhile_are_the_next_batches(doubling):
    async def run():
        calls = batcher(doubling)
        doubling.may_answer.clear()
        first = asyncio.ensure_future(calls.run(2))
        while not doubling.batches:
            await asyncio.sleep(0.001)
        others = [asyncio.ensure_future(calls.run(4)) for _ in range(MAX_CALLS + 1)]
        await asyncio.sleep(0)
        doubling.may_answer.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(run()) == [4, *[8] * (MAX_CALLS + 1)]
    assert list(map(len, doubling.batches)) == [1, MAX_CALLS, 1]


def test_an_error_of_all_calls_reaches_each_and_later_calls_are_made(doubling):
    async def run():
        calls = batcher(doubling)
        failed = await gather(calls.run(None), calls.run(2))
        return failed, await calls.run(2)

    failed, later = asyncio.run(run())
    assert [str(error) for error in failed] == ["the store is away"] * 2
    assert later == 4


def test_a_cancelled_call_never_begins_and_one_that_waits_too_long_gives_up(doubling):
    async def run():
        calls = batcher(doubling)
        doubling.may_answer.clear()
        first = asyncio.ensure_future(calls.run(2))
        while not doubling.batches:
            await asyncio.sleep(0.001)
        cancelled = asyncio.ensure_future(calls.run(10))
        with limited_wait(0.01):
            late = asyncio.ensure_future(calls.run(12))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(StoreError, match="the store is busy"):
            await late
        doubling.may_answer.set()
        return await first, await calls.run(14)

    assert asyncio.run(run()) == (4, 28)
    assert doubling.batches == [[2], [14]]


def test_the_oldest_call_says_how_long_a_batch_may_wait(doubling):
    async def run():
        calls = batcher(doubling)
        with limited_wait(60):
            first = asyncio.ensure_future(calls.run(2))
        await gather(first, calls.run(4))

    asyncio.run(run())
    assert doubling.batches == [[2, 4]]
    assert 50 < doubling.waits[0] <= 60


def test_too_many_waiting_calls_are_refused(doubling):
    results = asyncio.run(gather(*calls_of(batcher(doubling, max_waiting=2), [2, 4, 6])))
    assert results[:2] == [4, 8]
    assert isinstance(results[2], PoolFullError)


def test_a_full_pool_refuses_the_calls_and_the_next_ones_are_made(doubling):
    async def run():
        pool = WorkerPool("write", 1, 0)
        release = threading.Event()
        calls = CallBatcher(doubling, pool, 10)
        busy = pool.submit(release.wait)
        refused = await gather(calls.run(2))
        release.set()
        busy.result()
        while True:  # the pool counts the end of a call a little later
            (result,) = await gather(calls.run(2))
            if not isinstance(result, PoolFullError):
                return refused, result

    refused, result = asyncio.run(run())
    assert isinstance(refused[0], PoolFullError)
    assert result == 4
