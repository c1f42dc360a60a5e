"""What users say, as content vectors that are computed once for each text."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Items
from daybreak.encoders.alternatives import MAX_WISH_CHARS, split_parts
from daybreak.encoders.clause_words import FILLERS
from daybreak.encoders.clauses import Clauses, drop_small_talk, split_clauses
from daybreak.encoders.concepts import names_concept
from daybreak.encoders.content import ATTRIBUTES
from daybreak.encoders.free_from import free_from_pattern
from daybreak.encoders.lexical import tokenize
from daybreak.encoders.makers import BY_WORDS
from daybreak.encoders.named_items import (
    add_named_items,
    fold_title,
    named_phrases,
    says_like,
    strip_year,
)
from daybreak.encoders.open_requests import is_unspaced_noun
from daybreak.encoders.wishes import (
    TextEncodeFn,
    TextWishes,
    WishVector,
    encode_separate_wishes,
)
from daybreak.models.wish import (
    MIN_REFERENCE,
    TOLERATED_LIKENESS,
    reference_likeness,
    saturate_wishes,
)
from daybreak.ranking.several_wishes import covered_items, separate_wishes
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_CACHED_WISHES = 1_000
"""Largest number of texts whose vectors are cached."""
MAX_COMPARED_TITLES = 20
"""Items most like a phrase of which the titles are compared with it."""
MAX_NAMED_ITEMS = 5
"""Largest number of items whose content a wish takes over."""
MIN_CARRIERS = 10
"""Items that a list has, of those with the values that a text names."""
MIN_AMONG_SHARE = 0.5
"""Smallest likeness that counts as fully about the other words among the items with the values
that a text names, as a share of that among all items."""
OTHER_SHARE = 0.5
"""What the other words of a text count beside the kind that it names. On ml100k, with 0.3 the
best sellers of a kind took places of what is about the other words."""
FREE_SHARE = 0.5
"""What items that say to be without what a text rules out have before those fully about it."""
MAX_TOPIC_WORDS = 8
"""Largest number of words of a text, without small talk, in which values are told from other
words; each word costs two encodings."""
T = TypeVar("T")
MAX_CACHED_MASKS = 100
"""Largest number of texts of which it is cached which items are about them."""


@dataclass(frozen=True, eq=False)
class EncodedWishes:
    """The wishes of several users.

    Attributes:
        vectors: One (n_wishes, dim) matrix per content block.
        owners: (n_wishes,) row of the user of each wish, ascending.
        names: (n_wishes,) words of each wish.
    """

    vectors: WishVector
    owners: Rows
    names: tuple[str, ...]


class WishEncoder:
    """Encodes texts as wishes and remembers the latest ones.

    Args:
        encode_texts: Encodes texts as blocks of content.
        items: Items that decide whether a text has several wishes, and that texts may name.
        titles: (n_items,) their titles; None: texts name no items.
    """

    def __init__(
        self, encode_texts: TextEncodeFn, items: Items, titles: pl.Series | None = None
    ) -> None:
        self._encode_texts = encode_texts
        self._items = items
        self._titles = titles
        self._cache: OrderedDict[str, TextWishes] = OrderedDict()
        self._about: OrderedDict[str, Mask | None] = OrderedDict()
        self._kinds: OrderedDict[str, tuple[Rows, Floats] | None] = OrderedDict()
        self._topics: OrderedDict[str, Floats | None] = OrderedDict()
        self._excluded: OrderedDict[str, Floats | None] = OrderedDict()
        self._free: OrderedDict[str, Floats | None] = OrderedDict()

    def encode(self, texts: Mapping[int, str]) -> EncodedWishes:
        """Return the wishes of users.

        Args:
            texts: Text by row of the user; at least one.
        """
        by_text = self._wishes_of(list(dict.fromkeys(texts.values())))
        rows = sorted(texts)
        found = [by_text[texts[row]] for row in rows]
        counts = [len(one.names) for one in found]
        vectors = tuple(
            sp.csr_array(sp.vstack(blocks)) if sp.issparse(blocks[0]) else np.vstack(blocks)
            for blocks in zip(*(one.vectors for one in found), strict=True)
        )
        names = tuple(name for one in found for name in one.names)
        return EncodedWishes(vectors, np.repeat(rows, counts), names)

    def about(self, text: str) -> Mask | None:
        """Return the (n_items,) items that are about a text; None: it is about no item.

        Args:
            text: Text of a user.
        """
        return _recall(self._about, text, self._items_about)

    def _items_about(self, text: str) -> Mask | None:
        wanted = drop_small_talk(split_clauses(text).wanted)
        if not wanted or not self._items.blocks or not len(self._items):
            return None
        likeness = self._likeness_of([wanted])[0]
        return covered_items(likeness) if likeness.max() > MIN_REFERENCE else None

    def likeness(self, text: str) -> Floats | None:
        """Return the (n_wishes, n_items) likeness of the wishes of a text; None: it has none.

        Args:
            text: Text of a user.
        """
        if not self._items.blocks or not len(self._items):
            return None
        vectors = self._wishes_of([text])[text].vectors
        total = sum(
            block.weight * block.products(rows)
            for block, rows in zip(self._items.blocks, vectors, strict=True)
        )
        return np.asarray(total, dtype=np.float32)

    def carried_values(self, text: str) -> Rows | None:
        """Return (n_items,) numbers of the values that a text names and that items have.

        They are numbered from 1 for as many values as enough items for a list have; items with
        fewer of them, or with what the text rules out, have 0.

        Args:
            text: Text of a user.

        Returns:
            None if the text names no value that any item has, says more than values, or has
            several wishes.
        """
        place = self._attribute_place
        wishes = self._wishes_of([text])[text]
        if place is None or not self._names_values_only(text, wishes, place):
            return None
        carried = self._count_values(wishes, place)
        ruled_out = self._ruled_out(text)
        if carried is None or ruled_out is None:
            return carried
        return np.where(ruled_out, 0, carried)

    def _ruled_out(self, text: str) -> Mask | None:
        """Return (n_items,) items that have what a text rules out, in words or meaning.

        None if it rules nothing out. *Hitchcock, but no birds* does not ask for *The Birds*.
        """
        clauses = split_clauses(text)
        if not clauses.unwanted or not clauses.wanted:
            return None
        wanted = self._likeness_of([drop_small_talk(clauses.wanted)])
        whole = self.likeness(text)
        if whole is None:
            return None
        lost = (wanted.max(axis=0) - whole.max(axis=0)) / reference_likeness(wanted)[0]
        has_all = np.zeros(len(lost), dtype=bool)
        for clause in clauses.unwanted:  # "no Star Trek" does not rule out Star Wars
            said = _said_words(clause)[:MAX_TOPIC_WORDS] or [clause]
            has_all |= np.all([covered_items(one) for one in self._likeness_of(said)], axis=0)
        return np.asarray((lost > TOLERATED_LIKENESS) & has_all, dtype=bool)

    @property
    def _attribute_place(self) -> int | None:
        """Position of the block of attributes; None: there is none, or no item."""
        names = [block.name for block in self._items.blocks]
        return names.index(ATTRIBUTES) if ATTRIBUTES in names and len(self._items) else None

    def _count_values(self, wishes: TextWishes, place: int) -> Rows | None:
        """Return the numbers of :meth:`carried_values`; None: no item has a value."""
        rows = sp.csr_array(wishes.vectors[place])
        matrix = sp.csr_array(self._items.blocks[place].matrix)
        carried = _count_columns(matrix, rows.indices[rows.data > 0])
        carried[_count_columns(matrix, rows.indices[rows.data < 0]) > 0] = 0
        n_carriers = int((carried > 0).sum())
        if not n_carriers:
            return None
        enough = min(MIN_CARRIERS, n_carriers)
        last = -np.partition(-carried, enough - 1)[enough - 1]
        return np.asarray(np.maximum(carried - last + 1, 0), dtype=np.int64)

    def excluded_likeness(self, text: str) -> Floats | None:
        """Return what to take from the likeness of items with a value that a text rules out.

        A cosine is small where an item has many other values: *no romance* would still list
        *Star Wars* (action, adventure, romance, science fiction, war).

        Args:
            text: Text of a user.

        Returns:
            (n_items,) values of at most 0; None if no item, or nearly every one, has such one.
        """
        return _recall(self._excluded, text, self._excluded_likeness)

    def _excluded_likeness(self, text: str) -> Floats | None:
        place = self._attribute_place
        if place is None or not split_clauses(text).unwanted:
            return None
        said = sp.csr_array(self._wishes_of([text])[text].vectors[place])
        highest = np.asarray(said.max(axis=0).todense()).ravel()
        columns = np.flatnonzero(highest < 0)
        if not len(columns):
            return None
        matrix = sp.csr_array(self._items.blocks[place].matrix)
        has_one = _count_columns(matrix, columns) > 0
        likeness = self.likeness(text)
        if likeness is None or not has_one.any() or (~has_one).sum() < MIN_CARRIERS:
            return None
        added = np.minimum(-1 - _scale(likeness), 0)
        return np.asarray(np.where(has_one, added, 0), dtype=np.float32)

    def free_likeness(self, text: str) -> Floats | None:
        """Return what to add to the likeness of items that say to be without what a text says.

        *Cookies without gluten* rules out items with the word *gluten*, but not the gluten-free
        ones, which come first.

        Args:
            text: Text of a user.

        Returns:
            (n_items,) values of at least 0; None if no item says so.
        """
        return _recall(self._free, text, self._free_likeness)

    def _free_likeness(self, text: str) -> Floats | None:
        clauses = split_clauses(text)
        pattern = free_from_pattern(clauses.unwanted)
        likeness = self.likeness(text) if pattern and self._titles is not None else None
        if pattern is None or self._titles is None or likeness is None:
            return None
        free = np.array([bool(title and pattern.search(title)) for title in self._titles])
        if not free.any():
            return None
        wanted = np.ones(len(free), dtype=np.float32)
        if clauses.wanted:
            wanted = _scale(self._likeness_of([drop_small_talk(clauses.wanted)]))
        missing = wanted.max() - wanted + FREE_SHARE
        added = wanted + np.minimum(2 * wanted, 1) * missing - _scale(likeness)
        return np.asarray(np.where(free, np.maximum(added, 0), 0), dtype=np.float32)

    def missing_likeness(self, text: str) -> tuple[Rows, Floats] | None:
        """Return the items that have the values which a text names, and what they lack.

        Args:
            text: Text of a user.

        Returns:
            Rows and :func:`lacking_likeness`; None as by :meth:`carried_values`.
        """
        return _recall(self._kinds, text, self._missing_likeness)

    def _missing_likeness(self, text: str) -> tuple[Rows, Floats] | None:
        carried = self.carried_values(text)
        likeness = None if carried is None else self.likeness(text)
        if carried is None or likeness is None:
            return None
        rows = np.flatnonzero(carried)
        return rows, lacking_likeness(likeness, carried)[rows]

    def topic_likeness(self, text: str) -> Floats | None:
        """Return what items lack to be about the values that a text names and its other words.

        Otherwise, of "courtroom drama", items with no other genre would come first, whether
        they are about courtrooms or not. See :func:`topic_strengths`.

        Args:
            text: Text of a user.

        Returns:
            (n_items,) values, also below 0; None if the text does not name both, rules
            something out, or has several wishes.
        """
        return _recall(self._topics, text, self._topic_likeness)

    def _topic_likeness(self, text: str) -> Floats | None:
        place, said = self._attribute_place, _said_words(text)
        if (
            place is None
            or not 1 < len(said) <= MAX_TOPIC_WORDS
            or split_clauses(text).unwanted
        ):
            return None
        if len(self._wishes_of([text])[text].names) > 1:
            return None
        columns, rest = self._kind_and_rest(said, place)
        if columns is None or not rest or self._is_title(" ".join(said)):  # "French Kiss"
            return None
        counts = _count_columns(sp.csr_array(self._items.blocks[place].matrix), columns)
        likeness, other = self.likeness(text), self.likeness(" ".join(rest))
        enough = min(MIN_CARRIERS, len(self._items))
        most = -np.partition(-counts, enough - 1)[enough - 1]
        if likeness is None or other is None or other.max() <= MIN_REFERENCE or not most:
            return None
        return topic_strengths(likeness, np.minimum(counts / most, 1), other)

    def _is_title(self, phrase: str) -> bool:
        """Return whether a phrase is the title of an item."""
        return bool(len(self._named_rows([fold_title(phrase)])))

    def _kind_and_rest(self, words: Sequence[str], place: int) -> tuple[Rows | None, list[str]]:
        """Return the columns of the values of a kind that words name, and the other words.

        Args:
            words: Words of a text.
            place: Position of the block of attributes.

        Returns:
            None for the columns if no kind is named, or several: "female death metal".
        """
        alone, together, rest = self._named_values(words, place)
        groups = [one for one in (*alone, together) if one]
        kinds = [one for one in groups if not any(other < one for other in groups)]
        if not kinds or any(one != kinds[0] for one in kinds):
            return None, rest
        return np.array(sorted(kinds[0]), dtype=np.int64), rest

    def _named_values(
        self, words: Sequence[str], place: int
    ) -> tuple[list[set[int]], set[int], list[str]]:
        """Return the columns of values that words name, and the words that name none.

        Args:
            words: Words of a text.
            place: Position of the block of attributes.

        Returns:
            The columns that each word names alone, and those that only several words name.
        """
        texts = [" ".join(words), *_leave_each_out(words), *words]
        rows = sp.csr_array(self._attributes_of(texts, place) > 0)
        named = [set(rows[[row]].indices.tolist()) for row in range(rows.shape[0])]
        whole, others, alone = named[0], named[1 : 1 + len(words)], named[1 + len(words) :]
        told = zip(words, alone, others, strict=True)
        rest = [word for word, own, other in told if not own and other == whole]
        return alone, whole.difference(*alone), rest

    def _names_values_only(self, text: str, wishes: TextWishes, place: int) -> bool:
        """Return whether each word that a text is about is a part of a value that it names.

        Without such a word, other values are named, or none.

        Args:
            text: Text of a user with one wish.
            wishes: Its wishes.
            place: Position of the block of attributes.
        """
        words = [word for word in _said_words(text) if not is_unspaced_noun(word)]
        if len(wishes.names) > 1 or not sp.csr_array(wishes.vectors[place]).nnz or not words:
            return False
        rows = self._attributes_of([" ".join(words), *_leave_each_out(words)], place)
        whole = rows[[0]].toarray()
        return bool((rows[1:].toarray() != whole).any(axis=1).all())

    def most_like(self, texts: Sequence[str]) -> Rows | None:
        """Return the (n_items,) number of the text that each item is most like.

        Args:
            texts: Objects of one sentence.

        Returns:
            None if no item is like one of them.
        """
        if not self._items.blocks or not len(self._items):
            return None
        found = [self.likeness(text) for text in texts]
        best = np.stack([one.max(axis=0) for one in found if one is not None])
        if best.max() <= MIN_REFERENCE:
            return None
        owners: Rows = (best / reference_likeness(best)[:, None]).argmax(axis=0)
        return owners

    def with_items(self, items: Items, titles: pl.Series | None) -> "WishEncoder":
        """Return the encoder for a changed catalogue; vectors of earlier texts stay.

        Args:
            items: Items of the catalogue.
            titles: (n_items,) their titles.
        """
        changed = WishEncoder(self._encode_texts, items, titles)
        changed._cache = self._cache
        return changed

    def clear(self) -> None:
        """Remove all cached texts."""
        self._cache.clear()
        self._about.clear()
        self._kinds.clear()
        self._topics.clear()
        self._excluded.clear()
        self._free.clear()

    def _wishes_of(self, texts: Sequence[str]) -> dict[str, TextWishes]:
        # Each text is looked up once: other threads may remove it from the cache.
        cached = {text: self._cache.get(text) for text in texts}
        found = {text: wishes for text, wishes in cached.items() if wishes is not None}
        new = [text for text in texts if text not in found]
        if new:
            encoded = encode_separate_wishes(new, self._encode_texts, self._separate)
            named = (
                self._name_items(text, one) for text, one in zip(new, encoded, strict=True)
            )
            added = dict(zip(new, named, strict=True))
            found |= added
            self._cache.update(added)
            while len(self._cache) > MAX_CACHED_WISHES:
                self._cache.popitem(last=False)
        return found

    def _name_items(self, text: str, wishes: TextWishes) -> TextWishes:
        """Return the wishes of a text with the content of the items that each of them names."""
        vectors = wishes.vectors
        if self._titles is None or len(text) > MAX_WISH_CHARS or not vectors:
            return wishes
        for row, name in enumerate(wishes.names):
            named = self._named_rows(named_phrases(name))
            if len(named) and not self._is_kind(name):
                vectors = self._without_values_in_title(vectors, row, name, named)
                vectors = add_named_items(vectors, row, self._items.blocks, named)
        return replace(wishes, vectors=vectors)

    def _is_kind(self, name: str) -> bool:
        """Return whether a wish names a kind and no item: *a war film* is not *The War*."""
        place = self._attribute_place
        kind = drop_small_talk(split_clauses(name).wanted)
        if place is None or not names_concept(kind) or says_like(name):
            return False
        return bool(self._attributes_of([kind], place).nnz)

    def _without_values_in_title(
        self, vectors: WishVector, row: int, name: str, named: Rows
    ) -> WishVector:
        """Return wishes of which one, if it is a title, has no values: *French Kiss*.

        A text that is one value asks for it, even if an item has such a title.

        Args:
            vectors: One (n_wishes, dim) matrix per content block.
            row: Row of the wish.
            name: Its words.
            named: Rows of the items that it names.
        """
        place = self._attribute_place
        if place is None or self._titles is None:
            return vectors
        title = fold_title(drop_small_talk(split_clauses(name).wanted))
        titles = self._titles.gather(named).to_list()
        said = _said_words(name)
        if title not in {fold_title(strip_year(one)) for one in titles} or not said:
            return vectors
        alone, together, rest = self._named_values(said, place)
        if not rest and (together or len([one for one in alone if one]) < 2):
            return vectors
        kept = np.ones(vectors[place].shape[0], dtype=np.float32)
        kept[row] = 0
        without = sp.csr_array(sp.diags_array(kept) @ sp.csr_array(vectors[place]))
        without.eliminate_zeros()
        return (*vectors[:place], without, *vectors[place + 1 :])

    def _named_rows(self, phrases: Sequence[str]) -> Rows:
        """Return the rows of the items whose titles are among phrases, at most a few."""
        if not phrases or self._titles is None or not len(self._items):
            return np.empty(0, dtype=np.int64)
        # With the values that a title seems to name, others may be more like "French Kiss".
        likeness = np.vstack(self._likeness_with_and_without_values(phrases))
        n = min(MAX_COMPARED_TITLES, likeness.shape[1])
        near = np.unique(np.argpartition(-likeness, n - 1, axis=1)[:, :n])
        asked = set(phrases)
        titles = self._titles.gather(near).to_list()
        rows = [
            row
            for row, title in zip(near.tolist(), titles, strict=True)
            if fold_title(strip_year(title)) in asked
        ]
        return np.array(rows[:MAX_NAMED_ITEMS], dtype=np.int64)

    def _separate(self, clauses: Clauses) -> Sequence[str]:
        """Return the wishes of a sentence; none if it has one only."""
        parts = split_parts(clauses.pieces)
        if len(parts) < 2 or not len(self._items):
            return ()
        return separate_wishes(parts, self._likeness_of)

    def _attributes_of(self, texts: Sequence[str], place: int) -> Sparse:
        """Return the (n_texts, n_values) attributes of texts.

        Args:
            texts: The texts.
            place: Position of the block of attributes.
        """
        return sp.csr_array(self._encode_texts(texts, needs_model=False)[place].matrix)

    def _likeness_of(self, texts: Sequence[str]) -> Floats:
        """Return the (n_texts, n_items) likeness of texts and items."""
        return self._sum_likeness(self._encode_texts(texts), len(texts))

    def _likeness_with_and_without_values(self, titles: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the (n_texts, n_items) likeness of titles, and that without attributes."""
        encoded = self._encode_texts(titles, are_titles=True)
        named = [block.name == ATTRIBUTES for block in self._items.blocks]
        values = self._sum_likeness(encoded, len(titles), named)
        without = self._sum_likeness(encoded, len(titles), [not one for one in named])
        return values + without, without

    def _sum_likeness(
        self,
        encoded: Sequence[ContentBlock],
        n_texts: int,
        counts: Sequence[bool] | None = None,
    ) -> Floats:
        """Return the (n_texts, n_items) likeness of encoded texts and items.

        Args:
            encoded: Blocks of the texts.
            n_texts: Number of texts.
            counts: Whether each block counts; default: all do.
        """
        total = np.zeros((n_texts, len(self._items)), dtype=np.float32)
        chosen = [True] * len(self._items.blocks) if counts is None else counts
        for block, said, is_chosen in zip(self._items.blocks, encoded, chosen, strict=True):
            if is_chosen:
                total += block.weight * said.cosine_similarity(block)
        return total


