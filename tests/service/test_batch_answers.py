import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import read_tables
from daybreak.service.batch_answers import BatchOptions, write_answers
from daybreak.service.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """Ninety-five users of a shop with twenty items."""
    rng = np.random.default_rng(0)
    events = pl.DataFrame(
        {
            "user_id": [f"u{user:02d}" for user in np.repeat(np.arange(95), 4)],
            "item_id": [f"i{item}" for item in rng.integers(0, 20, 380)],
        }
    )
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none", k=3)
    with Workspace(settings, create=True) as opened:
        opened.write_import(read_tables(events))
        opened.train(["popular", "item_knn"])
        yield opened


def test_chunks_are_written_as_they_come_and_reported(workspace, tmp_path):
    out, counts = tmp_path / "lists.parquet", []
    written = write_answers(
        workspace,
        out,
        BatchOptions(chunk_users=10),
        lambda done, total: counts.append((done, total)),
    )
    assert counts == [(min(10 * chunk, 95), 95) for chunk in range(1, 11)]
    assert (written.users, written.rows) == (95, 285)
    assert pl.read_parquet(out).height == 285


def test_two_processes_write_the_same_file_as_one(workspace, tmp_path):
    frames = []
    for engine in ("serial", "processes:2"):
        out = tmp_path / f"{engine[:6]}.parquet"
        write_answers(workspace, out, BatchOptions(engine, chunk_users=20))
        frames.append(pl.read_parquet(out))
    assert frames[0].equals(frames[1])


def test_lists_are_those_of_a_recommender_with_all_events(tmp_path):
    rng = np.random.default_rng(1)
    events = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in rng.integers(0, 40, 600)],
            "item_id": [f"i{item}" for item in rng.integers(0, 30, 600)],
            "timestamp": 1.7e9 + 1e4 * np.arange(600),
            "value": rng.integers(1, 6, 600).astype(np.float64),
        }
    )
    users = pl.DataFrame({"user_id": ["u1", "new"], "city": ["York", "Bath"]})
    late = pl.DataFrame({"item_id": ["i3", "later"], "title": ["red pot", "red pan"]})
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none", k=5)
    with Workspace(settings, create=True) as opened:
        opened.write_import(read_tables(events, users=users))
        opened.train(["popular", "profile", "item_knn", "content/match"])
        opened.write_import(read_tables(items=late))
        out = tmp_path / "lists.parquet"
        write_answers(opened, out, BatchOptions(chunk_users=7))
        found = pl.read_parquet(out)
        tables = opened.store.tables()
        whole = Recommender.load(next((tmp_path / "releases").iterdir())).load_tables(tables)
    expected = whole.recommend(found["user_id"].unique().sort(), k=5, titles=True)
    assert found["user_id"].n_unique() == len({*events["user_id"], *users["user_id"]})
    assert_frame_equal(found, expected.select(found.columns), rel_tol=1e-6)


def test_only_the_events_of_a_chunk_are_read_at_a_time(workspace, tmp_path, monkeypatch):
    kind, sizes = type(workspace.store), []
    read = kind.people_tables

    def people(store, users):
        found = read(store, users)
        sizes.append(found.events.height)
        return found

    monkeypatch.setattr(kind, "people_tables", people)
    monkeypatch.setattr(kind, "tables", None)  # nothing reads all of them
    write_answers(workspace, tmp_path / "lists.csv", BatchOptions(chunk_users=10))
    assert max(sizes) <= 10 * 4
    assert sum(sizes) == 95 * 4
