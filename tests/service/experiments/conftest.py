import pytest

from tests.service.experiments.stage import Stage


@pytest.fixture
def stage():
    """An empty shop."""
    return Stage()
