"""A network recommends other people, never the one who asks."""

import polars as pl
import pytest

from daybreak import Recommender

N_MEMBERS = 24


@pytest.fixture(scope="module")
def network():
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
    return Recommender(encoder="none").fit(events, items)


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
