"""What items say that they do not have: *gluten free*, *ohne Zucker*, *decaffeinated*.

Somebody who wants cookies without gluten wants these, though *gluten* is one of their words.
Start at :func:`free_from_pattern`.
"""

import re
from collections.abc import Iterable
from functools import cache

from daybreak.encoders.clause_words import FILLERS

MAX_WORDS = 3
"""Words of the longest clause that may name a substance."""

_SUBSTANCES = """
    caffeine koffein coffein caféine cafeína cafeina caffeina 咖啡因 : decaf decaff
        decaffeinated entkoffeiniert\\w* décaféiné\\w* descafeinad[oa]s? decaffeinat[oaie] 低因
    alcohol alkohol alcool álcool alcol 酒精 : non-?alcoholic analcolic[oa] 0[.,]0\\s?%?
    sugar zucker sucre azúcar azucar zucchero 糖 : unsweetened ungesüsst\\w* ungesüßt\\w* diet
    gluten weizen wheat blé trigo glutine 麸质
    lactose laktose lactosa lattosio milk dairy milch lait leche latte 乳糖 : vegan\\w*
        (?:oat|soy|soya|almond|rice|coconut)\\s(?:milk|drink)
    meat fleisch viande carne 肉 : vegan\\w* vegetarian vegetarisch\\w* végétarien\\w*
        vegetarian[oa]s? veggie meatless plant[\\s-]based
    egg eggs ei eier œuf oeufs huevo huevos uova : vegan\\w*
    nut nuts peanut peanuts nuss nüsse noix nueces noci
    salt salz sel sal sale 盐 : unsalted ungesalzen\\w*
    fat fett grasa graisse grassi 脂肪 : non-?fat skimmed
    scent perfume fragrance duft parfum duftstoffe parfüm profumo 香味 香料 : unscented
        unparfümiert\\w* duftneutral\\w*
    wire wires cable cables kabel câble fil cavo 线 : wireless cordless kabellos\\w*
        inalámbric[oa]s? bluetooth 无线
    plastic plastik kunststoff plastique plástico plastica 塑料
    seeds kerne pépins semillas semi : seedless kernlos\\w*
    sleeves ärmel manches mangas : sleeveless ärmellos\\w*
    battery batteries batterie batterien pilas : wind-?up
    animal animals leather leder cuir cuero : vegan\\w* faux
"""


def free_from_pattern(clauses: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of titles that say to be without what clauses rule out.

    Args:
        clauses: Clauses that a sentence rules out, without small talk.

    Returns:
        None if none of them is short enough to name a substance.

    Example:
        >>> labelled = free_from_pattern(["gluten"])
        >>> titles = ["Gluten-free bread", "Glutenfreies Brot", "White bread", "Gluten powder"]
        >>> [bool(labelled.search(title)) for title in titles]
        [True, True, False, False]
        >>> bool(free_from_pattern(["caffeine"]).search("Ground coffee, decaf"))
        True
    """
    found = [_label(words) for clause in clauses if (words := _words(clause))]
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _words(clause: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W_]+", clause.lower())
    named = tuple(word for word in words if word not in FILLERS and word not in _ADDED)
    return named if len(named) <= MAX_WORDS else ()


_ADDED_WORDS = """
    added extra any artificial zugesetzten zugesetzter ajouté ajoutés añadido añadidos aggiunti
"""
_ADDED = frozenset(_ADDED_WORDS.split())


@cache
def _label(words: tuple[str, ...]) -> str:
    """Return a pattern of what says that something has no such thing."""
    things, others = {" ".join(words)}, list[str]()
    for own, labels in _substances():
        if things & own or {word.removesuffix("s") for word in words} & own == set(words):
            things |= own
            others += labels
    thing = "|".join(
        re.escape(one).replace(r"\ ", r"[\s-]") for one in sorted(things, key=len, reverse=True)
    )
    free = rf"(?<!\w)(?:{thing})s?[\s-]?(?:free|frei(?:e[rsnm]?)?|less)(?!\w)"
    if len(things) == 1:  # a sign that says "No dogs" is for nobody who wants none
        return free
    spaced = (
        rf"{free}|(?<!\w)(?:free\s(?:of|from)|without|no|non|zero|0\s?%|ohne|kein|sans|sin|senza|sem"
        rf"|libre\sde)[\s-](?:added\s|extra\s|any\s)?(?:{thing})s?(?!\w)"
        rf"|(?:无|不含|零|0)(?:添加)?(?:{thing})"
    )
    alone = "".join(rf"|(?<!\w){one}(?!\w)" if one.isascii() else f"|{one}" for one in others)
    return spaced + alone


@cache
def _substances() -> tuple[tuple[frozenset[str], tuple[str, ...]], ...]:
    joined = _SUBSTANCES.replace("\n        ", " ").strip().splitlines()
    split = [line.strip().partition(" : ") for line in joined]
    return tuple((frozenset(own.split()), tuple(alone.split())) for own, _, alone in split)
