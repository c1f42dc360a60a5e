"""Singular and plural of a noun: *mice* is *mouse*, *Häuser* is *Haus*, *chevaux* is *cheval*.

The rules of several languages at once propose forms; those that a catalogue does not have say
nothing. They are chosen so that hardly any two words of one language differ by the rule of
another: *plate* is no plural of *plat*.
"""

from functools import cache

MIN_CHARS = 3
"""Characters of the shortest word that has other forms."""
_IRREGULAR = """
    mouse:mice louse:lice goose:geese foot:feet tooth:teeth man:men woman:women child:children
    ox:oxen person:people penny:pence die:dice knife:knives wife:wives life:lives leaf:leaves
    loaf:loaves shelf:shelves wolf:wolves half:halves scarf:scarves thief:thieves calf:calves
    elf:elves hoof:hooves œil:yeux ciel:cieux uomo:uomini uovo:uova dito:dita kind:kinderen
    ei:eieren stad:steden schip:schepen
"""
_NO_PLURALS = frozenset(
    {"news", "goods", "does", "has", "was", "his", "its", "this", "yes", "always", "james"}
)
_UMLAUTS = {"a": "ä", "o": "ö", "u": "ü"}
_PLAIN = {umlaut: vowel for vowel, umlaut in _UMLAUTS.items()}
_ROMANCE_ENDINGS = (
    ("eau", "eaux"),
    ("eu", "eux"),
    ("eaux", "eau"),
    ("eux", "eu"),
    ("al", "aux"),
    ("aux", "al"),
    ("z", "ces"),
    ("ces", "z"),
)
_SIBILANTS = ("s", "x", "z", "ch", "sh", "o")


@cache
def inflections(word: str) -> tuple[str, ...]:
    """Return what may be the singular or the plural of a word in lower case.

    Example:
        >>> inflections("knives"), inflections("haus")[-3:]
        (('knife', 'knive'), ('häuser', 'häuse', 'häus'))
        >>> "mouse" in inflections("mice"), "chevaux" in inflections("cheval")
        (True, True)
        >>> "berry" in inflections("berries"), "boek" in inflections("boeken")
        (True, True)
        >>> inflections("news"), inflections("glass")[:1]
        ((), ('glasses',))
    """
    if len(word) < MIN_CHARS or not word.isalpha() or word in _NO_PLURALS:
        return ()
    found = [*_irregular().get(word, ()), *_without_s(word), *_with_s(word)]
    found += [*_german_and_dutch(word), *_romance(word), *_umlauts(word)]
    kept = (one for one in found if len(one) >= MIN_CHARS and one not in _NO_PLURALS)
    return tuple(one for one in dict.fromkeys(kept) if one != word)


def _without_s(word: str) -> list[str]:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return []
    found = [word[:-1]]
    if word.endswith("ies"):
        found.append(f"{word[:-3]}y")
    if word.endswith("es") and word[:-2].endswith((*_SIBILANTS, "l", "r", "n", "d")):
        found.append(word[:-2])
    return found


def _with_s(word: str) -> list[str]:
    if word.endswith("s") and not word.endswith(("ss", "us")):
        return []
    if word.endswith("y") and word[-2] not in "aeiou":
        return [f"{word[:-1]}ies", f"{word}s"]
    if word.endswith(_SIBILANTS):
        return [f"{word}es"] if not word.endswith("o") else [f"{word}es", f"{word}s"]
    return [f"{word}s"]


def _german_and_dutch(word: str) -> list[str]:
    """Return forms with -en, of a noun of four letters at least, and with -n after -e."""
    found = []
    if word.endswith("en"):
        found += [word[:-2]] * (len(word) >= 6)  # four letters and -en
        found += [word[:-1]] * (len(word) >= 6)
        if len(word) > 6 and word[-3] == word[-4]:  # "katten"
            found.append(word[:-3])
    elif word.endswith("e"):
        found += [f"{word}n"] * (len(word) >= 5)  # "line" and "linen" differ
    elif len(word) >= 4 and not word.endswith("s"):
        found.append(f"{word}en")
    return found


def _romance(word: str) -> list[str]:
    """Return French, Spanish and Italian forms."""
    found = [
        word[: len(word) - len(ending)] + other
        for ending, other in _ROMANCE_ENDINGS
        if word.endswith(ending)
    ]
    if word[-1] in "lrnd" and len(word) >= 4:  # "flor"
        found.append(f"{word}es")
    if word[-1] in "oi" and len(word) >= 5:  # "gatto"
        found.append(word[:-1] + ("i" if word.endswith("o") else "o"))
    return found


def _umlauts(word: str) -> list[str]:
    """Return German forms whose vowel changes: *Buch* and *Bücher*, *Apfel* and *Äpfel*."""
    place = max((word.rfind(umlaut) for umlaut in _PLAIN), default=-1)
    if place >= 0:
        plain = word[:place] + _PLAIN[word[place]] + word[place + 1 :]
        endings = [2] * plain.endswith("er") + [1] * plain.endswith("e")
        return [plain[:-n] for n in endings] + [plain]
    place = max((word.rfind(vowel) for vowel in _UMLAUTS), default=-1)
    if place < 0:
        return []
    place -= place > 0 and word[place - 1 : place + 1] == "au"
    changed = word[:place] + _UMLAUTS[word[place]] + word[place + 1 :]
    return [f"{changed}er", f"{changed}e", changed]


@cache
def _irregular() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in _IRREGULAR.split():
        one, many = pair.split(":")
        found[one] = (*found.get(one, ()), many)
        found[many] = (*found.get(many, ()), one)
    return found
