import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import describe, read_tables, validate
from daybreak.data.partitions import PartitionOptions, read_partitions
from daybreak.errors import TooManyRejectsError
from daybreak.simulation.plans import make_plans


def shop(n=300):
    return pl.DataFrame(
        {
            "user_id": [f"u{row % 41}" for row in range(n)],
            "item_id": [f"i{row * row % 23}" for row in range(n)],
            "timestamp": [1.7e9 + 100 * row for row in range(n)],
            "rating": [float(row % 5 + 1) for row in range(n)],
        }
    )


CATALOGUE = pl.DataFrame(
    {"item_id": [f"i{n}" for n in range(25)], "title": [f"tea number {n}" for n in range(25)]}
)


@pytest.fixture
def folder(tmp_path):
    """Events in three files."""
    for start in range(0, 300, 100):
        shop()[start : start + 100].write_parquet(tmp_path / f"part-{start:03}.parquet")
    return tmp_path


def test_partitions_are_the_tables_of_one_file(folder):
    told = []
    found = read_partitions(
        folder, CATALOGUE, options=PartitionOptions(part_rows=30), progress=told.append
    )
    whole = read_tables(shop(), CATALOGUE)
    ids = pl.col("user_id", "item_id")
    events = found.tables.events
    assert [events.schema[name] for name in ("user_id", "item_id")] == [pl.Categorical] * 2
    assert events.with_columns(ids.cast(pl.String)).equals(whole.tables.events)
    assert found.tables.items.equals(whole.tables.items)
    assert found.tables.users.sort("user_id").equals(whole.tables.users.sort("user_id"))
    assert len(told) == 3
    assert found.rows_read["events"] == 300


def test_a_training_on_partitions_is_that_on_one_file(folder):
    trainings = [
        Recommender(encoder="none", strategies=["popular", "item_knn"], seed=3).fit(data)
        for data in (read_partitions(folder, CATALOGUE), read_tables(shop(), CATALOGUE))
    ]
    lists = [one.recommend(["u1", "u7", "a stranger"], k=5) for one in trainings]
    assert lists[0].equals(lists[1])
    assert trainings[0].notes == trainings[1].notes


def test_columns_without_values_take_no_memory(folder):
    events = read_partitions(folder, CATALOGUE).tables.events
    assert events["domain"].null_count() == 300
    assert events["domain"].estimated_size() < 100


def test_events_on_unknown_items_are_told_once(folder):
    found = read_partitions(folder, CATALOGUE[:10], options=PartitionOptions(part_rows=30))
    unknown = [note for note in found.notes if "not among the items" in note]
    assert len(unknown) == 1
    assert unknown == [n for n in read_tables(shop(), CATALOGUE[:10]).notes if n in unknown]


def test_a_part_that_loses_too_many_rows_ends_the_reading(folder):
    bad = shop()[:100].with_columns(item_id=pl.lit(None, pl.String))
    bad.write_parquet(folder / "part-999.parquet")
    with pytest.raises(TooManyRejectsError, match=r"part-999\.parquet: 100 of 100 events"):
        read_partitions(folder, CATALOGUE)


def test_partitions_can_be_described_checked_and_split_like_one_file(folder):
    found, whole = read_partitions(folder, CATALOGUE), read_tables(shop(), CATALOGUE)
    assert describe(found.tables) == describe(whole.tables)
    assert [str(one) for one in validate(found.tables)] == [
        str(one) for one in validate(whole.tables)
    ]
    names = ["events_1", "warm_last"]
    plans = [make_plans(one.tables, slices=names) for one in (found, whole)]
    for plan, wanted in zip(*plans, strict=True):
        assert plan.train.events.equals(wanted.train.events)
    assert found.tables.with_text_ids().events.equals(whole.tables.events)
    assert whole.tables.with_text_ids() is whole.tables


def test_chosen_columns_are_those_of_the_events_alone(tmp_path):
    named = shop().rename({"user_id": "kunde", "item_id": "sku"})
    named.write_parquet(tmp_path / "part.parquet")
    options = PartitionOptions({"user_id": "kunde", "item_id": "sku"})
    found = read_partitions(tmp_path, CATALOGUE, options=options)
    assert found.tables.events["item_id"].cast(pl.String).equals(shop()["item_id"])
    assert "title" in found.tables.items.columns
