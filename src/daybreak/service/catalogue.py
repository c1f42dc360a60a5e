"""The catalogue as it is now, learned or added since."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.fields import Field
from daybreak.data.fitting import fitted
from daybreak.data.items import Block, Items
from daybreak.service.dataset import times
from daybreak.service.rulebook import Rulebook
from daybreak.types import Doubles, Mask, Rows

HIDDEN = "is_hidden"
"""Column of items that are not to be recommended: sold out, withdrawn."""
TITLES = ("title", "name")
SAME = 1e-4
"""Sum of differences up to which two rows of content are the same."""
YES = ("true", "1", "1.0", "yes")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Raw rows beside encoded ones; every change makes a new value."""

    frame: pl.DataFrame
    """One row an item, in the order of ``items``."""
    items: Items
    gone: frozenset[int] = frozenset()
    """Rows of items that were deleted: they keep their place and are never recommended."""
    told: Mask | None = field(default=None, repr=False)
    """(n_items,) what :meth:`described` returns; None: to be worked out."""
    fields: tuple[Field, ...] = ()
    """What the columns were found to be when models learned from them."""

    @cached_property
    def rulebook(self) -> Rulebook:
        """What rules mean for these items."""
        return Rulebook(self.frame, self.items, self.shown(), self.fields)

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that name an item, the first of each."""
        named = frame.filter(pl.col("item_id").is_not_null())
        return named.unique("item_id", keep="first", maintain_order=True)

    def new_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of items that are not there yet, the first of each id."""
        named = self.named(frame)
        rows = self.items.ids.rows(named["item_id"]).tolist()
        fresh = [row < 0 or row in self.gone for row in rows]
        return named.filter(pl.Series(fresh, dtype=pl.Boolean))

    def with_rows(
        self, frame: pl.DataFrame, blocks: tuple[Block, ...]
    ) -> "tuple[Catalogue, Rows]":
        """Return it with items that are new, at the end, or take the place of what was known.

        Args:
            frame: Rows of items, each once.
            blocks: The same, encoded.

        Returns:
            The catalogue, and the rows of items that are new or whose content has changed.
        """
        mine = self.items
        ids = mine.ids.extend(frame["item_id"])
        rows = ids.rows(frame["item_id"])
        order = np.r_[np.arange(len(mine)), np.zeros(len(ids) - len(mine), dtype=np.int64)]
        order[rows] = len(mine) + np.arange(len(rows))
        old = rows < len(mine)
        same = np.zeros(len(rows), dtype=bool)
        same[old] = _alike(mine.blocks, rows[old], blocks, np.flatnonzero(old))
        created = _created(mine, frame)
        stacked = tuple(
            _stacked(*pair, order) for pair in zip(mine.blocks, blocks, strict=True)
        )
        items = Items(ids, stacked, created[order] if len(created) else created)
        both = pl.concat([self.frame, fitted(frame, self.frame)], how="diagonal_relaxed")
        gone = self.gone - set(rows.tolist())
        told = np.r_[self.described(), np.zeros(len(ids) - len(mine), dtype=bool)]
        told[rows] = _told(blocks, len(rows))
        found = replace(self, frame=both[order], items=items, gone=gone, told=told)
        return found, rows[~same]

    def without(self, ids: Sequence[str]) -> "Catalogue":
        """Return it with some items gone: nobody is told of them until they come again."""
        rows = self.items.ids.rows(ids)
        return replace(self, gone=self.gone | set(rows[rows >= 0].tolist()))

    def row(self, item: str) -> int:
        """Return the row of an item, -1 when it is unknown."""
        return self.items.ids.row(item)

    def titles(self) -> pl.Series:
        """Return what to call each item: its title where it has one, else its id."""
        name = next((c for c in TITLES if c in self.frame.columns), "item_id")
        titles = self.frame[name].cast(pl.String, strict=False)
        return titles.zip_with(titles.is_not_null(), self.frame["item_id"]).alias("title")

    def shown(self) -> Mask:
        """Mark the items that may be recommended."""
        there = np.ones(len(self.items), dtype=bool)
        if HIDDEN in self.frame.columns:
            flags = self.frame[HIDDEN].cast(pl.String).str.to_lowercase()
            there = ~flags.is_in(YES).fill_null(value=False).to_numpy()
        there[list(self.gone)] = False
        return there

    def kept(self) -> pl.DataFrame:
        """Return the rows as they are kept: those of deleted items are hidden."""
        if not self.gone:
            return self.frame
        gone = np.zeros(len(self.items), dtype=bool)
        gone[list(self.gone)] = True
        before = self.frame[HIDDEN] if HIDDEN in self.frame.columns else pl.Series([None])
        text = before.cast(pl.String).extend_constant(None, self.frame.height - len(before))
        hidden = pl.Series(["true"]).new_from_index(0, self.frame.height)
        return self.frame.with_columns(hidden.zip_with(pl.Series(gone), text).alias(HIDDEN))

    def described(self) -> Mask:
        """Mark the items of which anything is known beside the id."""
        return _told(self.items.blocks, len(self.items)) if self.told is None else self.told


def _told(blocks: Sequence[Block], n: int) -> Mask:
    """Mark the rows in which any block has something."""
    told = np.zeros(n, dtype=bool)
    for block in blocks:
        told |= np.asarray(abs(block.matrix).sum(axis=1)).ravel() > 0
    return told


def _stacked(mine: Block, theirs: Block, order: Rows) -> Block:
    """Return the rows of two blocks, one after the other, in a new order."""
    if sp.issparse(mine.matrix):
        return Block(mine.name, sp.csr_array(sp.vstack([mine.matrix, theirs.matrix]))[order])
    n = len(mine.matrix)
    out = np.empty((len(order), mine.matrix.shape[1]), dtype=mine.matrix.dtype)
    out[:n] = mine.matrix
    new = np.flatnonzero(order >= n)
    out[new] = theirs.matrix[order[new] - n]
    return Block(mine.name, out)


def _alike(mine: Sequence[Block], rows: Rows, theirs: Sequence[Block], others: Rows) -> Mask:
    """Say for each pair of rows whether the content is the same in every block."""
    same = np.ones(len(rows), dtype=bool)
    for a, b in zip(mine, theirs, strict=True):
        apart = abs(a.matrix[rows] - b.matrix[others])
        same &= np.asarray(apart.sum(axis=1)).ravel() < SAME
    return same


def _created(mine: Items, frame: pl.DataFrame) -> Doubles:
    """Return the times of the items and of further rows; empty when there are none."""
    theirs = times(frame)
    if not len(mine.created_at) and not len(theirs):
        return theirs
    known = mine.created_at if len(mine.created_at) else np.full(len(mine), np.nan)
    both: Doubles = np.r_[known, theirs if len(theirs) else np.full(frame.height, np.nan)]
    return both
