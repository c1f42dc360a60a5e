import polars as pl
import pytest


@pytest.fixture
def parts(here):
    for number, user in enumerate(["ann", "bob"]):
        folder = here / "parts" / str(number)
        folder.mkdir(parents=True)
        rows = {"wer": [user, user], "was": ["tea", "cup"], "time": [1.7e9, 1.7e9 + number]}
        pl.DataFrame(rows).write_parquet(folder / "p.parquet")


NAMED = ("--column", "user_id=wer", "--column", "item_id=was")


def test_partitions_are_imported_and_counted(parts, ask, call):
    told = ask("import", "--partitions", "parts", *NAMED)
    assert told["files"] == 2
    assert told["new"]["events"] == told["read"]["events"] == 4
    status, out, _ = call("import", "--partitions", "parts", *NAMED)
    assert status == 0
    assert "2 files: 4 events read, 0 new in the store" in out


def test_other_files_need_a_command_of_their_own(parts, call):
    status, _, err = call("import", "things.csv", "--partitions", "parts", "--dry-run")
    assert status != 0
    assert "use FILES, --dry-run in a command of its own" in err
