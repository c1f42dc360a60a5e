import pytest

from daybreak.client import Client
from daybreak.service.serving import RecommenderService
from tests.server.conftest import served
from tests.server.example_store import make_shop


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Address of a real server over a trained shop."""
    settings = make_shop(tmp_path_factory.mktemp("shop"))
    with RecommenderService(settings) as live, served(live, rate=0) as (_, address):
        yield address


@pytest.fixture
def shop(url):
    with Client(url) as client:
        yield client
