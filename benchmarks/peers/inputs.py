"""A split and its data folder, read once into one numbering of users and items."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

STRINGS = {"user_id": str, "item_id": str}


@dataclass(frozen=True)
class Split:
    """Training data and requests of a split.

    ``train`` and ``seen`` are (n_users, n_items) with a one for each pair; ``train`` has the
    training data, ``seen`` the request-time history as well. ``asked`` has the rows of the
    test users, ``excluded`` (n_asked, n_items) the pairs never to recommend,
    ``candidates`` the item rows of each candidates file. ``items`` and ``users`` are the data
    folder's tables, one row for each item and user in the order of the matrices, all strings.
    ``tie_orders`` is the number of random orders of items with equal scores.
    """

    user_ids: pd.Index
    item_ids: pd.Index
    train: csr_matrix
    seen: csr_matrix
    asked: np.ndarray
    excluded: csr_matrix
    candidates: dict[str, np.ndarray]
    items: pd.DataFrame
    users: pd.DataFrame
    tie_orders: int = 1


@dataclass(frozen=True)
class SideTables:
    """The items and users of several splits, read once; ``items`` has every candidate."""

    items: pd.DataFrame
    users: pd.DataFrame


def read_side_tables(data: Path, items: pd.Index) -> SideTables:
    """Read the side tables of a data set, for these items and all users."""
    path = data / "users.csv.gz"
    ids = pd.read_csv(path, dtype=str).user_id if path.exists() else pd.Series(dtype=str)
    users = _side(path, "user_id", pd.Index(ids.unique()))
    return SideTables(_side(data / "items.csv.gz", "item_id", items), users)


def read(folder: Path, data: Path, tables: SideTables | None = None) -> Split:
    """Read a split folder and the side tables of its data set.

    Args:
        folder: Folder of the split.
        data: Folder of the data set.
        tables: Side tables that splits share; all items of the split must be in them. The
            content of items is then prepared once for all splits.
    """
    train, history, exclude = (
        pd.read_csv(folder / f"{name}.csv.gz", dtype=STRINGS)
        for name in ("train", "history", "exclude")
    )
    asked = pd.read_csv(folder / "users.csv", dtype=str).user_id
    wanted = {
        path.stem.removeprefix("candidates_"): pd.read_csv(path, dtype=str).item_id
        for path in sorted(folder.glob("candidates_*.csv"))
    }
    user_ids = pd.Index(pd.concat([train.user_id, history.user_id, asked]).unique())
    item_ids = pd.Index(pd.concat([train.item_id, history.item_id, *wanted.values()]).unique())
    if tables is not None:
        item_ids = tables.items.index

    def pairs(frame: pd.DataFrame) -> csr_matrix:
        rows, columns = user_ids.get_indexer(frame.user_id), item_ids.get_indexer(frame.item_id)
        known = (rows >= 0) & (columns >= 0)
        ones = np.ones(int(known.sum()), dtype=np.float32)
        shape = (len(user_ids), len(item_ids))
        matrix = csr_matrix((ones, (rows[known], columns[known])), shape=shape)
        matrix.data[:] = 1.0
        return matrix

    rows = user_ids.get_indexer(asked)
    return Split(
        user_ids,
        item_ids,
        pairs(train),
        pairs(pd.concat([train, history])),
        rows,
        pairs(exclude)[rows],
        {name: item_ids.get_indexer(ids) for name, ids in wanted.items()},
        _side(data / "items.csv.gz", "item_id", item_ids) if tables is None else tables.items,
        _side(data / "users.csv.gz", "user_id", user_ids)
        if tables is None
        else tables.users.reindex(user_ids, fill_value=""),
    )


def _side(path: Path, key: str, ids: pd.Index) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(index=ids)
    table = pd.read_csv(path, dtype=str).fillna("").drop_duplicates(key).set_index(key)
    return table.reindex(ids, fill_value="")
