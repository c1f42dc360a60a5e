"""Check tables as PASS, WARN and FAIL lines, and say what they are good for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from daybreak.data.describe import describe
from daybreak.data.importing import ImportResult
from daybreak.data.readiness import readiness
from daybreak.data.rules import EventRules
from daybreak.data.tables import Tables
from daybreak.data.ties import tie_report

Level: TypeAlias = Literal["PASS", "WARN", "FAIL"]

TOO_MANY = 0.05
"""Share of rejected rows from which on the whole file is suspect."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    level: Level
    code: str
    """Stable name for programs."""
    message: str

    def __str__(self) -> str:
        return f"{self.level} {self.code}: {self.message}"


def validate(data: ImportResult | Tables) -> list[Finding]:
    """Check what was read: rejects, references, times, ties, signs, and what it allows.

    Example:
        >>> import polars as pl
        >>> findings = validate(Tables.of(pl.DataFrame({"user_id": ["a"], "item_id": ["x"]})))
        >>> print(findings[0])
        PASS events: events 1, users 1, items 1
    """
    if isinstance(data, Tables):
        return _validate(data, EventRules(), None)
    return _validate(data.tables, data.rules, data)


def _validate(tables: Tables, rules: EventRules, result: ImportResult | None) -> list[Finding]:
    facts = describe(tables)
    found = [*_counts(facts), *_times(tables, facts), *_signs(tables, rules)]
    found += [*_items(facts), *_rejects(result), *_strategies(tables)]
    return found


def _counts(facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["items"]:
        yield Finding("FAIL", "empty", "no items and no events; there is nothing to recommend")
    elif not facts["events"]:
        text = f"no events; {facts['items']:,} items can be recommended by content only"
        yield Finding("WARN", "events", text)
    else:
        text = ", ".join(f"{name} {facts[name]:,}" for name in ("events", "users", "items"))
        yield Finding("PASS", "events", text)


def _times(tables: Tables, facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["events"]:
        return
    known = facts["time"]["known"]
    if known < 1:
        text = f"{known:.0%} of the events have a time; evaluation by time needs all"
        yield Finding("WARN", "times", text)
    else:
        yield Finding("PASS", "times", "every event has a time")
    ties = tie_report(tables.events)
    if ties.sorted_by_id:
        text = (
            f"{ties.ascending:.0%} of {ties.pairs:,} neighbours with the same user and time "
            "are sorted by item id: their order says nothing; export exact times if you can"
        )
        yield Finding("WARN", "ties", text)
    else:
        yield Finding("PASS", "ties", "events with equal times are not sorted by item id")


def _signs(tables: Tables, rules: EventRules) -> Iterator[Finding]:
    if not tables.events.height:
        return
    resolved = rules.resolve(tables.events)
    signs = resolved.signs(tables.events)
    counts = {sign: int((signs == sign).sum()) for sign in (1, 0, -1)}
    text = (
        f"{resolved.describe()} That makes {counts[1]:,} positive, {counts[-1]:,} negative and "
        f"{counts[0]:,} only seen"
    )
    yield Finding("PASS" if counts[1] else "FAIL", "signs", text)


def _items(facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["items"]:
        return
    if facts["text_columns"]:
        text = f"item text in {', '.join(facts['text_columns'])}"
        yield Finding("PASS", "item_text", text)
    else:
        text = "no column of item text; new items cannot be matched by content"
        yield Finding("WARN", "item_text", text)


def _rejects(result: ImportResult | None) -> Iterator[Finding]:
    if result is None:
        return
    rejects = result.rejects
    dropped = rejects.dropped()
    total = dropped + sum(result.rows_read.values())
    if not len(rejects):
        yield Finding("PASS", "rejects", "every row was used")
    else:
        counts = "; ".join(f"{reason}: {n:,}" for reason, n in rejects.counts.items())
        level: Level = "FAIL" if dropped > TOO_MANY * total else "WARN"
        yield Finding(level, "rejects", f"{dropped:,} of {total:,} rows not used ({counts})")
    for note in result.notes:
        yield Finding("WARN", "note", note)


def _strategies(tables: Tables) -> Iterator[Finding]:
    for strategy in readiness(tables).strategies:
        level: Level = "PASS" if strategy.on else "WARN"
        yield Finding(level, f"strategy_{strategy.name}", str(strategy))
