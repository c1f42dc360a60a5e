"""Interface to evalkit; scores are stored next to the lists."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from daybreak.types import Doubles

KEPT_COLUMNS = ("users", "ndcg", "ndcg_low", "ndcg_high", "recall", "recall_low", "recall_high")


@dataclass(frozen=True)
class Cell:
    """One row of a table: a split, its candidate items and the length of the lists."""

    data: str
    split: str
    candidates: str
    folder: Path
    k: int = 10

    @property
    def scored(self) -> Path:
        """The folder with the test rows: that of the candidates, if it exists."""
        own = self.folder / self.candidates
        return own if own.is_dir() else self.folder


class Evalkit:
    """evalkit, imported from the shared folder.

    Args:
        shared: Folder that holds ``evalkit/evalkit`` and ``evalkit/best_peers.csv``.
    """

    def __init__(self, shared: Path) -> None:
        self.root = shared / "evalkit"
        sys.path.insert(0, str(self.root))
        self._metrics: Any = import_module("evalkit.metrics")
        self._data: Any = import_module("evalkit.data")
        self._split = lru_cache(maxsize=2)(self._metrics.Split)

    def load(self, data: Path, min_value: float | None) -> Any:
        """Return a data set; its ``interactions`` have each pair once, in order."""
        return self._data.load(data, min_value)

    def user_ndcg(self, folder: Path, recs: Path, k: int) -> Doubles:
        """Return NDCG@k of each user of a split, in order; it is stored next to the lists.

        It is the mean over the random orders of ties, if the lists have several.
        """
        kept = recs.with_name(f"{recs.name.removesuffix('.csv.gz')}.ndcg.npy")
        if not kept.exists() or kept.stat().st_mtime < recs.stat().st_mtime:
            split = self._split(folder, "all")
            values = [
                self._list_ndcg(lists, split, k) for lists in _iter_tie_orders(_read(recs))
            ]
            np.save(kept, np.mean(values, axis=0))
        stored: Doubles = np.load(kept)
        return stored

    def _list_ndcg(self, recs: pd.DataFrame, split: Any, k: int) -> Doubles:
        lists, _ = self._metrics.clean(recs, split)
        values: Doubles = self._metrics.per_user(lists, split, k)["ndcg"].to_numpy(float)
        return values

    def make_splits(self, data: Path, out: Path, min_value: float | None) -> None:
        """Run ``python -m evalkit split``; the split folders appear in ``out``."""
        command = [sys.executable, "-m", "evalkit", "split", str(data.resolve())]
        command += [str(out.resolve())]
        if min_value is not None:
            command += ["--min-value", str(min_value)]
        subprocess.run(command, cwd=self.root, check=True)  # noqa: S603 - our own arguments

    def score(self, cell: Cell, recs: Path) -> dict[str, float]:
        """Return means and 95 % intervals of one file; they are stored next to it."""
        kept = recs.with_name(f"{recs.name.removesuffix('.csv.gz')}.score.json")
        if kept.exists() and kept.stat().st_mtime >= recs.stat().st_mtime:
            stored: dict[str, float] = json.loads(kept.read_text())
            return stored
        split = self._split(cell.scored, cell.candidates)
        full = self._metrics.score(_read(recs), split, cell.k)
        result = {"k": cell.k, **{name: float(full[name]) for name in KEPT_COLUMNS}}
        kept.write_text(json.dumps(result) + "\n")
        return result

    def compare(self, cell: Cell, first: Path, second: Path) -> dict[str, float]:
        """Return the paired bootstrap of NDCG@k, first minus second."""
        split = self._split(cell.scored, cell.candidates)
        compared: dict[str, float] = self._metrics.compare(
            _read(first), _read(second), split, cell.k
        )
        return compared

    def best_peers(self) -> pd.DataFrame:
        """Return the published best peers, indexed by data, split and candidates."""
        frame = pd.read_csv(self.root / "best_peers.csv")
        return frame.set_index(["ds", "split", "cand"]).sort_index()


def _iter_tie_orders(recs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the lists of each random order of ties."""
    if "tie_order" not in recs:
        yield recs
        return
    for _, lists in recs.groupby("tie_order"):
        yield lists.drop(columns="tie_order")


def _read(recs: Path) -> pd.DataFrame:
    return pd.read_csv(recs, dtype={"user_id": str, "item_id": str})
