"""Table and picture of the warm-up curve of a shop, from the lists of all systems."""

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.scoring import Evalkit
from benchmarks.common.tables import grid, machine
from benchmarks.quality.young_splits import (
    MAX_ITEMS,
    MAX_NEWCOMERS,
    SHOTS,
    SIZES,
    TIE_ORDERS,
    ShopSplit,
)
from daybreak.estimates import bootstrap, paired_bootstrap
from daybreak.evaluation.plots import (
    MUTED_COLOUR,
    SERIES_COLOURS,
    TEXT_COLOUR,
    svg_figure,
    to_standalone_svg,
)
from daybreak.types import Doubles

_DRAWS = ", ".join(f"{n} customers: {draws}" for n, draws in SIZES.items())
PROTOCOL = f"""A shop has learned from its first 5, 20, 100 or 500 customers, and recommends
to customers who came later, of whom 0, 1 or 3 events are known. Customers are ordered by
their first event (random where times are unknown); a shop is successive customers with all
their events, and several shops of a size are averaged ({_DRAWS}), with up to
{MAX_NEWCOMERS} newcomers each. Targets are the events of a newcomer after the tenth (after
the third where most have fewer than 15), the same for every number of known events; the
events before are never candidates. All other items of the catalogue are, sold or not; of a
catalogue of more than {MAX_ITEMS:,} items a random part is used. NDCG@10, mean over
newcomers with its 95 % interval; *better*, *tied* and *worse* compare with the best peer
**of that cell**, and *beside popular* with the best sellers, paired over newcomers (1,000
resamples). The intervals do not include the difference between shops. Peers have the
settings of the other tables; LightFM learns from the shop's customers, and a newcomer's
vector is then moved by the known events. Users without events get the popular list from all
peers but LightFM. Where items have equal scores, a peer's NDCG is the mean over {TIE_ORDERS}
random orders of the items: most counts of 5 customers are equal, so that one order is luck.
Daybreak has its own order. One default Daybreak, with the same settings for all data sets."""
COMMAND = (
    "python -m benchmarks.quality.young_shops --shared SHARED --work WORK --peers --daybreak "
    "--peer-python .venv-peers/bin/python"
)


@dataclass(frozen=True)
class YoungResults:
    """Values in a working folder; ``run`` is the key of Daybreak's files."""

    kit: Evalkit
    work: Path
    run: str
    peers: Sequence[str]

    def values(self, splits: Sequence[ShopSplit], system: str) -> Doubles | None:
        """Return the NDCG of all newcomers of all shops; None if a list is missing."""
        lists = [self._lists(split, system) for split in splits]
        if not lists or not all(path.exists() for path in lists):
            return None
        found = zip(splits, lists, strict=True)
        return np.concatenate([self.kit.user_ndcg(s.folder, path, 10) for s, path in found])

    def has_own(self, split: ShopSplit) -> bool:
        """Return whether Daybreak has answered for this split."""
        return self._lists(split, "daybreak").exists()

    def _lists(self, split: ShopSplit, system: str) -> Path:
        folder = self.work / split.data
        if system == "daybreak":
            return folder / "daybreak" / self.run / f"{split.folder.name}.all.csv.gz"
        return folder / "peers" / split.folder.name / f"{system}.csv.gz"


@dataclass(frozen=True)
class YoungCell:
    """Daybreak, the best peer and the best sellers on shops of one size.

    Attributes:
        data: Name of the data set.
        customers: Customers of the shop.
        shots: Known events of a newcomer.
        queries: Number of newcomers of all shops.
        ndcg: NDCG@10 of Daybreak, with its interval.
        peers: NDCG@10 of each peer.
        verdict: Comparison with the best peer: better, tied, worse.
        beside_popular: Comparison with the best sellers.
    """

    data: str
    customers: int
    shots: int
    queries: int
    ndcg: tuple[float, float, float]
    peers: dict[str, float]
    verdict: str
    beside_popular: str

    @property
    def best(self) -> str:
        """Name of the best peer."""
        return max(self.peers, key=lambda name: self.peers[name])

    @property
    def ratio(self) -> float:
        """NDCG of Daybreak, divided by that of the best peer."""
        return self.ndcg[0] / max(self.peers[self.best], 1e-9)


def collect_cells(results: YoungResults, splits: Sequence[ShopSplit]) -> list[YoungCell]:
    """Return the cells for which Daybreak and the peers have answered.

    Shops for which Daybreak has not answered are left out of all systems.
    """
    cells = []
    for data in dict.fromkeys(split.data for split in splits):
        for customers in SIZES:
            for shots in SHOTS:
                key = (data, customers, shots)
                mine = [s for s in splits if (s.data, s.customers, s.shots) == key]
                cell = _compare(results, [s for s in mine if results.has_own(s)])
                if cell is not None:
                    cells.append(cell)
    return cells


def _compare(results: YoungResults, splits: list[ShopSplit]) -> YoungCell | None:
    own = results.values(splits, "daybreak")
    found = {name: results.values(splits, name) for name in results.peers}
    peers = {name: values for name, values in found.items() if values is not None}
    if own is None or "popular" not in peers:
        return None
    means = {name: float(values.mean()) for name, values in peers.items()}
    best = max(means, key=lambda name: means[name])
    return YoungCell(
        splits[0].data,
        splits[0].customers,
        splits[0].shots,
        len(own),
        bootstrap(own),
        means,
        _judge(own, peers[best]),
        _judge(own, peers["popular"]),
    )


def _judge(own: Doubles, other: Doubles) -> str:
    paired = paired_bootstrap(own, other)
    return "better" if paired.is_better else "worse" if paired.is_worse else "tied"


