"""Rows of the result tables: scores of Daybreak and the best peer, and the verdict."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.common.scoring import Cell, Evalkit
from benchmarks.common.tables import ResultRow

Scores = dict[str, float]


@dataclass(frozen=True)
class Best:
    """The best peer of a cell; ``lists`` is the file of its lists, None without one."""

    name: str
    ndcg: float
    lists: Path | None


@dataclass(frozen=True)
class Results:
    """Results in a working folder; ``run`` is the key of Daybreak's files.

    ``earlier`` is a folder with tables of peers from earlier runs, which stand for the peers
    whose lists are not in the working folder: splits and settings of peers do not change.
    """

    kit: Evalkit
    work: Path
    run: str
    seeds: int
    names: tuple[str, ...]
    earlier: Path | None = None

    def peers(self, cell: Cell) -> dict[str, Scores]:
        """Return the scores of the peers whose lists exist."""
        lists = {name: self._peer(cell, name) for name in self.names}
        return {name: self.kit.score(cell, p) for name, p in lists.items() if p.exists()}

    def row(self, cell: Cell) -> ResultRow | None:
        """Return the row of a cell; None without any result."""
        peers = self.peers(cell)
        best = self._best(cell, peers)
        folder = self._ours(cell.data, cell.split)
        lists = [folder / f"seed{seed}.{cell.candidates}.csv.gz" for seed in range(self.seeds)]
        ours = [self.kit.score(cell, path) for path in lists if path.exists()]
        if not (ours or best):
            return None
        known = [*ours, *peers.values()]
        row: dict[str, Any] = {"users": int(known[0]["users"]) if known else ""}
        row["popular"] = self._popular(cell, peers)
        if best:
            row |= {"peer": best.name, "peer_ndcg": best.ndcg}
        if ours:
            row |= _numbers(ours) | _cost(folder / "seed0.json")
        if ours and best:
            row["verdict"] = self._verdict(cell, ours[0], lists[0], best)
            row["ratio"] = float(row["ndcg"]) / best.ndcg if best.ndcg else ""
        return ResultRow(cell.split, cell.candidates, cell.k, **row)

    def failures(self, data: str, split: str) -> list[str]:
        """Return one line for each run that failed."""
        folders = {
            "peer": self.work / "peers" / data / split,
            "Daybreak": self._ours(data, split),
        }
        return [
            f"{who} {path.stem} on {split} ({path.read_text().strip()})"
            for who, folder in folders.items()
            for path in sorted(folder.glob("*.failed"))
        ]

    def _ours(self, data: str, split: str) -> Path:
        return self.work / "daybreak" / self.run / data / split

    def _peer(self, cell: Cell, name: str) -> Path:
        return self.work / "peers" / cell.data / cell.split / f"{name}.{cell.candidates}.csv.gz"

    def _recorded(self, cell: Cell) -> dict[str, Any] | None:
        known = self.kit.best_peers()
        at = (cell.data, cell.split, cell.candidates)
        return dict(known.loc[at]) if at in known.index else None

    @cached_property
    def _earlier_peers(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """NDCG of the peers of earlier runs, by data, split and candidates, then by peer."""
        found: dict[tuple[str, str, str], dict[str, float]] = {}
        for path in sorted(self.earlier.glob("*_peers.csv")) if self.earlier else ():
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    at = (row["data"], row["split"], row["candidates"])
                    found.setdefault(at, {})[row["peer"]] = float(row["ndcg"])
        return found

    def _earlier(self, cell: Cell) -> dict[str, float]:
        at = (cell.data, cell.split, cell.candidates)
        known = self._earlier_peers.get(at, {})
        return {name: known[name] for name in known if name in self.names}

    def _popular(self, cell: Cell, peers: dict[str, Scores]) -> float | str:
        if "popular" in peers:
            return peers["popular"]["ndcg"]
        if "popular" in (earlier := self._earlier(cell)):
            return earlier["popular"]
        recorded = self._recorded(cell)
        return float(recorded["pop"]) if recorded else ""

    def _best(self, cell: Cell, peers: dict[str, Scores]) -> Best | None:
        """Return the best peer measured here or recorded, whichever is higher."""
        recorded = self._recorded(cell)
        found = [Best(name, peers[name]["ndcg"], self._peer(cell, name)) for name in peers]
        earlier = self._earlier(cell)
        found += [Best(name, earlier[name], None) for name in earlier if name not in peers]
        if recorded:
            found.append(Best(recorded["best"], float(recorded["ndcg"]), None))
        return max(found, key=lambda best: best.ndcg, default=None)

    def _verdict(self, cell: Cell, ours: Scores, lists: Path, best: Best) -> str:
        if best.lists:
            found = self.kit.compare(cell, lists, best.lists)
            low, high, how = found["low"], found["high"], "paired"
        else:
            low, high = ours["ndcg_low"] - best.ndcg, ours["ndcg_high"] - best.ndcg
            how = "interval"
        word = "better" if low > 0 else "worse" if high < 0 else "tied"
        return f"{word} ({how})"


def _numbers(ours: list[Scores]) -> dict[str, object]:
    """Return means over seeds, also of the interval bounds, and the NDCG of each seed."""
    names = {"ndcg": "ndcg", "ndcg_low": "low", "ndcg_high": "high", "recall": "recall"}
    names |= {name: name for name in ("recall_low", "recall_high")}
    means = {to: sum(found[key] for found in ours) / len(ours) for key, to in names.items()}
    return {**means, "seeds": " ".join(f"{found['ndcg']:.4f}" for found in ours)}


def _cost(path: Path) -> dict[str, float]:
    cost = json.loads(path.read_text())
    return {name: cost[name] for name in ("fit_seconds", "answer_seconds", "peak_mb")}
