"""A network recommends other people, never the one who asks."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.store import Release, open_store

N_MEMBERS = 24


@pytest.fixture(scope="module")
def members():
    """Two circles; everybody follows the first three others of the own one."""
    circle = {"jazz": range(12), "chess": range(12, N_MEMBERS)}
    follows = [
        (f"m{one}", f"m{other}", "follow")
        for members in circle.values()
        for one in members
        for other in [m for m in members if m != one][:3]
    ]
    events = pl.DataFrame(follows, ["user_id", "item_id", "event_type"], orient="row")
    bios = [(f"m{one}", f"plays {name}") for name, members in circle.items() for one in members]
    items = pl.DataFrame(bios, ["item_id", "bio"], orient="row")
    return events, items


@pytest.fixture(scope="module")
def network(members):
    """A recommender of the members."""
    return Recommender(encoder="none").fit(*members)


def test_nobody_is_recommended_to_himself(network):
    members = [f"m{number}" for number in range(N_MEMBERS)]
    lists = network.recommend(members, k=N_MEMBERS, exclude_seen=False)
    assert lists.filter(pl.col("user_id") == pl.col("item_id")).is_empty()
    assert len(lists) == N_MEMBERS * (N_MEMBERS - 1)


def test_nobody_is_in_his_own_audience(network):
    assert "m5" not in network.audience("m5", k=N_MEMBERS)["user_id"].to_list()


def test_a_saved_network_is_still_one(network, tmp_path):
    network.save(tmp_path / "network")
    loaded = Recommender.load(tmp_path / "network")
    assert "m20" not in loaded.recommend(["m20"], k=N_MEMBERS)["item_id"].to_list()


def test_strangers_get_anybody(network):
    assert len(network.recommend(["somebody new"], k=N_MEMBERS)) == N_MEMBERS


def test_a_service_says_that_the_item_is_the_person(network, members, tmp_path):
    network.save(tmp_path / "releases" / "r1")
    address = f"sqlite:///{tmp_path}/network.db"
    with open_store(address) as store:
        store.write(Tables.of(*members))
        store.put_release(Release("r1", 1.0, "releases/r1", active=True))
    with RecommenderService(Settings(store=address, encoder="none"), poll_s=3600) as service:
        request = RecommendRequest(user_id="m5", n=N_MEMBERS)
        assert "m5" not in [item.item_id for item in service.recommend(request).items]
        assert service.place(request, "m5").obstacles == ("self",)
        assert service.place(RecommendRequest(user_id="m6"), "m5").obstacles != ("self",)
