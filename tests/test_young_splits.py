"""The splits of young shops: who has bought before the newcomers are asked."""

import pytest

pd = pytest.importorskip("pandas", reason="splits of benchmarks need pandas")

from benchmarks.quality.young_splits import (  # noqa: E402 - needs pandas
    SHOTS,
    SIZES,
    list_splits,
    make_splits,
)


class Loaded:
    """A data set as evalkit reads it: user n comes at time n and buys five things."""

    def __init__(self, n_users):
        rows = [
            (f"u{u:04}", f"i{(u + n * n) % 50:02}", 1.0, 100.0 * u + n)
            for u in range(n_users)
            for n in range(5)
        ]
        names = ["user_id", "item_id", "value", "timestamp"]
        self.interactions = pd.DataFrame(rows, columns=names)
        self.items = pd.DataFrame({"item_id": [f"i{n:02}" for n in range(60)]})


def read(split, name):
    return pd.read_csv(split.folder / name, dtype={"user_id": str, "item_id": str})


def test_a_shop_is_successive_customers_and_newcomers_come_later(tmp_path):
    splits = list_splits("shop", tmp_path)
    assert len(splits) == len(SHOTS) * sum(SIZES.values())
    chosen = [s for s in splits if s.shop in {(5, 0), (5, 2)}]
    make_splits(Loaded(900), chosen)
    for split in chosen:
        customers = sorted(read(split, "train.csv.gz").user_id.unique())
        start = 0 if split.draw == 0 else 180
        assert customers == [f"u{start + n:04}" for n in range(5)]
        assert read(split, "users.csv").user_id.min() > customers[-1]


def test_targets_are_the_same_for_every_number_of_known_events(tmp_path):
    chosen = [s for s in list_splits("shop", tmp_path) if s.shop == (20, 0)]
    make_splits(Loaded(200), chosen)
    first = read(chosen[0], "test.csv.gz")
    for split in chosen:
        history, exclude = read(split, "history.csv.gz"), read(split, "exclude.csv.gz")
        assert read(split, "test.csv.gz").equals(first)
        assert set(history.groupby("user_id").size()) <= {split.shots}
        assert set(exclude.groupby("user_id").size()) == {3}
        assert len(read(split, "candidates_all.csv")) == 60
