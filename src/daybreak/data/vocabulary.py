"""The mapping between ids and rows."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from daybreak.deprecation import RenamedAttribute
from daybreak.errors import DataError
from daybreak.types import Rows


class Vocabulary:
    """An ordered set of ids; the row of an id is its position.

    Example:
        >>> words = Vocabulary(["tea", "rum"])
        >>> words.rows(["rum", "gin"]).tolist()
        [1, -1]
        >>> words.with_ids(["gin", "tea"]).ids
        ('tea', 'rum', 'gin')
    """

    __slots__ = ("_rows", "ids")

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)
        self._rows = {id_: row for row, id_ in enumerate(self.ids)}
        if len(self._rows) != len(self.ids):
            seen: set[str] = set()
            twice = next(i for i in self.ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
            raise DataError(f"id {twice!r} appears twice; ids must be unique")

    def rows(self, ids: Iterable[str]) -> Rows:
        """Return (n_ids,) the row of each id, -1 for unknown ids."""
        return np.fromiter((self._rows.get(i, -1) for i in ids), dtype=np.int64)

    def row(self, id_: str) -> int:
        """Return the row of one id, -1 if it is unknown."""
        return self._rows.get(id_, -1)

    def with_ids(self, ids: Iterable[str]) -> "Vocabulary":
        """Return a vocabulary with the unknown ids appended, in their order."""
        new = [i for i in dict.fromkeys(ids) if i not in self._rows]
        if not new:
            return self
        if len(self._rows) > len(self.ids):  # with other names, which the result does not know
            return Vocabulary((*self.ids, *new))
        grown = Vocabulary.__new__(Vocabulary)  # a copy is far faster than hashing all again
        grown.ids = (*self.ids, *new)
        grown._rows = self._rows | {i: row for row, i in enumerate(new, start=len(self.ids))}
        return grown

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} ids)"

    extend = RenamedAttribute("with_ids")


class AliasedVocabulary(Vocabulary):
    """A vocabulary that also knows some ids by other names.

    Args:
        ids: Ids in order.
        aliases: Other name to id; names that are ids themselves stand for these.

    Example:
        >>> words = AliasedVocabulary(["tea", "rum"], {"thé": "tea"})
        >>> words.rows(["thé", "gin"]).tolist(), "thé" in words, len(words)
        ([0, -1], True, 2)
    """

    __slots__ = ("aliases",)

    def __init__(self, ids: Iterable[str], aliases: Mapping[str, str]) -> None:
        super().__init__(ids)
        known = self._rows
        self.aliases = {
            name: id_ for name, id_ in aliases.items() if id_ in known and name not in known
        }
        self._rows = {**known, **{name: known[id_] for name, id_ in self.aliases.items()}}
