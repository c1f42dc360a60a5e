"""Lists of titles from elsewhere, matched to a catalogue: what somebody liked in another place.

:func:`read_titles` reads pasted lines or CSV; :func:`match_titles` finds the items, with a
confidence that people can check before the items count as a history.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.encoders.named_items import fold_text, fold_title, split_year
from daybreak.errors import DataError
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import similar_items
from daybreak.types import Floats, Sparse

MAX_TITLES = 5_000
"""Largest number of titles of one list."""
MAX_TITLE_CHARS = 500
"""Part of a line that is compared [characters]."""
MIN_SIMILARITY = 0.55
"""Smallest cosine of the trigrams of two titles that are taken for the same."""
SAME_TITLE = 0.98
"""Confidence of an equal title; 1 is that of an equal id."""
SEVERAL_ITEMS = 0.6
"""Factor of the confidence if several items have the title and nothing tells them apart."""
OTHER_YEAR = 0.5
"""Factor of the confidence if both years are known and differ by more than one."""
CONTENT_CONFIDENCE = 0.3
"""Largest confidence of an item that only resembles the words of a line."""
TITLE_COLUMNS = ("title", "name", "film", "movie", "book", "product", "album", "titel", "titre",
                 "titulo", "titolo", "标题", "名称", "片名", "书名")  # fmt: skip
YEAR_COLUMNS = ("year", "release year", "original publication year", "jahr", "年份")
RATING_COLUMNS = ("rating", "your rating", "my rating", "stars", "score", "bewertung", "评分")
MATCH_SCHEMA = {
    "given": pl.String,
    "item_id": pl.String,
    "title": pl.String,
    "confidence": pl.Float64,
    "match": pl.String,
    "rating": pl.Float64,
}
"""Columns of :func:`match_titles`."""

_BULLET = re.compile(r"^\s*(?:[-*•–·]|\d{1,4}[.)]|\[[ x]\])\s+")
_ID_COLUMN = re.compile(r"(?:^|[ _])id$|^(?:isbn|isbn13|ean|gtin|asin|upc)$")
"""Folded names of columns that show by themselves that a list has a header."""


@dataclass(frozen=True)
class GivenTitle:
    """One line of a list from elsewhere."""

    text: str
    """As it was given"""
    title: str
    """Empty: only ids are known"""
    year: int | None = None
    rating: float | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    """Values of its other columns, by the name of the column"""


def read_titles(text: str) -> list[GivenTitle]:
    r"""Return the titles of pasted lines, or of CSV whose first line names titles or ids.

    Args:
        text: Lines, with or without bullets and numbers; or CSV with commas, semicolons or
            tabs.

    Raises:
        DataError: There is no title, or more than ``MAX_TITLES``.

    Example:
        >>> [(one.title, one.year) for one in read_titles("1. Heat (1995)\n- Tea for Two")]
        [('Heat', 1995), ('Tea for Two', None)]
        >>> read_titles("Name;Year\nHeat;1995")[0].year
        1995
        >>> [(one.text, one.title) for one in read_titles("imdb_id,rating\ntt0113277,5")]
        [('tt0113277', '')]
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise DataError("there are no titles; give one in each line, or CSV with a title")
    if len(lines) > MAX_TITLES + 1:
        raise DataError(f"{len(lines):,} titles; expected at most {MAX_TITLES:,}")
    rows = _read_csv(lines)
    return [_of_line(line) for line in lines] if rows is None else rows


def _of_line(line: str) -> GivenTitle:
    text = _BULLET.sub("", line).strip().strip('"')[:MAX_TITLE_CHARS]
    return GivenTitle(line.strip(), *split_year(text))


def _read_csv(lines: Sequence[str]) -> list[GivenTitle] | None:
    """Return the rows of CSV; None if the first line names no column of titles or ids."""
    for separator in (",", ";", "\t"):
        header = [fold_text(name) for name in next(csv.reader([lines[0]], delimiter=separator))]
        titles = [n for n, name in enumerate(header) if name in TITLE_COLUMNS]
        has_ids = any(_ID_COLUMN.search(name) for name in header)
        if (titles or has_ids) and len(header) > 1:
            rows = csv.reader(io.StringIO("\n".join(lines[1:])), delimiter=separator)
            found = (_of_row(row, header, titles[0] if titles else None) for row in rows)
            return [one for one in found if one is not None]
    if fold_text(lines[0]) in TITLE_COLUMNS:
        return [_of_line(line) for line in lines[1:]]
    return None


