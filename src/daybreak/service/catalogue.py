"""The catalogue as it is now, learned or added since."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.items import Block, Items
from daybreak.types import Mask

HIDDEN = "is_hidden"
"""Column of items that are not to be recommended: sold out, withdrawn."""
TITLES = ("title", "name")
YES = ("true", "1", "1.0", "yes")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Raw rows beside encoded ones; every change makes a new value."""

    frame: pl.DataFrame
    """One row an item, in the order of ``items``."""
    items: Items

    def new_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of items that are not there yet, the first of each id."""
        named = frame.filter(pl.col("item_id").is_not_null())
        fresh = [id_ not in self.items.ids for id_ in named["item_id"]]
        return named.filter(pl.Series(fresh, dtype=pl.Boolean)).unique(
            "item_id", keep="first", maintain_order=True
        )

    def with_items(self, frame: pl.DataFrame, blocks: tuple[Block, ...]) -> "Catalogue":
        """Return it with further items, encoded to ``blocks``, at the end."""
        mine = self.items
        stacked = tuple(map(_stacked, mine.blocks, blocks))
        items = Items(mine.ids.extend(frame["item_id"]), stacked)
        rows = pl.concat([self.frame, _fitting(frame, self.frame)], how="diagonal_relaxed")
        return replace(self, frame=rows, items=items)

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
        if HIDDEN not in self.frame.columns:
            return np.ones(len(self.items), dtype=bool)
        flags = self.frame[HIDDEN].cast(pl.String).str.to_lowercase()
        hidden: Mask = flags.is_in(YES).fill_null(value=False).to_numpy()
        return ~hidden

    def described(self) -> Mask:
        """Mark the items of which anything is known beside the id."""
        told = np.zeros(len(self.items), dtype=bool)
        for block in self.items.blocks:
            told |= np.asarray(abs(block.matrix).sum(axis=1)).ravel() > 0
        return told


def _fitting(frame: pl.DataFrame, model: pl.DataFrame) -> pl.DataFrame:
    """Return new rows in the column types of a frame; what cannot be cast is empty."""
    return frame.with_columns(
        pl.col(name).cast(kind, strict=False)
        for name, kind in model.schema.items()
        if name in frame.columns
        and frame.schema[name] != kind
        and not _nested(frame, name, kind)
    ).drop(name for name, kind in model.schema.items() if _nested(frame, name, kind))


def _nested(frame: pl.DataFrame, name: str, kind: pl.DataType) -> bool:
    """Say whether a column is a list on one side only, so that it cannot be cast."""
    return name in frame.columns and frame.schema[name].is_nested() != kind.is_nested()


def _stacked(mine: Block, theirs: Block) -> Block:
    if sp.issparse(mine.matrix):
        return Block(mine.name, sp.csr_array(sp.vstack([mine.matrix, theirs.matrix])))
    return Block(mine.name, np.vstack([mine.matrix, theirs.matrix]))
