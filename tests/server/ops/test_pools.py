import asyncio
import threading

import pytest

from daybreak.server.ops.pools import (
    PoolFullError,
    WorkerPool,
    WorkerPools,
    iterate_in_threadpool,
    run_in_threadpool,
    using_pool,
)


class Gate:
    """A call that ends when the test says so."""

    def __init__(self):
        self.entered, self.open = threading.Semaphore(0), threading.Event()

    def __call__(self):
        self.entered.release()
        self.open.wait()
        return "done"


def test_a_pool_runs_as_many_calls_as_it_has_threads_and_bounds_the_others():
    pool, gate = WorkerPool("few", 2, 3), Gate()
    futures = [pool.submit(gate) for _ in range(5)]
    for _ in range(2):
        gate.entered.acquire()
    assert pool.n_running == 2
    assert not gate.entered.acquire(timeout=0.05)
    with pytest.raises(PoolFullError, match="5 requests of the kind 'few'"):
        pool.submit(gate)
    gate.open.set()
    assert [future.result() for future in futures] == ["done"] * 5
    assert pool.submit(lambda: 7).result() == 7
    assert pool.n_running == 0


def test_a_cancelled_call_that_waits_never_begins_and_makes_room():
    pool, gate = WorkerPool("one", 1, 1), Gate()
    first = pool.submit(gate)
    gate.entered.acquire()
    begun = []
    second = pool.submit(lambda: begun.append(1))
    assert second.cancel()
    third = pool.submit(lambda: "third")
    gate.open.set()
    assert (first.result(), third.result(), begun) == ("done", "third", [])


def test_an_error_is_raised_where_the_result_is_awaited():
    async def run():
        with using_pool(WorkerPool("one", 1, 1)):
            await run_in_threadpool(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_each_cost_has_threads_of_its_own():
    async def run(pools, gate):
        slow = [asyncio.ensure_future(pools.of("report").run(gate)) for _ in range(16)]
        await asyncio.sleep(0)
        with pytest.raises(PoolFullError):
            await pools.of("report").run(gate)
        for cost in ("probe", "cheap", "store", "write", "bulk"):
            assert await pools.of(cost).run(lambda cost=cost: cost) == cost
        assert pools.n_running <= 2
        gate.open.set()
        return await asyncio.gather(*slow)

    assert asyncio.run(run(WorkerPools(100), Gate())) == ["done"] * 16


def test_the_values_of_an_iterator_are_computed_in_the_pool():
    async def run():
        with using_pool(WorkerPool("lines", 1, 0)):
            values = iterate_in_threadpool(iter([threading.current_thread, max]))
        return [value() async for value in values if value is not max]

    assert len(asyncio.run(run())) == 1


def test_threads_do_not_keep_the_process_alive():
    pool, gate = WorkerPool("one", 1, 0), Gate()
    pool.submit(gate)
    gate.entered.acquire()
    assert all(t.daemon for t in threading.enumerate() if t.name.startswith("one-"))
    gate.open.set()