def _of_row(row: Sequence[str], header: Sequence[str], at: int | None) -> GivenTitle | None:
    """Return a row with its title, or with its first id if it has no title."""
    values = dict(zip(header, (value.strip() for value in row), strict=False))
    title = row[at].strip() if at is not None and at < len(row) else ""
    ids = (value for name, value in values.items() if _is_id(name) and value)
    text = title or next(ids, "")
    if not text:
        return None
    line = _of_line(title)
    year = _number(values, YEAR_COLUMNS)
    given = line.year if year is None else int(year)
    return GivenTitle(text, line.title, given, _number(values, RATING_COLUMNS), values)


def _number(values: Mapping[str, str], names: Iterable[str]) -> float | None:
    for name in names:
        try:
            return float(values[name].replace(",", "."))
        except (KeyError, ValueError):
            continue
    return None


def match_titles(state: ServingState, given: Sequence[GivenTitle]) -> pl.DataFrame:
    """Return the most probable item of each title, in the order of the list.

    Args:
        state: State with the catalogue.
        given: Titles from elsewhere.

    Returns:
        ``given, item_id, title, confidence, match, rating``; ``match`` is ``id`` (an equal
        value of a column of the same name), ``title``, ``similar title`` or ``content``.
        Without any item, ``item_id`` is null and the confidence 0.
    """
    catalogue = _CatalogueTitles.from_state(state)
    ids = _match_ids(state, given)
    rows = [_match_one(catalogue, one, ids.get(n)) for n, one in enumerate(given)]
    missing = [n for n, row in enumerate(rows) if row[0] < 0 and given[n].title]
    rows = _match_content(state, given, rows, missing)
    names = state.catalogue.items.ids.ids
    return pl.DataFrame(
        [
            {
                "given": one.text,
                "item_id": names[row] if row >= 0 else None,
                "title": state.ranker.title(names[row]) if row >= 0 else None,
                "confidence": round(confidence, 3),
                "match": how or None,
                "rating": one.rating,
            }
            for one, (row, confidence, how) in zip(given, rows, strict=True)
        ],
        schema=MATCH_SCHEMA,
    )


@dataclass(frozen=True, eq=False)
class _CatalogueTitles:
    """Titles of a catalogue, by their folded form and as trigrams."""

    rows: Mapping[str, list[int]]
    """Folded title to rows of the catalogue"""
    folded: Sequence[str]
    """(n_titles,) distinct folded titles"""
    years: Mapping[int, int]
    """Row to year"""
    columns: Mapping[str, int]
    """Trigram to column"""
    trigrams: Sparse
    """(n_titles, n_trigrams) CSR with rows of length 1"""

    @classmethod
    def from_state(cls, state: ServingState) -> "_CatalogueTitles":
        frame = state.catalogue.frame
        titles = frame["title"].cast(pl.String).to_list() if "title" in frame.columns else []
        rows: dict[str, list[int]] = {}
        years: dict[int, int] = {}
        given = frame["year"].to_list() if "year" in frame.columns else [None] * frame.height
        for row, title in enumerate(titles):
            if not title or row in state.catalogue.deleted_rows:
                continue
            line = _of_line(title)
            rows.setdefault(fold_title(line.title), []).append(row)
            year = line.year or _as_year(given[row])
            if year:
                years[row] = year
        folded = list(rows)
        columns: dict[str, int] = {}
        for title in folded:
            for part in _trigrams(title):
                columns.setdefault(part, len(columns))
        return cls(rows, folded, years, columns, _as_matrix(folded, columns))

    def similar(self, title: str) -> tuple[list[int], float]:
        """Return the rows of the most similar title, and the cosine of the trigrams."""
        if not self.folded:
            return [], 0.0
        scores = np.asarray((self.trigrams @ _as_matrix([title], self.columns).T).todense())
        best = int(np.argmax(scores[:, 0]))
        return self.rows[self.folded[best]], float(scores[best, 0])


