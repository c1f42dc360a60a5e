import pytest

from tests.service.experiments.simulated import SimulatedService


@pytest.fixture
def service():
    """A service without data."""
    return SimulatedService()
