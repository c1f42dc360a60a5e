"""Statements made of the texts of a catalogue: what somebody who looks for an item says."""

from dataclasses import dataclass

from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Statements:
    """Simulated statements of users, with the items that they are about."""

    texts: tuple[str, ...]
    """(n_statements,) search phrases."""
    wish: tuple[Sparse | Floats, ...]
    """One (n_statements, dim) matrix per content block, as :attr:`.Queries.wish`."""
    source: Rows
    """(n_statements,) row of the item that the statement is made of."""
    about: Sparse
    """(n_statements, n_items) CSR of ones: the items that carry what the statement names."""

    def __len__(self) -> int:
        return len(self.texts)
