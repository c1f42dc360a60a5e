"""Users and candidates as matrices, and answers of recommenders as rows of candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from daybreak.data.fields import find_category_column
from daybreak.errors import DataError
from daybreak.ranked_lists import is_set
from daybreak.types import Rows, Sparse

DROP_REASONS = ("unknown_user", "not_candidate", "excluded", "repeated")
"""Reasons why a row of an answer is not counted, in the order of the checks."""


@dataclass(frozen=True)
class RankedAnswer:
    """A cleaned answer.

    Attributes:
        ranked: (n_users, k) candidate rows, -1 where a list is shorter.
        dropped: Number of rows that are not counted, by reason.
    """

    ranked: Rows
    dropped: dict[str, int]


class UserItemIndex:
    """The users of a slice as rows, its candidates as columns.

    Example:
        >>> index = UserItemIndex(["ann", "bob"], ["rum", "tea"])
        >>> pairs = pl.DataFrame({"user_id": ["bob", "eve"], "item_id": ["tea", "tea"]})
        >>> index.to_matrix(pairs).toarray().astype(int)
        array([[0, 0],
               [0, 1]])
    """

    def __init__(self, users: Sequence[str], items: Sequence[str]) -> None:
        self._users = _index_ids("user_id", users)
        self._items = _index_ids("item_id", items)
        self.shape = (len(users), len(items))

    def to_matrix(self, pairs: pl.DataFrame) -> Sparse:
        """Return the pairs as a boolean CSR matrix, without those of other users or items."""
        known = pairs.select("user_id", "item_id").join(self._users, on="user_id")
        known = known.join(self._items, on="item_id").select("user_row", "item_row")
        rows, columns = (known[name].to_numpy() for name in ("user_row", "item_row"))
        matrix = csr_array((np.ones(len(known), np.bool_), (rows, columns)), shape=self.shape)
        matrix.sum_duplicates()
        return matrix

    def clean_answer(self, answer: pl.DataFrame, exclude: Sparse, k: int) -> RankedAnswer:
        """Return the first ``k`` valid rows of each list, and count the invalid ones.

        Rows of other users, items that are no candidates, excluded pairs and repeated items are
        dropped; the following rows move up.

        Args:
            answer: ``user_id``, ``item_id``, ``rank``; rows of one user and rank stay in order.
            exclude: (n_users, n_items) CSR matrix of pairs that may not be recommended.
            k: Length of the lists.

        Raises:
            DataError: The answer lacks ``user_id``, ``item_id`` or ``rank``.
        """
        if missing := {"user_id", "item_id", "rank"} - set(answer.columns):
            raise DataError(
                f"an answer needs user_id, item_id and rank; {sorted(missing)[0]!r} is missing "
                f"from {answer.columns}"
            )
        labelled = self._label_rows(answer, exclude)
        n_rows = dict(labelled["reason"].value_counts().iter_rows())
        counted = labelled.filter(pl.col("reason") == "kept").with_columns(
            position=pl.int_range(pl.len()).over("user_row")
        )
        counted = counted.filter(pl.col("position") < k)
        ranked = np.full((self.shape[0], k), -1, dtype=np.int64)
        ranked[counted["user_row"].to_numpy(), counted["position"].to_numpy()] = counted[
            "item_row"
        ]
        return RankedAnswer(ranked, {name: n_rows.get(name, 0) for name in DROP_REASONS})

    def _label_rows(self, answer: pl.DataFrame, exclude: Sparse) -> pl.DataFrame:
        """Add rows of users and items, -1 for others, and the reason why a row is dropped."""
        rows = answer.select(pl.col("user_id", "item_id").cast(pl.String), "rank")
        rows = rows.join(self._users, on="user_id", how="left", maintain_order="left")
        rows = rows.join(self._items, on="item_id", how="left", maintain_order="left")
        rows = rows.select(pl.col("user_row", "item_row").fill_null(-1), "rank")
        rows = rows.sort("user_row", "rank", maintain_order=True)
        pairs = (rows["user_row"].to_numpy(), rows["item_row"].to_numpy())
        return rows.with_columns(is_excluded=is_set(exclude, *pairs)).with_columns(
            reason=pl.when(pl.col("user_row") < 0)
            .then(pl.lit("unknown_user"))
            .when(pl.col("item_row") < 0)
            .then(pl.lit("not_candidate"))
            .when(pl.col("is_excluded"))
            .then(pl.lit("excluded"))
            .when(~pl.struct("user_row", "item_row").is_first_distinct())
            .then(pl.lit("repeated"))
            .otherwise(pl.lit("kept"))
        )


def category_matrix(items: pl.DataFrame, candidates: Sequence[str]) -> Sparse | None:
    """Return the categories of the candidates as (n_candidates, n_categories) CSR.

    Lists are taken as they are, text is split at ``|``. None if the items have no category
    column; see :func:`daybreak.data.fields.find_category_column`.

    Example:
        >>> films = pl.DataFrame({"item_id": ["a", "b"], "genres": ["Drama|War", "War"]})
        >>> category_matrix(films, ["b", "a"]).toarray().astype(int)
        array([[0, 1],
               [1, 1]])
    """
    name = find_category_column(items.columns)
    if name is None:
        return None
    column = pl.col(name)
    if not isinstance(items.schema[name], pl.List):
        column = column.cast(pl.String).str.split("|")
    sets = items.select("item_id", tag=column).explode("tag")
    sets = sets.filter(pl.col("tag").cast(pl.String).fill_null("") != "").unique()
    tags = sets["tag"].unique().sort()
    index = UserItemIndex(list(candidates), tags.cast(pl.String).to_list())
    pairs = sets.select(user_id="item_id", item_id=pl.col("tag").cast(pl.String))
    return index.to_matrix(pairs)


def _index_ids(key: str, ids: Sequence[str]) -> pl.DataFrame:
    name = key.replace("_id", "_row")
    return pl.DataFrame({key: pl.Series(key, ids, dtype=pl.String)}).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(name)
    )
