"""The closed vocabulary of an interview: attributes of the catalogue, their values, titles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.category_paths import split_text
from daybreak.encoders.content import ATTRIBUTES, WORDS
from daybreak.encoders.named_items import fold_title, strip_year
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Rows, Sparse

MAX_FIELDS = 12
"""Maximum number of attributes; those of the most items are kept."""
MAX_FIELD_VALUES = 60
"""Maximum number of values of an attribute that questions offer; the most frequent ones."""
MIN_ITEMS_PER_VALUE = 3
"""Number of items that a value needs, so that a question may offer it."""
MIN_FIELD_COVERAGE = 0.2
"""Share of the items that need a value of an attribute, so that it is asked about."""
MAX_VALUE_SHARE = 0.9
"""Largest share of the items with a value of an attribute that have the same one."""
WORDS_FIELD = "words"
"""Name of the attribute that the words of titles are, in a catalogue without categories."""
MIN_WORD_CHARS = 3
"""Smallest number of letters of a word that a question offers; two in Chinese."""

_HAN = re.compile(r"[\u3400-\u9fff]")
MAX_NUMBER_SHARE = 0.5
"""Largest share of the values of an attribute that contain a digit, such as ``116 min``."""
MAX_COMMON_SHARE = 0.6
"""Largest share of the values of an attribute that one with more items has as well."""
_UNASKED = re.compile(r"(?:^|_)(?:id|ids|image|url|poster|rated|runtime|languages?)$")
"""Columns that say nothing about taste, or that questions may not be about."""
_caches: "WeakKeyDictionary[ServingState, InterviewVocabulary]" = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class InterviewVocabulary:
    """Attributes of items with their values, and titles."""

    state: ServingState
    pairs: tuple[tuple[str, str], ...]
    """(n_values,) attribute and value."""
    carries: Sparse
    """(n_items, n_values) CSR of ones: the values of each item."""

    @classmethod
    def from_state(cls, state: ServingState) -> "InterviewVocabulary":
        """Return the vocabulary of a catalogue; it is computed once for each state."""
        known = _caches.get(state)
        if known is None:
            known = cls(state, *_find_values(state))
            _caches[state] = known
        return known

    @cached_property
    def columns(self) -> Mapping[tuple[str, str], int]:
        """Column of each pair of attribute and value, the value in lower case."""
        return {(name, value.lower()): n for n, (name, value) in enumerate(self.pairs)}

    @cached_property
    def fields(self) -> Mapping[str, Rows]:
        """Columns of each attribute."""
        found: dict[str, list[int]] = {}
        for column, (name, _) in enumerate(self.pairs):
            found.setdefault(name, []).append(column)
        return {name: np.array(columns) for name, columns in found.items()}

    def fields_in(self, language: str) -> list[str]:
        """Return the attributes to ask about; in Chinese, those with Chinese values if any."""
        names = list(self.fields)
        if language != "zh":
            return names
        chinese = [
            name
            for name, columns in self.fields.items()
            if sum(bool(_HAN.search(self.pairs[n][1])) for n in columns) * 2 >= len(columns)
        ]
        return chinese or names

    @cached_property
    def titles(self) -> Mapping[str, tuple[int, ...]]:
        """Rows of the catalogue by folded title."""
        found: dict[str, list[int]] = {}
        for row, title in enumerate(self.state.ranker.titles.to_list()):
            folded = fold_title(strip_year(str(title)))
            if folded and row not in self.state.catalogue.deleted_rows:
                found.setdefault(folded, []).append(row)
        return {title: tuple(rows) for title, rows in found.items()}

    @cached_property
    def max_title_words(self) -> int:
        """Largest number of words of a title, at most 12."""
        return min(max((title.count(" ") + 1 for title in self.titles), default=1), 12)

    def items_with(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Return the ids of the items that carry any of some values."""
        known = [self.columns[name, value.lower()] for name, value in pairs
                 if (name, value.lower()) in self.columns]  # fmt: skip
        if not known:
            return []
        rows = np.unique(sp.csc_array(self.carries[:, known]).indices)
        ids = self.state.catalogue.items.ids.ids
        return [ids[row] for row in rows.tolist()]


def _find_values(state: ServingState) -> tuple[tuple[tuple[str, str], ...], Sparse]:
    """Return the values that questions may offer, and which items carry each."""
    found = list(_category_values(state)) or list(_title_words(state))
    n_items = len(state.catalogue.items)
    if not found:
        return (), sp.csr_array((n_items, 0), dtype=np.float32)
    pairs = tuple(pair for pair, _ in found)
    columns = [np.asarray(rows) for _, rows in found]
    ones = np.ones(sum(map(len, columns)), dtype=np.float32)
    indptr = np.cumsum([0, *map(len, columns)])
    matrix = sp.csc_array((ones, np.concatenate(columns), indptr), (n_items, len(pairs)))
    return pairs, sp.csr_array(matrix)


