"""Results of another thread on the event loop."""

import asyncio
from concurrent.futures import Future
from threading import Thread

import pytest

from daybreak.server.ops.completions import result_of


def run_with(finish, n):
    """Wait for n futures that another thread finishes; return the results and the wake-ups."""
    futures = [Future() for _ in range(n)]

    async def wait():
        loop = asyncio.get_running_loop()
        wake_ups, call = [], loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *given: wake_ups.append(1) or call(*given)
        tasks = [asyncio.create_task(result_of(future)) for future in futures]
        await asyncio.sleep(0)
        thread = Thread(target=finish, args=(futures,))
        thread.start()
        thread.join()  # nothing is delivered before
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return found, len(wake_ups)

    return asyncio.run(wait())


def test_results_finished_at_once_wake_the_event_loop_up_once():
    def finish(futures):
        for number, future in enumerate(futures):
            future.set_result(number)

    assert run_with(finish, 5) == ([0, 1, 2, 3, 4], 1)


def test_an_error_is_raised_where_it_belongs():
    def finish(futures):
        futures[0].set_exception(ValueError("first"))
        futures[1].set_result("second")
        futures[2].cancel()

    (error, result, cancelled), _ = run_with(finish, 3)
    assert str(error) == "first"
    assert result == "second"
    assert isinstance(cancelled, asyncio.CancelledError)


def test_who_stops_waiting_cancels_the_work_and_hinders_nobody():
    async def wait():
        given_up, other = Future(), Future()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(result_of(given_up), timeout=0.01)
        assert given_up.cancelled()
        other.set_result("late")
        return await result_of(other)

    assert asyncio.run(wait()) == "late"


def test_results_after_the_end_of_the_event_loop_are_dropped(caplog):
    late = Future()

    async def begin():
        asyncio.create_task(result_of(late))  # noqa: RUF006 - the loop ends before it
        await asyncio.sleep(0)
        late.set_running_or_notify_cancel()

    asyncio.run(begin())
    late.set_result("nobody waits")
    assert not caplog.records
