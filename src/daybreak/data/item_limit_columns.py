"""Periods in which items may be recommended, in columns whose names may mean something else.

``expires``, ``application_deadline`` and ``end_date`` end an offer if they hold times; the
shelf life of a product or the last episode of a series does not. What takes place ends when it
begins. Start at :func:`recognise_item_limits`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from daybreak.data.columns import ColumnMapping, names_of
from daybreak.data.event_time_columns import holds_times
from daybreak.data.happenings import END_NAMES, Happenings, find_happenings, undecided_to_null
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
        *("offer_end", "offer_ends", "offer_ends_at", "offer_end_date", "offer_until"),
        *("availability_end", "availability_end_date", "available_thru", "available_through"),
        *("sold_until", "publish_until", "published_until", "publish_to", "publish_down"),
        *("display_until", "listed_until", "visible_until", "active_until", "live_until"),
        *("auction_end", "auction_ends_at", "bidding_ends", "bidding_ends_at", "remove_on"),
        *("license_end", "licence_end", "license_expires", "license_end_date", "rights_end"),
        *("streaming_until", "leaving_on", "delete_at", "delete_on", "remove_at"),
        *("verfugbar_bis", "verfuegbar_bis", "erhaltlich_bis", "erhaeltlich_bis"),
        *("lieferbar_bis", "angebotsende", "angebot_bis", "angebot_endet", "anzeigen_bis"),
        *("sichtbar_bis", "online_bis", "gultigkeit_bis", "laufzeit_bis"),
        *("disponible_jusqu_au", "valable_jusqu_au", "fin_validite", "date_fin_validite"),
        *("fin_offre", "fin_disponibilite", "disponible_hasta", "vigente_hasta", "caduca"),
        *("caducidad", "vencimiento", "fin_oferta", "disponibile_fino_al", "valido_fino_al"),
        *("fine_offerta", "disponivel_ate", "expira_em", "validade", "fim_oferta"),
        *("geldig_tot", "beschikbaar_tot", "vervaldatum", "verloopt_op", "wazne_do"),
        *("wazny_do", "dostepne_do", "dostepny_do", "data_waznosci", "giltig_till"),
        *("gyldig_til", "son_gecerlilik_tarihi", "gecerlilik_tarihi", "son_kullanma_tarihi"),
        *("действует_до", "доступно_до", "доступен_до", "срок_действия", "годен_до"),
        *("失效时间", "失效日期", "下线时间", "下架日期", "有效期", "可用至", "販売終了日"),
        *("公開終了日", "掲載期限", "판매종료일", "만료일", "유효기간"),
    ),
    "available_from": (
        *("valid_since", "goes_live_at", "online_from", "online_at", "embargo_until"),
        *("embargo", "gultig_ab", "gueltig_ab", "valido_desde", "上架开始时间", "掲載開始日"),
        *("verfugbar_ab", "verfuegbar_ab", "erhaltlich_ab", "lieferbar_ab", "publish_up"),
        *("publish_from", "available_since", "sold_from", "visible_from", "active_from"),
        *("license_start", "disponible_partir", "disponible_desde", "disponibile_dal"),
        *("disponivel_partir", "geldig_vanaf", "beschikbaar_vanaf", "wazne_od", "dostepne_od"),
        *("действует_с", "доступно_с", "生效时间", "開始販売日", "販売開始日", "판매시작일"),
    ),
}
"""Names of columns of limits, which are taken if they hold times."""
MIN_LATER_SHARE = 0.5
"""Smallest share of ends after the present from which they are those of offers."""
LATER_SHARE_OF_HAPPENINGS = 0.02
"""The same of a column whose name says when something takes place; an archive has none."""
LATER_SHARE_WITH_PLACES = 0.1
"""The same of other dates, beside columns of what takes place; a wrong clock has few."""
FREE_COLUMN = "free_from"
"""Attribute with the day from which a flat can be moved in."""
MAX_LATER_OF_FREE = 0.5
"""Largest share of days after the present from which flats may be listed; if more are to come,
people look for a flat before it is free."""


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
    found = find_happenings(tuple(column.source for column in mapping.columns))
    mapping = _without_free_days(mapping, found, sample)
    for target in LIMIT_NAMES:
        if mapping.source_of(target) is None and target not in mapping.switched_off:
            source = _find_limit(mapping, target, found, sample)
            mapping = mapping.read_by_values({} if source is None else {source: target})
    return mapping


def _without_free_days(
    mapping: ColumnMapping, found: Happenings, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping without the days from which flats can be moved in."""
    source = mapping.source_of("available_from")
    aliases = [c for c in mapping.used if c.source == source and c.reason == "alias"]
    if not found.has_homes or source is None or not aliases:
        return mapping
    rows = sample([source]).head(SAMPLE_ROWS)
    if not holds_times(rows[source], later=(MAX_LATER_OF_FREE, 1.0)):
        return mapping
    columns = tuple(
        replace(c, target=FREE_COLUMN, reason="own name") if c.source == source else c
        for c in mapping.columns
    )
    off = mapping.switched_off | {"available_from"}
    return replace(mapping, columns=columns, switched_off=off)


def _find_limit(
    mapping: ColumnMapping,
    target: str,
    found: Happenings,
    sample: Callable[[Sequence[str]], pl.DataFrame],
) -> str | None:
    """Return the column of a limit, None if there is none."""
    free = {c.source: names_of(c.source) for c in mapping.used if c.reason == "own name"}
    for source, min_later in _iter_candidates(target, free, found):
        rows = sample([source]).head(SAMPLE_ROWS)
        if source not in rows.columns or rows[source].dtype.is_nested():
            continue
        values = undecided_to_null(unlimited_to_null(rows[source]))
        if holds_times(values, later=(min_later, 1.0)):
            return source
    return None


def _iter_candidates(
    target: str, free: Mapping[str, set[str]], found: Happenings
) -> Iterator[tuple[str, float]]:
    """Yield the columns that may be a limit, each with the smallest share of later times."""
    if target == "available_from":
        if not found.has_homes:
            yield from ((s, 0.0) for s in _named(free, LIMIT_NAMES[target]))
        yield from ((source, 0.0) for source in found.offers if source in free)
        return
    yield from ((source, 0.0) for source in _named(free, LIMIT_NAMES[target]))
    min_later = LATER_SHARE_WITH_PLACES if found.has_places else MIN_LATER_SHARE
    yield from ((source, min_later) for source in _named(free, END_NAMES))
    shares = (LATER_SHARE_OF_HAPPENINGS, min_later, MIN_LATER_SHARE)
    columns = (found.sure, found.placed, found.likely)
    for sources, share in zip(columns, shares, strict=True):
        yield from ((source, share) for source in sources if source in free)


def _named(free: Mapping[str, set[str]], wanted: Sequence[str]) -> Iterator[str]:
    """Yield the columns with one of the names, in the order of the names."""
    for name in wanted:
        yield from (source for source, names in free.items() if name in names)
