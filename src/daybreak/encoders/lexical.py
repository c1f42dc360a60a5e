"""Words of texts in any script, attribute values in sentences, and TF-IDF vectors."""

import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.sparse_rows import row_blocks, stack_row_blocks
from daybreak.encoders.inflections import inflections
from daybreak.encoders.word_forms import WordForms, is_unspaced
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_VALUE_WORDS = 5
"""Words of the longest attribute value that is searched in a text."""
MIN_VALUE_BYTES = 3
"""Bytes of the shortest such value; shorter ones (sizes, ratings, "no") match by chance."""
MIN_DOCUMENTS_FOR_PRUNING = 200
"""Number of documents from which on rare words can be dropped."""
MAX_COMPARED_WORDS = 200
"""Unknown words that are compared with the words of values at a time."""
MIN_SIMILARITY_OF_VALUES = 0.8
"""Smallest similarity of a word with a word of an attribute value that it stands for."""
OTHER_NUMBER_WEIGHT = 0.85
"""Weight of the singular beside the plural that a text says, and the other way round."""
MAX_TERMS = 200_000
"""Size of the vocabulary of a :class:`LexicalEncoder`."""

CutFunction: TypeAlias = Callable[[str], list[str]]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇"
_HIRAGANA = "\u3041-\u309f"
_KATAKANA = "\u30a0-\u30ff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e"
)
"""Accents, vowel points and vowel signs: parts of words that are not letters."""

_WORD_PATTERN = re.compile(
    rf"(?P<han>[{_HAN}]+)|[{_HIRAGANA}]+|[{_KATAKANA}]+"
    rf"|[^\W_{_HAN}{_HIRAGANA}{_KATAKANA}](?:[^\W_{_HAN}{_HIRAGANA}{_KATAKANA}]|[{_MARKS}])*"
)
_PART_SEPARATORS = re.compile(r"\s*(?:[&/,+;]|(?<!\w)(?:and|und|et)(?!\w))\s*")
_ASCII_WORD_PATTERN = re.compile(r"[a-z0-9]+")


def tokenize(text: str) -> list[str]:
    """Return the words of a text in their order, in lower case and compatibility form NFKC.

    Words are runs of letters and digits. Runs of Chinese characters are segmented with the
    dictionary of jieba, without its model for unknown words: on Chinese item texts that is as
    accurate, better than character pairs, and faster. The first Chinese run loads the
    dictionary, which takes about a second; no file is written.

    Example:
        >>> tokenize("Tea-Pot No_2, ＡＢＣ"), tokenize("喜欢看电影 in 3D")
        (['tea', 'pot', 'no', '2', 'abc'], ['喜欢', '看', '电影', 'in', '3d'])
    """
    if text.isascii():  # the same words, three times as fast
        return _ASCII_WORD_PATTERN.findall(text.lower())
    words: list[str] = []
    for run in _WORD_PATTERN.finditer(unicodedata.normalize("NFKC", text).lower()):
        if run["han"]:
            words += _chinese_cutter()(run["han"])
        else:
            words.append(run[0])
    return words


def tokenize_all(texts: Iterable[str]) -> list[list[str]]:
    """Return the words of each text; see :func:`tokenize`."""
    known: dict[str, str] = {}  # a word that is written often takes its memory once
    return [[known.setdefault(word, word) for word in tokenize(text)] for text in texts]


