"""Simulated statements: search phrases made of the texts and categories of a catalogue.

:func:`draw_statements` makes the statements of a catalogue; :func:`spoken_queries` lets users
say them: a person who chose an item says something that the item carries.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.fields import TextColumns
from daybreak.data.statements import Statements
from daybreak.encoders.content import ATTRIBUTES, WORDS, ContentEncoder
from daybreak.encoders.lexical import LexicalEncoder, tokenize_all
from daybreak.encoders.wishes import encode_wishes
from daybreak.rng import create_generator
from daybreak.simulation.queries import LabelledQueries
from daybreak.types import Mask, Rows, Sparse

MAX_STATEMENTS = 600
"""Number of statements of a catalogue."""
MIN_CARRIERS = 3
"""Minimum number of items that carry what a statement names."""
MAX_CARRIER_SHARE = 0.1
"""Maximum share of the catalogue that carries it; nobody asks for what everything is."""
MAX_DESCRIPTION_WORDS = 5
"""Words of the longest statement made of a description."""
EXCLUSION_SHARE = 0.15
"""Share of the statements that name something unwanted as well."""
STATEMENT_SHOTS = (0, 1, 3, 10)
"""Numbers of known events of new users who say something."""
MAX_SPEAKERS = 100
"""Number of new users, and of known users, who say something in one split."""

_CJK = r"[\u3040-\u30ff\u3400-\u9fff]"


def draw_statements(
    frame: pl.DataFrame, content: ContentEncoder, items: Items, events: Events, seed: int
) -> Statements | None:
    """Return statements about items that were chosen, drawn in proportion to their events.

    A statement names words of an item's description that are not in its title, one or two of
    its words or categories that other items carry as well, or one of them and, as unwanted, one
    that the item does not carry.

    Args:
        frame: Item table.
        content: Fitted encoder of the table.
        items: The encoded table.
        events: Positive events; their items are rows of the table.
        seed: Seed of the random draws.

    Returns:
        None without events or content.
    """
    if not len(events) or not items.blocks:
        return None
    rng = create_generator(seed, "statements")
    drawn = events.item[rng.integers(0, len(events), MAX_STATEMENTS)]
    made = _StatementMaker(frame, content, items, rng, np.unique(drawn))
    found = {text: (row, about) for row in drawn.tolist() for text, about in made.of_item(row)}
    if not found:
        return None
    texts = tuple(found)
    lengths = [len(about) for _, about in found.values()]
    positions = np.repeat(np.arange(len(texts)), lengths)
    columns = np.concatenate([about for _, about in found.values()])
    ones = np.ones(len(columns), dtype=np.float32)
    about = sp.csr_array((ones, (positions, columns)), shape=(len(texts), len(items)))
    source = np.array([row for row, _ in found.values()], dtype=np.int64)
    encode_texts = partial(content.texts, is_stored=True)
    return Statements(texts, encode_wishes(texts, encode_texts), source, about)


@dataclass(frozen=True)
class _ItemText:
    """Words of an item."""

    description: list[str]
    """Those that are not in the title, in their order."""
    all_words: frozenset[str]
    """Words as they are written; the terms of an encoder may be other forms of them."""


class _StatementMaker:
    """Makes statements of single items.

    Args:
        frame: Item table.
        content: Fitted encoder of the table.
        items: The encoded table.
        rng: Random generator.
        rows: Items of which statements will be made.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        content: ContentEncoder,
        items: Items,
        rng: np.random.Generator,
        rows: Rows,
    ) -> None:
        self._rng = rng
        blocks = {block.name: sp.csc_array(block.matrix) for block in items.blocks[:2]}
        categories = {f.name for f in content.attributes.fields if f.role == "category"}
        self._words = _Terms(content.word_weights, blocks.get(WORDS), lambda term: term)
        self._values = _Terms(
            content.attribute_weights,
            blocks.get(ATTRIBUTES),
            lambda t: _value_of(t, categories),
        )
        self._texts = dict(zip(rows.tolist(), _texts_of(frame[rows], content), strict=True))

    def of_item(self, row: int) -> Iterator[tuple[str, Rows]]:
        """Yield at most one statement of an item, with the items that it is about."""
        kinds = [self._describe, self._name_values, self._name_words]
        kinds = [kinds[kind] for kind in self._rng.permutation(len(kinds)).tolist()]
        kinds.insert(0 if self._rng.random() < EXCLUSION_SHARE else len(kinds), self._exclude)
        for kind in kinds:
            made = kind(row)
            if made is not None:
                yield made
                return

    def _describe(self, row: int) -> tuple[str, Rows] | None:
        """Return some words of the description that are not in the title."""
        known = self._words
        words = [word for word in self._texts[row].description if known.is_rare(word)]
        if len(words) < 2:
            return None
        n = int(self._rng.integers(2, MAX_DESCRIPTION_WORDS + 1))
        start = int(self._rng.integers(0, max(len(words) - n, 0) + 1))
        return " ".join(words[start : start + n]), np.array([row])

    def _name_words(self, row: int) -> tuple[str, Rows] | None:
        return self._name(self._words, row)

    def _name_values(self, row: int) -> tuple[str, Rows] | None:
        return self._name(self._values, row)

    def _name(self, terms: "_Terms", row: int) -> tuple[str, Rows] | None:
        """Return one or two terms of an item that other items carry as well."""
        own = self._said_of(terms, row)
        if not own:
            return None
        chosen = self._draw(own, 2 if len(own) > 1 and self._rng.random() < 0.4 else 1)
        about = terms.carriers(chosen)
        if len(about) < MIN_CARRIERS:
            chosen = chosen[:1]
            about = terms.carriers(chosen)
        return " ".join(terms.phrase(term) for term in chosen), about

    def _exclude(self, row: int) -> tuple[str, Rows] | None:
        """Return a term of an item, and one of other items with that term as unwanted."""
        for terms in (self._values, self._words):
            own = self._said_of(terms, row)
            if not own:
                continue
            (wanted,) = self._draw(own, 1)
            about = terms.carriers([wanted])
            (other,) = self._draw([item for item in about.tolist() if item in self._texts], 1)
            carried = set(terms.shared_by(row))
            others = [term for term in self._said_of(terms, other) if term not in carried]
            if others:
                (unwanted,) = self._draw(others, 1)
                left = np.setdiff1d(about, terms.carriers([unwanted]))
                pair = terms.phrase(wanted), terms.phrase(unwanted)
                return _exclusion(*pair), left
        return None

    def _said_of(self, terms: "_Terms", row: int) -> list[int]:
        """Return the shared terms of an item; words only as they are written in its texts."""
        shared = terms.shared_by(row)
        if terms is not self._words:
            return shared
        return [term for term in shared if terms.phrase(term) in self._texts[row].all_words]

    def _draw(self, values: Sequence[int], n: int) -> list[int]:
        return [values[row] for row in self._rng.permutation(len(values))[:n].tolist()]


