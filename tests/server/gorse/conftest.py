import httpx
import pytest

from daybreak.config import Settings
from daybreak.service.serving import RecommenderService
from tests.server.conftest import served


@pytest.fixture
def live(tmp_path):
    with RecommenderService(
        Settings(store=f"sqlite:///{tmp_path / 'shop.db'}", encoder="none")
    ) as opened:
        yield opened


@pytest.fixture
def url(live):
    with served(live) as (_, address):
        yield address


@pytest.fixture
def gorse(url):
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client
