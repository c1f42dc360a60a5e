"""The catalogue and the profiles as they are now, learned or added since."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import Tables, Vocabulary
from daybreak.data.items import Block, Items


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Raw rows beside encoded ones; every change makes a new value."""

    frame: pl.DataFrame
    """One row an item, in the order of ``items``."""
    users: pl.DataFrame
    """One row a user with attributes."""
    items: Items

    @classmethod
    def of(cls, tables: Tables) -> "Catalogue":
        """Return the catalogue of tables, not yet encoded."""
        return cls(tables.items, tables.users, Items(Vocabulary(())))

    def encoded(self, items: Items) -> "Catalogue":
        """Return it with the encoded items."""
        return replace(self, items=items)

    def new_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of items that are not there yet, the first of each id."""
        fresh = frame.filter(~pl.col("item_id").is_in(self.items.ids.ids))
        return fresh.filter(pl.col("item_id").is_not_null()).unique(
            "item_id", keep="first", maintain_order=True
        )

    def with_items(self, frame: pl.DataFrame, added: Items) -> "Catalogue":
        """Return it with further items at the end."""
        blocks = tuple(
            _stacked(mine, theirs)
            for mine, theirs in zip(self.items.blocks, added.blocks, strict=True)
        )
        items = Items(self.items.ids.extend(added.ids), blocks)
        rows = pl.concat([self.frame, frame], how="diagonal_relaxed")
        return replace(self, frame=rows, items=items)

    def with_users(self, frame: pl.DataFrame) -> "Catalogue":
        """Return it with profiles added; a later profile replaces an earlier one."""
        both = pl.concat([self.users, frame], how="diagonal_relaxed")
        return replace(self, users=both.unique("user_id", keep="last", maintain_order=True))

    def profiles(self, users: list[str], given: pl.DataFrame | None) -> pl.DataFrame:
        """Return one row of attributes for each user; what is given now counts before."""
        asked = pl.DataFrame({"user_id": users}, schema={"user_id": pl.String})
        known = asked.join(self.users, on="user_id", how="left", maintain_order="left")
        if given is None:
            return known
        fresh = asked.join(
            given.unique("user_id", keep="last"),
            on="user_id",
            how="left",
            maintain_order="left",
        )
        old = [c for c in known.columns if c not in fresh.columns]
        both = [c for c in fresh.columns if c in known.columns and c != "user_id"]
        filled = [
            pl.coalesce(fresh[c].cast(pl.String), known[c].cast(pl.String)).alias(c)
            for c in both
        ]
        return fresh.with_columns(*filled).hstack(known.select(old))

    def row(self, item: str) -> int:
        """Return the row of an item, -1 when it is unknown."""
        return self.items.ids.row(item)

    def titles(self) -> dict[str, str]:
        """Return what to call each item: its title where it has one."""
        name = next((c for c in ("title", "name") if c in self.frame.columns), None)
        if name is None:
            return {}
        return {
            i: t for i, t in self.frame.select("item_id", name).iter_rows() if t is not None
        }


def _stacked(mine: Block, theirs: Block) -> Block:
    if sp.issparse(mine.matrix):
        return Block(mine.name, sp.csr_array(sp.vstack([mine.matrix, theirs.matrix])))
    return Block(mine.name, np.vstack([mine.matrix, theirs.matrix]))