class _Terms:
    """Words or categories of a catalogue, and the items that carry each.

    Args:
        weights: Encoder of the terms; None: there are none.
        matrix: (n_items, n_terms) CSC.
        phrase_of: Returns a term as somebody would say it; empty: nobody says it.
    """

    def __init__(
        self,
        weights: LexicalEncoder | None,
        matrix: Sparse | None,
        phrase_of: Callable[[str], str],
    ) -> None:
        self._weights = weights if matrix is not None else None
        if weights is None or matrix is None:
            return
        self._columns, self._rows = matrix, sp.csr_array(matrix)
        self._phrases = [phrase_of(term) for term in weights.terms]
        df = np.diff(matrix.indptr)
        most = max(MAX_CARRIER_SHARE * matrix.shape[0], MIN_CARRIERS)
        said = np.array([bool(phrase) for phrase in self._phrases], dtype=bool)
        self._rare: Mask = (df <= most) & said
        self._shared: Mask = self._rare & (df >= MIN_CARRIERS)

    def is_rare(self, term: str) -> bool:
        """Return whether few items carry a term."""
        column = None if self._weights is None else self._weights.columns.get(term)
        return column is not None and bool(self._rare[column])

    def shared_by(self, row: int) -> list[int]:
        """Return the terms of an item that some other items carry as well."""
        if self._weights is None:
            return []
        own = self._rows.indices[self._rows.indptr[row] : self._rows.indptr[row + 1]]
        return [int(term) for term in own[self._shared[own]]]

    def carriers(self, terms: Sequence[int]) -> Rows:
        """Return the rows of the items that carry all of some terms."""
        starts = self._columns.indptr
        found: Rows = np.arange(self._columns.shape[0])
        for term in terms:
            rows = self._columns.indices[starts[term] : starts[term + 1]]
            found = np.intersect1d(found, rows)
        return found

    def phrase(self, term: int) -> str:
        """Return a term as somebody would say it."""
        return self._phrases[term]


def _value_of(term: str, categories: set[str]) -> str:
    name, _, value = term.partition("=")
    return value if name in categories and not value.isdecimal() else ""


