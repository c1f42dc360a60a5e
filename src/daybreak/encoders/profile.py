"""Attributes of users as indicator columns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.fields import FieldRole, infer_fields
from daybreak.data.json_files import read_json
from daybreak.data.vocabulary import AliasedVocabulary, Vocabulary
from daybreak.encoders.attributes import AttributeTerms
from daybreak.encoders.common_terms import match_and_complete_terms
from daybreak.encoders.lexical import count_terms, document_frequencies, most_frequent_terms
from daybreak.errors import DataError, NotFoundError
from daybreak.types import Sparse

N_NUMBER_BINS = 8
"""Ranges per numeric attribute."""
MIN_USERS_PER_VALUE = 5
"""Users that a value must have; rarer values are of little use and could identify a user."""
MAX_COLUMNS = 2000
SOURCE_ITEMS_COLUMN = "source_items"
"""Column of users with a list of ids: items of other domains that they have chosen."""

PROFILE_FORMAT = "daybreak profile 1"
PROFILE_FILE = "profile.json"


@dataclass(frozen=True, eq=False)
class ProfileEncoder:
    """Indicators of attribute values: ``age=31..36``, ``country=italy``.

    Texts, ids, web addresses and values of fewer than five users are left out, unless items
    have the same values.

    Args:
        attributes: Roles of the columns and ranges of the numbers.
        names: (n_names,) value of each indicator column.

    Example:
        >>> users = pl.DataFrame({"user_id": list("abcdefghij"), "sex": ["f", "m"] * 5})
        >>> profile = ProfileEncoder.fit(users)
        >>> profile.names, profile.transform(users[:1]).toarray()
        (('sex=f', 'sex=m'), array([[1., 0.]], dtype=float32))
    """

    attributes: AttributeTerms
    names: tuple[str, ...]
    source_ids: Vocabulary = field(default_factory=lambda: Vocabulary(()))
    """Items of other domains that count in the column ``source_items``."""

    @classmethod
    def fit(
        cls,
        users: pl.DataFrame,
        overrides: Mapping[str, FieldRole] | None = None,
        source_ids: Vocabulary | None = None,
        item_terms: Sequence[str] = (),
    ) -> "ProfileEncoder":
        """Fit the roles of columns, the ranges of numbers and the frequent values.

        Args:
            users: Users, with ``user_id``; other columns are optional.
            overrides: Role by column; default: inferred from the values.
            source_ids: Items of other domains; default: none.
            item_terms: Terms of the attributes of items. Values of columns that profiles have
                in common with them are no secret, and count however few users have them.

        Raises:
            ConfigError: An override names a missing column or an unknown role.
        """
        users = users.drop(SOURCE_ITEMS_COLUMN, strict=False)
        attributes = AttributeTerms.fit(
            users, infer_fields(users, "user_id", overrides), bins=N_NUMBER_BINS
        )
        terms, df = document_frequencies(attributes.terms(users))
        kept = most_frequent_terms(terms, df, MIN_USERS_PER_VALUE, MAX_COLUMNS)
        common, untold = match_and_complete_terms(terms, item_terms)
        kept = sorted({*kept, *sorted(set(common.profile.tolist()))[:MAX_COLUMNS]})
        n_free = max(MAX_COLUMNS - len(kept), 0)
        names = (*(terms[column] for column in kept), *untold[:n_free])
        return cls(attributes, names, source_ids or Vocabulary(()))

    def transform(self, users: pl.DataFrame) -> Sparse:
        """Return (n_users, n_names) float32 indicators; zero rows without a known value."""
        rows = count_terms(self.attributes.terms(users), self._columns)
        rows.data = np.ones_like(rows.data)
        return rows.astype(np.float32)

    def transform_sources(self, users: pl.DataFrame) -> Sparse:
        """Return (n_users, n_source_items) CSR of ones: what users chose in other domains."""
        shape = (users.height, len(self.source_ids))
        if SOURCE_ITEMS_COLUMN not in users.columns or not len(self.source_ids):
            return sp.csr_array(shape, dtype=np.float32)
        lists = as_id_lists(users[SOURCE_ITEMS_COLUMN])
        pairs = pl.DataFrame({"row": np.arange(users.height), "id": lists}).explode("id")
        pairs = pairs.drop_nulls().unique(maintain_order=True)
        columns = self.source_ids.rows(pairs["id"].to_list())
        known = columns >= 0
        place = (pairs["row"].to_numpy()[known], columns[known])
        return sp.csr_array((np.ones(int(known.sum()), np.float32), place), shape=shape)

    def transform_all(self, users: pl.DataFrame) -> Sparse:
        """Return attributes and source items side by side, as CSR."""
        attributes = sp.csr_array(self.transform(users))
        if not len(self.source_ids):
            return attributes
        both = [attributes, self.transform_sources(users)]
        return sp.csr_array(sp.hstack(both, format="csr"), dtype=np.float32)

    def _plain_source_ids(self) -> dict[str, Any]:
        """Return the items of other domains as JSON values; empty without any."""
        ids = self.source_ids
        if not len(ids):
            return {}
        aliases = ids.aliases if isinstance(ids, AliasedVocabulary) else {}
        return {"source_ids": list(ids.ids), **({"source_aliases": aliases} if aliases else {})}

    def save(self, folder: Path) -> None:
        """Write ``profile.json``."""
        plain = {
            "format": PROFILE_FORMAT,
            **self.attributes.to_dict(),
            "names": list(self.names),
            **self._plain_source_ids(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PROFILE_FILE).write_text(
            json.dumps(plain, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> "ProfileEncoder":
        """Read what :meth:`save` wrote.

        Raises:
            NotFoundError: The folder has no saved profile.
            DataError: The file is damaged or of another version.
        """
        if not (folder / PROFILE_FILE).is_file():
            raise NotFoundError(f"no saved profile in {folder}; expected {PROFILE_FILE}")
        try:
            plain = read_json(folder / PROFILE_FILE)
            if plain["format"] != PROFILE_FORMAT:
                raise DataError(
                    f"expected {PROFILE_FORMAT!r} in {folder}, got {plain['format']!r}"
                )
            aliases = plain.get("source_aliases", {})
            source_ids = AliasedVocabulary(plain.get("source_ids", ()), aliases)
            return cls(AttributeTerms.from_dict(plain), tuple(plain["names"]), source_ids)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"{PROFILE_FILE} in {folder} is damaged: {error!r}") from error

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}


def as_id_lists(column: pl.Series) -> pl.Series:
    """Return a column of lists of texts; a text is a list of its parts between commas.

    Args:
        column: Lists, or texts.

    Example:
        >>> as_id_lists(pl.Series(["tea, jam", None])).to_list()
        [['tea', 'jam'], None]
    """
    if isinstance(column.dtype, pl.List):
        return column.cast(pl.List(pl.String))
    return column.cast(pl.String).str.split(",").list.eval(pl.element().str.strip_chars())
