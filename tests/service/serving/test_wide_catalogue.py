"""Catalogues in which every item has names of its own: cost by size, not by shape."""

import json

import pytest

from daybreak.config import Settings
from daybreak.data.wide_rows import KEPT_NAMES, MAX_FRAME_COLUMNS
from daybreak.service.backup import export_table
from daybreak.service.serving import RecommenderService, RecommendRequest


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
