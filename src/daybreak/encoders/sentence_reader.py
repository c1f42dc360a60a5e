"""What a sentence means for a catalogue: words without typing errors, and attributes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import scipy.sparse as sp

from daybreak.data.fields import ContentField
from daybreak.encoders.base import Encoder
from daybreak.encoders.concept_words import MOODS
from daybreak.encoders.concepts import ConceptTerms, concept_vocabulary
from daybreak.encoders.han_variants import HanForms
from daybreak.encoders.inflections import inflections
from daybreak.encoders.joined_words import join_words
from daybreak.encoders.languages import is_unknown_language, knows_english_only
from daybreak.encoders.lexical import LexicalEncoder, PhraseMatcher, tokenize, tokenize_all
from daybreak.encoders.makers import BY_WORDS, MAX_NAME_WORDS, MakerTerms
from daybreak.encoders.nations import NationTerms
from daybreak.encoders.related_words import related_words
from daybreak.encoders.sizes import SizeTerms
from daybreak.encoders.spelling import correct_spelling
from daybreak.encoders.synonyms import Synonyms
from daybreak.encoders.word_forms import split_unspaced_words
from daybreak.types import Sparse

MIN_FORM = 0.6
"""Smallest similarity of the word of a value and a word of texts that is a form of it."""
MIN_SAID_FORM_SIMILARITY = 0.6
"""Smallest similarity of a word of a sentence and other forms that it counts as."""
RELATED_SHARE = 0.4
"""Weight of the words for what belongs to an occasion beside that of the occasion itself."""
MIN_ITEMS = 10
"""Items with the word of an occasion from which on they fill a list."""
MAX_CANDIDATES = 50
"""Words of the catalogue that are compared with a word that may be wrong."""


def longest_values(terms: Sequence[str]) -> list[str]:
    """Return attribute terms without those whose value is a part of another one's.

    Example:
        >>> longest_values(["genre=science fiction", "genre=science", "genre=war"])
        ['genre=science fiction', 'genre=war']
    """
    values = [f" {' '.join(tokenize(term.partition('=')[2]))} " for term in terms]
    return [
        term
        for term, value in zip(terms, values, strict=True)
        if not any(value in other and value != other for other in values)
    ]


@dataclass(frozen=True, eq=False)
class SentenceReader:
    """Corrects typing errors, and finds the attributes that sentences ask for.

    Attributes:
        words: Words of the texts of the catalogue; None: it has none.
        values: Words of the values of its categories, and words for genres.
        phrases: Attributes by the words of their values.
        concepts: Categories by other words that ask for them.
        makers: People and publishers by a part of their names.
        nations: Countries and languages by other words for them.
        sizes: Sizes of clothes and shoes.
        han_forms: Forms of Chinese characters that the catalogue has.
        synonyms: Words of the catalogue by others for the same thing.
        text_encoder: Text model of the catalogue; None: it has none.
    """

    words: LexicalEncoder | None
    values: frozenset[str]
    phrases: PhraseMatcher
    concepts: ConceptTerms
    makers: MakerTerms
    nations: NationTerms
    sizes: SizeTerms
    han_forms: HanForms
    synonyms: Synonyms
    text_encoder: Encoder | None

    @classmethod
    def of(
        cls,
        fields: Sequence[ContentField],
        weights: tuple[LexicalEncoder | None, LexicalEncoder | None],
        text_encoder: Encoder | None,
        *,
        finds_word_forms: bool,
    ) -> "SentenceReader":
        """Return the reader of a catalogue.

        Args:
            fields: Columns of the catalogue.
            weights: Encoders of its words and of its attribute terms ``name=value``.
            text_encoder: Its text model.
            finds_word_forms: See :class:`.PhraseMatcher`.
        """
        words, attributes = weights
        dates = {field.name for field in fields if field.role == "date"}
        categories = {field.name for field in fields if field.role == "category"}
        known = (
            zip(attributes.terms, np.exp(-attributes.idf), strict=True) if attributes else ()
        )
        terms = {term: n for term, n in known if term.partition("=")[0] in categories}
        values = {word for term in terms for word in tokenize(term.partition("=")[2])}
        return cls(
            words,
            frozenset(values | set(concept_vocabulary())),
            PhraseMatcher(
                attributes.terms if attributes else (),
                categories | dates,
                finds_word_forms=finds_word_forms,
            ),
            ConceptTerms.of(terms),
            MakerTerms.of(terms, words),
            NationTerms.of(terms),
            SizeTerms.of(terms),
            HanForms.of(_word_shares(words) | terms),
            Synonyms(_all_word_shares(words, terms)),
            text_encoder,
        )

    def correct(
        self,
        texts: Iterable[str],
        *,
        is_made: bool = False,
        foreign: Mapping[int, frozenset[str]] | None = None,
    ) -> list[str]:
        """Return texts without typing errors, in the words and characters of the catalogue.

        See :class:`.Synonyms` and :func:`.correct_spelling`.

        Args:
            texts: Texts of people.
            is_made: Whether they are made of words of the catalogue, which are right.
            foreign: Words of another language than English, by position of the text.
        """
        if is_made:
            return list(texts)
        told = foreign or {}
        fitted = map(self.han_forms.fit_text, texts)
        texts = [
            join_words(self.synonyms.say(text, is_foreign=row in told), self._share)
            for row, text in enumerate(fitted)
        ]
        return [correct_spelling(text, self.is_known, self._candidates) for text in texts]

    def read(
        self, texts: Sequence[str], n_ruled_out: int = 0, *, are_titles: bool = False
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return the words and the attribute terms of corrected texts.

        Words that name a value, and that no text of the catalogue has in a similar form, are
        not among the words: they would resemble others by chance.

        Args:
            texts: Corrected texts.
            n_ruled_out: Number of the last texts that say what is unwanted: "no science
                fiction" rules out neither science nor fiction.
            are_titles: Whether texts may be titles, of which "funny" is a word.
        """
        words = tokenize_all(texts)
        terms = self.find_terms(texts, words, n_ruled_out)
        first = len(texts) - n_ruled_out
        terms[first:] = [longest_values(self.nations.narrow(one)) for one in terms[first:]]
        asked = [_after_by(row) for row in words]
        asked = asked if are_titles else [self._without_moods(row) for row in asked]
        asked = self._without_values(asked, terms)
        wanted = [self._with_related(row) for row in asked[:first]]
        return [split_unspaced_words(row) for row in (*wanted, *asked[first:])], terms

    def word_rows(
        self, texts: Sequence[str], words: Sequence[Sequence[str]], n_ruled_out: int = 0
    ) -> Sparse:
        """Return (n_texts, n_words) rows of words and their forms; names have no other forms.

        None where the catalogue has no words.

        Of films by *Christopher*, none is about *Christ*.

        Args:
            texts: Corrected texts.
            words: Words of each; see :meth:`read`.
            n_ruled_out: Number of the last texts that say what is unwanted.
        """
        if self.words is None:
            return None
        names = [_words_after_by(text) for text in texts]
        parts, places = [], []
        for exact in dict.fromkeys(names or [frozenset()]):
            rows = [row for row, own in enumerate(names) if own == exact]
            asked = [words[row] for row in rows]
            parts.append(
                self.words.transform_with_forms(
                    asked,
                    min_similarity=MIN_SAID_FORM_SIMILARITY,
                    exact=exact,
                    inflects=True,
                    min_unknown=self._min_similarities(asked),
                )
            )
            places += rows
        whole = (
            parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts))[np.argsort(places)]
        )
        asked = [*words[: len(words) - n_ruled_out], *([] for _ in range(n_ruled_out))]
        related = [related_words(self._rare(row)) for row in asked]
        if not any(related):
            return whole
        others = self.words.transform_with_forms(related, inflects=True)
        return sp.csr_array(whole + np.float32(RELATED_SHARE) * others)

    def _rare(self, words: Iterable[str]) -> list[str]:
        """Return words that fewer items have than a list needs."""
        return [word for word in words if self._items_per_share * self._share(word) < MIN_ITEMS]

    def _share(self, word: str) -> float:
        """Return the share of items that have a word in singular or plural, at most."""
        shares = self.synonyms.shares
        return sum(shares.get(one, 0.0) for one in (word, *inflections(word)))

    def _with_related(self, words: Sequence[str]) -> list[str]:
        """Return words with what belongs to an occasion in place of one that no item has."""
        found: list[str] = []
        for word in words:
            others = [] if self._share(word) else related_words([word])
            found += [other for other in others if self._share(other)] or [word]
        return found

    @cached_property
    def _items_per_share(self) -> float:
        """Number of items by relative number, if some word is in one of them only."""
        idf = self.words.idf if self.words is not None else np.zeros(0)
        return 2 * float(np.exp(np.max(idf, initial=1.0)))

    def _min_similarities(self, texts: Sequence[Sequence[str]]) -> dict[str, float]:
        """Return the smallest similarity with which words that a text model knows are forms.

        What *teacher* means is known; it is no form of *tea*.
        """
        encoder = self.text_encoder
        if encoder is None:
            return {}
        words = dict.fromkeys(chain.from_iterable(texts))
        return {word: MIN_SAID_FORM_SIMILARITY for word in words if encoder.knows(word)}

    def _without_moods(self, words: list[str]) -> list[str]:
        """Return words without "funny" and the like where the catalogue has comedies.

        *Funny Games* is none.
        """
        return [word for word in words if word not in MOODS or not self.concepts.find(word)]

    def _without_values(
        self, texts: Sequence[list[str]], terms: Sequence[Sequence[str]]
    ) -> list[list[str]]:
        """Return the words of texts without those of their values that only values have."""
        if self.words is None:
            return list(texts)
        named = [
            {word for term in found for word in tokenize(term.partition("=")[2])}
            for found in terms
        ]
        known = self.words.columns
        asked = [
            word for word in dict.fromkeys(chain.from_iterable(named)) if word not in known
        ]
        shares = self.words.known_shares([[word] for word in asked], min_similarity=MIN_FORM)
        only = {word for word, share in zip(asked, shares.tolist(), strict=True) if not share}
        return [
            [word for word in row if word not in only or word not in own]
            for row, own in zip(texts, named, strict=True)
        ]

    def drop_unknown_languages(
        self,
        words: list[list[str]],
        terms: Sequence[Sequence[str]],
        foreign: Mapping[int, frozenset[str]],
    ) -> tuple[list[list[str]], frozenset[int]]:
        """Return the words of texts, and the texts in a language that nothing here knows.

        Of these, only words that the catalogue has in this form are left.

        Args:
            words: Words of each text.
            terms: Attribute terms of each.
            foreign: Words of another language than English, by position of the text.
        """
        if self.words is None or not foreign or not self._knows_english_only:
            return words, frozenset()
        known, unread = self.words.columns, set()
        for row, said in foreign.items():
            own = [word for word in words[row] if word in known]
            is_known = 3 * len(own) >= len(words[row]) > 0
            if not terms[row] and not is_known and is_unknown_language(said, known):
                unread.add(row)
                words[row] = own
        return words, frozenset(unread)

    def readable(self, texts: Sequence[str], unread: Collection[int]) -> list[str]:
        """Return texts, empty where the text model has not learned their script or language.

        Vectors of these would say nothing.

        Args:
            texts: Corrected texts.
            unread: Positions of those in a language that it has not learned.
        """
        if self.text_encoder is None:
            return list(texts)
        reads = self.text_encoder.reads
        told = (row not in unread and reads(text) for row, text in enumerate(texts))
        return [text if is_read else "" for text, is_read in zip(texts, told, strict=True)]

    @cached_property
    def _knows_english_only(self) -> bool:
        return self.text_encoder is not None and knows_english_only(self.text_encoder)

    def find_terms(
        self, texts: Sequence[str], words: Sequence[Sequence[str]], n_ruled_out: int = 0
    ) -> list[list[str]]:
        """Return the attribute terms that texts ask for, by their values or in other words.

        Args:
            texts: Corrected texts.
            words: Words of each.
            n_ruled_out: Number of the last texts that say what is unwanted.
        """
        found = self.phrases.find_terms_of_all(words)
        first = len(texts) - n_ruled_out
        return [
            list(
                dict.fromkeys(
                    [
                        *named,
                        *self.makers.find(own, named),
                        *self.concepts.find(text, named, is_ruled_out=row >= first),
                        *self.nations.find(text),
                        *self.sizes.find(text),
                    ]
                )
            )
            for row, (text, own, named) in enumerate(zip(texts, words, found, strict=True))
        ]

    def is_known(self, word: str) -> bool:
        """Return whether the catalogue or its text model knows a word in lower case.

        A catalogue with "candy" knows "candies", which are no candles.
        """
        known = self.words.columns if self.words is not None else {}
        if word in self.values or any(one in known for one in (word, *inflections(word))):
            return True
        return self.text_encoder is not None and self.text_encoder.knows(word)

    def _candidates(self, asked: Sequence[str]) -> list[list[str]]:
        similar: list[list[str]] = [[] for _ in asked]
        if self.words is not None and len(self.words):
            similar = self.words.similar_terms(asked, MAX_CANDIDATES)
        return [
            [*found, *sorted(word for word in self.values if word[0] == one[0])]
            for one, found in zip(asked, similar, strict=True)
        ]


def _word_shares(words: LexicalEncoder | None) -> dict[str, float]:
    """Return the relative numbers of items of words."""
    if words is None:
        return {}
    return dict(zip(words.terms, np.exp(-words.idf).tolist(), strict=True))


def _all_word_shares(
    words: LexicalEncoder | None, terms: Mapping[str, float]
) -> dict[str, float]:
    """Return the relative numbers of items of words, in texts or in values of categories."""
    found = _word_shares(words)
    for term, share in terms.items():
        for word in tokenize(term.partition("=")[2]):
            found[word] = max(found.get(word, 0.0), share)
    return found


def _after_by(words: list[str]) -> list[str]:
    """Return the words of a text that begins with "by" without it."""
    return words[1:] if len(words) > 1 and words[0] in BY_WORDS else words


def _words_after_by(text: str) -> frozenset[str]:
    words = tokenize(text)
    start = next((place for place, word in enumerate(words) if word in BY_WORDS), len(words))
    return frozenset(words[start + 1 : start + 1 + MAX_NAME_WORDS])
