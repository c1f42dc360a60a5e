"""Columns that say when something takes place: a concert, a match, a course, a departure.

What takes place next month is what people look for, and what took place is over. The same names
may begin an offer (``starts_at`` of a campaign), date a work (``date`` of an article) or tell
when a flat becomes free; the columns beside them say which. Start at :func:`find_happenings`.
"""

from functools import lru_cache
from typing import NamedTuple

import polars as pl

from daybreak.data.columns import names_of
from daybreak.data.times import texts_to_null

DAY_S = 86_400.0
_HAPPENINGS = frozenset(
    {
        "event_date",
        "event_time",
        "event_datetime",
        "event_start",
        "event_starts_at",
        "event_day",
    }
    | {"event_start_date", "event_start_time", "event_begins", "date_of_event", "concert_date"}
    | {"concert_time", "concert_starts_at", "show_starts_at", "showtime", "show_datetime"}
    | {"gig_date", "performance_date", "performance_time", "performance_datetime", "tour_date"}
    | {"screening_date", "screening_time", "screening_at", "kickoff", "kick_off", "kickoff_at"}
    | {"kickoff_time", "doors_open", "doors_open_at", "doors_at", "takes_place_at"}
    | {"takes_place_on", "takes_place", "happens_at", "happens_on", "held_at", "held_on"}
    | {"workshop_date", "meetup_date", "departure_date", "departs_at", "departs_on"}
    | {"departure_time", "veranstaltungsdatum", "veranstaltungsbeginn", "veranstaltungstermin"}
    | {"konzertdatum", "konzerttermin", "spieltermin", "auffuhrung_am", "findet_statt_am"}
    | {"anstoss", "termin", "abfahrt", "fecha_evento", "fecha_concierto", "fecha_funcion"}
    | {"date_evenement", "date_concert", "date_spectacle", "data_evento", "data_concerto"}
    | {"evenementdatum", "concertdatum", "data_wydarzenia", "data_koncertu", "etkinlik_tarihi"}
    | {"дата_мероприятия", "дата_концерта", "дата_события", "演出时间", "演出日期", "活动时间"}
    | {
        "活动日期",
        "活动开始时间",
        "开演时间",
        "演出時間",
        "活動時間",
        "活動日期",
        "比赛时间",
        "公演日",
    }
    | {"公演日時", "開演日時", "開催日", "開催日時", "공연일", "공연일시", "행사일", "행사일시"}
)
"""Names that say that something takes place."""
_STARTS = frozenset(
    {"starts_at", "start_at", "starts_on", "starts", "start", "start_date", "startdate"}
    | {"start_time", "start_datetime", "begins_at", "begins_on", "begins", "begin_date"}
    | {"begin_time", "beginn", "startdatum", "startzeit", "beginnt_am", "fecha_inicio"}
    | {"inicio", "comienza", "date_debut", "debut", "data_inizio", "inizio", "data_inicio"}
    | {"aanvang", "begindatum", "data_rozpoczecia", "baslangic_tarihi", "дата_начала", "начало"}
    | {
        "开始时间",
        "开始日期",
        "開始時間",
        "開始日期",
        "開始日",
        "開始日時",
        "시작일",
        "시작시간",
    }
)
"""Names of beginnings, of what takes place or of offers."""
_DATES = frozenset(
    {"date", "day", "when", "datetime", "date_time", "date_and_time", "datum", "fecha"}
    | {"fecha_hora", "fecha_y_hora", "data", "data_hora", "data_ora", "date_heure", "tarih"}
    | {"дата", "дата_и_время", "日期", "时间", "時間", "日時", "日付", "날짜", "일시"}
)
"""Names of dates of whatever a catalogue has."""
END_NAMES = (
    *("end_date", "end_time", "ends_on", "ends", "end_at", "enddatum", "fecha_fin", "date_fin"),
    *("data_fine", "data_fim", "einddatum", "data_zakonczenia", "bitis_tarihi", "slutdatum"),
    *("дата_окончания", "结束时间", "结束日期", "結束時間", "終了日", "종료일"),
)
"""Names of columns that hold the end of an offer, or that of a series long ago."""
_VENUES = frozenset(
    {"venue", "venues", "venue_name", "venue_id", "venue_city", "event_venue", "lineup"}
    | {"line_up", "headliner", "support_act", "opening_act", "doors", "tickets", "tickets_left"}
    | {"ticket_price", "ticket_url", "ticket_link", "seats_left", "spielort", "einlass"}
    | {"veranstaltungsort", "recinto", "площадка", "场馆", "場館", "会場", "開催地", "공연장"}
    | {"event_id", "event_name", "event_title", "concert_id", "concert", "gig_id", "show_id"}
    | {"veranstaltung", "veranstaltung_id", "evento_id", "id_evento", "evenement_id"}
)
"""Columns of what takes place."""
_PLACES = frozenset(
    {"hall", "stage", "arena", "stadium", "theatre", "theater", "auditorium", "place"}
    | {"location", "city", "town", "performer", "performers", "seats", "seating", "organizer"}
    | {"organiser", "speaker", "speakers", "attendees", "ort", "stadt", "saal", "buhne"}
    | {"buehne", "veranstalter", "eintritt", "lugar", "ciudad", "sala", "lieu", "salle"}
    | {"ville", "luogo", "sede", "citta", "cidade", "plaats", "zaal", "miejsce", "miasto"}
    | {"mekan", "sehir", "место", "город", "зал", "场地", "地点", "城市", "場地", "地點"}
    | {"장소"}
)
"""Columns of what takes place, or of what lies somewhere or is recorded there."""
_OFFERS = frozenset(
    {
        "coupon",
        "coupon_code",
        "promo_code",
        "voucher",
        "bid",
        "cpc",
        "cpm",
        "cpa",
        "budget",
        "daily_budget",
        "advertiser",
    }
    | {"advertiser_id", "campaign", "campaign_id", "campaign_name", "ad_id", "creative"}
    | {"creative_id", "deal_id", "deal_price", "offer_id", "offer_price"}
    | {"promotion_id", "promotion", "starting_bid", "start_price", "current_bid", "reserve"}
    | {"reserve_price", "auction_id", "lot", "lot_number", "werbetreibender", "gebot"}
    | {"优惠码", "广告主", "出价", "预算"}
)
"""Columns of coupons, campaigns and auctions, which begin when they may be shown."""
_HOMES = frozenset(
    {"bedrooms", "beds", "bathrooms", "baths", "rooms", "sqm", "sqft", "square_feet"}
    | {"square_meters", "living_area", "floor_area", "rent", "monthly_rent", "deposit"}
    | {"zimmer", "zimmeranzahl", "wohnflache", "wohnflaeche", "kaltmiete", "warmmiete", "miete"}
    | {"habitaciones", "dormitorios", "superficie", "pieces", "chambres", "loyer", "camere"}
    | {"locali", "quartos", "aluguel", "kamers", "woonoppervlakte", "huur", "pokoje"}
    | {"户型", "面积", "租金", "卧室", "間取り", "専有面積", "家賃", "комнат", "площадь"}
)
"""Columns of flats and houses, which are offered before they are free."""
_UNDECIDED = (
    *("tba", "tbd", "tbc", "t.b.a.", "to be announced", "to be decided", "to be confirmed"),
    *("n.n.", "noch offen", "offen", "por confirmar", "por anunciar", "à confirmer"),
    *("da definire", "a definir", "уточняется", "待定", "未定", "미정"),
)
"""Texts of what will take place, and nobody knows when, in lower case."""