def _exclusion(wanted: str, unwanted: str) -> str:
    is_chinese = pl.Series([wanted + unwanted]).str.contains(_CJK)[0]
    return f"{wanted}，不要{unwanted}" if is_chinese else f"{wanted}, no {unwanted}"


def _texts_of(frame: pl.DataFrame, content: ContentEncoder) -> list[_ItemText]:
    """Return the words of the texts of each item, each once."""
    columns = TextColumns(frame)
    words: list[dict[str, None]] = [{} for _ in range(len(columns))]
    titles: list[dict[str, None]] = [{} for _ in range(len(columns))]
    for field in content.attributes.fields:
        if field.role == "text" and field.name in columns:
            for row, found in enumerate(tokenize_all(columns[field.name].fill_null(""))):
                (titles if field.is_title else words)[row].update(dict.fromkeys(found))
    return [
        _ItemText(
            [word for word in own if word not in title], frozenset(own) | frozenset(title)
        )
        for own, title in zip(words, titles, strict=True)
    ]


def spoken_queries(
    visible: Dataset, hidden: Events, is_new_user: Mask, rng: np.random.Generator
) -> tuple[LabelledQueries, LabelledQueries] | None:
    """Return queries of users who say something that one of their held-out items carries.

    Args:
        visible: Training data with statements.
        hidden: Held-out events: all of new users, the last ones of known users.
        is_new_user: (n_users,) whether all events of a user are held out.
        rng: Random generator.

    Returns:
        The same queries twice: with the targets that the person chose next and the statement is
        about (kind ``says``), and with everything that it is about (kind ``about``). None if
        nobody has anything to say.
    """
    statements = visible.statements
    if statements is None or not len(hidden):
        return None
    about = sp.csc_array(statements.about)
    speakers = _draw_speakers(hidden, is_new_user, rng)
    said = [one for user in speakers if (one := _say(about, hidden, user, is_new_user, rng))]
    if not said:
        return None
    users = np.array([user for user, _, _ in said])
    rows = np.array([row for _, row, _ in said])
    is_known = np.isin(hidden.item, visible.train_item_rows)
    first = np.concatenate([events for _, _, events in said])
    told = np.zeros(len(hidden), dtype=bool)
    told[first] = True
    own = visible.events.filter(np.isin(visible.events.user, users[~is_new_user[users]]))
    history = _merge(own, hidden.filter(told & is_known))
    queries = Queries.for_users(visible, history, users)
    queries = replace(queries, wish=tuple(block[rows] for block in statements.wish))
    seen = _pairs(_merge(own, hidden.filter(told)), users, visible)
    chosen = _pairs(hidden.filter(~told), users, visible)
    targets = _ones(statements.about[rows] * (seen.toarray() == 0))
    candidates = np.ones(len(visible.items), dtype=bool)
    return (
        LabelledQueries("says", queries, _ones(targets * chosen), seen, candidates, users),
        LabelledQueries("about", queries, targets, seen, candidates, users),
    )


def _draw_speakers(hidden: Events, is_new: Mask, rng: np.random.Generator) -> Iterator[int]:
    users = np.unique(hidden.user)
    for group in (users[is_new[users]], users[~is_new[users]]):
        yield from np.sort(rng.permutation(group)[:MAX_SPEAKERS]).tolist()


def _say(
    about: Sparse, hidden: Events, user: int, is_new_user: Mask, rng: np.random.Generator
) -> tuple[int, int, Rows] | None:
    """Return a user, a statement, and the positions of the held-out events that are told."""
    start, stop = np.searchsorted(hidden.user, [user, user + 1])
    shots = int(rng.choice(STATEMENT_SHOTS)) if is_new_user[user] else 0
    shots = min(shots, stop - start - 1)
    later = hidden.item[start + shots : stop]
    fitting = np.flatnonzero(np.asarray(about[:, later].sum(axis=1)).ravel())
    if not len(fitting):
        return None
    return user, int(rng.choice(fitting)), np.arange(start, start + shots)


def _merge(a: Events, b: Events) -> Events:
    """Return the events of disjoint users in one, sorted by user."""
    order = np.argsort(np.r_[a.user, b.user], kind="stable")
    return Events(
        np.r_[a.user, b.user][order], np.r_[a.item, b.item][order], np.r_[a.at, b.at][order]
    )


def _pairs(events: Events, users: Rows, data: Dataset) -> Sparse:
    """Return (n_users, n_items) CSR of ones of the events of some users."""
    return events.to_matrix(data.n_users, len(data.items))[users]


def _ones(matrix: Sparse) -> Sparse:
    matrix = sp.csr_array(matrix)
    matrix.eliminate_zeros()
    matrix.data[:] = 1
    return matrix
