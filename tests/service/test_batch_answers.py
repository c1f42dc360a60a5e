import numpy as np
import polars as pl
import pytest

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