class Happenings(NamedTuple):
    """What the names of the columns of a catalogue say about its dates."""

    sure: tuple[str, ...] = ()
    """Columns whose names say when something takes place."""
    placed: tuple[str, ...] = ()
    """Beginnings and dates beside the columns of what takes place."""
    likely: tuple[str, ...] = ()
    """Beginnings of what may be anything; if most are to come, it takes place then."""
    offers: tuple[str, ...] = ()
    """Beginnings of offers."""
    has_places: bool = False
    """Whether the catalogue seems to hold what takes place somewhere."""
    has_venues: bool = False
    """Whether this is so without a look at the values."""
    has_homes: bool = False
    """Whether it holds flats or houses."""


@lru_cache(maxsize=1_000)
def find_happenings(columns: tuple[str, ...]) -> Happenings:
    """Return which columns may say when the items of a catalogue take place.

    Args:
        columns: Names of all columns.

    Example:
        >>> find_happenings(("id", "title", "Date", "Venue")).placed
        ('Date',)
        >>> find_happenings(("campaign_id", "starts_at", "budget")).offers
        ('starts_at',)
        >>> find_happenings(("id", "title", "date")).placed
        ()
    """
    names = {column: names_of(column) for column in columns}
    every = frozenset().union(*names.values())
    sure, starts = _select(names, _HAPPENINGS), _select(names, _STARTS)
    if every & _HOMES:
        return Happenings(sure, has_homes=True)
    if every & _OFFERS and not sure:
        return Happenings(offers=starts)
    has_venues = bool(sure or every & _VENUES)
    if has_venues or every & _PLACES:
        dates = (*starts, *_select(names, _DATES))
        return Happenings(sure, dates, has_places=True, has_venues=has_venues)
    return Happenings(likely=starts)


def _select(names: dict[str, set[str]], wanted: frozenset[str]) -> tuple[str, ...]:
    return tuple(column for column, own in names.items() if own & wanted)


def takes_place(column: str, columns: tuple[str, ...]) -> bool:
    """Return whether a limit is the time of what takes place, whose last day is part of it.

    Args:
        column: Name of the column that is read as the end.
        columns: Names of all columns.

    Example:
        >>> [takes_place("ends_at", ("id", "ends_at", one)) for one in ("venue", "price")]
        [True, False]
    """
    names = names_of(column)
    if names & (_HAPPENINGS | _STARTS | _DATES):
        return True
    return bool(names & {*END_NAMES, "ends_at"}) and find_happenings(columns).has_places


def may_date_works(column: str) -> bool:
    """Return whether a name is one of those by which works are dated, too: recordings, news."""
    return not names_of(column).isdisjoint(_DATES)


def undecided_to_null(values: pl.Series) -> pl.Series:
    """Return times, null where a text says that the time is not known yet.

    Example:
        >>> undecided_to_null(pl.Series(["TBA", "2030-01-01"])).to_list()
        [None, '2030-01-01']
    """
    return texts_to_null(values, _UNDECIDED)


def end_of_days(seconds: pl.Series) -> pl.Series:
    """Return times, the end of the day for those without a time of day [epoch s].

    Example:
        >>> end_of_days(pl.Series([86_400.0, 90_000.0, None])).to_list()
        [172800.0, 90000.0, None]
    """
    is_day = (seconds % DAY_S == 0).fill_null(value=False)
    return seconds + is_day * DAY_S


def end_of_day(seconds: float) -> float:
    """Return what :func:`end_of_days` returns for one time.

    Example:
        >>> end_of_day(86_400.0)
        172800.0
    """
    return seconds + DAY_S if seconds % DAY_S == 0 else seconds
