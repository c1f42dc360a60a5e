"""Whether the texts of a catalogue are English, which decides the text encoder.

Other languages in the Latin script are told by their function words, which are the most
frequent words of any text, and by letters with diacritics.
"""

import re

MAX_NON_LATIN_SHARE = 1 / 3
"""Largest share of letters of other scripts in a catalogue that may be English."""
MIN_EVIDENCE = 0.02
"""Smallest share of words of other languages in a catalogue that is not English: names and
borrowed words (café, à la carte) are fewer."""
MIN_WORDS = 1
"""Words of other languages that a catalogue of a few words may have."""

_NON_LATIN = re.compile(r"[^\x00-\u024f\u1e00-\u1eff\u2000-\u206f]")
_MARKED_LETTERS = re.compile(r"[ß-öø-ƿ\u1e00-\u1eff]")
_ENGLISH_WORDS = (
    "the of and with for to from by is this your that are it as at be or on you his her"
    " their its"
    " who has have which into"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_OTHER_WORDS = (
    # German, Dutch, Swedish, Danish and Norwegian
    "und der das mit für von auf den dem des ist zum zur im ein eine einem einen einer"
    " nicht bei"
    " het een voor van met op niet bij zijn och för med ett av og til fra ikke"
    # French, Spanish, Portuguese, Italian
    " de le la les et pour avec une du sur dans au aux est sans el los las y para por una"
    " unos del"
    " em os da dos das com uma não ou il di gli della delle per che dei al alla"
    # Polish, Czech, Turkish, Indonesian, Vietnamese
    " w z na się nie dla oraz je pro ve bir için ile bu yang dan untuk dengan của và cho"
)
_OTHERS = frozenset(_OTHER_WORDS.split())


def is_english(text: str) -> bool:
    """Return whether a text is more likely English than another language.

    Texts without words that any language would recognise, such as names of products, count as
    English.

    Args:
        text: Texts of a catalogue, one after another.

    Example:
        >>> is_english("A mug with a red handle"), is_english("Eine Tasse mit rotem Henkel")
        (True, False)
        >>> is_english("CAKE STAND 3 TIER"), is_english("茶杯 杯垫")
        (True, False)
    """
    letters = re.sub(r"[\W\d_]", "", text)
    if len(_NON_LATIN.findall(letters)) > MAX_NON_LATIN_SHARE * len(letters):
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in _ENGLISH for word in words)
    others = sum(word in _OTHERS or bool(_MARKED_LETTERS.search(word)) for word in words)
    return others <= max(english, MIN_EVIDENCE * len(words), MIN_WORDS)
