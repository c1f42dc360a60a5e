"""Columns of profiles and of content that mean the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.types import Rows


def _nothing() -> Rows:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class CommonTerms:
    """Pairs of a column of profiles and a column of the content block ``attributes``."""

    profile: Rows = field(default_factory=_nothing)
    """(n_pairs,) columns of profiles"""
    content: Rows = field(default_factory=_nothing)
    """(n_pairs,) columns of the block"""

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> "CommonTerms":
        """Return pairs of columns.

        Example:
            >>> CommonTerms.of([(0, 3), (1, 2)]).content.tolist(), len(CommonTerms.of([]))
            ([3, 2], 0)
        """
        columns = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
        return cls(columns[:, 0], columns[:, 1])

    def __len__(self) -> int:
        return len(self.profile)
