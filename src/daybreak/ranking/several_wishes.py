"""Whether the parts of a sentence are one wish or several, decided by the items of a catalogue.

"Red and white cups" is one wish where cups are red and white; "candles and necklaces" are two
where no item is both. Start at :func:`separate_wishes`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from daybreak.encoders.alternatives import (
    WantedPart,
    before_preposition,
    has_article,
    split_words,
)
from daybreak.encoders.clauses import drop_small_talk, has_content
from daybreak.encoders.synonyms import quality_words
from daybreak.models.wish import MIN_REFERENCE, reference_likeness, reference_rank
from daybreak.types import Floats, Mask

LikenessFn = Callable[[Sequence[str]], Floats]
"""Returns the (n_texts, n_items) likeness of texts and the items of a catalogue."""

MIN_COVERED = 0.5
"""Smallest likeness to a part with which an item has it, as a share of the reference."""
MIN_SHARE_OF_PART = 0.2
"""Share of the items most like two parts together that must have each of them: one vector then
brings both into a list."""
MIN_GAIN_OF_BOTH = 1.2
"""Likeness to two parts of an item that has both, relative to the best item that has one of
them, from which they are one wish: the name of an item."""
MIN_ANSWER = 0.25
"""Smallest likeness of the best item to a part, relative to that of the best part, with which
the part is a wish; other parts are small talk."""


def separate_wishes(parts: Sequence[WantedPart], likeness_of: LikenessFn) -> tuple[str, ...]:
    """Return the wishes of a sentence, in its order.

    Alternatives are wishes of their own. The other parts are joined to the one before if there
    are items that have both. What two alternatives share is given to both: "red or blue lamps"
    are red lamps and blue lamps, if the catalogue has red lamps; "a red or blue lamp" always.

    Args:
        parts: Parts of the sentence.
        likeness_of: Measures the likeness of texts and items.

    Returns:
        At most as many texts as parts; empty if no part is answered by any item.
    """
    texts = [drop_small_talk(part.text) for part in parts]
    likeness = likeness_of(texts)
    best = likeness.max(axis=1, initial=0)
    is_answered = best >= max(MIN_ANSWER * best.max(initial=0), MIN_REFERENCE)
    wishes: list[tuple[WantedPart, str, Floats]] = []
    for part, text, row, kept in zip(parts, texts, likeness, is_answered, strict=True):
        if not kept:
            continue
        if wishes and part.link == "addition" and _belong_together(wishes[-1], part, text, row):
            before, words, total = wishes.pop()
            wishes.append((before, f"{words} {text}", total + row))
        else:
            wishes.append((part, text, row))
    return _share_words([part for part, _, _ in wishes], [t for _, t, _ in wishes], likeness_of)


def _belong_together(
    before: tuple[WantedPart, str, Floats], part: WantedPart, text: str, likeness: Floats
) -> bool:
    """Return whether a part belongs to the wish before it.

    Args:
        before: The wish, its words, and their likeness to the items.
        part: The part.
        text: Its words.
        likeness: (n_items,) likeness of the part and the items.
    """
    if _may_share_noun(before[1], text, is_romance=part.is_romance):
        return bool((covered_items(before[2]) & covered_items(likeness)).any())
    return is_one_wish(before[2], likeness)


def _may_share_noun(before: str, text: str, *, is_romance: bool) -> bool:
    """Return whether one of two parts may be an adjective: "red and big cups".

    Example:
        >>> _may_share_noun("red", "big cups", is_romance=False)
        True
        >>> _may_share_noun("cake stands", "lanterns", is_romance=False)
        False
    """
    first, second = len(split_words(before)), len(split_words(text))
    return first > 1 == second if is_romance else second > 1 == first


def is_one_wish(first: Floats, second: Floats) -> bool:
    """Return whether the items most like two parts of a sentence have both.

    Some of them must have both: "lamps and mugs" are two wishes where nothing is a lamp and a
    mug. It is enough that others have the one part and others the other. A part that few items
    have, such as the "gift tags" of a shop with two, is no wish of its own if one vector brings
    both parts into a list: half a list would be filled with what has one of its words.

    Args:
        first: (n_items,) likeness to the one part.
        second: (n_items,) likeness to the other.

    Example:
        >>> red, lamps = np.array([0.5, 0.0, 0.0]), np.array([0.4, 0.5, 0.0])
        >>> is_one_wish(red, lamps), is_one_wish(red, red[::-1])
        (True, False)
    """
    together = first + second
    rank = reference_rank(len(together))
    top = np.argsort(-together, kind="stable")[:rank]
    has_first, has_second = covered_items(first)[top], covered_items(second)[top]
    has_both = has_first & has_second
    brings_both = min(has_first.mean(), has_second.mean()) >= MIN_SHARE_OF_PART
    if brings_both and not (_fills_half(first) and _fills_half(second)):
        return True
    if not has_both.any():
        return False
    if brings_both:
        return True
    best_single = max(first.max(), second.max())
    return bool(together[top][has_both].max() >= MIN_GAIN_OF_BOTH * best_single)


def _fills_half(likeness: Floats) -> bool:
    """Return whether enough items are like a part to fill half a list."""
    half = max(reference_rank(len(likeness)) // 2, 1)
    last = -np.partition(-likeness, half - 1)[half - 1]
    return bool(last >= MIN_COVERED * likeness.max())


def covered_items(likeness: Floats) -> Mask:
    """Return (n_items,) whether items have a part of a sentence.

    Args:
        likeness: (n_items,) likeness of the part and the items.
    """
    reference = reference_likeness(likeness[None, :])[0]
    return np.asarray(likeness >= MIN_COVERED * reference, dtype=bool)


def _share_words(
    parts: Sequence[WantedPart], texts: list[str], likeness_of: LikenessFn
) -> tuple[str, ...]:
    """Return the wishes with the noun, or the object, that an alternative leaves out."""
    for row in range(1, len(parts)):
        left_out = _find_left_out(parts[row - 1], parts[row], texts[row - 1], texts[row])
        if parts[row].link == "addition" or left_out is None:
            continue
        position, shared = row + left_out[0], left_out[1]
        if not _needs_noun(parts[row - 1], parts[row]):
            own, other = likeness_of([texts[position], shared])
            if not (covered_items(own) & covered_items(other)).any():
                continue
        texts[position] = f"{texts[position]} {shared}"
    return tuple(texts)


def _needs_noun(before: WantedPart, part: WantedPart) -> bool:
    """Return whether two alternatives have one article, as in "a red or blue lamp"."""
    return has_article(before) and not has_article(part)


def _find_left_out(
    before: WantedPart, part: WantedPart, first: str, second: str
) -> tuple[int, str] | None:
    """Return the alternative that may leave out words of the other one, and these words.

    Args:
        before: The first alternative.
        part: The second one.
        first: Words of the first one, without small talk.
        second: Words of the second one.

    Returns:
        -1 or 0 for the first or the second alternative; None: neither leaves anything out.
    """
    subject = before_preposition(before.text)
    if has_content(subject):
        return 0, drop_small_talk(subject)
    if has_article(part) and first.lower() not in quality_words():
        return None  # but "a red or a blue lamp" is about lamps
    before_words, words = split_words(first), split_words(second)
    if part.is_romance and len(words) == 1 < len(before_words):
        return 0, before_words[0]
    if not part.is_romance and len(before_words) == 1 < len(words):
        return -1, _shared_end(part.text, words)
    return None


def _shared_end(text: str, words: Sequence[str]) -> str:
    """Return the noun of an alternative and what stands behind it.

    Args:
        text: The alternative.
        words: Its words, without small talk.

    Example:
        >>> _shared_end("blue shirt for women", ["blue", "shirt", "women"])
        'shirt women'
        >>> _shared_end("chair for the kitchen", ["chair", "kitchen"])
        'kitchen'
    """
    subject = split_words(drop_small_talk(before_preposition(text)))
    n_subject = len(subject) if list(words[: len(subject)]) == subject else 0
    if not n_subject:
        return words[-1]
    return " ".join(words[n_subject - 1 :] if n_subject > 1 else words[1:])
