"""Description and validation of tables: facts, requirements of strategies, findings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import polars as pl

from daybreak.data.clock import believable_times, note_wrong_clocks
from daybreak.data.dataset import Events
from daybreak.data.event_limits import limit_events
from daybreak.data.event_signs import MAX_LISTED_TYPES, describe_signs
from daybreak.data.fields import HIDDEN_COLUMN, text_columns
from daybreak.data.importing import ImportResult
from daybreak.data.rules import EventRules
from daybreak.data.tables import Tables
from daybreak.data.ties import measure_ties
from daybreak.deprecation import RenamedAttribute


def describe(tables: Tables) -> dict[str, Any]:
    """Return counts, density, time span, medians, text columns, domains and cold shares.

    Times are in epoch seconds, shares and density in [0, 1]; unknown facts are None.

    Example:
        >>> events = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "tea"]})
        >>> shop = Tables.of(events)
        >>> facts = describe(shop)
        >>> facts["users"], facts["items"], facts["density"], facts["events_per_item"]["median"]
        (2, 1, 1.0, 2.0)
    """
    tables = tables.with_text_ids()
    events, items, users = tables.events, tables.items, tables.users
    pairs = events.select(pl.struct("user_id", "item_id").n_unique()).item()
    per_user, per_item = (_events_per(events, key) for key in ("user_id", "item_id"))
    cells = users.height * items.height
    return {
        "users": users.height,
        "items": items.height,
        "events": events.height,
        "pairs": pairs,
        "density": pairs / cells if cells else None,
        "time": _time_span(events),
        "events_per_user": _median_and_max(per_user),
        "events_per_item": _median_and_max(per_item),
        "users_with_two_events": int((per_user >= 2).sum()),
        "cold_users": _share_without_events(users, events, "user_id"),
        "cold_items": _share_without_events(items, events, "item_id"),
        "event_types": _count_values(events["event_type"]),
        "domains": _count_domains(tables),
        "item_columns": _fill_rates(items, "item_id"),
        "user_columns": _fill_rates(users, "user_id"),
        "text_columns": text_columns(items, "item_id"),
    }


def _events_per(events: pl.DataFrame, key: str) -> pl.Series:
    return events.group_by(key).len()["len"]


def _median_and_max(counts: pl.Series) -> dict[str, float | None]:
    """Return the median and the maximum of the counts, None if there is no count."""
    count = pl.col("count")
    numbers = counts.alias("count").to_frame()
    return numbers.select(median=count.median(), max=count.max().cast(pl.Float64)).row(
        0, named=True
    )


def _time_span(events: pl.DataFrame) -> dict[str, float | None]:
    time = pl.col("timestamp")
    known = events.select(known=(time.count() / pl.len()).fill_nan(0.0)).item()
    at = events["timestamp"].drop_nulls().to_numpy()
    if not len(at):
        return {"first": None, "last": None, "known": known}
    bounds = believable_times(at)
    return {"first": bounds.first, "last": bounds.last, "known": known}


def _share_without_events(
    entities: pl.DataFrame, events: pl.DataFrame, key: str
) -> float | None:
    if not entities.height:
        return None
    return entities.join(events.select(key), on=key, how="anti").height / entities.height


def _count_values(values: pl.Series) -> dict[str, int]:
    counted = values.fill_null("(none)").value_counts(sort=True)
    return dict(counted.head(50).rows())


def _count_domains(tables: Tables) -> dict[str, dict[str, int]]:
    frames = {"events": tables.events, "items": tables.items, "users": tables.users}
    return {
        role: _count_values(frame["domain"].drop_nulls())
        for role, frame in frames.items()
        if "domain" in frame.columns and frame["domain"].drop_nulls().len()
    }


def _fill_rates(frame: pl.DataFrame, key: str) -> dict[str, float]:
    """Return the share of rows with a value, by column."""
    n = max(frame.height, 1)
    return {c: frame[c].count() / n for c in frame.columns if c != key}


LOOKAHEAD_EVENTS = 1_000
"""Number of further events for which the readiness is predicted."""


@dataclass(frozen=True)
class Requirement:
    """One quantity of which a strategy needs a minimum."""

    name: str
    current: int
    required: int
    expected: int
    """Predicted value after ``LOOKAHEAD_EVENTS`` further events at the current proportions."""

    what = RenamedAttribute("name")
    have = RenamedAttribute("current")
    need = RenamedAttribute("required")


@dataclass(frozen=True)
class StrategyReadiness:
    """Whether the data meet the requirements of a group of strategies."""

    name: str
    purpose: str
    requirements: tuple[Requirement, ...]

    @property
    def is_ready(self) -> bool:
        """Whether all requirements are met."""
        return all(need.current >= need.required for need in self.requirements)

    @property
    def is_ready_soon(self) -> bool:
        """Whether the requirements will be met after ``LOOKAHEAD_EVENTS`` further events."""
        return not self.is_ready and all(
            need.expected >= need.required for need in self.requirements
        )

    def __str__(self) -> str:
        state = (
            "on"
            if self.is_ready
            else f"off, on after {LOOKAHEAD_EVENTS:,} more events"
            if self.is_ready_soon
            else "off"
        )
        needs = "; ".join(
            f"{n.name} {n.current:,} of {n.required:,}" for n in self.requirements
        )
        return f"{self.name} ({self.purpose}): {state} [{needs}]"

    gives = RenamedAttribute("purpose")
    needs = RenamedAttribute("requirements")
    on = RenamedAttribute("is_ready")
    soon = RenamedAttribute("is_ready_soon")


@dataclass(frozen=True)
class Readiness:
    """The readiness of all strategy groups.

    Example:
        >>> shop = Tables.of(items=pl.DataFrame({"item_id": ["1"], "title": ["Green tea"]}))
        >>> [s.name for s in assess_readiness(shop).strategies if s.is_ready]
        ['content']
    """

    strategies: tuple[StrategyReadiness, ...]

    def __getitem__(self, name: str) -> StrategyReadiness:
        return next(strategy for strategy in self.strategies if strategy.name == name)


def assess_readiness(tables: Tables) -> Readiness:
    """Compare the tables with the requirements of each strategy group."""
    tables = tables.with_text_ids()
    return _assess_readiness(tables, describe(tables))


def _assess_readiness(tables: Tables, facts: Mapping[str, Any]) -> Readiness:
    events = facts["events"]
    growth = 1 + LOOKAHEAD_EVENTS / events if events else 0.0
    known = facts["time"]["known"] if events else 1.0
    active = facts["users_with_two_events"]
    some = Requirement("events", events, 1, events + LOOKAHEAD_EVENTS)
    many = Requirement("events", events, 1_000, events + LOOKAHEAD_EVENTS)
    pairs = Requirement("users with 2 events", active, 25, int(active * growth))
    timed = Requirement(
        "events with a time",
        round(events * known),
        1_000,
        round((events + LOOKAHEAD_EVENTS) * known),
    )
    texts = _static_requirement("items with text", tables.items, facts["text_columns"], 1)
    columns = [name for name in tables.users.columns if name != "user_id"]
    profiles = _static_requirement("users with attributes", tables.users, columns, 50)
    return Readiness(
        (
            StrategyReadiness("popularity", "most popular items", (some,)),
            StrategyReadiness("content", "items similar to liked ones", (texts,)),
            StrategyReadiness("profile", "first lists for new users", (profiles, many)),
            StrategyReadiness("collaborative", "items of similar users", (pairs, many)),
            StrategyReadiness("transitions", "next items in a sequence", (pairs, timed)),
        )
    )


def _static_requirement(
    what: str, frame: pl.DataFrame, columns: list[str], need: int
) -> Requirement:
    """Count the rows with a value in one of the columns; further events do not change it."""
    have = 0
    if columns:
        have = frame.filter(pl.any_horizontal(pl.col(columns).is_not_null())).height
    return Requirement(what, have, need, have)


FindingLevel: TypeAlias = Literal["PASS", "WARN", "FAIL"]

MAX_EQUAL_TITLES = 0.05
"""Largest share of items with the title of another item that is not worth a second look."""
MAX_REJECTED_SHARE = 0.05
"""Share of rejected rows above which the check of rejects fails."""


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    level: FindingLevel
    code: str
    """Stable, machine-readable name of the check."""
    message: str

    def __str__(self) -> str:
        return f"{self.level} {self.code}: {self.message}"


def validate(data: ImportResult | Tables) -> list[Finding]:
    """Check rejects, times, ties, signs and content, and which strategies the data allow.

    Example:
        >>> import polars as pl
        >>> findings = validate(Tables.of(pl.DataFrame({"user_id": ["a"], "item_id": ["x"]})))
        >>> print(findings[0])
        PASS events: events 1, users 1, items 1
    """
    if isinstance(data, Tables):
        return _check_all(data.with_text_ids(), EventRules(), None)
    return _check_all(data.tables.with_text_ids(), data.rules, data)


def _check_all(tables: Tables, rules: EventRules, result: ImportResult | None) -> list[Finding]:
    facts = describe(tables)
    return [
        *_check_counts(facts),
        *_check_times(tables, facts),
        *_check_clocks(tables, result),
        *_check_signs(tables, rules),
        *_check_accounts(tables, rules),
        *_check_items(facts),
        *_check_titles(tables.items),
        *_check_rejects(result),
        *_check_strategies(tables, facts),
    ]


def _check_counts(facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["items"]:
        yield Finding("FAIL", "empty", "no items and no events; nothing can be recommended")
    elif not facts["events"]:
        text = f"no events; {facts['items']:,} items can be recommended by content only"
        yield Finding("WARN", "events", text)
    else:
        text = ", ".join(f"{name} {facts[name]:,}" for name in ("events", "users", "items"))
        yield Finding("PASS", "events", text)


def _check_times(tables: Tables, facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["events"]:
        return
    known = facts["time"]["known"]
    if known < 1:
        text = f"{known:.0%} of the events have a time; an evaluation by time needs all of them"
        yield Finding("WARN", "times", text)
    else:
        yield Finding("PASS", "times", "every event has a time")
    ties = measure_ties(tables.events)
    if ties.is_sorted_by_id:
        text = (
            f"{ties.ascending_share:.0%} of {ties.n_pairs:,} neighbours with the same user and "
            "time are sorted by item id: their order means nothing; export exact times if "
            "possible"
        )
        yield Finding("WARN", "ties", text)
    else:
        yield Finding("PASS", "ties", "events with equal times are not sorted by item id")


def _check_clocks(tables: Tables, result: ImportResult | None) -> Iterator[Finding]:
    """Name times that cannot be believed; those of files are among the notes of the import."""
    wrong = note_wrong_clocks(tables.events["timestamp"])
    if wrong and result is None:
        yield Finding("WARN", "clocks", wrong)


def _check_signs(tables: Tables, rules: EventRules) -> Iterator[Finding]:
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
    described = describe_signs(tables.events, resolved)
    for one in described[:MAX_LISTED_TYPES]:
        yield Finding("WARN" if one.is_surprising else "PASS", "event_type", str(one))
    if others := described[MAX_LISTED_TYPES:]:
        text = f"{len(others):,} further types of events: {sum(o.n_events for o in others):,}"
        yield Finding("WARN", "event_type", text)


MAX_LISTED_ACCOUNTS = 3
"""Accounts, and bursts of accounts, that are named in a finding."""


def _check_accounts(tables: Tables, rules: EventRules) -> Iterator[Finding]:
    """Name accounts with very many events, and bursts of accounts with a single one."""
    is_positive = rules.resolve(tables.events).signs(tables.events) > 0
    events = tables.events.select("user_id", "item_id", "timestamp").filter(is_positive)
    if not events.height:
        return
    users, items = (events[key].unique().sort() for key in ("user_id", "item_id"))
    user, item = (events[key].rank("dense").to_numpy() - 1 for key in ("user_id", "item_id"))
    limited = Events.of(user, item, events["timestamp"].fill_null(0.0).to_numpy())
    limits = limit_events(limited)
    for row in limits.capped_users[:MAX_LISTED_ACCOUNTS].tolist():
        n = int((limited.user == row).sum())
        text = f"account {users[row]} has {n:,} of {len(limited):,} events, and counts as"
        yield Finding("WARN", "accounts", f"{text} {limits.user_cap:,.0f}")
    for burst in limits.bursts[:MAX_LISTED_ACCOUNTS]:
        text = (
            f"{burst.n_accounts:,} accounts without further events chose {items[burst.item]} "
            f"within a minute, and count as {burst.n_counted:,.0f}; are they automatic?"
        )
        yield Finding("WARN", "accounts", text)


def _check_items(facts: dict[str, Any]) -> Iterator[Finding]:
    if not facts["items"]:
        return
    if facts["text_columns"]:
        text = f"item text in {', '.join(facts['text_columns'])}"
        yield Finding("PASS", "item_text", text)
    else:
        text = "no column of item text; new items cannot be matched by content"
        yield Finding("WARN", "item_text", text)


def _check_titles(items: pl.DataFrame) -> Iterator[Finding]:
    """Find titles of several items, as of articles that are published again."""
    if "title" not in items.columns:
        return
    shown = items.filter(pl.col("title").is_not_null())
    if HIDDEN_COLUMN in items.columns:
        is_hidden = pl.col(HIDDEN_COLUMN).cast(pl.String).is_in(["true", "1"])
        shown = shown.filter(~is_hidden.fill_null(value=False))
    again = shown.filter(pl.col("title").is_duplicated())
    if again.height > MAX_EQUAL_TITLES * shown.height:
        yield Finding(
            "WARN",
            "titles",
            f"{again.height:,} of {shown.height:,} items have a title that another item has, "
            f"too, such as {again['title'][0]!r}; the rule distinct=title shows a title once",
        )


def _check_rejects(result: ImportResult | None) -> Iterator[Finding]:
    if result is None:
        return
    rejects = result.rejects
    dropped = rejects.count_dropped()
    total = dropped + sum(result.rows_read.values())
    if not len(rejects):
        yield Finding("PASS", "rejects", "all rows are used")
    else:
        counts = "; ".join(f"{reason}: {n:,}" for reason, n in rejects.counts.items())
        level: FindingLevel = "FAIL" if dropped > MAX_REJECTED_SHARE * total else "WARN"
        yield Finding(level, "rejects", f"{dropped:,} of {total:,} rows not used ({counts})")
    for note in result.notes:
        yield Finding("WARN", "note", note)


def _check_strategies(tables: Tables, facts: Mapping[str, Any]) -> Iterator[Finding]:
    for strategy in _assess_readiness(tables, facts).strategies:
        level: FindingLevel = "PASS" if strategy.is_ready else "WARN"
        yield Finding(level, f"strategy_{strategy.name}", str(strategy))
