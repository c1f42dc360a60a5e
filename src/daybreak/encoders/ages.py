"""Ages of people in sentences: "for a 6-year-old" asks for what is for children.

No item is described by the age that somebody happens to say, and its numbers resemble other
numbers. :func:`say_ages` replaces it by the word for people of that age.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from daybreak.encoders.amount_words import CENTS, CURRENCY_NAMES, MINUTES, NUMERALS
from daybreak.encoders.amounts import read_unspaced_number

MAX_BABY_YEARS, MAX_TODDLER_YEARS, MAX_CHILD_YEARS, MAX_TEENAGER_YEARS = 1, 3, 12, 19
"""Largest ages of babies, toddlers, children and teenagers [years]."""
WEEKS_PER_YEAR, MONTHS_PER_YEAR = 52, 12

PERSONS = (
    r"kids?|child(?:ren)?|boys?|girls?|toddlers?|babies|people|persons?|men|women|adults?"
    r"|teens?|teenagers?|anyone|anybody|everyone|everybody|those|players|readers"
    r"|kinder|jungen|mädchen|leute|menschen|personen|frauen|männer|erwachsene|jugendliche"
    r"|enfants?|filles?|garçons?|adultes?|personnes|niñ[oa]s|chic[oa]s|adultos|personas"
    r"|bambin[ie]|ragazz[ie]|adulti|persone|crianças|meninos|meninas|pessoas"
)
"""Words for people, after which a number is an age: "children under 12"."""

AGED_THINGS = (
    r"whisk(?:e?y|ies)|scotch|bourbon|malt|rum|port|sherry|wine|brandy|cognac|cheese|cheddar|gouda"
    r"|vinegar|balsamic|tea|pu-?erh|car|house|computer|laptop|phone|tree|company"
)
"""Things of which people say an age."""

_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "en": ("baby", "toddler", "children", "teenager"),
    "de": ("Baby", "Kleinkind", "Kinder", "Jugendliche"),
    "fr": ("bébé", "petit enfant", "enfants", "adolescent"),
    "es": ("bebé", "niño pequeño", "niños", "adolescente"),
    "zh": ("婴儿", "幼儿", "儿童", "青少年"),
    "ja": ("赤ちゃん", "幼児", "子供", "中高生"),
}
"""Words for babies, toddlers, children and teenagers, by language."""


def say_ages(text: str) -> str:
    """Return a text in which ages below 20 are words for people of that age.

    Example:
        >>> say_ages("a book for my 6-year-old"), say_ages("toys for a 9 month old")
        ('a book for my children', 'toys for a baby')
        >>> say_ages("送给6岁女孩的礼物"), say_ages("films for children under 12")
        ('送给儿童女孩的礼物', 'films for children')
        >>> say_ages("a 20 year old whisky"), say_ages("a lamp under 12")
        ('a 20 year old whisky', 'a lamp under 12')
    """
    if not re.search(r"\d|old|岁|歳", text, re.IGNORECASE):
        return text
    for language, pattern in _patterns():
        text = pattern.sub(_replacer(language), text)
    return age_bounds().sub(r"\g<who>", text)


def age_group(years: float) -> int | None:
    """Return 0 for babies, then toddlers, children and teenagers; None from 20 years on.

    Example:
        >>> [age_group(years) for years in (0.5, 3, 6, 15, 40)]
        [0, 1, 2, 3, None]
    """
    limits = (MAX_BABY_YEARS, MAX_TODDLER_YEARS, MAX_CHILD_YEARS, MAX_TEENAGER_YEARS)
    return next((group for group, limit in enumerate(limits) if years <= limit), None)


def _replacer(language: str) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        years = _read(found["age"])
        unit = (found.groupdict().get("unit") or "").lower()
        if unit.startswith(("mon", "mois", "mes")) or unit in {"个月", "個月"}:
            years = years / MONTHS_PER_YEAR
        elif unit.startswith(("week", "woche")):
            years = years / WEEKS_PER_YEAR
        group = age_group(years)
        return found[0] if group is None else _WORDS[language][group]

    return replace


def _read(number: str) -> float:
    if number.isdecimal():
        return float(number)
    value = NUMERALS.get(number.lower())
    return float(value if value is not None else read_unspaced_number(number) or 99)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    numerals = "|".join(sorted((word for word in NUMERALS if word.isalpha()), key=len)[::-1])
    age = rf"(?<![\w.,])(?P<age>\d{{1,2}}|{numerals})"
    unit = r"(?P<unit>years?|yrs?|months?|weeks?)"
    digits = r"(?<![\w.,])(?P<age>\d{1,2})"
    unspaced = r"(?P<age>\d{1,2}|[一二两三四五六七八九十]{1,3})周?(?P<unit>岁半?|个月)"
    found = (
        ("en", rf"{age}[\s-]*{unit}[\s-]*olds?(?!\w)(?!\s+(?:{AGED_THINGS}))"),
        (
            "en",
            r"(?<!\w)(?:aged?|age of|turning|turns)\s+(?P<age>\d{1,2})"
            r"(?:\s*(?:-|–|to|and)\s*\d{1,2})?(?![\w.,]*\d)",
        ),
        ("en", rf"{digits}\s?y/?o(?!\w)"),
        ("de", rf"{digits}[\s-]?jährige[rnsm]?(?!\w)"),
        ("de", rf"{age}\s+(?P<unit>jahre|monate|wochen)\s+alte?[rnsm]?(?!\w)"),
        ("fr", r"(?<!\w)(?:de|a)\s+(?P<age>\d{1,2})\s+(?P<unit>ans|mois)(?!\w)"),
        ("es", r"(?<!\w)(?:de|tiene)\s+(?P<age>\d{1,2})\s+(?P<unit>años|meses)(?!\w)"),
        ("zh", rf"{unspaced}(?:大|左右|以[上下])?"),
        ("ja", r"(?P<age>\d{1,2})歳"),
    )
    return tuple((language, re.compile(one, re.IGNORECASE)) for language, one in found)


@cache
def age_bounds() -> re.Pattern[str]:
    """Return the pattern of people and a bound of their age: "children under 12"."""
    bounds = (
        r"under|below|over|above|from|up to|younger than|older than|unter|über|ab|bis"
        r"|jünger als|älter als|de moins de|de plus de|à partir de|menores de|mayores de"
        r"|a partir de|sotto i"
    )
    money = rf"[%€£$]|(?<=\s)(?:{CURRENCY_NAMES}|{CENTS}|{MINUTES})(?!\w)"
    return re.compile(
        rf"(?<!\w)(?P<who>{PERSONS})\s+(?:aged?\s+|the age of\s+)?(?:{bounds})\s+"
        r"(?:the age of\s+)?\d{1,2}(?:\s+(?:years?(?: of age)?|jahren?|ans|años|anni))?"
        rf"(?!\w|[.,]\d|\s*(?:{money}))",
        re.IGNORECASE,
    )
