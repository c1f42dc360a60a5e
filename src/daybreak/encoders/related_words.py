"""Things that belong to an occasion or a use: hearts and confetti to a wedding.

Where too few items for a list have the word of the occasion, these come next, before items that
have nothing to do with it.
"""

from collections.abc import Iterable, Mapping
from functools import cache

_RELATED = """
    wedding weddings marriage : bride bridal groom confetti heart love champagne
    engagement anniversary : heart love ring champagne rose
    valentine valentines : heart love rose cupid kiss romantic
    christening baptism newborn nappy nappies diaper diapers pregnant : baby
    housewarming : home welcome doormat house
    halloween : skull pumpkin spider witch ghost bat horror
    easter : egg bunny rabbit chick
    christmas xmas : santa reindeer advent snowman snowflake bauble stocking
    birthday birthdays : party balloon cake candle
    thanksgiving : turkey pumpkin
    graduation : school card notebook
    picnic picnics : basket lunch cutlery flask blanket
    camping camper hiking : lantern torch tent flask backpack
    gardening gardener gardeners : garden plant flower seed watering
    baking baker bakers : cake cookie flour oven
    cooking cook chef : kitchen recipe pan apron spice
    sewing : needle thread button fabric
    knitting : wool yarn scarf
    beach seaside : sea sun towel shell sand
    office desk : pen notebook paper stationery
    stationery : pen pencil notebook paper eraser
    bathroom : bath soap towel shower
    bedroom : bed pillow cushion lamp
    breakfast : egg toast cereal coffee
    spa wellness : bath soap candle
    nautical sailor sailors : sea anchor boat ship
    writer writers : notebook pen pencil
    vegetarian vegetarians vegan vegans : vegetable
"""


def related_words(words: Iterable[str]) -> list[str]:
    """Return words for what belongs to occasions and uses, each once.

    Args:
        words: Words of occasions and uses, in lower case; others have none.

    Example:
        >>> related_words(["a", "christening"]), related_words(["lamp"])
        (['baby'], [])
    """
    by_word = _by_word()
    return list(dict.fromkeys(other for word in words for other in by_word.get(word, ())))


@cache
def _by_word() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _RELATED.strip().splitlines():
        words, _, others = line.partition(" : ")
        found |= dict.fromkeys(words.split(), tuple(others.split()))
    return found
