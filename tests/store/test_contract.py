from itertools import count

import pytest

from daybreak.store import open_store, stores
from daybreak.testing.stores import STORE_CHECKS

URLS = {"sqlite": ("sqlite:///:memory:", "sqlite:///{folder}/shop-{n}.db")}


def test_every_registered_store_is_checked():
    assert set(stores) == set(URLS)


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("url", [url for urls in URLS.values() for url in urls])
def test_a_store_keeps_the_contract(url, check, tmp_path):
    numbers = count()
    check(lambda: open_store(url.format(folder=tmp_path, n=next(numbers))))
