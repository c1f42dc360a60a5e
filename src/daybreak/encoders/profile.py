"""Users' attributes as columns of zeros and ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from daybreak.data.fields import FieldRole, infer_fields
from daybreak.encoders.attributes import AttributeTerms
from daybreak.encoders.lexical import count_terms, document_frequencies, most_frequent_terms
from daybreak.errors import DataError, NotFoundError
from daybreak.types import Sparse

N_NUMBER_BINS = 8
"""Ranges that a number of a user is cut into."""
MIN_USERS_PER_VALUE = 5
"""A value of fewer users is left out: nothing can be learned from it, and it may name one."""
MAX_COLUMNS = 2000

PROFILE_FORMAT = "daybreak profile 1"
PROFILE_FILE = "profile.json"


@dataclass(frozen=True, eq=False)
class ProfileEncoder:
    """Indicators of what is known about users: ``age=31..36``, ``country=italy``.

    Text, ids and web addresses are left out, and values that fewer than five users have.

    Args:
        attributes: Every column and its role, and the ranges of numbers.
        names: The values that have a column, in the order of the columns.

    Example:
        >>> users = pl.DataFrame({"user_id": list("abcdefghij"), "sex": ["f", "m"] * 5})
        >>> profile = ProfileEncoder.fit(users)
        >>> profile.names, profile.transform(users[:1]).toarray()
        (('sex=f', 'sex=m'), array([[1., 0.]], dtype=float32))
    """

    attributes: AttributeTerms
    names: tuple[str, ...]

    @classmethod
    def fit(
        cls, users: pl.DataFrame, overrides: Mapping[str, FieldRole] | None = None
    ) -> "ProfileEncoder":
        """Learn the roles of columns, the ranges of numbers, and which values are common.

        Args:
            users: The users, with ``user_id``; other columns are optional.
            overrides: Roles by column, which win over what the values look like.

        Raises:
            ConfigError: An override names a column that is not there, or an unknown role.
        """
        attributes = AttributeTerms.fit(
            users, infer_fields(users, "user_id", overrides), bins=N_NUMBER_BINS
        )
        seen, df = document_frequencies(attributes.terms(users))
        kept = most_frequent_terms(seen, df, MIN_USERS_PER_VALUE, MAX_COLUMNS)
        return cls(attributes, tuple(seen[place] for place in kept))

    def transform(self, users: pl.DataFrame) -> Sparse:
        """Return (n_users, n_names) float32 zeros and ones; zero rows where all is unknown."""
        rows = count_terms(self.attributes.terms(users), self._columns)
        rows.data = np.ones_like(rows.data)
        return rows.astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write ``profile.json``."""
        plain = {
            "format": PROFILE_FORMAT,
            **self.attributes.to_dict(),
            "names": list(self.names),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PROFILE_FILE).write_text(
            json.dumps(plain, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> "ProfileEncoder":
        """Read what :meth:`save` wrote.

        Raises:
            NotFoundError: There is nothing in the folder.
            DataError: The file is damaged, or of another version.
        """
        if not (folder / PROFILE_FILE).is_file():
            raise NotFoundError(f"no saved profile in {folder}; expected {PROFILE_FILE}")
        try:
            plain = json.loads((folder / PROFILE_FILE).read_text("utf-8"))
            if plain["format"] != PROFILE_FORMAT:
                raise DataError(
                    f"expected {PROFILE_FORMAT!r} in {folder}, got {plain['format']!r}"
                )
            return cls(AttributeTerms.from_dict(plain), tuple(plain["names"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{PROFILE_FILE} in {folder} is damaged: {error!r}") from error

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}
