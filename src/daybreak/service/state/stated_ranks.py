"""Requests for a kind: "comedies", and for what most people choose of it: "best comedies".

All that has the values of the catalogue that a text names counts as fully about it: otherwise,
items with few genres would be the most similar ones, however few people know them. Of the best,
what more users have chosen comes first; without such a word, the other strategies decide.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from daybreak.encoders.clauses import drop_small_talk, split_clauses
from daybreak.encoders.open_requests import drop_rank, find_rank
from daybreak.encoders.quantities import QuantityPreference
from daybreak.models.wish import reference_likeness, saturate_wishes
from daybreak.service.state.stated_quantities import (
    StatedPreference,
    StatedQuantities,
    value_quantiles,
)
from daybreak.service.state.wishes import WishEncoder
from daybreak.types import Doubles, Floats, Mask, Rows

MAX_KIND_WORDS = 4
"""Largest number of words of a text, without small talk, that is compared with the values of
the catalogue; each word costs an encoding."""
MAX_UNSPACED_CHARS = 4
"""Longest word of a script without spaces that is taken for one word, not for a sentence."""
RANK_LABEL = "number of users"
"""Name of what a rank is measured by, for people."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, eq=False)
class StatedRank(StatedPreference):
    """A preference for what most users have chosen of what has the values that a text names."""

    def among(self, about: Mask | None) -> "StatedRank":
        """Return the rank as it is: it is among what has the values."""
        return self


@dataclass(frozen=True, eq=False)
class StatedInText(StatedPreference):
    """A preference whose strengths come from the words of a text, and count for all items."""

    @classmethod
    def read(cls, text: str, n_users: Doubles, strengths: Floats | None) -> Self | None:
        """Return the preference of a text; None without strengths.

        Args:
            text: Text of a user.
            n_users: (n_items,) number of users of each item.
            strengths: (n_items,) what the text adds to the likeness of each item.
        """
        if strengths is None:
            return None
        said = QuantityPreference("rating", "high", phrase=text)
        return cls(RANK_LABEL, said, n_users, strengths)

    def among(self, about: Mask | None) -> Self:
        """Return the preference as it is: it counts for all items."""
        return self

    def title(self, row: int) -> str:
        """Return the words of the text."""
        return self.phrase


@dataclass(frozen=True, eq=False)
class StatedKind(StatedInText):
    """A preference for everything that has the values which a text names, all of it alike."""

    def describe(self, row: int) -> str:
        """Return that the item has the values, for a person; empty where this adds nothing."""
        return f"is all that {self.phrase!r} asks for" if self.strengths[row] else ""


@dataclass(frozen=True, eq=False)
class StatedTopic(StatedInText):
    """A preference for what has the values that a text names and is about its other words."""

    def describe(self, row: int) -> str:
        """Return how far the item is about all words; empty where this adds nothing."""
        if self.strengths[row] < 0:
            return f"is only in part what {self.phrase!r} asks for"
        return f"is all that {self.phrase!r} asks for" if self.strengths[row] else ""


@dataclass(frozen=True, eq=False)
class StatedExclusion(StatedInText):
    """A preference against everything that has a value which a text rules out."""

    def describe(self, row: int) -> str:
        """Return that the item is ruled out; empty for others."""
        return f"is what {self.phrase!r} rules out" if self.strengths[row] else ""


@dataclass(frozen=True, eq=False)
class StatedFreeFrom(StatedInText):
    """A preference for what says to be without what a text rules out."""

    def describe(self, row: int) -> str:
        """Return that the item says so; empty for others."""
        return (
            f"says to be without what {self.phrase!r} rules out" if self.strengths[row] else ""
        )


def read_ranks(
    texts: Mapping[int, str],
    stated: Mapping[int, StatedQuantities],
    n_users: Doubles,
    wishes: WishEncoder,
) -> tuple[dict[int, str], dict[int, StatedQuantities]]:
    """Return the topics of texts without ranks, and what they say with the ranks and kinds.

    A rank counts where the rest of a text names values of the catalogue and nothing else:
    the best comedies about dogs are not the best comedies, and *Best in Show* is a title. So
    does a kind.

    Args:
        texts: Text by row of the user, without words of quantities.
        stated: What they say about quantities.
        n_users: (n_items,) users who have chosen each item.
        wishes: Encoder of the topics.
    """
    topics, every = dict(texts), dict(stated)
    for row, text in texts.items():
        phrase = find_rank(text)
        topic = drop_rank(text).strip() if phrase else _find_kind(text)
        preference: StatedPreference | None = None
        if topic:
            preference = (
                _read_rank(topic, phrase, n_users, wishes)
                if phrase
                else _read_kind(topic, n_users, wishes)
            )
        if preference is None:
            topic, preference = (
                text,
                StatedTopic.read(text, n_users, wishes.topic_likeness(text)),
            )
        excluded = StatedExclusion.read(topic, n_users, wishes.excluded_likeness(topic))
        free = StatedFreeFrom.read(topic, n_users, wishes.free_likeness(topic))
        added = [one for one in (preference, excluded, free) if one is not None]
        if not added:
            continue
        before = every.get(row, StatedQuantities(topic))
        preferences = (*before.preferences, *added)
        topics[row], every[row] = topic, replace(before, topic=topic, preferences=preferences)
    return topics, every


def _read_rank(
    topic: str, phrase: str, n_users: Doubles, wishes: WishEncoder
) -> StatedRank | None:
    carried = wishes.carried_values(topic)
    likeness = None if carried is None else wishes.likeness(topic)
    if carried is None or likeness is None:
        return None
    said = QuantityPreference("rating", "high", phrase=phrase)
    return StatedRank(RANK_LABEL, said, n_users, rank_strengths(n_users, likeness, carried))


def _read_kind(topic: str, n_users: Doubles, wishes: WishEncoder) -> StatedKind | None:
    found = wishes.missing_likeness(topic)
    if found is None:
        return None
    strengths = np.zeros(len(n_users), dtype=np.float32)
    strengths[found[0]] = found[1]
    return StatedKind.read(topic, n_users, strengths)


def _find_kind(text: str) -> str:
    """Return a text that may name a kind and nothing else; empty for longer ones."""
    wanted = drop_small_talk(split_clauses(text).wanted).split()
    is_short = all(len(_UNSPACED.findall(word)) <= MAX_UNSPACED_CHARS for word in wanted)
    return text if 0 < len(wanted) <= MAX_KIND_WORDS and is_short else ""


def rank_strengths(n_users: Doubles, likeness: Floats, carried: Rows) -> Floats:
    """Return what a rank adds to the likeness of items: all count as fully about the topic.

    Args:
        n_users: (n_items,) users who have chosen each item.
        likeness: (n_wishes, n_items) likeness of the wishes of the topic.
        carried: (n_items,) numbers from :meth:`.WishEncoder.carried_values`.

    Example:
        >>> likeness = np.array([[0.8, 0.2, 0.0]], dtype=np.float32)
        >>> carried = np.array([1, 1, 0])
        >>> rank_strengths(np.array([1.0, 9.0, 50.0]), likeness, carried).round(2).tolist()
        [0.25, 1.5, 0.0]
    """
    full = reference_likeness(likeness)[:, None]
    missing = 1 - saturate_wishes(likeness / full).max(axis=0)
    quantiles = np.nan_to_num(value_quantiles(np.where(carried > 0, n_users, np.nan)))
    strengths = np.where(carried > 0, missing + quantiles + (carried - 1), 0)
    return np.asarray(strengths, dtype=np.float32)
