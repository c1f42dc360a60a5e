"""Sentences in a language of which neither the catalogue nor its text model knows anything.

A model of English turns *eine Tasse* into a vector as well, and *Tasse* resembles *tassel*:
both say nothing. Start at :func:`foreign_words`.
"""

import re
from collections.abc import Collection

from daybreak.encoders.base import Encoder

_FOREIGN = """
    der das dem den für mit ohne und oder ich suche eine einen einem einer ein etwas über zum
    zur nicht kein keine möchte brauche meine meinen
    une des les pour avec sans je cherche quelque mes dans aux voudrais
    una uno unos unas para quiero busco algo del
    gli delle della dei vorrei cerco qualcosa senza
    een het voor mijn zonder iets ik zoek
    um uma sem quero meu minha
"""
FOREIGN_WORDS = frozenset(_FOREIGN.split())
"""Words that only join or ask, and that English does not have."""
_ARTICLES = frozenset({"un", "Un"})
"""Articles that are short forms in English in capitals only."""
_ENGLISH_WORDS = """
    the for with and my some something any looking want need from by
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_PROBES = """küche geschenk möchte wohnung cuisine maison cadeau chaussures cocina regalo quiero
    hermano cucina bambini perché keuken cozinha"""
_ENGLISH_PROBES = "kitchen present want house children brother"
MAX_KNOWN_PROBES = 0.25
"""Share of such words up to which a model has learned English only: models of English know 2 of
17 of them, multilingual ones 10 and more."""
_WORD = re.compile(r"[^\W\d_]+")


def foreign_words(text: str) -> frozenset[str]:
    """Return the words of a text by which it is in another language than English.

    Example:
        >>> sorted(foreign_words("Etwas für die Küche")), foreign_words("a mug for the kitchen")
        (['etwas', 'für'], frozenset())
        >>> foreign_words("something for das Haus"), foreign_words("UN peacekeepers")
        (frozenset(), frozenset())
        >>> foreign_words("un sac rouge")
        frozenset({'un'})
    """
    said = frozenset(_WORD.findall(text))
    words = frozenset(word.lower() for word in said)
    foreign = words & FOREIGN_WORDS | said & _ARTICLES
    return frozenset() if words & _ENGLISH else foreign


def is_unknown_language(words: Collection[str], known: Collection[str]) -> bool:
    """Return whether a catalogue has less than half of the foreign words of a text.

    Args:
        words: Result of :func:`foreign_words`.
        known: Words of the catalogue.

    Example:
        >>> [is_unknown_language(["für"], known) for known in ({"für", "tasse"}, {"for"})]
        [False, True]
    """
    return 2 * sum(word in known for word in words) < len(words)


def knows_english_only(encoder: Encoder) -> bool:
    """Return whether a text model has learned English words, and hardly any of others.

    Args:
        encoder: Text model; of one without a vocabulary it is not known.
    """
    probes = _PROBES.split()
    known = sum(encoder.knows(word) for word in probes)
    is_english = all(encoder.knows(word) for word in _ENGLISH_PROBES.split())
    return is_english and known <= MAX_KNOWN_PROBES * len(probes)
