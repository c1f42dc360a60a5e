"""Words that a sentence writes apart and a catalogue together: *ear rings*, *door mat*."""

import re
from collections.abc import Callable

from daybreak.encoders.clause_words import FILLERS

MIN_PART_CHARS, MIN_JOINED_CHARS = 3, 6
"""Characters of the shortest parts, and of the shortest word of two parts."""
MIN_RATIO = 0.25
"""Smallest number of items with the one word, relative to those with the rarer of the two."""
MIN_RATIO_ALONE = 2.0
"""The same from which on the two words do not count."""

_PAIR = re.compile(r"(?<![^\W_])(?P<first>[^\W\d_]+)(?P<gap>[ -])(?=(?P<second>[^\W\d_]+))")


def join_words(text: str, share: Callable[[str], float]) -> str:
    """Return a text in which words of a catalogue stand beside their parts, written apart.

    Two words count as one as well if enough items have the one, and as that alone if many more
    have it than have the rarer of the two.

    Args:
        text: What somebody says.
        share: Relative number of items with a word, in singular or plural.

    Example:
        >>> shop = {"earrings": 0.3, "ear": 0.1, "rings": 0.3, "black": 0.3, "board": 0.1}.get
        >>> share = lambda word: shop(word, 0.0)
        >>> join_words("ear rings in gold", share), join_words("a black board", share)
        ('earrings in gold', 'a black board')
        >>> shop = {"doormat": 0.1, "door": 0.2, "mat": 0.1}.get
        >>> join_words("door mat", share)
        'door mat doormat'
    """
    if not text:
        return text
    said, end, known = "", 0, set(re.findall(r"\w+", text.lower()))
    for found in _PAIR.finditer(text):
        first, second = found["first"].lower(), found["second"].lower()
        joined = first + second
        stop = found.end() + len(second)
        if (
            found.start() < end
            or min(len(first), len(second)) < MIN_PART_CHARS
            or len(joined) < MIN_JOINED_CHARS
            or joined in known
            or not FILLERS.isdisjoint((first, second, joined))
        ):
            continue
        own, apart = share(joined), min(share(first), share(second))
        if own and own >= MIN_RATIO * apart:
            kept = (
                text[end : found.start()] if own >= MIN_RATIO_ALONE * apart else text[end:stop]
            )
            said += f"{kept}{' ' if kept[-1:].strip() else ''}{joined}"
            end = stop
    return said + text[end:]
