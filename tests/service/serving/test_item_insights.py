"""Items in detail: reach, exposure, and the map."""

from dataclasses import replace

import pytest

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.releases.map_file import write_map
from daybreak.service.state.item_map import layout_items


def test_the_reach_of_a_text_is_that_of_similar_items(live):
    rum, tea = live.insights.reach(text="rum"), live.insights.reach(text="tea")
    for found in (rum, tea):
        assert 0 < found.low <= found.users <= found.high
        assert 0 < found.similarity <= 1
        assert found.n_similar > 0
    nothing = live.insights.reach(text="xyzzy")
    assert (nothing.users, nothing.n_similar) == (0, 0)


def test_the_reach_needs_an_item_or_a_text(live):
    with pytest.raises(ConfigError):
        live.insights.reach()
    with pytest.raises(NotFoundError):
        live.insights.reach("no such thing")


def test_a_new_item_is_cold_and_gets_its_place_while_the_others_stay(live):
    before = live.insights.map()
    assert len(before.ids) == len(before.x) == len(before.users) == len(before.temperature)
    live.catalogue.put([{"item_id": "fresh", "title": "fresh rum", "shelf": "rum"}])
    added = live.insights.map(before.total)
    assert added.ids == ["fresh"]
    assert (added.version, added.total) == (before.version, before.total + 1)
    assert added.temperature == [1]
    found = live.insights.exposure("fresh")
    assert (found.temperature, found.users, found.impressions) == ("warm", 0, 0)
    assert found.promised == 100


def test_the_map_of_the_training_is_served_also_with_later_items(live, folder):
    items = live.releases.current.catalogue.items
    drawn = layout_items(items)
    moved = replace(drawn, places=drawn.places[::-1].copy())
    write_map(folder / "releases" / "r1", moved)
    live.catalogue.put([{"item_id": "late", "title": "late rum", "shelf": "rum"}])
    found = live.insights.map()
    assert found.x[0] == pytest.approx(moved.places[0, 0], abs=1e-4)
    assert (found.ids[-1], found.total) == ("late", len(items) + 1)


def test_a_map_of_other_items_is_not_served(live, folder):
    other = layout_items(Items(Vocabulary(["other"])))
    write_map(folder / "releases" / "r1", other)
    assert live.insights.map().total == len(live.releases.current.catalogue.items)


def test_deleted_items_leave_the_map(live):
    first = live.insights.map().ids[0]
    live.catalogue.delete(first)
    assert first not in live.insights.map().ids
    with pytest.raises(NotFoundError):
        live.insights.exposure(first)
