"""A blend for a few items as one matrix, so that scoring them is one product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.models import Linear
from daybreak.ranking.blend import LEVELS
from daybreak.ranking.heard import Heard, Kinds
from daybreak.types import Floats

LARGEST = 32_000_000
"""Bytes of such a matrix; it has every level of warmth in it."""


@dataclass(frozen=True, eq=False)
class Choir:
    """What strategies say of a few items, at all levels: scores are ``bias + joined @ matrix``.

    ``joined`` is all evidence side by side, see :meth:`Heard.joined`.
    """

    matrix: Floats
    """(n_levels * n_evidence, n_items)"""

    @classmethod
    def of(cls, forms: Sequence[Linear], weights: Floats, kinds: Kinds) -> "Choir | None":
        """Add strategies up.

        Args:
            forms: The strategies written out for the items.
            weights: (n_levels, n_strategies, n_items) how much each counts.
            kinds: Their evidence.

        Returns:
            None when that is too large, or the forms do not look at the evidence as ``kinds``
            tell it.
        """
        n_items = weights.shape[2]
        if 4 * len(LEVELS) * kinds.height * n_items > LARGEST or not _fits(forms, kinds):
            return None
        matrix = np.zeros((n_items, len(LEVELS), kinds.height), dtype=np.float32)
        for kind, rows in kinds.rows.items():
            if not kinds.widths[kind]:
                continue
            start = kinds.starts[kind]
            counts = np.ascontiguousarray(weights[:, rows].transpose(2, 0, 1))
            said = np.stack([_said(forms[row], kinds.widths[kind]) for row in rows], axis=1)
            said -= kinds.centres[kind].T
            matrix[:, :, start : start + kinds.widths[kind]] = counts @ said
        return cls(np.ascontiguousarray(matrix.reshape(n_items, len(LEVELS) * kinds.height).T))

    def add_to(self, total: Floats, heard: Heard) -> None:
        """Add what is said to (n_queries, n_items) scores."""
        total += heard.joined() @ self.matrix


def _fits(forms: Sequence[Linear], kinds: Kinds) -> bool:
    return all(
        forms[row].weights.shape[0] in (0, kinds.widths[kind])
        for kind, rows in kinds.rows.items()
        for row in rows
    )


def _said(form: Linear, width: int) -> Floats:
    """Return (n_items, n_evidence) what a strategy says."""
    whole = form.weights.whole()
    return whole.T if whole.size else np.zeros((len(form.bias), width), dtype=np.float32)


__all__ = ["LARGEST", "Choir"]
