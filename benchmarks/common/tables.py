"""Results as a Markdown page and a CSV file per data set."""

import csv
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common.scoring import Cell

PROTOCOL = """Full ranking over the candidates of each split, seen pairs masked,
binary relevance. NDCG and recall at 10 (20 in `coldrec`) are means over users with 95 %
percentile intervals (bootstrap over users, 1,000 resamples). One default recommender, with the
same settings for all data sets; it does not read the test rows. `verdict` compares NDCG with
the best peer of that cell: a paired bootstrap over users if the lists of the peer are available
(`paired`), otherwise the recorded mean of the peer against the interval of Daybreak
(`interval`); *tied* means no difference at 95 %. `ratio` is the NDCG of Daybreak divided by
that of the peer."""


@dataclass(frozen=True)
class ResultRow:
    """One row of the table; values that were not measured are empty strings."""

    split: str
    candidates: str
    k: int
    users: int | str = ""
    ndcg: float | str = ""
    low: float | str = ""
    high: float | str = ""
    recall: float | str = ""
    recall_low: float | str = ""
    recall_high: float | str = ""
    seeds: str = ""
    peer: str = ""
    peer_ndcg: float | str = ""
    popular: float | str = ""
    ratio: float | str = ""
    verdict: str = ""
    fit_seconds: float | str = ""
    answer_seconds: float | str = ""
    peak_mb: float | str = ""


def family(split: str, candidates: str) -> str:
    """Return the group of cells over which ratios are averaged."""
    if candidates == "cold":
        return "cold items, among new items"
    if split.startswith(("cold_item", "coldrec")) and candidates != "warm":
        return "cold items, all in one list"
    if split.startswith(("cold_user", "fewshot")):
        return "new users, 0 to 10 events"
    if split.startswith("drift"):
        return "drift"
    return "warm"


def write(name: str, rows: Sequence[ResultRow], out: Path, notes: dict[str, str]) -> None:
    """Write ``NAME.csv`` and ``NAME.md``; ``notes`` are printed above the table."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(ResultRow)])
        writer.writeheader()
        writer.writerows({key: _plain(v) for key, v in asdict(row).items()} for row in rows)
    lines = [f"# {name}", "", PROTOCOL, ""]
    lines += [f"- {title}: {text}" for title, text in {**machine(), **notes}.items()]
    lines += ["", *_cells(rows), "", *_summary(rows), "", *_cost(rows)]
    (out / f"{name}.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def write_peers(
    name: str, cells: Iterable[tuple[Cell, dict[str, dict[str, float]]]], out: Path
) -> None:
    """Write ``NAME_peers.csv``: every peer in every cell."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / f"{name}_peers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["data", "split", "candidates", "peer", "ndcg", "low", "high"])
        for cell, scores in cells:
            for peer, found in scores.items():
                numbers = (f"{found[key]:.4f}" for key in ("ndcg", "ndcg_low", "ndcg_high"))
                writer.writerow([cell.data, cell.split, cell.candidates, peer, *numbers])


def machine() -> dict[str, str]:
    """Return date, processor, cores and memory of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _plain(value: object) -> object:
    return f"{value:.4f}" if isinstance(value, float) else value


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    body = ["| " + " | ".join(line) + " |" for line in lines]
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *body]


def _cells(rows: Sequence[ResultRow]) -> list[str]:
    head = ["split", "candidates", "users", "Daybreak NDCG", "95 %", "recall", "95 %"]
    head += ["best peer", "NDCG", "popular", "ratio", "verdict"]
    lines = []
    for row in rows:
        line = [row.split, row.candidates, str(row.users), _ours(row)]
        line += [_interval(row.low, row.high), _short(row.recall)]
        line += [_interval(row.recall_low, row.recall_high), row.peer, _short(row.peer_ndcg)]
        line += [_short(row.popular), _short(row.ratio), row.verdict]
        lines.append(line)
    return grid(head, lines)


def _ours(row: ResultRow) -> str:
    return "" if row.ndcg == "" else f"**{_short(row.ndcg)}** @{row.k}"


def _interval(low: float | str, high: float | str) -> str:
    return "" if low == "" else f"{_short(low)}–{_short(high)}"


def _summary(rows: Sequence[ResultRow]) -> list[str]:
    groups: dict[str, list[ResultRow]] = {}
    for row in rows:
        if isinstance(row.ratio, float):
            groups.setdefault(family(row.split, row.candidates), []).append(row)
    lines = []
    for group, mine in groups.items():
        ratios = [row.ratio for row in mine if isinstance(row.ratio, float)]
        count = [sum(row.verdict.startswith(word) for row in mine) for word in _VERDICTS]
        count.append(sum(_below_popular(row) for row in mine))
        mean = sum(ratios) / len(ratios)
        lines.append(
            [group, str(len(mine)), f"{mean:.2f}", f"{min(ratios):.2f}", *map(str, count)]
        )
    head = ["cells", "number", "mean ratio", "lowest ratio", *_VERDICTS, "below popular"]
    return grid(head, lines) if lines else []


def _below_popular(row: ResultRow) -> bool:
    if not (isinstance(row.ndcg, float) and isinstance(row.popular, float)):
        return False
    return round(row.ndcg, 3) < round(row.popular, 3)


_VERDICTS = ("better", "tied", "worse")


def _cost(rows: Sequence[ResultRow]) -> list[str]:
    seen: dict[str, list[str]] = {}
    for row in rows:
        if row.fit_seconds != "":
            seconds = [f"{float(v):.1f}" for v in (row.fit_seconds, row.answer_seconds)]
            seen[row.split] = [row.split, *seconds, f"{float(row.peak_mb):.0f}", row.seeds]
    head = ["split", "fit [s]", "answer, every candidates file [s]", "peak memory [MiB]"]
    return grid([*head, "NDCG by seed (last candidates file)"], seen.values()) if seen else []
