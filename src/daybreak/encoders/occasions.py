"""Words for presents and times of use, beside what a text is about.

A *wedding gift* is for a wedding, and no wrapping paper; *something uplifting for a rainy
Sunday* is no film with rain. Where nothing else is said, the words stay.
"""

import re
from functools import cache

_GIFTS = (
    r"(?<=\w)(?<!\bfor)(?<!\bof)(?<!\band)(?<!\bor)(?<!\bwrap)(?<!\bthe)(?<!\ba)\s+"
    r"(?:gifts?|presents?)(?:\s+ideas?)?\s*[?!.]*$"
    r"|(?<!\w)as\s+an?\s+(?:gift|present)(?!\w)"
    r"|(?<=\w\w\w)s?geschenk(?:e[sn]?)?(?:idee|ideen)?(?!\w)"
    r"|(?<!\w)als\s+geschenk(?!\w)"
    r"|(?<!\w)(?:(?:idées?|ideas?|idee)\s+(?:de\s+|di\s+|per\s+)?)?"
    r"(?:cadeaux?|regal[oi]s?|presentes?)\s+(?:de\s+|d'|di\s+|da\s+)(?=\w)"
    r"|(?<=[\u3400-\u9fff]{2})[礼禮][物品]$|(?<=[\u3400-\u9fff]{2})プレゼント$|(?<=\w)\s+선물$"
)
"""Words for a present after or before its occasion or whom it is for."""
_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_HOW = (
    r"rainy|cold|lazy|long|quiet|cosy|cozy|hot|warm|dark|stormy|snowy|gr[ea]y|calm|relaxing|boring"
    r"|slow|free|busy|(?:winter|summer|autumn|spring)(?:'s)?"
)
_PARTS = r"evenings?|nights?|afternoons?|mornings?"
_TIMES = (
    r"(?:for|on|during)\s+(?:an?\s+|the\s+|this\s+|my\s+|our\s+|those\s+|these\s+)?(?:"
    rf"(?:(?:{_HOW})\s+)*{_DAYS}(?:\s+(?:{_PARTS}))?"
    rf"|(?:(?:{_HOW})\s+)+(?:days?|{_PARTS}|weekends?|holidays?|flights?|drives?|journeys?|trips?)"
    r"|weekends?|tonight|today|tomorrow|(?:train|bus|car)\s+rides?|road\s+trips?|commute"
    r"|flights?)"
)
_GERMAN_DAYS = r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
_GERMAN_TIMES = (
    r"(?:für|an)\s+(?:einen?|einem|den|diesen|die)?\s*(?:"
    r"(?:verregnet|regnerisch|gemütlich|lang|kalt|ruhig|schön|entspannt|trüb|lau)e[nrs]?\s+)*"
    rf"(?:(?:{_GERMAN_DAYS})(?:e|s)?(?:abend|nachmittag|morgen)?|(?:regen|winter|sommer|feier)?"
    r"(?:abend|tag|nachmittag)e?|wochenende|zugfahrt|flug|reise)"
    r"|für\s+heute(?:\s+abend)?|fürs\s+wochenende|am\s+wochenende|heute\s+abend"
)
_ROMANCE_TIMES = (
    r"pour\s+(?:ce\s+soir|(?:le|ce)\s+week-?end|une?\s+(?:longue?\s+)?(?:dimanche|samedi|soirée?"
    r"|jour(?:née)?|après-midi|vol|trajet|voyage)(?:\s+(?:pluvieu(?:x|se)|de\s+pluie|calme"
    r"|tranquille|d'hiver|d'été))?)"
    r"|para\s+(?:esta\s+noche|hoy|el\s+fin\s+de\s+semana|una?\s+(?:tarde|noche|día|domingo|viaje)"
    r"(?:\s+(?:lluvios[oa]|larg[oa]|tranquil[oa]|de\s+lluvia|de\s+invierno))?)"
    r"|per\s+(?:stasera|oggi|il\s+fine\s+settimana|una?\s+(?:serata|sera|domenica|giornata|giorno"
    r"|pomeriggio|viaggio)(?:\s+(?:piovos[oa]|tranquill[oa]|lung[oa]|d'inverno))?)"
)
_UNSPACED_TIMES = (
    r"(?:适合|適合)?(?:在)?(?:周末|週末|今晚|晚上|下雨天|雨天|睡前)(?:在家)?(?:一个人|一起)?"
    r"(?:看|听|聽|读|讀|玩)的?"
)
_END = r"(?=\s*(?:[,.;!?]|$|(?:with|and|or|but|that|to|mit|und|avec|et|con|y|e)\s))"


def drop_occasion(text: str) -> str:
    """Return a text without words for presents and for the time of use.

    Example:
        >>> drop_occasion("wedding gift"), drop_occasion("Hochzeitsgeschenk")
        ('wedding', 'Hochzeit')
        >>> drop_occasion("something uplifting for a rainy Sunday").strip()
        'something uplifting'
        >>> drop_occasion("gift tags"), drop_occasion("a card for Mother's Day")
        ('gift tags', "a card for Mother's Day")
        >>> drop_occasion("生日礼物")
        '生日'
    """
    return _times().sub(" ", _gifts().sub("", text))


@cache
def _gifts() -> re.Pattern[str]:
    return re.compile(_GIFTS, re.IGNORECASE)


@cache
def _times() -> re.Pattern[str]:
    spaced = rf"(?<!\w)(?:{_TIMES}|{_GERMAN_TIMES}|{_ROMANCE_TIMES})(?!\w){_END}"
    return re.compile(f"{spaced}|{_UNSPACED_TIMES}", re.IGNORECASE)
