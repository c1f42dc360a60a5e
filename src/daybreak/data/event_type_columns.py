"""Columns that say what happened, recognised by their values.

Names of columns of event types are endless (``Art``, ``Vorgang``, ``mov_type``), but the words
in them are the usual ones: *Kauf*, *Ansicht*, *Retoure*. Other tables have a column with 0 and
1 for each type. Without them a return, or an advertisement that nobody clicked, counts for the
item. So does a video that somebody left after a second. Start at :func:`recognise_event_types`.
"""

import re
from collections.abc import Callable, Sequence

import polars as pl

from daybreak.data.casts import cast_numbers
from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import ColumnMapping, find_name, is_rating_column, to_snake_case
from daybreak.data.event_engagement import find_engagement
from daybreak.data.event_flags import (
    NOTHING_HAPPENED,
    EventFlags,
    find_flags,
    flag_kind,
    is_amount,
)
from daybreak.data.event_names import event_name_kind
from daybreak.data.rating_texts import is_rating_word
from daybreak.data.readers.source import SAMPLE_ROWS

MAX_EVENT_TYPES = 50
"""Largest number of different values of a column of event types."""
_PLAIN_ITEMS = tuple(
    name for name in COLUMN_ALIASES["events"]["item_id"] if not name.startswith("venue")
)
MIN_NAMED_EVENTS = 3
"""Smallest number of concerts or the like in a column called event."""
MAX_KNOWN_OF_NAMED = 0.1
"""Largest share of them whose name is a known type of events."""
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
_VOTE_NAMES = re.compile(
    r"(?:^|_)(?:feedbacks?|opinions?|thumbs?|reactions?|responses?|preferences?|polarity|verdict"
    r"|votes?|sentiment|approval|judge?ment|meinung|reaktion|avis|valoracion|opinion[ei]"
    r"|beoordeling|mening)(?:_|$)|反馈|反饋|态度|態度|評価|评价|意见"
)
"""Names of columns of votes, which may hold words for good and bad, or 1 and -1."""
MAX_VOTES = 12
"""Largest number of different words of votes."""
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
    found = [name for name in rows.columns if _holds_states(rows[name])]
    value = mapping.source_of("value")
    if not found and (value is None or is_amount(value)):
        found = [name for name in rows.columns if _holds_votes(rows[name])]
    if found:
        return mapping.read_by_values(dict.fromkeys(found[:1], "event_type"))
    return _with_flags_or_engagement(mapping, rows)


def choose_named_events(
    names: Sequence[str], sample: Callable[[Sequence[str]], pl.DataFrame]
) -> dict[str, str | None]:
    """Return the column *event* as items, if its values are concerts and no types of events.

    Nothing is chosen where another column has a usual name of items.

    Args:
        names: Columns of events.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> plays = {"customer": ["a", "b", "c"], "event": ["Hamlet", "Aida", "Tosca"]}
        >>> log = pl.DataFrame(plays)
        >>> choose_named_events(log.columns, log.select)
        {'item_id': 'event', 'event_type': None}
        >>> log = pl.DataFrame({"customer": ["a", "b"], "event": ["view", "buy"]})
        >>> choose_named_events(log.columns, log.select)
        {}
    """
    source = find_name(("event",), names)
    if source is None or find_name(_PLAIN_ITEMS, names) is not None:
        return {}
    rows = sample([source]).head(SAMPLE_ROWS)
    types = _given_types(rows[source]) if source in rows.columns else {}
    n_known = sum(n for name, n in types.items() if _kind_of_type(name) != "other")
    if len(types) < MIN_NAMED_EVENTS or n_known > MAX_KNOWN_OF_NAMED * sum(types.values()):
        return {}
    return {"item_id": source, "event_type": None}


