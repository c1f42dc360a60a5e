"""Weights of changed items that one worker has computed, in the states of the others."""

import os
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Events
from daybreak.ranking.scoring import shared_columns
from daybreak.ranking.scoring.shared_columns import MAX_AGE_S, SharedColumns, is_shared
from daybreak.service.releases.derived import open_columns
from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.state.query_builder import UserContext

KNOWN, NEW = ("item-3", "rum"), ("new-1", "tea")


def worker(state, folder, release=b"r1"):
    """Return the state of a worker of a server."""
    return replace(state, columns=SharedColumns(folder / "columns", release))


def changed(state, *items):
    ids, words = zip(*items, strict=True)
    frame = pl.DataFrame({"item_id": ids, "title": words, "shelf": words})
    return state.with_items(frame, replace_known=True)


def scores(state):
    """Return the scores of all items for three people, with histories and without."""
    events = Events.of([0, 1, 1, 1], [3, 0, 5, 10], [1.0, 1.0, 2.0, 3.0])
    profiles = state.profiles.lookup(["a", "b", "c"])[0]
    return state.scorer.score(state.query_builder.queries(UserContext(events, profiles, {})))


@pytest.fixture
def computed(shop, monkeypatch):
    """Ids of the items whose shared columns are computed, call by call."""
    calls = []
    for kind in {type(m) for m in shop.state.trained.fitted.models if is_shared(m)}:

        def compute(self, train_items, items, original=kind.linear_scorer):
            calls.append(items.ids.ids)
            return original(self, train_items, items)

        monkeypatch.setattr(kind, "linear_scorer", compute)
    return calls


def test_a_second_worker_reads_what_the_first_has_computed(shop, tmp_path, computed):
    first = changed(worker(shop.state, tmp_path), KNOWN, NEW)
    assert set(computed) == {("item-3", "new-1")}
    computed.clear()
    second = changed(worker(shop.state, tmp_path), KNOWN, NEW)
    assert computed == []
    np.testing.assert_array_equal(scores(second), scores(first))
    np.testing.assert_allclose(
        scores(second), scores(changed(shop.state, KNOWN, NEW)), rtol=1e-5, atol=1e-5
    )


def test_only_what_nobody_has_computed_is_computed(shop, tmp_path, computed):
    changed(worker(shop.state, tmp_path), NEW)
    computed.clear()
    both = changed(worker(shop.state, tmp_path), KNOWN, NEW, ("new-2", "cup"))
    assert set(computed) == {("item-3", "new-2")}
    np.testing.assert_allclose(
        scores(both),
        scores(changed(shop.state, KNOWN, NEW, ("new-2", "cup"))),
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("other", [b"r1", b"r2"])
def test_other_content_and_other_releases_have_columns_of_their_own(
    shop, tmp_path, computed, other
):
    changed(worker(shop.state, tmp_path), NEW)
    computed.clear()
    word = "rum" if other == b"r1" else "tea"
    changed(worker(shop.state, tmp_path, other), ("new-1", word))
    assert set(computed) == {("new-1",)}


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:-1] + bytes([b[-1] ^ 1])]
)
def test_a_damaged_file_is_computed_and_written_again(shop, tmp_path, computed, damage):
    whole = scores(changed(worker(shop.state, tmp_path), NEW))
    (path,) = (tmp_path / "columns").iterdir()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    computed.clear()
    np.testing.assert_array_equal(scores(changed(worker(shop.state, tmp_path), NEW)), whole)
    assert computed
    assert path.read_bytes() == content


def test_old_files_and_drafts_of_killed_workers_are_removed(shop, tmp_path):
    first = worker(shop.state, tmp_path)
    changed(first, NEW)
    (path,) = (tmp_path / "columns").iterdir()
    draft = path.with_name(f"{path.name}-left")
    draft.write_bytes(b"half")
    before = time.time() - 2 * MAX_AGE_S
    for one in (path, draft):
        os.utime(one, (before, before))
    changed(first, ("new-2", "cup"))  # not yet: the last look was a moment ago
    assert path.exists()
    changed(worker(shop.state, tmp_path), ("new-3", "jam"))
    assert not path.exists()
    assert not draft.exists()
    assert len(list((tmp_path / "columns").iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_work(shop, tmp_path):
    (tmp_path / "columns").write_bytes(b"")
    state = changed(worker(shop.state, tmp_path), NEW)
    np.testing.assert_array_equal(scores(state), scores(changed(shop.state, NEW)))


def test_many_items_at_once_are_not_written(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_columns, "MAX_SHARED_ITEMS", 1)
    changed(worker(shop.state, tmp_path), KNOWN, NEW)
    assert not (tmp_path / "columns").exists()


def test_one_process_shares_nothing(tmp_path):
    assert open_columns(tmp_path, None) is None
    assert open_columns(tmp_path, tmp_path) is None  # without checksums
    (tmp_path / MANIFEST_FILE).write_bytes(b"{}")
    assert open_columns(tmp_path, None) is None
    assert isinstance(open_columns(tmp_path, tmp_path), SharedColumns)
