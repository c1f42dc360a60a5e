"""Catalogues in which every item has names of its own: cost by size, not by shape."""

import json

import pytest

from daybreak.config import Settings
from daybreak.data.wide_rows import KEPT_NAMES, MAX_FRAME_COLUMNS
from daybreak.models import content_match
from daybreak.service.backup import export_table
from daybreak.service.ingest import rows as rows_module
from daybreak.service.serving import RecommenderService, RecommendRequest
from daybreak.store import entity_rows
from daybreak.store.sql import SqlStore


def wide(n, m):
    return [
        {"item_id": f"i{i}", "title": f"Tea {i}", **{f"name {i} {j}": [j] for j in range(m)}}
        for i in range(n)
    ]


@pytest.mark.parametrize(("n", "m"), [(20, 80), (1_100, 1)])
def test_items_with_names_of_their_own_are_stored_and_served(tmp_path, n, m):
    rows, path = wide(n, m), tmp_path / "shop.db"
    settings = Settings(store=f"sqlite:///{path}", encoder="none")
    with RecommenderService(settings, poll_s=3600) as service:
        assert service.catalogue.put(rows).accepted == n
        changed = {**rows[1], "name 1 0": None, "late": True}
        service.catalogue.put([changed])
        expected = [*rows[:1], {k: v for k, v in changed.items() if v is not None}, *rows[2:]]
        assert [service.catalogue.get(row["item_id"]) for row in expected] == expected
    assert path.stat().st_size < 5 * len(json.dumps(rows)) + 300_000
    with RecommenderService(settings, poll_s=3600) as service:
        assert [service.catalogue.get(row["item_id"]) for row in expected] == expected
        frame = service.store.tables().items
        assert frame.width <= MAX_FRAME_COLUMNS + len(KEPT_NAMES) + 2
        answer = service.recommend(RecommendRequest(user_id="ann", n=3))
        assert answer.items[0].properties["title"].startswith("Tea")
        lines = "".join(export_table(service, "items")).splitlines()
        exported = [
            {name: value for name, value in json.loads(line).items() if value is not None}
            for line in lines
        ]
        assert exported == expected


def test_what_is_read_from_one_store_can_be_written_to_another(tmp_path):
    rows = wide(20, 40)
    settings = Settings(store=f"sqlite:///{tmp_path}/a.db", encoder="none")
    other = Settings(store=f"sqlite:///{tmp_path}/b.db", encoder="none")
    with (
        RecommenderService(settings, poll_s=3600) as service,
        RecommenderService(other, poll_s=3600) as copy,
    ):
        service.catalogue.put(rows)
        copy.store.write(service.store.tables())
        copy.releases.sync()
        assert [copy.catalogue.get(row["item_id"]) for row in rows] == rows


@pytest.fixture
def work(monkeypatch):
    """Counts of writes of the store, of cells of frames, and of neighbours that are found."""
    counts = {"writes": 0, "cells": 0, "neighbours": 0}
    write, column, read = SqlStore.write, rows_module.column_from_values, entity_rows._column
    find = content_match.nearest_neighbour_weights

    def count_write(self, *args, **options):
        counts["writes"] += 1
        return write(self, *args, **options)

    def count_column(make):
        def counted(name, values):
            counts["cells"] += len(values)
            return make(name, values)

        return counted

    def count_neighbours(*args):
        counts["neighbours"] += 1
        return find(*args)

    monkeypatch.setattr(SqlStore, "write", count_write)
    monkeypatch.setattr(rows_module, "column_from_values", count_column(column))
    monkeypatch.setattr(entity_rows, "_column", count_column(read))
    monkeypatch.setattr(content_match, "nearest_neighbour_weights", count_neighbours)
    return counts


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(("n", "m"), [(900, 5), (40, 120)])
def test_the_work_of_a_write_and_of_a_start_grows_with_the_values(
    tmp_path, work, n, m, partial
):
    rows = wide(n, m)
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    with RecommenderService(settings, poll_s=3600) as service:
        assert service.catalogue.put(rows, partial=partial).accepted == n
        assert work["writes"] == 1
        assert [service.catalogue.get(row["item_id"]) for row in rows[::20]] == rows[::20]
    assert work["cells"] <= 4 * 6 * n  # six columns at most, written, read and merged
    work["cells"] = 0
    with RecommenderService(settings, poll_s=3600) as service:
        assert [service.catalogue.get(row["item_id"]) for row in rows[::20]] == rows[::20]
    assert work["cells"] <= 6 * n


def test_attributes_of_few_items_are_deleted_one_by_one(tmp_path):
    rows = wide(30, 3)
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    gone = [{"item_id": row["item_id"], f"name {i} 1": None} for i, row in enumerate(rows)]
    left = [
        {name: value for name, value in row.items() if name != f"name {i} 1"}
        for i, row in enumerate(rows)
    ]
    with RecommenderService(settings, poll_s=3600) as service:
        service.catalogue.put(rows)
        service.catalogue.put(gone, partial=True)
        assert [service.catalogue.get(row["item_id"]) for row in rows] == left
        service.catalogue.put([{"item_id": row["item_id"], "new": 1} for row in rows])
        assert service.catalogue.get("i3") == {"item_id": "i3", "new": 1}


def test_neighbours_of_a_large_catalogue_are_found_once_at_a_start(tmp_path, work, monkeypatch):
    monkeypatch.setattr(content_match, "MAX_DENSE_ITEMS", 10)
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    with RecommenderService(settings, poll_s=3600) as service:
        service.catalogue.put(wide(30, 1))
    work["neighbours"] = 0
    with RecommenderService(settings, poll_s=3600):
        assert work["neighbours"] == 1
