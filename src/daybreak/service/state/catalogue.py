"""The catalogue: raw and encoded items, those of the training and those added since."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.casts import cast_like
from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.fields import CATALOGUE_EXIT_COLUMN, HIDDEN_COLUMN, ContentField
from daybreak.data.ids import lookup_id
from daybreak.data.overlaid_blocks import overlay_rows
from daybreak.data.sparse_rows import as_csr, drop_zeros, has_equal_values, row_sizes
from daybreak.data.tables import has_listed_items, has_values
from daybreak.data.wide_rows import limit_columns
from daybreak.encoders.content import MEANING, ContentEncoder
from daybreak.service.inputs.dataset import creation_times
from daybreak.service.state.rules import RuleCompiler
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse, UnknownItems

TITLE_COLUMNS = ("title", "name")
MAX_CONTENT_DIFFERENCE = 1e-4
"""Largest sum of differences of two rows with the same content."""
MAX_SLICED_ROWS = 16
"""Largest number of changed rows around which a frame is sliced, not copied [rows]."""
MAX_FRAME_CHUNKS = 64
"""Largest number of pieces of a frame; with more, it is copied once."""
TRUE_TEXTS = ("true", "1", "1.0", "yes")
"""Values of the hidden column, as lower-case text, that hide an item."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items as raw rows and encoded; a change makes a new value."""

    frame: pl.DataFrame
    """Raw rows, in the order of ``items``."""
    items: Items
    deleted_rows: frozenset[int] = frozenset()
    """Rows of deleted items; they keep their position and are never recommended."""
    has_content: Mask | None = field(default=None, repr=False)
    """(n_items,) cached result of :meth:`content_mask`; None: not computed yet."""
    fields: tuple[ContentField, ...] = ()
    """Types of the columns, as recognised at training."""
    unknown_items: UnknownItems = "exclude"
    """Whether items that only events know may be recommended where there is a catalogue."""
    is_given: bool = False
    """Whether there is a catalogue, and not only ids from events."""

    @cached_property
    def rule_compiler(self) -> RuleCompiler:
        """Compiles rules for these items."""
        return RuleCompiler(
            self.frame,
            self.items,
            self.is_visible(),
            self.fields,
            unlisted=self.unlisted_mask(),
            unknown_items=self.unknown_items,
        )

    def checked(self) -> "Catalogue":
        """Return the catalogue, with :attr:`is_given` according to its rows."""
        return replace(self, is_given=has_listed_items(self.frame))

    def unlisted_mask(self) -> Mask:
        """Return the (n_items,) items that only events know, where there is a catalogue."""
        if not self.is_given:
            return np.zeros(len(self.items), dtype=bool)
        return np.asarray(~has_values(self.frame, "item_id").to_numpy(), dtype=bool)

    def is_unlisted(self, row: int) -> bool:
        """Return whether only events know an item, where there is a catalogue."""
        return self.is_given and not has_values(self.frame[row : row + 1], "item_id").item()

    def first_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the first row of each item id."""
        ids = frame["item_id"]
        if not ids.null_count() and ids.n_unique() == frame.height:
            return frame
        named = frame.filter(pl.col("item_id").is_not_null())
        return named.unique("item_id", keep="first", maintain_order=True)

    def new_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the first row of each item id that is not in the catalogue."""
        first = self.first_rows(frame)
        rows = self.items.ids.rows(first["item_id"]).tolist()
        unlisted, listed = self.unlisted_mask(), has_values(first, "item_id").to_list()
        is_new = [
            row < 0 or row in self.deleted_rows or (unlisted[row] and is_listed)
            for row, is_listed in zip(rows, listed, strict=True)
        ]
        return first.filter(pl.Series(is_new, dtype=pl.Boolean))

    def with_rows(
        self, frame: pl.DataFrame, blocks: tuple[ContentBlock, ...]
    ) -> "tuple[Catalogue, Rows]":
        """Return a catalogue with new items at the end, and known items replaced.

        Args:
            frame: Rows of items, each id once.
            blocks: The same items, encoded.

        Returns:
            The catalogue, and the rows of items that are new or whose content has changed.
        """
        current = self.items
        ids = current.ids.with_ids(frame["item_id"])
        rows = ids.rows(frame["item_id"])
        is_known = rows < len(current)
        same = is_known.copy()
        overlaid = []
        for before, after in zip(current.blocks, blocks, strict=True):
            stored = before.take(rows[is_known]).matrix
            if is_known.all() and has_equal_values(stored, after.matrix):
                overlaid.append(before)
                continue
            same[is_known] &= _has_same_content(stored, after.matrix[is_known])
            overlaid.append(overlay_rows(before, rows, after.matrix, len(ids)))
        created = _created_times(current, frame, rows, len(ids))
        if len(created) and len(current.created_at):  # what is published again is new
            known = rows[is_known]
            same[is_known] &= ~_differ(current.created_at[known], created[known])
        items = Items(ids, tuple(overlaid), created)
        has_content = np.r_[self.content_mask(), np.zeros(len(ids) - len(current), dtype=bool)]
        has_content[rows] = _rows_with_content(blocks, len(rows))
        updated = replace(
            self,
            frame=limit_columns(_replace_frame_rows(self.frame, rows, frame)),
            items=items,
            deleted_rows=self.deleted_rows - set(rows.tolist()),
            has_content=has_content,
        )
        return updated, rows[~same]

    def without_items(self, ids: Sequence[str]) -> "Catalogue":
        """Return a catalogue that does not recommend some items until they are added again."""
        rows = self.items.ids.rows(ids)
        return replace(self, deleted_rows=self.deleted_rows | set(rows[rows >= 0].tolist()))

    def row(self, item: str) -> int:
        """Return the row of an item, in any spelling of its id; -1 if it is unknown."""
        row = self.items.ids.row(item)
        return self.items.ids.row(lookup_id(item)) if row < 0 else row

    def titles(self) -> pl.Series:
        """Return the title of each item, or its id if it has none."""
        name = next((c for c in TITLE_COLUMNS if c in self.frame.columns), "item_id")
        titles = self.frame[name].cast(pl.String, strict=False)
        if not titles.null_count():
            return titles.alias("title")
        return titles.zip_with(titles.is_not_null(), self.frame["item_id"]).alias("title")

    def is_visible(self) -> Mask:
        """Return the (n_items,) items that are neither hidden nor deleted, listed or not."""
        visible = np.ones(len(self.items), dtype=bool)
        if HIDDEN_COLUMN in self.frame.columns:
            flags = self.frame[HIDDEN_COLUMN].cast(pl.String).str.to_lowercase()
            visible = ~flags.is_in(TRUE_TEXTS).fill_null(value=False).to_numpy()
        if CATALOGUE_EXIT_COLUMN in self.frame.columns:
            visible &= self.frame[CATALOGUE_EXIT_COLUMN].is_null().to_numpy()
        visible[list(self.deleted_rows)] = False
        return visible

    def frame_to_store(self) -> pl.DataFrame:
        """Return the rows as a release stores them: deleted items are marked as hidden."""
        if not self.deleted_rows:
            return self.frame
        is_deleted = np.zeros(len(self.items), dtype=bool)
        is_deleted[list(self.deleted_rows)] = True
        flags = (
            self.frame[HIDDEN_COLUMN]
            if HIDDEN_COLUMN in self.frame.columns
            else pl.Series([None])
        )
        text = flags.cast(pl.String).extend_constant(None, self.frame.height - len(flags))
        hidden = pl.Series(["true"]).new_from_index(0, self.frame.height)
        return self.frame.with_columns(
            hidden.zip_with(pl.Series(is_deleted), text).alias(HIDDEN_COLUMN)
        )

    def content_mask(self) -> Mask:
        """Return the (n_items,) items that have any content."""
        return (
            _rows_with_content(self.items.blocks, len(self.items))
            if self.has_content is None
            else self.has_content
        )


