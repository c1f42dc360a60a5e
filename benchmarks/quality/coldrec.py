"""The published cold-item split of CiteULike-t, written as split folders of evalkit.

Protocol: warm items 8:1:1 and cold items 1:1 into training, validation and test. ``cold`` ranks
all cold items for the users of the cold test rows, ``warm`` all warm items for those of the
warm test rows, ``overall`` all items for the users with both. Training pairs are masked;
validation pairs are neither used for training nor masked.
"""

import gzip
import json
from pathlib import Path

import pandas as pd

PAIR = ["user_id", "item_id"]
TESTS = {"overall": "overall_test", "cold": "cold_item_test", "warm": "warm_test"}


def convert(source: Path, out: Path) -> None:
    """Write the split to ``out``, and one folder for scoring to ``out/PART``."""
    rows = {path.name.removesuffix(".csv.gz"): _pairs(path) for path in source.glob("*.csv.gz")}
    train = rows["warm_train"].assign(value=1.0, timestamp=0.0)
    tests = {part: rows[name] for part, name in TESTS.items()}
    warm = _items(rows, "warm_train", "warm_val", "warm_test")
    cold = _items(rows, "cold_item_val", "cold_item_test")
    candidates = {"overall": warm | cold, "cold": cold, "warm": warm}
    everyone = pd.concat(tests.values()).drop_duplicates()
    _write(out, train, everyone, candidates)
    for part, test in tests.items():
        _write(out / part, train, test, {part: candidates[part]})


def without_tags(data: Path, out: Path) -> None:
    """Copy the item table without ``tags``: words of title and abstract only.

    The tags were written by the users whose libraries are the test data, and the published
    results use words only; a comparison must do the same.
    """
    out.mkdir(parents=True, exist_ok=True)
    items = pd.read_csv(data / "items.csv.gz", dtype=str).drop(columns="tags")
    _gz(items, out / "items.csv.gz")


def _pairs(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str)
    return frame.rename(columns={"user": "user_id", "item": "item_id"})[PAIR]


def _items(rows: dict[str, pd.DataFrame], *names: str) -> set[str]:
    return set().union(*(rows[name].item_id for name in names))


def _write(
    folder: Path, train: pd.DataFrame, test: pd.DataFrame, candidates: dict[str, set[str]]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    users = test[["user_id"]].drop_duplicates().sort_values("user_id")
    _gz(train, folder / "train.csv.gz")
    _gz(train.iloc[:0], folder / "history.csv.gz")
    _gz(test.assign(part="warm"), folder / "test.csv.gz")
    _gz(train.loc[train.user_id.isin(users.user_id), PAIR], folder / "exclude.csv.gz")
    users.to_csv(folder / "users.csv", index=False)
    for name, ids in candidates.items():
        path = folder / f"candidates_{name}.csv"
        pd.DataFrame({"item_id": sorted(ids)}).to_csv(path, index=False)
    info = {"protocol": "published cold-item split", "train_rows": len(train)}
    (folder / "split.json").write_text(json.dumps(info, indent=1) + "\n")


def _gz(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode(), mtime=0))
