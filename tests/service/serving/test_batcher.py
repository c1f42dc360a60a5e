"""Which requests are answered together."""

from threading import Event

import pytest

from daybreak.service.serving import batcher as module
from daybreak.service.serving.batcher import Batcher

WAIT_S = 10.0


class Gate:
    """Answers requests with themselves; the first of a batch may be held back."""

    def __init__(self):
        self.batches, self.begun, self.opened = [], Event(), Event()

    def __call__(self, requests):
        self.batches.append(list(requests))
        self.begun.set()
        if "hold" in requests:
            assert self.opened.wait(WAIT_S)
        return requests


@pytest.fixture
def pauses(monkeypatch):
    """What is done in each pause, in turn."""
    acts, taken = [], []

    def sleep(seconds):
        taken.append(seconds)
        if acts:
            acts.pop(0)()

    monkeypatch.setattr(module.time, "sleep", sleep)
    return acts, taken


def test_requests_are_gathered_after_a_batch_of_several_and_not_otherwise(pauses):
    """'d' comes in the pause before the batch of 'c', which follows one of two."""
    acts, taken = pauses
    gate = Gate()
    with Batcher(gate) as batcher:
        held = batcher.submit("hold")
        assert gate.begun.wait(WAIT_S)
        several = [batcher.submit(name) for name in "ab"]
        acts.append(lambda: several.append(batcher.submit("d")))
        gate.opened.set()
        assert [future.result(WAIT_S) for future in (held, *several)] == ["hold", "a", "b"]
        assert not taken
        assert batcher.submit("c").result(WAIT_S) == "c"
        assert several[-1].result(WAIT_S) == "d"
        assert batcher.submit("e").result(WAIT_S) == "e"
        assert batcher.submit("f").result(WAIT_S) == "f"
    assert gate.batches == [["hold"], ["a", "b"], ["c", "d"], ["e"], ["f"]]
    assert taken == [module.GATHER_S] * 2


def test_a_full_batch_gathers_no_more(pauses, monkeypatch):
    monkeypatch.setattr(module, "MAX_BATCH_REQUESTS", 2)
    gate = Gate()
    with Batcher(gate) as batcher:
        batcher.submit("hold")
        assert gate.begun.wait(WAIT_S)
        futures = [batcher.submit(name) for name in "abcd"]
        gate.opened.set()
        assert [future.result(WAIT_S) for future in futures] == list("abcd")
    assert gate.batches == [["hold"], ["a", "b"], ["c", "d"]]
    assert not pauses[1][:-1]  # but for the one before the end
