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

CHILDREN = (
    r"girls?|boys?|child(?:ren)?|kids?|sons?|daughters?|nieces?|nephews?|grand(?:son|daughter)s?"
    r"|grandchild(?:ren)?"
)
"""Words for children, behind which "of eight" is an age."""
AGED_THINGS = (
    r"whisk(?:e?y|ies)|scotch|bourbon|malt|rum|port|sherry|wine|brandy|cognac|cheese|cheddar|gouda"
    r"|vinegar|balsamic|tea|pu-?erh|car|house|computer|laptop|phone|tree|company"
)
"""Things of which people say an age."""

_MAY_SAY_AGE = re.compile(r"\d|old|of|岁|歳", re.IGNORECASE)
"""What every text with an age has."""
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
        >>> say_ages("a toy for a boy of five")
        'a toy for a boy children'
        >>> say_ages("a 20 year old whisky"), say_ages("a lamp under 12")
        ('a 20 year old whisky', 'a lamp under 12')
    """
    if not _MAY_SAY_AGE.search(text):
        return text
    for language, pattern in _patterns():
        text = pattern.sub(_replacer(language), text)
    return age_bounds().sub(r"\g<who>", text)


def said_age(text: str) -> tuple[float, str] | None:
    """Return the age of whom something is for, if they are below 20, and the words that say it.

    Args:
        text: What somebody says.

    Returns:
        Years and words of the youngest one; None if no age is said.

    Example:
        >>> said_age("a book for my 6-year-old"), said_age("films for children under 12")
        ((6.0, '6-year-old'), (12.0, 'children under 12'))
        >>> said_age("a girl of eight"), said_age("a 20 year old whisky")
        ((8.0, 'girl of eight'), None)
    """
    if not _MAY_SAY_AGE.search(text):
        return None
    found = [
        (_years_of(one), one[0].strip())
        for _, pattern in _patterns()
        for one in pattern.finditer(text)
    ]
    for one in age_bounds().finditer(text):
        found.append((float(re.findall(r"\d{1,2}", one[0])[-1]), one[0]))
    young = [one for one in found if age_group(one[0]) is not None]
    return min(young, default=None)


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
        group = age_group(_years_of(found))
        if group is None:
            return found[0]
        who = found.groupdict().get("who") or ""
        return f"{who} {_WORDS[language][group]}".strip()

    return replace


def _years_of(found: re.Match[str]) -> float:
    years = _read(found["age"])
    unit = (found.groupdict().get("unit") or "").lower()
    if unit.startswith(("mon", "mois", "mes")) or unit in {"个月", "個月"}:
        return years / MONTHS_PER_YEAR
    return years / WEEKS_PER_YEAR if unit.startswith(("week", "woche")) else years


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
        (
            "en",
            rf"(?<!\w)(?P<who>{CHILDREN})\s+(?:of|who is|who's)\s+{age}(?![\w.,]*\d)"
            rf"(?!\s*(?:[%€£$]|{CURRENCY_NAMES}|{MINUTES}))(?=\s*(?:$|[,.;!?]|who|that|and|with|years))",
        ),
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
