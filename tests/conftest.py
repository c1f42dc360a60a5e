import functools
import gc
import os
import ssl

import pytest
from hypothesis import settings

from daybreak.ranking.blending import strategies
from daybreak.store import sqlite

# Machines differ in speed; a test fails for what it finds, never for how long it took.
settings.register_profile("daybreak", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)  # for a new parser
settings.load_profile("daybreak")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect thirteen thousand tests without looking for garbage among them, now and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()  # the tests and what they import stay until the end
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _certificates():
    """Read the certificates of the system once, and not for each client of a local server."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(ssl.create_default_context)
        patch.setattr(ssl, "create_default_context", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def flushed():
    """Do not wait for the disk, as no test loses power; return when stores in files do."""
    original = sqlite.SYNCHRONOUS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(sqlite, "SYNCHRONOUS", "OFF")
        yield original


FEW_STRATEGIES = ("popular", "profile", "item_knn", "content/match", "content/ridge", "wish")


@pytest.fixture
def few_strategies(monkeypatch):
    """Learn a few strategies where nothing names others, for tests that are not about them.

    Those of sources are among them, if there are sources.
    """
    of_cards = strategies._card_strategies

    def some():
        return tuple(s for s in of_cards() if s.is_of_source or s.name in FEW_STRATEGIES)

    monkeypatch.setattr(strategies, "_card_strategies", some)
