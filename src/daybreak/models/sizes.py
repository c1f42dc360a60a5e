"""Sizes of a training, and the numbers that the models of a catalogue hold.

The formulas are those of the model cards, so that a plan says the same as the documentation.
"""

import re
from dataclasses import dataclass
from typing import Literal

from daybreak.memory import bounded_size
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import MAX_LANDMARK_CELLS, MAX_LANDMARKS
from daybreak.models.shared_statistics import MAX_DENSE_ITEMS, MAX_DUAL_USERS

MatrixForm = Literal["dense", "users", "nearest"]
"""Form of item-item matrices: all pairs of items; all pairs of users; the nearest items."""

_TERM = re.compile(r"(\d*)\s*([nu])(²?)")


@dataclass(frozen=True)
class TrainingSizes:
    """Sizes of the data of a training."""

    n_users: int
    """Users with positive events."""
    n_items: int
    """Items of the catalogue."""
    n_sold: int
    """Items with positive events."""
    n_events: int
    """Pairs of user and item with a positive event."""

    @property
    def form(self) -> MatrixForm:
        """Form of the item-item matrices, under the limits in use."""
        if self.n_sold <= bounded_size("dense_items", MAX_DENSE_ITEMS):
            return "dense"
        return (
            "users" if self.n_users <= bounded_size("dual_users", MAX_DUAL_USERS) else "nearest"
        )

    @property
    def n_landmarks(self) -> int:
        """Items that regressions on content are computed over, under the limits in use."""
        most = min(
            bounded_size("landmarks", MAX_LANDMARKS), MAX_LANDMARK_CELLS // max(self.n_sold, 1)
        )
        return min(self.n_sold, max(most, 1))


def count_numbers(card: ModelCard, sizes: TrainingSizes) -> int | None:
    """Return how many numbers a model holds; None where its card has no formula.

    Alternatives of a card stand in the order of :data:`MatrixForm`; where there are two, the
    second one holds for both forms without dense matrices.

    Args:
        card: Card of the model.
        sizes: Sizes of the data.

    Example:
        >>> sizes = TrainingSizes(n_users=50, n_items=20, n_sold=10, n_events=200)
        >>> count_numbers(ModelCard(memory="2n², or 2u², or 800n"), sizes)
        200
        >>> count_numbers(ModelCard(memory="240n + 160u"), sizes)
        10400
    """
    alternatives = [one.strip() for one in card.memory.split(", or ")]
    place = ("dense", "users", "nearest").index(sizes.form)
    chosen = alternatives[min(place, len(alternatives) - 1)]
    total = 0
    for term in chosen.split("+"):
        found = _TERM.fullmatch(term.strip())
        if found is None:
            return None
        factor, letter, squared = found.groups()
        size = sizes.n_sold if letter == "n" else sizes.n_users
        other = 1
        if squared:
            is_content = letter == "n" and len(alternatives) == 1
            other = sizes.n_landmarks if is_content else size
        total += int(factor or 1) * size * other
    return total