def read_observed_types(frame: pl.DataFrame, mapping: ColumnMapping) -> pl.Series | None:
    """Return the (n_rows,) event types that flags or an engagement say; None: there are none.

    Args:
        frame: Rows with their original columns.
        mapping: What the columns are read as.
    """
    flags = [column.source for column in mapping.columns if column.target == FLAG]
    watched = mapping.source_of(ENGAGEMENT)
    engagement = None if watched is None else find_engagement(frame[watched])
    types = None if engagement is None else engagement.read_types(frame[engagement.name])
    if not flags:
        return types
    kinds = {name: kind for name in flags if (kind := flag_kind(name))}
    value = mapping.source_of("value")
    amounts = frame[value] if value is not None and is_amount(value) else None
    said = EventFlags(kinds).read_types(frame.select(flags), amounts)
    return said if types is None else said.zip_with(said != NOTHING_HAPPENED, types)


def _with_flags_or_engagement(mapping: ColumnMapping, rows: pl.DataFrame) -> ColumnMapping:
    """Return the mapping with the flags among its unused columns, else how much was watched.

    A column ``liked`` alone is a rating; beside other flags it is one of them.
    """
    names = list(find_flags(rows).kinds)
    value = mapping.source_of("value")
    is_rating = value is not None and is_rating_column(value)
    watched = [name for name in rows.columns if find_engagement(rows[name]) is not None][:1]
    if names and not is_rating:
        further = {} if value is not None else dict.fromkeys(watched, ENGAGEMENT)
        return mapping.read_by_values({**further, **dict.fromkeys(names, FLAG)})
    if value is not None and names and flag_kind(value) is not None:
        return mapping.read_by_values(dict.fromkeys([*names, value], FLAG))
    if value is not None:
        return mapping
    if watched:
        return mapping.read_by_values(dict.fromkeys(watched, ENGAGEMENT))
    signs = [name for name in rows.columns if _holds_signs(rows[name])]
    return mapping.read_by_values(dict.fromkeys(signs[:1], "value"))


def _holds_signs(values: pl.Series) -> bool:
    """Return whether a column of opinions, such as ``like``, has -1, 0 and 1."""
    is_opinion = flag_kind(values.name) == "opinion" or _is_vote(values.name)
    if not is_opinion or values.dtype.is_nested():
        return False
    numbers = set(cast_numbers(values)[0].unique().to_list())
    return numbers <= {-1, 0, 1, None} and -1 in numbers


def _is_vote(name: str) -> bool:
    return bool(_VOTE_NAMES.search(to_snake_case(name)))


def _holds_votes(values: pl.Series) -> bool:
    """Return whether a column such as ``feedback`` has words for good and bad alone.

    Example:
        >>> _holds_votes(pl.Series("thumb", ["up", "down"]))
        True
        >>> _holds_votes(pl.Series("feedback", ["came late", "bad"]))
        False
    """
    types = _given_types(values) if _is_vote(values.name) else {}
    if not types or len(types) > MAX_VOTES:
        return False
    is_negative = [event_name_kind(name) == "negative" for name in types]
    is_known = [
        is_rating_word(name) or says_no
        for name, says_no in zip(types, is_negative, strict=True)
    ]
    return all(is_known) and any(is_negative)


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


def swipe_type(name: str, column: str) -> str:
    """Return left and right of a column of swipes as types that say what is meant.

    Args:
        name: Value of the column.
        column: Name of the column.

    Example:
        >>> swipe_type("left", "swipe"), swipe_type("left", "ear"), swipe_type("buy", "swipe")
        ('swipe_left', 'left', 'buy')
    """
    is_side = name.lower() in {"left", "right"} and _SWIPES.search(to_snake_case(column))
    return f"swipe_{name.lower()}" if is_side else name


def _kinds_of_types(values: pl.Series, min_kinds: int) -> set[str]:
    """Return the kinds of the event types in a column; nothing if it has other values."""
    counts = _given_types(values)
    if len(counts) > MAX_EVENT_TYPES:
        return set()
    kinds = {name: _kind_of_type(swipe_type(name, values.name)) for name in counts}
    n_known = sum(count for name, count in counts.items() if kinds[name] != "other")
    found = set(kinds.values()) - {"other"}
    decides = len(found) >= min_kinds and bool(found & {"count", "negative"})
    return found if decides and n_known >= MIN_KNOWN_SHARE * sum(counts.values()) else set()