def _match_one(
    catalogue: _CatalogueTitles, one: GivenTitle, known: int | None
) -> tuple[int, float, str]:
    """Return row, confidence and kind of the match of one title; row -1: none."""
    if known is not None:
        return known, 1.0, "id"
    if not one.title:
        return -1, 0.0, ""
    title = fold_title(one.title)
    same = catalogue.rows.get(title)
    if same:
        row, factor = _by_year(catalogue, same, one.year)
        return row, SAME_TITLE * factor, "title"
    rows, similarity = catalogue.similar(title)
    if similarity < MIN_SIMILARITY:
        return -1, 0.0, ""
    row, factor = _by_year(catalogue, rows, one.year)
    return row, 0.9 * similarity * factor, "similar title"


def _by_year(
    catalogue: _CatalogueTitles, rows: Sequence[int], year: int | None
) -> tuple[int, float]:
    """Return the row whose year is nearest, and the factor of the confidence."""
    if year is None:
        return rows[0], 1.0 if len(rows) == 1 else SEVERAL_ITEMS
    gaps = [abs(catalogue.years.get(row, year + 1) - year) for row in rows]
    best = int(np.argmin(gaps))
    return rows[best], 1.0 if gaps[best] <= 1 else OTHER_YEAR


def _match_ids(state: ServingState, given: Sequence[GivenTitle]) -> dict[int, int]:
    """Return the rows of items with an equal id, or an equal foreign id, by position."""
    frame = state.catalogue.frame
    names = {fold_text(name): name for name in frame.columns if _is_id(name)}
    found: dict[int, int] = {}
    for folded, name in names.items():
        if not any(folded in one.ids for one in given):
            continue
        values = frame[name].cast(pl.String, strict=False).to_list()
        row_of = {value: row for row, value in enumerate(values) if value}
        for position, one in enumerate(given):
            row = row_of.get(one.ids.get(folded, ""))
            if row is not None:
                found.setdefault(position, row)
    return found


def _match_content(
    state: ServingState,
    given: Sequence[GivenTitle],
    rows: Sequence[tuple[int, float, str]],
    missing: Sequence[int],
) -> list[tuple[int, float, str]]:
    """Return the matches with those of content for titles that no item has."""
    result = list(rows)
    if not missing or not state.catalogue.items.blocks:
        return result
    texts = list(dict.fromkeys(given[n].title for n in missing))
    found = similar_items(state, [], texts, 1, reads_bounds=False)
    best = {row["query"]: row for row in found.iter_rows(named=True)}
    for n in missing:
        hit = best.get(given[n].title)
        if hit is not None:
            row = state.catalogue.row(hit["item_id"])
            confidence = CONTENT_CONFIDENCE * float(np.clip(hit["score"], 0, 1))
            result[n] = (row, confidence, "content")
    return result


def _is_id(name: str) -> bool:
    folded = fold_text(name)
    return folded.endswith("id") or folded in {"isbn", "isbn13", "ean", "gtin", "asin", "upc"}


def _as_year(value: object) -> int | None:
    try:
        year = int(float(str(value)))
    except ValueError:
        return None
    return year if 1800 <= year <= 2100 else None


def _trigrams(title: str) -> list[str]:
    padded = f"  {title} "
    return [padded[n : n + 3] for n in range(len(padded) - 2)]


def _as_matrix(titles: Sequence[str], columns: Mapping[str, int]) -> Sparse:
    """Return (n_titles, n_trigrams) CSR of counts, rows divided by their whole length."""
    parts = [_trigrams(title) for title in titles]
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    every = np.array([columns.get(t, -1) for part in parts for t in part], dtype=np.int64)
    known = every >= 0
    ones = np.ones(int(known.sum()), dtype=np.float32)
    counts = sp.csr_array((ones, (rows[known], every[known])), (len(parts), len(columns)))
    counts.sum_duplicates()
    lengths: Floats = np.sqrt(np.array([max(len(part), 1) for part in parts], np.float32))
    own = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    scale = 1 / np.maximum(np.maximum(lengths, own), 1e-9)
    return sp.csr_array(sp.diags_array(scale.astype(np.float32)) @ counts)
