"""What a sentence means for a catalogue: words without typing errors, and attributes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.data.fields import ContentField
from daybreak.encoders.base import Encoder
from daybreak.encoders.concepts import ConceptTerms, concept_vocabulary
from daybreak.encoders.lexical import LexicalEncoder, PhraseMatcher, tokenize
from daybreak.encoders.spelling import correct_spelling

MAX_CANDIDATES = 50
"""Words of the catalogue that are compared with a word that may be wrong."""


@dataclass(frozen=True, eq=False)
class SentenceReader:
    """Corrects typing errors, and finds the attributes that sentences ask for.

    Attributes:
        words: Words of the texts of the catalogue; None: it has none.
        values: Words of the values of its categories, and words for genres.
        phrases: Attributes by the words of their values.
        concepts: Categories by other words that ask for them.
        text_encoder: Text model of the catalogue; None: it has none.
    """

    words: LexicalEncoder | None
    values: frozenset[str]
    phrases: PhraseMatcher
    concepts: ConceptTerms
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
            text_encoder,
        )

    def correct(self, texts: Iterable[str], *, is_made: bool = False) -> list[str]:
        """Return texts without typing errors; see :func:`.correct_spelling`.

        Args:
            texts: Texts of people.
            is_made: Whether they are made of words of the catalogue, which are right.
        """
        if is_made:
            return list(texts)
        return [correct_spelling(text, self.is_known, self._candidates) for text in texts]

    def find_terms(
        self, texts: Sequence[str], words: Sequence[Sequence[str]]
    ) -> list[list[str]]:
        """Return the attribute terms that texts ask for, by their values or in other words.

        Args:
            texts: Corrected texts.
            words: Words of each.
        """
        found = self.phrases.find_terms_of_all(words)
        return [
            list(dict.fromkeys([*terms, *self.concepts.find(text)]))
            for text, terms in zip(texts, found, strict=True)
        ]

    def is_known(self, word: str) -> bool:
        """Return whether the catalogue or its text model knows a word in lower case."""
        if word in self.values or (self.words is not None and word in self.words.columns):
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
