"""Attributes of users as indicator columns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from daybreak.data.fields import FieldRole, infer_fields
from daybreak.data.json_files import read_json
from daybreak.encoders.attributes import AttributeTerms
from daybreak.encoders.lexical import count_terms, document_frequencies, most_frequent_terms
from daybreak.errors import DataError, NotFoundError
from daybreak.types import Sparse

N_NUMBER_BINS = 8
"""Ranges per numeric attribute."""
MIN_USERS_PER_VALUE = 5
"""Users that a value must have; rarer values are of little use and could identify a user."""
MAX_COLUMNS = 2000

PROFILE_FORMAT = "daybreak profile 1"
PROFILE_FILE = "profile.json"


@dataclass(frozen=True, eq=False)
class ProfileEncoder:
    """Indicators of attribute values: ``age=31..36``, ``country=italy``.

    Texts, ids, web addresses and values of fewer than five users are left out.

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

    @classmethod
    def fit(
        cls, users: pl.DataFrame, overrides: Mapping[str, FieldRole] | None = None
    ) -> "ProfileEncoder":
        """Fit the roles of columns, the ranges of numbers and the frequent values.

        Args:
            users: Users, with ``user_id``; other columns are optional.
            overrides: Role by column; default: inferred from the values.

        Raises:
            ConfigError: An override names a missing column or an unknown role.
        """
        attributes = AttributeTerms.fit(
            users, infer_fields(users, "user_id", overrides), bins=N_NUMBER_BINS
        )
        terms, df = document_frequencies(attributes.terms(users))
        kept = most_frequent_terms(terms, df, MIN_USERS_PER_VALUE, MAX_COLUMNS)
        return cls(attributes, tuple(terms[column] for column in kept))

    def transform(self, users: pl.DataFrame) -> Sparse:
        """Return (n_users, n_names) float32 indicators; zero rows without a known value."""
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
            return cls(AttributeTerms.from_dict(plain), tuple(plain["names"]))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"{PROFILE_FILE} in {folder} is damaged: {error!r}") from error

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}
