"""Years that stand behind the titles of a catalogue: "Toy Story (1995)".

As a part of the title, a year makes works of one year alike in their words, and the vectors of
titles less exact; as a column of its own it tells which time somebody likes.
"""

from dataclasses import dataclass

import polars as pl

from daybreak.data.fields import TextColumns, text_columns

MIN_YEARS = 5
"""Smallest number of titles with a year from which years are read."""
MIN_SHARE_WITH_YEAR = 0.5
"""Smallest share of titles with a year."""
TITLE_COLUMN, YEAR_COLUMN = "title", "year"
YEAR_IN_BRACKETS = r"\s*[(\[（](1[89]\d\d|20\d\d)[)\]）]\s*"
_YEAR = rf"{YEAR_IN_BRACKETS}$"
_NAMES_OF_YEARS = frozenset(
    {"year", "years", "jahr", "released", "release", "annee", "année", "ano", "año", "anno"}
)
_UNSPACED_NAMES = ("年份", "年代", "上映")


@dataclass(frozen=True)
class TitleYears:
    """How the years behind titles are read.

    Args:
        are_read: Whether they are taken out of the titles; otherwise nothing changes.
        as_column: Whether they become the column ``year``, for want of such a column.

    Example:
        >>> films = pl.DataFrame({"title": [f"Part {n} ({1990 + n})" for n in range(6)]})
        >>> years = TitleYears.find(films)
        >>> years.split(films).row(0)
        ('Part 0', 1990)
    """

    are_read: bool = False
    as_column: bool = False

    @classmethod
    def find(cls, items: pl.DataFrame) -> "TitleYears":
        """Return how the years of a catalogue are read.

        They are read if most titles have one, and there is no column of years or no other
        text: beside descriptions, a year that is known twice did no harm in the title.

        Args:
            items: The catalogue.
        """
        if items.schema.get(TITLE_COLUMN) != pl.String:
            return cls()
        titles = items[TITLE_COLUMN].drop_nulls()
        n_with_year = int(titles.str.contains(_YEAR).sum())
        enough = max(MIN_YEARS, MIN_SHARE_WITH_YEAR * len(titles))
        if n_with_year < enough:
            return cls()
        if not any(map(_is_of_years, items.columns)):
            return cls(are_read=True, as_column=True)
        return cls(are_read=text_columns(items, "item_id") == [TITLE_COLUMN])

    def split(self, items: pl.DataFrame | TextColumns) -> pl.DataFrame | TextColumns:
        """Return items whose titles have no year; what has been split stays as it is.

        Args:
            items: Items, with or without a title.
        """
        if not self.are_read:
            return items
        frame = items.frame if isinstance(items, TextColumns) else items
        if frame.schema.get(TITLE_COLUMN) != pl.String:
            return items
        title = pl.col(TITLE_COLUMN)
        bare = title.str.replace(_YEAR, "")
        columns = [pl.when(bare == "").then(title).otherwise(bare).alias(TITLE_COLUMN)]
        if self.as_column and YEAR_COLUMN not in frame.columns:
            columns.append(title.str.extract(_YEAR).cast(pl.Int64).alias(YEAR_COLUMN))
        return frame.with_columns(columns)


def _is_of_years(name: str) -> bool:
    """Return whether the name of a column says that it has years."""
    parts = name.lower().split("_")
    return not _NAMES_OF_YEARS.isdisjoint(parts) or any(n in name for n in _UNSPACED_NAMES)
