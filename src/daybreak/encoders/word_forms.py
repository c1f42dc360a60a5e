"""Forms of words: the terms of a vocabulary that an inflected or misspelt word may mean."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np
import scipy.sparse as sp

from daybreak.types import Floats, Mask, Rows, Sparse

MIN_SIMILARITY_OF_UNKNOWN = 0.28
"""Smallest similarity of an unknown word and a term that it may mean, in [0, 1]."""
MIN_SHARE_OF_BEST = 0.6
"""Smallest similarity of a form, as a share of that of the best form."""
MAX_FORMS = 8
"""Forms of a word, at most [terms]."""
MAX_COMPARED_PAIRS = 60_000_000
"""Common n-grams of words and terms that one call compares; further words have no forms. A
sentence has some million at most, and texts of many words that no other item has, billions."""
MAX_CHUNK_PAIRS = 20_000_000
"""Common n-grams that are compared at a time; about 300 MB."""
KNOWN_FORM_WEIGHT = 0.5
"""Weight of other forms of a term beside the term itself."""
MAX_CHARACTER_FORMS = 200
"""Compounds of a single Chinese character, at most [terms]; it is a word that they are kinds
and parts of, and no inflected form of one of them."""
FUNCTION_CHARACTERS = frozenset(
    "我你您他她它们自己的地得了着过吗呢吧啊是有在和与及或而但也都就还又很太最更好不没别无非个只件条张"
    "些这那哪一二三四五六七八九十两几多少大小上下中里外前后来去到给把被让请要想会能可看听说吃喝买卖找做用"
    "送对从为以之其所于由喜爱人家點個這哪還過對從為與們給讓請買賣說聽會裡後來沒別無"
)
"""Chinese characters that are in many words without being what these are about."""

_SYLLABIC = re.compile(
    "[\u1100-\u11ff\u3041-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
)
"""Chinese characters, kana and hangul: one or two of them are a word."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
"""Thai, Lao, Burmese and Khmer, which are written without blanks between words."""
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_HIRAGANA_OF_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th"}
    | dict.fromkeys("أإآٱ", "ا")
    | {"ى": "ي", "ة": "ه", "ё": "е", "ς": "σ"}
    | {chr(code): chr(plain) for code, plain in _HIRAGANA_OF_KATAKANA.items()}
)
"""Letters that Unicode does not decompose, and kana, in one form."""


def spellings(word: str) -> tuple[str, ...]:
    """Return the spellings of a word without accents: with umlauts written out, and without.

    Vowel signs of Indian and South-East Asian scripts are letters and stay.

    Example:
        >>> spellings("grüntee"), spellings("café"), spellings("tea")
        (('gruntee', 'gruentee'), ('cafe',), ('tea',))
    """
    if word.isascii():
        return (word,)
    folded = unicodedata.normalize("NFC", word.casefold())
    plain = _strip_accents(folded.translate(_PLAIN))
    written_out = _strip_accents(folded.translate(_WRITTEN_OUT).translate(_PLAIN))
    return tuple(dict.fromkeys((plain, written_out)))


def _strip_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    kept = (letter for letter in decomposed if not _is_accent(letter))
    return unicodedata.normalize("NFC", "".join(kept))


def _is_accent(letter: str) -> bool:
    return (
        "\u0300" <= letter <= "\u036f"
        or "\u0591" <= letter <= "\u05c7"
        or ("\u064b" <= letter <= "\u065f")
    )


def character_ngrams(word: str) -> list[str]:
    """Return the n-grams of all spellings of a word, each once, in their order.

    They are one and two characters long in Chinese, Japanese and Korean, two and three in other
    scripts; where words are separated by blanks, ``<`` and ``>`` mark their ends. A number has
    none: 99 is no form of 9.

    Example:
        >>> sorted(character_ngrams("tea")), sorted(character_ngrams("녹차"))
        (['<t', '<te', 'a>', 'ea', 'ea>', 'te', 'tea'], ['녹', '녹차', '차'])
    """
    grams: dict[str, None] = {}  # the order of a set differs between processes
    if word.isdecimal():
        return []
    for spelling in spellings(word):
        if _SYLLABIC.search(spelling):
            text, sizes = spelling, (1, 2)
        elif _UNSPACED.search(spelling):
            text, sizes = spelling, (2, 3)
        else:
            text, sizes = f"<{spelling}>", (2, 3)
        for size in sizes:
            grams |= dict.fromkeys(text[n : n + size] for n in range(len(text) - size + 1))
    return list(grams)


def is_unspaced(word: str) -> bool:
    """Return whether a word has letters of Thai, Lao, Burmese or Khmer."""
    return not word.isascii() and _UNSPACED.search(word) is not None