def _rows_with_content(blocks: Sequence[ContentBlock], n: int) -> Mask:
    """Return the (n,) rows in which any block has a value."""
    has_content = np.zeros(n, dtype=bool)
    for block in blocks:
        if sp.issparse(block.matrix):
            has_content |= row_sizes(drop_zeros(as_csr(block.matrix))) > 0
        else:
            has_content |= block.matrix.any(axis=1)
    return has_content


def _replace_frame_rows(frame: pl.DataFrame, rows: Rows, added: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with some rows replaced, and new rows after the last one.

    Of a few rows with the known columns, the unchanged rows around them are not copied.

    Args:
        frame: The frame.
        rows: (n,) distinct rows; all new ones are among them, in ascending order.
        added: The n rows as they are now; their columns may be others.
    """
    cast = cast_like(added, frame)
    aligned = pl.concat([frame.clear(), cast], how="diagonal_relaxed")
    if len(rows) > MAX_SLICED_ROWS or aligned.schema != frame.schema:
        order = np.arange(max(frame.height, int(rows.max(initial=-1)) + 1))
        order[rows] = frame.height + np.arange(len(rows))
        return pl.concat([frame, cast], how="diagonal_relaxed")[order]
    pieces, end = [], 0
    for number in np.argsort(rows, kind="stable").tolist():
        row = int(rows[number])
        pieces += [frame[end:row], aligned[number : number + 1]]
        end = row + 1
    joined = pl.concat([*pieces, frame[end:]], rechunk=False)
    return joined.rechunk() if joined.n_chunks() > MAX_FRAME_CHUNKS else joined


def _frame_rows(frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Return some rows of a frame; of a frame in several pieces, few rows are sliced."""
    if len(rows) > MAX_SLICED_ROWS or frame.n_chunks() == 1:
        return frame[rows]
    return pl.concat([frame[row : row + 1] for row in rows.tolist()])


def _has_same_content(current: Sparse | Floats, added: Sparse | Floats) -> Mask:
    """Return (n,) whether the rows of a block are nearly those that it has now."""
    difference: Any = abs(current - added)
    return np.asarray(difference.sum(axis=1)).ravel() < MAX_CONTENT_DIFFERENCE


def _differ(before: Doubles, after: Doubles) -> Mask:
    """Return (n,) which times are not the same; unknown ones are equal."""
    return np.asarray((before != after) & ~(np.isnan(before) & np.isnan(after)))


def _created_times(current: Items, frame: pl.DataFrame, rows: Rows, n_items: int) -> Doubles:
    """Return the creation times of items, some of them changed; empty if all are unknown.

    Args:
        current: Items before the change.
        frame: Rows of new and changed items.
        rows: Rows of these items.
        n_items: Number of items after the change.
    """
    added = creation_times(frame)
    if not len(current.created_at) and not len(added):
        return added
    times = np.full(n_items, np.nan)
    if len(current.created_at):
        times[: len(current)] = current.created_at
    times[rows] = added if len(added) else np.nan
    return times


def encode_items(
    content: ContentEncoder, catalogue: Catalogue, frame: pl.DataFrame
) -> tuple[ContentBlock, ...]:
    """Encode rows of items; texts that the catalogue contains are not encoded again.

    Of items whose columns of a block have not changed, the block is taken as it is.

    Args:
        content: Encoder of the training.
        catalogue: Catalogue before the change.
        frame: New rows, or rows that replace those of the catalogue.
    """
    blocks, rows = catalogue.items.blocks, catalogue.items.ids.rows(frame["item_id"])
    kept = _unchanged_blocks(content, catalogue, frame, rows)
    changed = [block.name for block in blocks if block.name not in kept]
    known = _known_text_vectors(content, catalogue, frame) if MEANING in changed else {}
    if not kept:
        return content.transform(frame, known=known)
    encoder = content.of_blocks(changed)
    new = {one.name: one for one in (encoder.transform(frame, known=known) if changed else ())}
    return tuple(new[one.name] if one.name in new else one.take(rows) for one in blocks)


def _unchanged_blocks(
    content: ContentEncoder, catalogue: Catalogue, frame: pl.DataFrame, rows: Rows
) -> set[str]:
    """Return the blocks whose columns have the values of the catalogue in all rows.

    Args:
        content: Encoder of the training.
        catalogue: The catalogue.
        frame: Rows of items.
        rows: Their rows in the catalogue; -1: unknown.
    """
    if not len(rows) or (rows < 0).any():
        return set()
    stored = _frame_rows(catalogue.frame, rows)
    sources = {block.name: content.sources(block.name) for block in catalogue.items.blocks}
    columns = dict.fromkeys(name for names in sources.values() for name in names)
    same = {name for name in columns if _has_same_values(stored, frame, name)}
    return {block for block, names in sources.items() if same.issuperset(names)}


def _has_same_values(one: pl.DataFrame, other: pl.DataFrame, name: str) -> bool:
    """Return whether a column has the same values in two frames; a missing one has nulls."""
    if name not in one.columns or name not in other.columns:
        present = one if name in one.columns else other
        return name not in present.columns or present[name].null_count() == present.height
    a, b = one[name], other[name]
    return a.dtype == b.dtype and a.to_list() == b.to_list()


def _known_text_vectors(
    content: ContentEncoder, catalogue: Catalogue, frame: pl.DataFrame
) -> dict[str, Floats]:
    """Return the text vectors of the previous rows of the same items, by text."""
    rows = catalogue.items.ids.rows(frame["item_id"])
    rows = rows[rows >= 0]
    block = next((block for block in catalogue.items.blocks if block.name == MEANING), None)
    if block is None or not len(rows):
        return {}
    texts = content.item_texts(_frame_rows(catalogue.frame, rows))
    return dict(zip(texts, np.asarray(block.take(rows).matrix), strict=True))
