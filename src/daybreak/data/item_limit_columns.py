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
_ENDS = (
    "end_date",
    "end_time",
    "ends_on",
    "ends",
    "end_at",
    "enddatum",
    "fecha_fin",
    "date_fin",
    *("data_fine", "data_fim", "einddatum", "data_zakonczenia", "bitis_tarihi", "slutdatum"),
    *("дата_окончания", "结束时间", "结束日期", "結束時間", "終了日", "종료일"),
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