def split_unspaced(word: str) -> list[str]:
    """Return a word, and its pieces if its script does not separate words by blanks.

    The pieces of Korean are two syllables long, since particles are written with the word;
    those of Thai, Lao, Burmese and Khmer are three characters long. Chinese and Japanese are
    separated by :func:`.tokenize`.

    Example:
        >>> split_unspaced("녹차를"), split_unspaced("tea")
        (['녹차를', '녹차', '차를'], ['tea'])
    """
    if word.isascii():
        return [word]
    size = 2 if _HANGUL.search(word) else 3 if _UNSPACED.search(word) else len(word)
    if len(word) <= size:
        return [word]
    return [word, *(word[n : n + size] for n in range(len(word) - size + 1))]


def split_unspaced_words(words: Sequence[str]) -> list[str]:
    """Return the words of a document with their pieces; see :func:`split_unspaced`."""
    return [piece for word in words for piece in split_unspaced(word)]


@dataclass(frozen=True, eq=False)
class WordForms:
    """Finds the terms of a vocabulary that share character n-grams with a word.

    The similarity of two words is the weight of the n-grams they share, divided by
    ``min(a, b)^0.75 max(a, b)^0.25``, where ``a`` and ``b`` are the weights of all n-grams of
    each: between the cosine and the share of the shorter word, so that parts of compounds are
    found. An n-gram weighs ``ln(1 + terms / terms with it)``.

    Source:
        McNamee and Mayfield 2004, "Character n-gram tokenization for European language text
        retrieval".

    Example:
        >>> forms = WordForms.index(["coffee", "grinder", "schreibtischlampe"])
        >>> forms.similar(["cofee", "lampe", "rum"]).toarray().round(2)
        array([[0.87, 0.  , 0.  ],
               [0.  , 0.  , 0.62],
               [0.  , 0.  , 0.  ]], dtype=float32)
    """

    columns: dict[str, int] = field(repr=False)
    """Column of each n-gram."""
    gram_weights: Floats
    """(n_grams,)"""
    terms_by_gram: Sparse
    """(n_grams, n_terms) CSR of the weights of n-grams."""
    sizes: Floats
    """(n_terms,) weight of all n-grams of a term."""
    is_comparable: Mask
    """(n_terms,) terms that are long enough to be a form of another term."""

    @classmethod
    def index(cls, terms: Sequence[str]) -> "WordForms":
        """Return the index of the terms of a vocabulary."""
        grams = [character_ngrams(term) for term in terms]
        columns: dict[str, int] = {}
        flat = [columns.setdefault(gram, len(columns)) for gram in chain.from_iterable(grams)]
        rows = np.repeat(np.arange(len(terms)), [len(found) for found in grams])
        counts = np.bincount(flat, minlength=len(columns))
        weights = np.log1p(len(terms) / np.maximum(counts, 1)).astype(np.float32)
        values = weights[flat] if flat else np.empty(0, dtype=np.float32)
        shape = (len(columns), len(terms))
        matrix = sp.coo_array((values, (flat, rows)), shape=shape).tocsr()
        sizes = np.bincount(rows, values, minlength=len(terms)).astype(np.float32)
        comparable = np.fromiter(map(_is_comparable, terms), bool, len(terms))
        return cls(columns, weights, sp.csr_array(matrix), sizes, comparable)

    def similar(self, words: Sequence[str]) -> Sparse:
        """Return the (n_words, n_terms) similarities from ``MIN_SIMILARITY_OF_UNKNOWN`` on."""
        grams = [character_ngrams(word) for word in words]
        found = [[self.columns[g] for g in row if g in self.columns] for row in grams]
        lengths = np.array([len(row) for row in found], dtype=np.int64)
        indices = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        asked = sp.csr_array(
            (np.ones(len(indices), dtype=np.float32), indices, np.r_[0, np.cumsum(lengths)]),
            shape=(len(words), len(self.columns)),
        )
        n_new = np.array([len(row) for row in grams]) - lengths
        sizes = asked @ self.gram_weights + n_new * np.float32(np.log1p(len(self.sizes)))
        parts = [
            self._compare(asked[start:end], sizes[start:end])
            for start, end in self._chunks(asked)
        ]
        n_compared = sum(part.shape[0] for part in parts)
        left_out = sp.csr_array((len(words) - n_compared, len(self.sizes)), dtype=np.float32)
        return sp.csr_array(sp.vstack([*parts, left_out], format="csr"))

    def _chunks(self, asked: Sparse) -> list[tuple[int, int]]:
        """Return the first and the last row of the chunks of words that are compared."""
        terms_of_gram = np.diff(self.terms_by_gram.indptr).astype(np.float64)
        pairs = np.cumsum(asked @ terms_of_gram)
        n = int(np.searchsorted(pairs, MAX_COMPARED_PAIRS, side="right"))
        chunk = (pairs[:n] // MAX_CHUNK_PAIRS).astype(np.int64)
        starts = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), n]
        return [(start, end) for start, end in pairwise(starts) if start < end]

    def _compare(self, asked: Sparse, sizes: Floats) -> Sparse:
        """Return the (n_words, n_terms) similarities of some words.

        Args:
            asked: (n_words, n_grams) n-grams of the words.
            sizes: (n_words,) sums of the weights of their n-grams.
        """
        shared = sp.coo_array(asked @ self.terms_by_gram)
        a, b = sizes[shared.coords[0]], self.sizes[shared.coords[1]]
        similar = shared.data / (np.minimum(a, b) ** 0.75 * np.maximum(a, b) ** 0.25)
        kept = similar >= MIN_SIMILARITY_OF_UNKNOWN
        coords = (shared.coords[0][kept], shared.coords[1][kept])
        values = similar[kept].astype(np.float32)
        return sp.csr_array(sp.coo_array((values, coords), shape=shared.shape))

    def most_similar(self, words: Sequence[str], min_similarity: float) -> dict[str, int]:
        """Return the row of the most similar term of each word that has one.

        Args:
            words: Words that are no terms.
            min_similarity: Smallest similarity, at least ``MIN_SIMILARITY_OF_UNKNOWN``.
        """
        similar = sp.coo_array(self.similar(words))
        word, term = similar.coords
        kept = np.flatnonzero(similar.data >= min_similarity)
        ascending = kept[np.argsort(similar.data[kept], kind="stable")]
        return {words[word[pair]]: int(term[pair]) for pair in ascending}

    def find(
        self,
        words: Sequence[str],
        own: Rows,
        min_similarity: float,
        min_unknown: Floats | None = None,
    ) -> tuple[Rows, Rows, Floats]:
        """Return the terms that words may be forms of, at most ``MAX_FORMS`` for each.

        A single Chinese character means all compounds with it, up to ``MAX_CHARACTER_FORMS``.

        Args:
            words: Distinct words.
            own: (n_words,) their rows in the vocabulary, -1 for unknown words. A known word
                counts as other terms with ``KNOWN_FORM_WEIGHT``, and never as itself.
            min_similarity: Smallest similarity of a known word and its other forms.
            min_unknown: (n_words,) smallest similarity of each unknown word and its forms;
                None: ``MIN_SIMILARITY_OF_UNKNOWN``.

        Returns:
            For each pair the row of the word, the row of the term, and the weight: the square
            of the similarity.
        """
        words = [
            _without_verb(text) if row < 0 else text
            for text, row in zip(words, own.tolist(), strict=True)
        ]
        similar = sp.coo_array(self.similar(words))
        word, term = similar.coords
        is_known = own[word] >= 0
        is_form = (similar.data >= min_similarity) & (term != own[word])
        is_form &= self.is_comparable[term] & self.is_comparable[own[word]]
        is_character = np.fromiter(map(is_content_character, words), bool, len(words))[word]
        is_form |= is_character & (term != own[word])
        is_near = True if min_unknown is None else similar.data >= min_unknown[word]
        kept = np.flatnonzero(is_form | (~is_known & is_near))
        kept = kept[_is_among_best(word[kept], similar.data[kept], is_character[kept])]
        weights = similar.data[kept] ** 2
        weights[is_known[kept]] *= np.float32(KNOWN_FORM_WEIGHT)
        return word[kept].astype(np.int64), term[kept].astype(np.int64), weights


