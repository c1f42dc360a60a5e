"""The column of event types, recognised by its values where its name is not known.

Names of columns are endless (``Art``, ``Vorgang``, ``mov_type``), but the words in them are
the usual ones: *Kauf*, *Ansicht*, *Retoure*. Without the column a return counts for the item.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from daybreak.data.columns import ColumnMapping
from daybreak.data.event_names import event_name_kind
from daybreak.data.readers.source import SAMPLE_ROWS

MAX_EVENT_TYPES = 50
"""Largest number of different values of a column of event types."""
MIN_KNOWN_SHARE = 0.8
"""Smallest share of rows whose value is a known event type."""
_REASON = "its values"


def recognise_event_types(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping, with an unused column as ``event_type`` if its values are types.

    A column is taken if hardly any of its values is unknown, and they are of at least two
    kinds of which one is a purchase or counts against the item: a column that says ``search``
    in every row is none. If several columns are, the one with the most kinds is taken, then
    the first.

    Args:
        mapping: Columns by their names.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> log = pl.DataFrame({"Kunde": ["a", "b"], "Artikelnummer": ["x", "y"],
        ...     "Art": ["Kauf", "Retoure"]})
        >>> seen = recognise_event_types(match_columns(log.columns, "events"), log.select)
        >>> seen.source_of("event_type"), seen.unused
        ('Art', ())
    """
    if mapping.role != "events" or mapping.source_of("event_type") or not mapping.unused:
        return mapping
    rows = sample(mapping.unused).head(SAMPLE_ROWS)
    kinds = {name: len(_kinds_of_types(rows[name])) for name in rows.columns}
    source = max(kinds, key=lambda name: kinds[name], default="")
    if not kinds.get(source):
        return mapping
    columns = tuple(
        replace(column, target="event_type", reason=_REASON)
        if column.source == source
        else column
        for column in mapping.columns
    )
    return replace(mapping, columns=columns)


def _kinds_of_types(values: pl.Series) -> set[str]:
    """Return the kinds of the event types in a column; nothing if it has other values."""
    if values.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return set()
    given = values.cast(pl.String).str.strip_chars().replace("", None).drop_nulls()
    counts = dict(given.value_counts().rows())
    if len(counts) > MAX_EVENT_TYPES:
        return set()
    kinds: dict[str, str] = {name: event_name_kind(name) for name in counts}
    n_known = sum(count for name, count in counts.items() if kinds[name] != "other")
    found = set(kinds.values()) - {"other"}
    decides = len(found) > 1 and bool(found & {"count", "negative"})
    return found if decides and n_known >= MIN_KNOWN_SHARE * len(given) else set()
