"""Words beside an amount: what is understood of them is taken away."""

import re
from functools import cache

from daybreak.encoders import bound_words as words
from daybreak.encoders.amounts import Quantity

MAX_CONTEXT_CHARS = 48
"""Number of characters before and after an amount in which the words of its bound are."""
MAX_GLUE_WORDS = 6
"""Largest number of joining words that are removed with a bound, on each side."""


class AmountContext:
    """Text beside an amount; what is understood of it is taken away.

    Args:
        before: Text before the amount.
        after: Text after it.
    """

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        self.after = after
        self.n_after = 0
        """Number of characters that were taken after the amount."""
        self.taken = ""
        """Text before the amount that was taken last."""

    def take_before(self, spaced: str, unspaced: str = "") -> bool:
        """Take words that end directly before the amount; return whether they are there."""
        found = words_before(spaced, unspaced).search(self.before)
        if found is not None:
            self.before, self.taken = self.before[: found.start()], found[0]
        return found is not None

    def take_after(self, spaced: str, unspaced: str = "") -> bool:
        """Take words that begin directly after the amount; return whether they are there."""
        found = words_after(spaced, unspaced).match(self.after)
        if found is not None:
            self.after = self.after[found.end() :]
            self.n_after += found.end()
        return found is not None

    def has_before(self, spaced: str, unspaced: str = "") -> bool:
        """Return whether words end directly before the amount."""
        return words_before(spaced, unspaced).search(self.before) is not None

    def take_negation(self) -> bool:
        """Take a negation before the bound, with a general noun between them."""
        kept = self.before
        for _ in range(MAX_GLUE_WORDS):
            if self.take_before(words.NEGATIONS, words.UNSPACED_NEGATIONS_OF_BOUNDS):
                return True
            if not (
                self.take_before(words.GENERAL_NOUNS, words.UNSPACED_GENERAL_NOUNS)
                or self.take_before("from|of|aus|von|de|that are|made|released", "")
            ):
                break
        self.before = kept
        return False

    def take_carriers(self) -> None:
        """Take the names of quantities before the bound, such as "rated"."""
        for _ in range(MAX_GLUE_WORDS):
            kept = self.before
            self.take_before(words.GLUE_BEFORE, words.GLUE_BEFORE_UNSPACED)
            if not self.take_before(_CARRIERS, _UNSPACED_CARRIERS):
                self.before = kept
                return

    def take_glue(self) -> None:
        """Take the joining words on both sides."""
        for _ in range(MAX_GLUE_WORDS):
            if not (
                self.take_before(_CARRIERS, _UNSPACED_CARRIERS)
                or self.take_before(words.GLUE_BEFORE, words.GLUE_BEFORE_UNSPACED)
            ):
                break
        for _ in range(MAX_GLUE_WORDS):
            if not self.take_after(words.GLUE_AFTER, words.GLUE_AFTER_UNSPACED):
                break

    def carrier(self) -> Quantity | None:
        """Return the quantity that is named before the bound, such as "price"; else None."""
        if _PAYING.search(self.taken):
            return "price"
        before = self.before
        for _ in range(MAX_GLUE_WORDS):
            for quantity, spaced, unspaced in _CARRIER_WORDS:
                if words_before(spaced, unspaced).search(before):
                    return quantity
            glue = words_before(words.GLUE_BEFORE, words.GLUE_BEFORE_UNSPACED).search(before)
            if glue is None:
                return None
            before = before[: glue.start()]
        return None


_CARRIER_WORDS: tuple[tuple[Quantity, str, str], ...] = (
    ("price", words.PRICE_WORDS, words.UNSPACED_PRICE_WORDS),
    ("rating", words.RATING_WORDS, words.UNSPACED_RATING_WORDS),
    ("duration", words.DURATION_WORDS, words.UNSPACED_DURATION_WORDS),
)
_PAYING = re.compile(r"spend|pay|budget|presupuesto|预算|預算|最贵", re.IGNORECASE)
"""Words of bounds that are about prices."""
_CARRIERS = "|".join(spaced for _, spaced, _ in _CARRIER_WORDS)
_UNSPACED_CARRIERS = "|".join(unspaced for _, _, unspaced in _CARRIER_WORDS)


@cache
def words_before(spaced: str, unspaced: str) -> re.Pattern[str]:
    """Pattern of words that end at the end of a text."""
    parts = [rf"(?<![^\W_])(?<!-)(?:{spaced})"] if spaced else []
    parts += [rf"(?:{unspaced})"] if unspaced else []
    return re.compile(rf"(?:{'|'.join(parts)})[\s:]*\Z", re.IGNORECASE)


@cache
def words_after(spaced: str, unspaced: str) -> re.Pattern[str]:
    """Pattern of words at the start of a text."""
    parts = [rf"[\s,-]*(?:{spaced})(?![^\W_])"] if spaced else []
    parts += [rf"\s*(?:{unspaced})"] if unspaced else []
    return re.compile(rf"(?:{'|'.join(parts)})", re.IGNORECASE)