def _is_comparable(term: str) -> bool:
    return len(term) >= (2 if _SYLLABIC.search(term) else 3)


def is_content_character(word: str) -> bool:
    """Return whether a word is one Chinese character that says what something is.

    Example:
        >>> is_content_character("茶"), is_content_character("的"), is_content_character("绿茶")
        (True, False, False)
    """
    return len(word) == 1 and word not in FUNCTION_CHARACTERS and bool(_HAN.match(word))


def _without_verb(word: str) -> str:
    """Return the object of an unknown word of a verb and a single character.

    Example:
        >>> _without_verb("喝茶"), _without_verb("绿茶")
        ('茶', '绿茶')
    """
    is_verb = len(word) == 2 and word[0] in FUNCTION_CHARACTERS
    return word[1] if is_verb and is_content_character(word[1]) else word


def _is_among_best(word: Rows, similar: Floats, is_character: Mask) -> Mask:
    """Return which pairs are the best of their word.

    Args:
        word: (n_pairs,) row of the word.
        similar: (n_pairs,) similarity of the word and a term.
        is_character: (n_pairs,) whether the word is a single Chinese character, whose compounds
            all count; of other words, at most ``MAX_FORMS`` near the best one do.
    """
    order = np.lexsort((-similar, word))
    sorted_words = word[order]
    starts = np.flatnonzero(np.r_[True, sorted_words[1:] != sorted_words[:-1]][: len(order)])
    sizes = np.diff(np.r_[starts, len(order)])
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    best = np.repeat(similar[order][starts], sizes)
    kept = np.empty(len(order), dtype=bool)
    is_near = (rank < MAX_FORMS) & (similar[order] >= MIN_SHARE_OF_BEST * best)
    kept[order] = np.where(is_character[order], rank < MAX_CHARACTER_FORMS, is_near)
    return kept