def _recall(cache: OrderedDict[str, T], text: str, compute: Callable[[str], T]) -> T:
    """Return what is cached of a text, or compute and cache it; the oldest ones are removed."""
    if text in cache:
        with suppress(KeyError):  # another thread has removed it
            return cache[text]
    found = cache[text] = compute(text)
    while len(cache) > MAX_CACHED_MASKS:
        cache.popitem(last=False)
    return found


def _scale(likeness: Floats) -> Floats:
    """Return (n_items,) how far items are about wishes; fully is 1."""
    full = reference_likeness(likeness)[:, None]
    return np.asarray(saturate_wishes(likeness / full).max(axis=0), dtype=np.float32)


def _leave_each_out(words: Sequence[str]) -> list[str]:
    """Return the texts of words that each lack one of them."""
    return [" ".join([*words[:n], *words[n + 1 :]]) for n in range(len(words))]


def _count_columns(matrix: Sparse, columns: Rows) -> Rows:
    """Return (n_rows,) numbers of some columns in which the rows have a value."""
    chosen = sp.csr_array(matrix[:, columns])
    return np.asarray((chosen > 0).sum(axis=1), dtype=np.int64).ravel()


def _said_words(text: str) -> list[str]:
    """Return the words that a text is about, also of scripts without blanks."""
    said = drop_small_talk(split_clauses(text).wanted).split()
    words = [one for part in said for one in ([part] if part.isascii() else tokenize(part))]
    return [word for word in words if word.lower() not in FILLERS | BY_WORDS]


