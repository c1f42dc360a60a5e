import io
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from daybreak.config import Settings
from daybreak.data.partitions import PartitionOptions, iter_parts
from daybreak.errors import DataError, NotFoundError, TooManyRejectsError
from daybreak.service.partitions import import_partitions
from daybreak.service.workspace import Workspace
from tests.service.object_store import object_store, object_store_settings


def day_of_events(day, n=10):
    return pl.DataFrame(
        {
            "kunde": [f"u{day}-{row}" for row in range(n)],
            "sku": [f"i{row % 3}" for row in range(n)],
            "timestamp": [1.7e9 + 86_400 * day + row for row in range(n)],
        }
    )


@pytest.fixture
def folder(tmp_path):
    """Three days of events, each a file in a folder of its own."""
    for day in range(3):
        part = tmp_path / "events" / f"day={day}"
        part.mkdir(parents=True)
        day_of_events(day).write_parquet(part / "part-0.parquet", row_group_size=4)
    return tmp_path / "events"


@pytest.fixture
def workspace(tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    with Workspace(settings, create=True) as opened:
        yield opened


COLUMNS = PartitionOptions({"user_id": "kunde", "item_id": "sku"}, part_rows=4)


def test_all_files_are_stored_part_by_part(workspace, folder):
    files = []
    found = import_partitions(workspace, str(folder), COLUMNS, files.append)
    assert (found.files, found.read, found.new) == (3, 30, 30)
    assert len(files) == 3
    users = set(workspace.store.tables().events["user_id"])
    assert users == {f"u{day}-{row}" for day in range(3) for row in range(10)}


def test_an_import_that_is_repeated_adds_nothing(workspace, folder):
    import_partitions(workspace, str(folder), COLUMNS)
    again = import_partitions(workspace, str(folder), COLUMNS)
    assert (again.read, again.new) == (30, 0)


def test_a_part_has_at_most_so_many_rows_and_the_columns_of_its_folders(folder):
    parts = list(iter_parts(str(folder), 4))
    assert [part.frame.height for part in parts] == [4, 4, 2] * 3
    assert [part.frame["day"][0] for part in parts] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    every = pl.concat(part.frame.drop("day") for part in parts)
    assert every.equals(pl.concat(day_of_events(day) for day in range(3)))


def test_parts_before_a_bad_one_stay(workspace, folder):
    bad = day_of_events(9).with_columns(kunde=pl.lit(None, pl.String))
    (folder / "day=9").mkdir()
    bad.write_parquet(folder / "day=9" / "part-0.parquet")
    with pytest.raises(TooManyRejectsError, match="30 events before them are stored"):
        import_partitions(workspace, str(folder), COLUMNS)
    assert workspace.store.tables().events.height == 30


def test_a_folder_without_files_and_a_damaged_file_are_named(folder, tmp_path):
    with pytest.raises(NotFoundError, match="no Parquet files"):
        list(iter_parts(str(tmp_path / "nothing")))
    (folder / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        list(iter_parts(str(folder)))


def test_files_of_an_object_store_are_read_by_row_groups(monkeypatch):
    objects = {}
    for day in range(2):
        file = io.BytesIO()
        day_of_events(day, 60_000).write_parquet(
            file, row_group_size=10_000, compression="uncompressed"
        )
        objects[f"shop/events/day={day}/part-0.parquet"] = file.getvalue()
    with object_store(objects) as server:
        for name, value in object_store_settings(server).items():
            monkeypatch.setenv(name, value)
        parts = iter_parts("s3://bucket/shop/events", 10_000)
        first = next(parts)
        assert first.frame.height == 10_000
        assert max(server.read_bytes) < len(objects["shop/events/day=0/part-0.parquet"]) / 2
        assert sum(part.frame.height for part in parts) == 110_000


READ_WITHIN_LIMIT = """
import resource
import sys

import polars as pl

from daybreak.data.partitions import iter_parts

source, margin, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
next(iter_parts(source, 2_500))  # the libraries take what they need to begin
used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (used + margin, used + margin))
if how == "whole":
    print(pl.read_parquet(source).height)
else:
    print(sum(part.frame.height for part in iter_parts(source, 2_500)))
"""
"""Read a folder within a limit on the memory that is written: RLIMIT_AS would count the file,
of which pages are mapped and given back."""


def read_within_limit(folder, how):
    call = [sys.executable, "-c", READ_WITHIN_LIMIT, str(folder), str(40_000_000), how]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def test_a_file_larger_than_the_memory_is_read_by_row_groups(tmp_path):
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"text": [rng.bytes(1_000).hex() for _ in range(40_000)]})
    file = tmp_path / "all.parquet"
    rows.write_parquet(file, row_group_size=2_500, compression="uncompressed")
    assert file.stat().st_size > 80_000_000
    found = read_within_limit(tmp_path, "parts")
    assert found.stdout.strip() == "40000", found.stderr
    assert read_within_limit(tmp_path, "whole").returncode != 0