def _block_matrix(state: ServingState, name: str) -> Sparse | None:
    blocks = [one.matrix for one in state.catalogue.items.blocks if one.name == name]
    return sp.csc_array(blocks[0]) if blocks else None


def _category_values(state: ServingState) -> Iterator[tuple[tuple[str, str], Rows]]:
    """Yield the values of categories, with the rows of the items that carry them."""
    matrix = _block_matrix(state, ATTRIBUTES)
    if matrix is None:
        return
    content = state.trained.content
    names = [
        field.name
        for field in content.attributes.fields
        if field.role == "category" and not _UNASKED.search(field.name.lower())
    ]
    by_field: dict[str, list[int]] = {name: [] for name in names}
    for column, term in enumerate(content.block_terms[ATTRIBUTES]):
        name = term.partition("=")[0]
        if name in by_field:
            by_field[name].append(column)
    kept = {name: _useful_columns(matrix, columns) for name, columns in by_field.items()}
    covered = {name: _n_covered(matrix, columns) for name, columns in kept.items()}
    terms = content.block_terms[ATTRIBUTES]
    values = {name: [terms[column].partition("=")[2] for column in kept[name]] for name in kept}
    ranked = sorted((name for name in names if kept[name]), key=lambda name: -covered[name])
    for name in _distinct_fields(ranked, values)[:MAX_FIELDS]:
        labels = _raw_values(state, name)
        for column in kept[name]:
            value = terms[column].partition("=")[2]
            yield (name, labels.get(value, value)), _rows_of(matrix, column)


def _distinct_fields(names: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the attributes that questions may be about, without those that say the same.

    Example:
        >>> values = {"genre": ["war", "love"], "kinds": ["love", "war"], "size": ["1 l"]}
        >>> _distinct_fields(list(values), values)
        ['genre']
    """
    found: list[str] = []
    for name in names:
        own = set(values[name])
        has_digits = sum(any(map(str.isdigit, value)) for value in own)
        is_repeated = any(
            len(own & set(values[other])) > MAX_COMMON_SHARE * min(len(own), len(values[other]))
            for other in found
        )
        if not is_repeated and has_digits <= MAX_NUMBER_SHARE * len(own):
            found.append(name)
    return found


def _useful_columns(matrix: Sparse, columns: Sequence[int]) -> list[int]:
    """Return the columns of the values of an attribute that a question can offer."""
    sizes = np.diff(matrix.indptr)[columns] if columns else np.zeros(0, dtype=np.int64)
    n_items = matrix.shape[0]
    order = np.argsort(-sizes, kind="stable")[:MAX_FIELD_VALUES].tolist()
    useful = [columns[n] for n in order if sizes[n] >= MIN_ITEMS_PER_VALUE]
    covered = _n_covered(matrix, useful)
    is_constant = bool(len(sizes)) and sizes.max() > MAX_VALUE_SHARE * max(covered, 1)
    if len(useful) < 2 or covered < MIN_FIELD_COVERAGE * n_items or is_constant:
        return []
    return useful


def _n_covered(matrix: Sparse, columns: Sequence[int]) -> int:
    """Return the number of items with a value of some columns."""
    return len(np.unique(matrix[:, list(columns)].indices)) if columns else 0


def _rows_of(matrix: Sparse, column: int) -> Rows:
    return np.asarray(matrix.indices[matrix.indptr[column] : matrix.indptr[column + 1]])


def _raw_values(state: ServingState, name: str) -> dict[str, str]:
    """Return the values of a column as they are written, by their lower case."""
    frame = state.catalogue.frame
    if name not in frame.columns:
        return {}
    separators = [
        f.separator for f in state.trained.content.attributes.fields if f.name == name
    ]
    found: dict[str, str] = {}
    column = frame[name].drop_nulls().unique(maintain_order=True)
    for value in column.to_list():
        whole = list(value) if isinstance(value, list | tuple) else [str(value)]
        for text in whole:
            parts = split_text(str(text), separators[0]) if separators[0] else [str(text)]
            for part in parts:
                found.setdefault(part.strip().lower(), part.strip())
    return found


def _title_words(state: ServingState) -> Iterator[tuple[tuple[str, str], Rows]]:
    """Yield the most frequent words of items, in a catalogue without categories."""
    matrix = _block_matrix(state, WORDS)
    if matrix is None:
        return
    terms = state.trained.content.block_terms[WORDS]
    sizes = np.diff(matrix.indptr)
    n_items = matrix.shape[0]
    usable = [
        column
        for column in np.argsort(-sizes, kind="stable").tolist()
        if sizes[column] >= MIN_ITEMS_PER_VALUE
        and sizes[column] < n_items / 4
        and _is_telling(terms[column])
    ]
    for column in usable[:MAX_FIELD_VALUES]:
        yield (WORDS_FIELD, terms[column]), _rows_of(matrix, column)


def _is_telling(word: str) -> bool:
    """Return whether a word may be offered: no number, and not too short."""
    return word.isalpha() and (len(word) >= MIN_WORD_CHARS or not word.isascii())
