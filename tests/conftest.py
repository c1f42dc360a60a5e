import os

import pytest
from hypothesis import settings

# Machines differ in speed; a test fails for what it finds, never for how long it took.
settings.register_profile("daybreak", deadline=None, derandomize=True)
settings.load_profile("daybreak")


@pytest.fixture(scope="session", autouse=True)
def _no_flushes():
    """Leave files to the operating system: no test is about a loss of power, and each release
    has hundreds of files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