@cache
def _chinese_cutter() -> CutFunction:
    """Return the segmentation function of jieba with its own dictionary.

    The tables are filled here because ``Tokenizer.initialize`` reads and writes a cache in the
    shared temporary folder, where another user could have placed a file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in its sources
        import jieba  # noqa: PLC0415 - slow; for Chinese only

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True

    def cut(run: str) -> list[str]:
        return list(cutter.lcut(run, HMM=False))

    return cut


class PhraseMatcher:
    """Finds attribute terms in texts by the words of their values.

    Args:
        terms: Terms ``name=value``.
        names: Attributes whose values are searched.
        finds_word_forms: Whether unknown words stand for a word of a value that they resemble,
            and values are found inside words of scripts without blanks.

    Example:
        >>> terms = ["genre=science fiction", "genre=war", "price=..5"]
        >>> matcher = PhraseMatcher(terms, {"genre"})
        >>> matcher.find_terms(["a", "science", "fiction", "about", "no", "price"])
        ['genre=science fiction']
        >>> matcher.find_terms(["science", "fictions"])
        ['genre=science fiction']
    """

    def __init__(
        self, terms: Iterable[str], names: set[str], *, finds_word_forms: bool = True
    ) -> None:
        self._finds_word_forms = finds_word_forms
        self._terms: dict[tuple[str, ...], list[str]] = {}
        every = list(terms)
        for term in every:
            name, _, value = term.partition("=")
            words = tuple(tokenize(value)) if name in names else ()
            if 0 < len(words) <= MAX_VALUE_WORDS and _is_specific("".join(words)):
                self._terms.setdefault(words, []).append(term)
        for words, term in list(self._parts_of(every, names)):
            self._terms.setdefault(words, []).append(term)

    def _parts_of(
        self, terms: Iterable[str], names: set[str]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the parts of values such as "makeup brushes & tools", each with its term.

        One word is too little: of "ice cream/milk", not all is milk.
        """
        for term in terms:
            name, _, value = term.partition("=")
            parts = _PART_SEPARATORS.split(value) if name in names else []
            for words in (tuple(tokenize(part)) for part in parts if len(parts) > 1):
                if 1 < len(words) <= MAX_VALUE_WORDS and words not in self._terms:
                    yield words, term

    def find_terms(self, words: Sequence[str]) -> list[str]:
        """Return the terms whose values occur in the words, each once, in order."""
        return self.find_terms_of_all([words])[0]

    def find_terms_of_all(self, texts: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the result of :meth:`find_terms` for the words of each text.

        Unknown words are compared with those of values once, however many texts have them.
        """
        if not self._finds_word_forms or not self._terms:
            return [self._find_known(words) for words in texts]
        rows = self._value_rows
        distinct = dict.fromkeys(chain.from_iterable(texts))
        meant = self._find_meant([word for word in distinct if word not in rows])
        return [
            self._find_known([part for word in words for part in meant.get(word) or [word]])
            for words in texts
        ]

    def _find_known(self, words: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for start in range(len(words)):
            for end in range(start + 1, min(start + MAX_VALUE_WORDS, len(words)) + 1):
                found |= dict.fromkeys(self._terms.get(tuple(words[start:end]), ()))
        return list(found)

    def _find_meant(self, unknown: Sequence[str]) -> dict[str, list[str]]:
        """Return the words of values that words may stand for that are in no value."""
        value_words = list(self._value_rows) if unknown else []
        best: dict[str, int] = {}
        for start in range(0, len(unknown), MAX_COMPARED_WORDS):
            part = unknown[start : start + MAX_COMPARED_WORDS]
            best |= self._value_forms.most_similar(part, MIN_SIMILARITY_OF_VALUES)
        meant = {word: [value_words[row]] for word, row in best.items()}
        return meant | {
            word: [value for value in value_words if value in word]
            for word in unknown
            if word not in meant and is_unspaced(word)
        }

    @cached_property
    def _value_rows(self) -> dict[str, int]:
        """Row of each word of the values in ``_value_forms``."""
        distinct = dict.fromkeys(chain.from_iterable(self._terms))
        return {word: row for row, word in enumerate(distinct)}

    @cached_property
    def _value_forms(self) -> WordForms:
        return WordForms.index(list(self._value_rows))


def _is_specific(value: str) -> bool:
    """Return whether a value is specific: two Chinese characters are, two letters are not."""
    if value.isdecimal():
        return len(value) == 4  # a year, not a size
    return len(value) > 1 and len(value.encode("utf-8")) >= MIN_VALUE_BYTES


@dataclass(frozen=True, eq=False)
class LexicalEncoder:
    """TF-IDF: ``(1 + ln tf) · (ln((1 + n) / (1 + df)) + 1)``, rows scaled to length 1.

    Args:
        terms: (n_terms,) words, sorted.
        idf: (n_terms,) weight of each.

    Source:
        Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval", with
        a sublinear term frequency and a document frequency smoothed by one additional document.

    Example:
        >>> words = LexicalEncoder.fit([["red", "tea"], ["red", "red"]])
        >>> words.terms, words.idf.round(4)
        (('red', 'tea'), array([1.    , 1.4055]))
        >>> words.transform([["red"], ["gin"]]).toarray()
        array([[1., 0.],
               [0., 0.]], dtype=float32)
    """

    terms: tuple[str, ...]
    idf: Doubles = field(repr=False)

    @classmethod
    def fit(
        cls,
        documents: Sequence[Sequence[str]],
        *,
        max_terms: int = MAX_TERMS,
        min_documents: int = 1,
    ) -> "LexicalEncoder":
        """Return an encoder of the words of the documents.

        Args:
            documents: Words of each document.
            max_terms: Size of the vocabulary; the words of the most documents are kept.
            min_documents: Minimum number of documents with a word; below
                ``MIN_DOCUMENTS_FOR_PRUNING`` documents, one is enough.
        """
        n = len(documents)
        terms, df = document_frequencies(documents)
        if n < MIN_DOCUMENTS_FOR_PRUNING:
            min_documents = 1
        kept = most_frequent_terms(terms, df, min_documents, max_terms)
        idf = np.log((1 + n) / (1 + df[kept])) + 1
        return cls(tuple(terms[term] for term in kept), idf)

    def transform(self, documents: Sequence[Sequence[str]]) -> Sparse:
        """Return (n_documents, n_terms) float32 unit rows; zero rows without a known word."""

        def weigh(rows: slice) -> Sparse:
            counts = _log_counts(documents[rows], self.columns)
            return l2_normalize_rows(counts * self.idf[None, :])

        return stack_row_blocks(len(documents), weigh)

    def transform_with_forms(
        self,
        documents: Sequence[Sequence[str]],
        *,
        min_similarity: float = 1.0,
        exact: Collection[str] = (),
        inflects: bool = False,
        min_unknown: Mapping[str, float] | None = None,
    ) -> Sparse:
        """Return the rows of :meth:`transform`, with other forms of the words.

        An unknown word counts as the known words that it may be a form of, see
        :class:`.WordForms`.

        Args:
            documents: Words of each document.
            min_similarity: Smallest similarity of a known word and other forms that it counts
                as with less weight; 1: none.
            exact: Words that count as themselves only: names.
            inflects: Whether singular and plural count alike: an item has the same product
                with a word, whichever of them it has.
            min_unknown: Smallest similarity of unknown words and their forms, by word.

        Example:
            >>> words = LexicalEncoder.fit([["wool", "blanket"], ["desk", "lamp"]])
            >>> words.transform_with_forms([["blankets"]]).toarray()
            array([[1., 0., 0., 0.]], dtype=float32)
        """
        seen = list(dict.fromkeys(chain.from_iterable(documents)))
        own = np.fromiter((self.columns.get(w, -1) for w in seen), np.int64, len(seen))
        varies = np.array([word not in exact for word in seen], dtype=bool)
        varies &= (own < 0) | (min_similarity < 1)
        alike = self._inflected(seen, own, varies) if inflects else {}
        word, term, weights = self._weigh_forms(
            seen, own, np.flatnonzero(varies), min_similarity, alike, min_unknown or {}
        )
        shape = (len(seen), len(self.terms))
        by_word = sp.csr_array(sp.coo_array((weights, (word, term)), shape=shape))
        columns = {word: row for row, word in enumerate(seen)}

        def weigh(rows: slice) -> Sparse:
            return l2_normalize_rows(_log_counts(documents[rows], columns) @ by_word)

        return stack_row_blocks(len(documents), weigh)

    def known_shares(
        self, documents: Sequence[Sequence[str]], *, min_similarity: float
    ) -> Floats:
        """Return (n_documents,) shares of the words that are known, or forms of known ones.

        Args:
            documents: Words of each document.
            min_similarity: Smallest similarity of a known word and other forms.

        Example:
            >>> words = LexicalEncoder.fit([["wool", "blanket"], ["desk", "lamp"]])
            >>> words.known_shares([["wool", "blankets"], ["eine", "lamp"], []],
            ...                    min_similarity=0.75).tolist()
            [1.0, 0.5, 0.0]
        """
        seen = set(chain.from_iterable(documents))
        asked = sorted(seen - self.columns.keys())
        forms = self._forms.most_similar(asked, min_similarity) if asked else {}
        known = (seen & self.columns.keys()) | forms.keys()
        shares = [sum(word in known for word in row) / max(len(row), 1) for row in documents]
        return np.array(shares, dtype=np.float32)

    def similar_terms(self, words: Sequence[str], n: int) -> list[list[str]]:
        """Return the terms most similar to each word, those of the most documents first.

        Args:
            words: Words that are no terms.
            n: Largest number of terms for each.
        """
        similar = self._forms.similar(words)
        found = []
        for start, stop in zip(similar.indptr[:-1], similar.indptr[1:], strict=True):
            best = np.argsort(-similar.data[start:stop], kind="stable")[:n]
            rows = similar.indices[start:stop][best]
            found.append(
                [self.terms[r] for r in rows[np.argsort(self.idf[rows], kind="stable")]]
            )
        return found

    def _inflected(self, seen: Sequence[str], own: Rows, varies: Mask) -> dict[int, Rows]:
        """Return the terms that are singular or plural of words, with their own, by word."""
        found = {}
        for row in np.flatnonzero(varies).tolist():
            others = [self.columns[w] for w in inflections(seen[row]) if w in self.columns]
            if others:
                known = [int(own[row])] if own[row] >= 0 else []
                found[row] = np.array(known + others, dtype=np.int64)
        return found

    def _weigh_forms(
        self,
        seen: Sequence[str],
        own: Rows,
        asked: Rows,
        min_similarity: float,
        alike: Mapping[int, Rows],
        min_unknown: Mapping[str, float],
    ) -> tuple[Rows, Rows, Doubles]:
        """Return the terms that words count as: rows of words, columns and weights.

        Args:
            seen: Words.
            own: (n_words,) term of each; -1: it is none.
            asked: Rows of the words that count as other forms as well.
            min_similarity: See :meth:`transform_with_forms`.
            alike: Terms that count alike, by the row of the word.
            min_unknown: See :meth:`transform_with_forms`.
        """
        known = np.array([r for r in np.flatnonzero(own >= 0) if r not in alike], np.int64)
        parts = [(known, own[known], self.idf[own[known]])]
        for row, terms in alike.items():
            # The idf of both together; an item's own weight of each form contains its idf.
            joint = max(1.0, 1 - float(np.log(np.exp(1 - self.idf[terms]).sum())))
            shares = np.where(terms == own[row], 1.0, OTHER_NUMBER_WEIGHT)
            parts.append((np.full(len(terms), row), terms, shares * joint**2 / self.idf[terms]))
        if len(asked) and len(self.terms):
            words = [seen[row] for row in asked.tolist()]
            first = own.copy()
            first[list(alike)] = [terms[0] for terms in alike.values()]
            least = np.array([min_unknown.get(word, 0.0) for word in words], np.float32)
            word, term, weights = self._forms.find(words, first[asked], min_similarity, least)
            word = asked[word]
            idf = self.idf[term]
            idf = np.where(first[word] >= 0, np.minimum(idf, self.idf[first[word]]), idf)
            n = len(self.terms)
            counted = [row * n + terms for row, terms in alike.items()]
            new = ~np.isin(word * n + term, np.concatenate(counted) if counted else [])
            parts.append((word[new], term[new], (weights * idf)[new]))
        rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return rows.astype(np.int64), columns.astype(np.int64), values.astype(np.float64)

    @cached_property
    def _forms(self) -> WordForms:
        return WordForms.index(self.terms)

    @cached_property
    def columns(self) -> dict[str, int]:
        """Column of each word."""
        return {term: column for column, term in enumerate(self.terms)}

    def __len__(self) -> int:
        return len(self.terms)


def document_frequencies(documents: Sequence[Sequence[str]]) -> tuple[list[str], Doubles]:
    """Return the words of the documents, sorted, and the number of documents of each.

    Example:
        >>> document_frequencies([["b", "b", "a"], ["b"]])
        (['a', 'b'], array([1., 2.]))
    """
    terms = sorted(set(chain.from_iterable(documents)))
    columns = {term: column for column, term in enumerate(terms)}
    frequencies = np.zeros(len(terms))
    for rows in row_blocks(len(documents)):
        found = count_terms(documents[rows], columns).indices
        frequencies += np.bincount(found, minlength=len(terms))
    return terms, frequencies


def most_frequent_terms(
    seen: Sequence[str], df: Doubles, min_documents: int, max_terms: int
) -> list[int]:
    """Return the indices of the most frequent words, ascending.

    Args:
        seen: (n_words,) words, sorted.
        df: (n_words,) number of documents of each word.
        min_documents: Minimum number of documents.
        max_terms: Maximum number of words; ties are broken by the alphabet.
    """
    kept = np.flatnonzero(df >= min_documents)
    return sorted(kept[np.argsort(-df[kept], kind="stable")][:max_terms].tolist())


def count_terms(documents: Sequence[Sequence[str]], columns: dict[str, int]) -> Sparse:
    """Return the (n_documents, n_terms) float64 counts of known words."""
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    flat = chain.from_iterable(documents)
    term_columns = np.fromiter(
        (columns.get(term, -1) for term in flat), np.int64, lengths.sum()
    )
    rows = np.repeat(np.arange(len(documents)), lengths)
    known = term_columns >= 0
    shape = (len(documents), len(columns))
    ones = np.ones(int(known.sum()))
    return sp.coo_array((ones, (rows[known], term_columns[known])), shape=shape).tocsr()


def _log_counts(documents: Sequence[Sequence[str]], columns: dict[str, int]) -> Sparse:
    """Return ``1 + ln tf`` of the known words of documents."""
    counts = count_terms(documents, columns)
    counts.data = 1 + np.log(counts.data)
    return counts


def l2_normalize_rows(rows: Sparse) -> Sparse:
    """Return a CSR array with rows of length 1 as float32; zero rows stay zero."""
    rows = sp.csr_array(rows)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    rows.data = rows.data * np.repeat(scale, np.diff(rows.indptr))
    return rows.astype(np.float32)
