"""Columns that say what happened, recognised by their values.

Names of columns of event types are endless (``Art``, ``Vorgang``, ``mov_type``), but the words
in them are the usual ones: *Kauf*, *Ansicht*, *Retoure*. Other tables have a column with 0 and
1 for each type. Without them a return, or an advertisement that nobody clicked, counts for the
item. So does a video that somebody left after a second. Start at :func:`recognise_event_types`.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from daybreak.data.casts import cast_numbers
from daybreak.data.columns import ColumnMapping, is_rating_column, to_snake_case
from daybreak.data.event_engagement import find_engagement
from daybreak.data.event_flags import EventFlags, find_flags, flag_kind, is_amount
from daybreak.data.event_names import event_name_kind
from daybreak.data.readers.source import SAMPLE_ROWS

MAX_EVENT_TYPES = 50
"""Largest number of different values of a column of event types."""
MIN_KNOWN_SHARE = 0.8
"""Smallest share of rows whose value is a known event type."""
FLAG = "event_flag"
"""Target of the columns that say for one event type whether it happened."""
_STATE_NAMES = re.compile(
    r"(?:^|_)(?:order|booking|reservation|payment|purchase|transaction|application|rental|ticket"
    r"|sale|shipment|delivery|fulfil+ment|buchungs?|bestell|auftrags|zahlungs|commande|pedido"
    r"|ordine|compra)_?(?:status|state|statut|estado|stato)"
    r"|^(?:status|state|stage|outcome|estado|statut|stato|situacao|durum|stan)(?:_|$)|状态$|狀態$|状況$|상태$"
)
"""Names of columns with the states of orders and bookings; there are more states than names of
types that are known."""
_SWIPES = re.compile(r"swip|wisch|direction|decision|gesture|choice|滑|スワイプ")
"""Names of columns in which left and right are what somebody thinks of an item."""
ENGAGEMENT = "engagement"
"""Target of a column that says how long or how much of an item somebody watched or read."""


def recognise_event_types(
    mapping: ColumnMapping,
    sample: Callable[[Sequence[str]], pl.DataFrame],
    *,
    min_kinds: int = 2,
) -> ColumnMapping:
    """Return the mapping, with unused columns as event types if that is what they hold.

    A column is taken if hardly any of its values is unknown, and they are of at least two
    kinds of which one is a purchase or counts against the item: a column that says ``search``
    in every row is none. If several columns are, the one with the most kinds is taken, then
    the first. If none is, and the events are no ratings, columns with 0 and 1 are flags.

    Args:
        mapping: Columns by their names.
        sample: Returns the first rows of the named columns of the input.
        min_kinds: Smallest number of kinds; 1 for a few rows, which may be of one kind.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> log = pl.DataFrame({"Kunde": ["a", "b"], "Artikelnummer": ["x", "y"],
        ...     "Art": ["Kauf", "Retoure"]})
        >>> seen = recognise_event_types(match_columns(log.columns, "events"), log.select)
        >>> seen.source_of("event_type"), seen.unused
        ('Art', ())
        >>> log = pl.DataFrame({"user": ["a", "b"], "ad_id": ["x", "y"], "clicked": [1, 0]})
        >>> seen = recognise_event_types(match_columns(log.columns, "events"), log.select)
        >>> seen.source_of("event_flag")
        'clicked'
    """
    if mapping.role != "events" or mapping.source_of("event_type") or not mapping.unused:
        return mapping
    rows = sample(mapping.unused).head(SAMPLE_ROWS)
    kinds = {name: len(_kinds_of_types(rows[name], min_kinds)) for name in rows.columns}
    source = max(kinds, key=lambda name: kinds[name], default="")
    if kinds.get(source):
        return mapping.read_by_values({source: "event_type"})
    states = [name for name in rows.columns if _holds_states(rows[name])]
    if states:
        return mapping.read_by_values(dict.fromkeys(states[:1], "event_type"))
    return _with_flags_or_engagement(mapping, rows)


def read_observed_types(frame: pl.DataFrame, mapping: ColumnMapping) -> pl.Series | None:
    """Return the (n_rows,) event types that flags or an engagement say; None: there are none.

    Args:
        frame: Rows with their original columns.
        mapping: What the columns are read as.
    """
    flags = [column.source for column in mapping.columns if column.target == FLAG]
    if flags:
        kinds = {name: kind for name in flags if (kind := flag_kind(name))}
        value = mapping.source_of("value")
        amounts = frame[value] if value is not None and is_amount(value) else None
        return EventFlags(kinds).read_types(frame.select(flags), amounts)
    watched = mapping.source_of(ENGAGEMENT)
    engagement = None if watched is None else find_engagement(frame[watched])
    return None if engagement is None else engagement.read_types(frame[engagement.name])


def _with_flags_or_engagement(mapping: ColumnMapping, rows: pl.DataFrame) -> ColumnMapping:
    """Return the mapping with the flags among its unused columns, else how much was watched.

    A column ``liked`` alone is a rating; beside other flags it is one of them.
    """
    names = list(find_flags(rows).kinds)
    value = mapping.source_of("value")
    is_rating = value is not None and is_rating_column(value)
    if names and not is_rating:
        return mapping.read_by_values(dict.fromkeys(names, FLAG))
    if value is not None and names and flag_kind(value) is not None:
        return mapping.read_by_values(dict.fromkeys([*names, value], FLAG))
    if value is not None:
        return mapping
    found = [name for name in rows.columns if find_engagement(rows[name]) is not None]
    if found:
        return mapping.read_by_values(dict.fromkeys(found[:1], ENGAGEMENT))
    signs = [name for name in rows.columns if _holds_signs(rows[name])]
    return mapping.read_by_values(dict.fromkeys(signs[:1], "value"))


def _holds_signs(values: pl.Series) -> bool:
    """Return whether a column of opinions, such as ``like``, has -1, 0 and 1."""
    if flag_kind(values.name) != "opinion" or values.dtype.is_nested():
        return False
    numbers = set(cast_numbers(values)[0].unique().to_list())
    return numbers <= {-1, 0, 1, None} and -1 in numbers


def _holds_states(values: pl.Series) -> bool:
    """Return whether a column has states of orders or bookings, some of which say no."""
    if not _STATE_NAMES.search(to_snake_case(values.name)):
        return False
    types = _given_types(values)
    return len(types) <= MAX_EVENT_TYPES and any(
        event_name_kind(name) == "negative" for name in types
    )


def _given_types(values: pl.Series) -> dict[str, int]:
    """Return the number of rows of each text in a column; nothing if it has no texts."""
    if values.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return {}
    given = values.cast(pl.String).str.strip_chars().replace("", None).drop_nulls()
    return dict(given.value_counts().rows())


def _kind_of_type(name: str) -> str:
    """Return the kind of an event type; an opinion is one that columns of flags have, too."""
    kind: str = event_name_kind(name)
    return "opinion" if kind == "other" and flag_kind(name) == "opinion" else kind


def _are_sides(types: Iterable[str], column: str) -> bool:
    """Return whether left and right are sides of something, and no swipes."""
    sides = {name.lower() for name in types} <= {"left", "right"}
    return sides and not _SWIPES.search(to_snake_case(column))


def _kinds_of_types(values: pl.Series, min_kinds: int) -> set[str]:
    """Return the kinds of the event types in a column; nothing if it has other values."""
    counts = _given_types(values)
    if len(counts) > MAX_EVENT_TYPES or _are_sides(counts, values.name):
        return set()
    kinds = {name: _kind_of_type(name) for name in counts}
    n_known = sum(count for name, count in counts.items() if kinds[name] != "other")
    found = set(kinds.values()) - {"other"}
    decides = len(found) >= min_kinds and bool(found & {"count", "negative"})
    return found if decides and n_known >= MIN_KNOWN_SHARE * sum(counts.values()) else set()
