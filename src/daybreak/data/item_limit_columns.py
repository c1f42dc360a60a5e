"""Periods in which items may be recommended, in columns whose names may mean something else.

``expires``, ``application_deadline`` and ``end_date`` end an offer if they hold times; the
shelf life of a product or the last episode of a series does not. Start at
:func:`recognise_item_limits`.
"""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from daybreak.data.columns import ColumnMapping, names_of
from daybreak.data.event_time_columns import holds_times
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.data.times import unlimited_to_null

LIMIT_NAMES: Mapping[str, tuple[str, ...]] = {
    "available_until": (
        *("expires", "expires_on", "expiry", "expiry_date", "expiration", "expiration_date"),
        *(
            "expire_date",
            "expire_at",
            "expiration_time",
            "valid_to",
            "valid_till",
            "valid_thru",
        ),
        *(
            "valid_through",
            "available_to",
            "closing_date",
            "closes_at",
            "closes_on",
            "deadline",
        ),
        *("application_deadline", "apply_by", "offline_at", "unpublish_at", "unpublish_on"),
        *("ablaufdatum", "gultig_bis", "gueltig_bis", "bewerbungsfrist", "fecha_caducidad"),
        *("fecha_vencimiento", "valido_hasta", "date_expiration", "date_limite", "scadenza"),
        *("data_scadenza", "data_vencimento", "valido_ate", "过期时间", "到期时间", "截止日期"),
        *("截止时间", "下架时间", "有效期至", "有効期限", "掲載終了日", "募集締切", "마감일"),
    ),
    "available_from": (
        *("valid_since", "goes_live_at", "online_from", "online_at", "embargo_until"),
        *("embargo", "gultig_ab", "gueltig_ab", "valido_desde", "上架开始时间", "掲載開始日"),
    ),
}
"""Names of columns of limits, which are taken if they hold times."""
_ENDS = (
    "end_date",
    "end_time",
    "ends_on",
    "ends",
    "end_at",
    "enddatum",
    "fecha_fin",
    "date_fin",
)
"""Names of columns that hold the end of an offer, or that of a series long ago."""
MIN_LATER_SHARE = 0.5
"""Smallest share of ends after the present from which they are those of offers."""


def recognise_item_limits(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping of items, with columns of times as limits if their names say so.

    Args:
        mapping: Columns by their names.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> jobs = pl.DataFrame({"job_id": ["a", "b"], "expires": ["2026-10-01", "2199-01-01"]})
        >>> seen = recognise_item_limits(match_columns(jobs.columns, "items"), jobs.select)
        >>> seen.source_of("available_until")
        'expires'
        >>> food = pl.DataFrame({"sku": ["a", "b"], "expiry": ["3 days", "1 year"]})
        >>> seen = recognise_item_limits(match_columns(food.columns, "items"), food.select)
        >>> seen.source_of("available_until") is None
        True
    """
    if mapping.role != "items":
        return mapping
    for target in LIMIT_NAMES:
        if mapping.source_of(target) is None and target not in mapping.switched_off:
            source = _find_limit(mapping, target, sample)
            mapping = mapping.read_by_values({} if source is None else {source: target})
    return mapping


def _find_limit(
    mapping: ColumnMapping, target: str, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> str | None:
    """Return the column of a limit, None if there is none."""
    free = {c.source: names_of(c.source) for c in mapping.used if c.reason == "own name"}
    ends = _ENDS if target == "available_until" else ()
    for name in (*LIMIT_NAMES[target], *ends):
        for source in (one for one, names in free.items() if name in names):
            rows = sample([source]).head(SAMPLE_ROWS)
            if source not in rows.columns or rows[source].dtype.is_nested():
                continue
            min_later = MIN_LATER_SHARE if name in ends else 0.0
            if holds_times(unlimited_to_null(rows[source]), later=(min_later, 1.0)):
                return source
    return None