def topic_strengths(likeness: Floats, carried: Doubles, other: Floats) -> Floats:
    """Return (n_items,) what to add to the scaled likeness of items to a text.

    The items with the values that the text names, and among them those most like its other
    words, are fully about it; other items gain nothing.

    Args:
        likeness: (n_wishes, n_items) likeness of the text.
        carried: (n_items,) how far items have the values, from 0 to 1.
        other: (1, n_items) likeness of its other words.

    Example:
        The first item has the genre and nothing else; the second one is about courtrooms, too.

        >>> likeness = np.array([[0.6, 0.5, 0.2]], dtype=np.float32)
        >>> other = np.array([[0.0, 0.4, 0.4]], dtype=np.float32)
        >>> added = topic_strengths(likeness, np.array([1.0, 1.0, 0.0]), other)
        >>> (added + saturate_wishes(likeness / 0.6)).astype(float).round(2).tolist()
        [[0.5, 1.0, 0.33]]
    """
    among = reference_likeness(other[:, carried >= 1])
    among = np.maximum(among, MIN_AMONG_SHARE * reference_likeness(other))
    about = np.maximum(saturate_wishes(other / among[:, None]).max(axis=0), 0)
    scaled = _scale(likeness)
    others = np.minimum(OTHER_SHARE * about, np.maximum(scaled, 0))
    wanted = np.where(carried > 0, carried * (1 - OTHER_SHARE + OTHER_SHARE * about), others)
    return np.asarray(wanted - scaled, dtype=np.float32)


def lacking_likeness(likeness: Floats, carried: Rows) -> Floats:
    """Return (n_items,) what items with all values of a text lack to be fully about it.

    Args:
        likeness: (n_wishes, n_items) likeness of the wishes of the text.
        carried: (n_items,) numbers from :meth:`WishEncoder.carried_values`.

    Example:
        The third item is like the text, but does not have all that it names.

        >>> likeness = np.array([[0.8, 0.2, 0.4]], dtype=np.float32)
        >>> lacking_likeness(likeness, np.array([1, 1, 0])).round(2).tolist()
        [0.0, 0.75, 0.0]
    """
    most = _scale(likeness)
    added = most[carried > 0].max(initial=1.0) - most + (carried - 1)
    return np.asarray(np.where(carried > 0, added, 0), dtype=np.float32)
