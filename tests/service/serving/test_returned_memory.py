from pathlib import Path

import pytest

from daybreak.data import mapped_arrays
from daybreak.data.mapped_arrays import is_mapped
from daybreak.service.serving import RecommenderService, background
from daybreak.service.serving import release_manager as module

PAGES = Path("/proc/self/smaps")


@pytest.fixture
def trims(monkeypatch):
    """Number of times that the heaps were trimmed."""
    counted: list[bool] = []
    monkeypatch.setattr(module, "trim_heaps", lambda: counted.append(True))
    return counted


def change_item(live, title):
    live.catalogue.put([{"item_id": "item-3", "title": title}])


def test_memory_is_returned_once_after_items_have_changed(live, trims, monkeypatch):
    monkeypatch.setattr(background, "MEMORY_INTERVAL_S", -1.0)
    live.jobs.run_once()
    live.events.add([{"user_id": "person-1", "item_id": "item-3"}])
    live.jobs.run_once()
    assert len(trims) == 0
    for title in ("rum pot", "rum"):
        change_item(live, title)
    live.jobs.run_once()
    live.jobs.run_once()
    assert len(trims) == 1


def test_frequent_changes_return_memory_seldom(live, trims):
    change_item(live, "rum pot")
    live.jobs.run_once()
    change_item(live, "rum")
    live.jobs.run_once()
    assert len(trims) == 1


@pytest.mark.skipif(not PAGES.is_file(), reason="pages are counted on Linux")
def test_weights_that_a_change_has_read_are_dropped(settings, folder, monkeypatch):
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    with RecommenderService(settings, poll_s=3600) as live:
        models = live.releases.current.trained.fitted.models
        number = live.releases.current.trained.fitted.names.index("content/ridge")
        file = folder / "releases" / "r1" / "models" / str(number) / "state.safetensors"
        assert any(
            is_mapped(one) for one in vars(models[number].state).values() if one is not None
        )
        change_item(live, "rum pot")
        assert resident_kb(file) > 0
        live.jobs.run_once()
        assert resident_kb(file) == 0


def resident_kb(file):
    """Return the size of the pages of a mapped file that are in the memory of the process."""
    _, _, rest = PAGES.read_text().partition(f"{file}\n")
    return int(rest.partition("Rss:")[2].split()[0])