def write_report(
    results: YoungResults, splits: Sequence[ShopSplit], out: Path, images: Path
) -> None:
    """Write ``young_shops.md``, ``young_shops.csv`` and the picture."""
    cells = collect_cells(results, splits)
    if not cells:
        print("no cell has both Daybreak and the peers; nothing was written")
        return
    out.mkdir(parents=True, exist_ok=True)
    notes = {**machine(), "python": sys.version.split()[0], "source": results.run}
    lines = ["# The warm-up curve of a shop", "", PROTOCOL, "", f"Command: `{COMMAND}`", ""]
    lines += [f"- {title}: {text}" for title, text in notes.items()]
    lines += ["", *_summary(cells), "", *_table(cells, results.peers)]
    (out / "young_shops.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_csv(cells, results.peers, out / "young_shops.csv")
    _draw(cells, images / "young_shops.svg")
    print("\n".join(_summary(cells)), flush=True)


def _summary(cells: Sequence[YoungCell]) -> list[str]:
    groups = [("all", cells)]
    groups += [(f"{n} customers", [c for c in cells if c.customers == n]) for n in SIZES]
    groups += [(f"{n} events", [c for c in cells if c.shots == n]) for n in SHOTS]
    names = dict.fromkeys(cell.data for cell in cells)
    groups += [(name, [cell for cell in cells if cell.data == name]) for name in names]
    lines = []
    for title, mine in groups:
        if mine:
            ratios = [cell.ratio for cell in mine]
            at_least = sum(round(c.ndcg[0], 3) >= round(c.peers[c.best], 3) for c in mine)
            verdicts = [sum(c.verdict == word for c in mine) for word in _VERDICTS]
            below = sum(round(c.ndcg[0], 3) < round(c.peers["popular"], 3) for c in mine)
            worse = sum(c.beside_popular == "worse" for c in mine)
            numbers = [at_least, *verdicts, below, worse]
            lines.append(
                [title, str(len(mine)), f"{np.mean(ratios):.2f}", f"{min(ratios):.2f}"]
                + [str(number) for number in numbers]
            )
    head = ["cells", "number", "mean ratio", "lowest ratio", "at least the best peer"]
    head += [*_VERDICTS, "below popular", "significantly"]
    return grid(head, lines)


_VERDICTS = ("better", "tied", "worse")


def _table(cells: Sequence[YoungCell], peers: Iterable[str]) -> list[str]:
    head = [
        "data",
        "customers",
        "events",
        "newcomers",
        "Daybreak",
        "95 %",
        "best peer",
        "ratio",
    ]
    head += ["verdict", "beside popular", *peers]
    lines = [
        [
            cell.data,
            str(cell.customers),
            str(cell.shots),
            f"{cell.queries:,}",
            f"**{cell.ndcg[0]:.3f}**",
            f"{cell.ndcg[1]:.3f}–{cell.ndcg[2]:.3f}",
            cell.best,
            f"{cell.ratio:.2f}",
            cell.verdict,
            cell.beside_popular,
            *(f"{cell.peers[name]:.3f}" if name in cell.peers else "" for name in peers),
        ]
        for cell in cells
    ]
    return grid(head, lines)


def _write_csv(cells: Sequence[YoungCell], peers: Sequence[str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = ["data", "customers", "events", "newcomers", "ndcg", "low", "high"]
        writer.writerow([*head, "best_peer", "ratio", "verdict", "beside_popular", *peers])
        for c in cells:
            numbers = [f"{value:.4f}" for value in c.ndcg]
            row = [c.data, c.customers, c.shots, c.queries, *numbers, c.best, f"{c.ratio:.4f}"]
            values = [f"{c.peers[name]:.4f}" if name in c.peers else "" for name in peers]
            writer.writerow([*row, c.verdict, c.beside_popular, *values])


def _draw(cells: Sequence[YoungCell], path: Path) -> None:
    """Draw a row for each data set and a column for each number of known events."""
    names = list(dict.fromkeys(cell.data for cell in cells))
    with svg_figure("young-shops", 7.2, 0.7 + 1.7 * len(names)) as (figure, out):
        panels = figure.subplots(len(names), len(SHOTS), sharey="row", squeeze=False)
        for row, name in enumerate(names):
            for column, shots in enumerate(SHOTS):
                axes = panels[row][column]
                mine = [c for c in cells if c.data == name and c.shots == shots]
                _draw_panel(axes, mine)
                if row == 0:
                    axes.set_title(f"{shots} event{'' if shots == 1 else 's'}", fontsize=9.5)
            panels[row][0].set_ylabel(f"{name}\nNDCG@10", fontsize=8.5)
            panels[row][0].set_ylim(bottom=0)
        panels[-1][len(SHOTS) // 2].set_xlabel("customers from whom the shop has learned")
        handles = panels[0][0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper left", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_standalone_svg(out[0]), encoding="utf-8")


def _draw_panel(axes: Any, cells: Sequence[YoungCell]) -> None:
    at = range(len(cells))
    plot = axes.plot
    low, high = ([cell.ndcg[n] for cell in cells] for n in (1, 2))
    colour = SERIES_COLOURS[0]
    axes.fill_between(at, low, high, color=colour, alpha=0.13, linewidth=0)
    plot(at, [c.ndcg[0] for c in cells], color=colour, marker="o", ms=4, label="Daybreak")
    best = [c.peers[c.best] for c in cells]
    plot(at, best, color=MUTED_COLOUR, marker="s", ms=3, lw=1.2, label="best peer of the cell")
    popular = [c.peers["popular"] for c in cells]
    plot(at, popular, color=TEXT_COLOUR, ls=(0, (4, 2)), lw=1.2, label="best sellers")
    axes.set_xticks(at, [str(cell.customers) for cell in cells])
    axes.grid(axis="y")
