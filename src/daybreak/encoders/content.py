"""Content of items as vectors: words, attributes and the vectors of a text encoder."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, ContentBlock
from daybreak.data.fields import ContentField, FieldRole, TextColumns, infer_fields
from daybreak.data.markup import strip_markup
from daybreak.encoders.attributes import TERM_ROLES, AttributeTerms
from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.column_weights import (
    ColumnRows,
    combine_columns,
    learn_column_weights,
    prior_column_weights,
    split_attributes,
)
from daybreak.encoders.content_files import read_content, write_content
from daybreak.encoders.item_meaning import (
    CentredTextEncoder,
    has_two_parts,
    item_texts,
    text_sources,
    text_vectors,
)
from daybreak.encoders.item_words import join_columns, tokenize_text_columns
from daybreak.encoders.lexical import LexicalEncoder, count_terms
from daybreak.encoders.media.blocks import MediaContent, PictureBlock
from daybreak.encoders.sentence_reader import SentenceReader
from daybreak.encoders.title_years import TITLE_COLUMN, TitleYears
from daybreak.errors import ConfigError
from daybreak.types import Floats, Mask, Rows, Sparse

WORDS, ATTRIBUTES, MEANING = "words", "attributes", "meaning"
MIN_ITEMS_PER_WORD, MIN_ITEMS_PER_VALUE = 1, 2
"""Items that a word or an attribute value must have in a large catalogue.

Somebody may ask for a word of one item; on simulated new items of four catalogues such words
improved NDCG@10 by 0 to 2 %, since they lower the similarity of items with much text of their
own. Values of one item made it 3 % worse in one catalogue."""
MAX_TERMS_FOR_ITEM_FORMS = 4_000
"""Words of a catalogue up to which the words of items also count as their other forms.

On simulated new items this was worth up to 0.5 % NDCG@10 in a catalogue with 2,000 words and
nothing in larger ones, where it takes seconds."""
MIN_ITEM_FORM_SIMILARITY = 0.75
"""Smallest similarity of a word of an item and other forms that it counts as."""
MIN_KNOWN_SHARE = 1 / 3
"""Share of known words of a sentence from which its words count in full, where there is a text
model. Of ten German sentences about an English gift shop, 50 % of the items were on the topic
with it and 7 % without; nothing changed for English and Chinese ones."""
N_NUMBER_BINS = 10
"""Ranges per numeric attribute."""


@dataclass(frozen=True, eq=False)
class ContentEncoder:
    """Encodes items as blocks of unit rows: ``words``, ``attributes``, ``meaning``.

    Fitting determines the blocks and their order; a block without any content in the catalogue
    is left out. New columns are ignored, missing columns count as empty.

    Example:
        >>> shop = pl.DataFrame({"item_id": ["1", "2", "3"],
        ...                      "title": ["Green tea", "Black tea", "Rum"],
        ...                      "tags": ["hot", "hot|strong", "strong"]})
        >>> content, blocks = ContentEncoder.fit_transform(shop)
        >>> [(block.name, block.matrix.shape) for block in blocks]
        [('words', (3, 4)), ('attributes', (3, 2))]
        >>> [(t, round(n, 3)) for t, n in content.shared_terms(blocks, 0, blocks, 1, top=2)]
        [('tags=hot', 0.707), ('tea', 0.366)]
        >>> content.texts(["something strong"])[1].matrix.toarray()
        array([[0., 1.]], dtype=float32)
    """

    attributes: AttributeTerms
    """Roles of the columns and ranges of the numbers."""
    word_weights: LexicalEncoder | None
    attribute_weights: LexicalEncoder | None
    meaning: CentredTextEncoder | None
    block_weights: Mapping[str, float] = field(default_factory=dict)
    """Learned weight of each block in the similarity of items; others have the prior weight."""
    column_weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of each column of the blocks ``words`` and ``attributes``; empty in earlier
    releases, where the words of all columns count alike."""
    finds_word_forms: bool = True
    """Whether unknown words count as known words they resemble; False in earlier releases."""
    media: MediaContent = field(default_factory=MediaContent)
    """Blocks of pictures and sounds."""
    title_years: TitleYears = field(default_factory=TitleYears)
    """How years behind titles are read; earlier releases leave them in the title."""
    _parts: dict[frozenset[str], "ContentEncoder"] = field(
        default_factory=dict, init=False, repr=False
    )
    """Results of :meth:`of_blocks`."""

    @classmethod
    def fit(
        cls,
        items: pl.DataFrame,
        text_encoder: Encoder | None = None,
        overrides: Mapping[str, FieldRole] | None = None,
        *,
        progress: Progress | None = None,
    ) -> "ContentEncoder":
        """Fit the roles of columns, the weights of words and values, and the mean text vector.

        Args:
            items: Catalogue with ``item_id``; it may be empty.
            text_encoder: Encoder of the block ``meaning``; default: no such block.
            overrides: Role by column; default: inferred from the values.
            progress: Callback of the text encoder, see :data:`.Progress`.

        Raises:
            ConfigError: An override names a missing column or an unknown role.
        """
        return cls.fit_transform(items, text_encoder, overrides, progress=progress)[0]

    @classmethod
    def fit_transform(
        cls,
        items: pl.DataFrame,
        text_encoder: Encoder | None = None,
        overrides: Mapping[str, FieldRole] | None = None,
        *,
        progress: Progress | None = None,
        interactions: Sparse = None,
    ) -> "tuple[ContentEncoder, tuple[ContentBlock, ...]]":
        """Return the result of :meth:`fit` and of :meth:`transform` on the same items.

        Args:
            items: As for :meth:`fit`.
            text_encoder: As for :meth:`fit`.
            overrides: As for :meth:`fit`.
            progress: As for :meth:`fit`.
            interactions: (n_users, n_items) CSR of ones from which the weights of columns are
                learned; default: the prior weights, see :mod:`.column_weights`.

        Raises:
            ConfigError: As for :meth:`fit`.
        """
        years = TitleYears.find(items)
        columns = TextColumns.of(years.split(items))
        attributes = AttributeTerms.fit(
            columns, infer_fields(columns, "item_id", overrides), bins=N_NUMBER_BINS
        )
        words = tokenize_text_columns(attributes.fields, columns)
        terms = attributes.terms(columns)
        word_weights = _fit_lexical(join_columns(words, len(columns)), MIN_ITEMS_PER_WORD)
        attribute_weights = _fit_lexical(terms, MIN_ITEMS_PER_VALUE)
        meaning = rows = None
        separate = has_two_parts(attributes.fields, columns)
        texts = item_texts(attributes.fields, columns, separate_title=separate)
        if text_encoder is not None and any(texts):
            meaning, rows = CentredTextEncoder.fit_transform(text_encoder, texts, progress)
        media = MediaContent.fit(attributes.fields, columns, text_encoder)
        weights = word_weights, attribute_weights
        fitted = cls(attributes, *weights, meaning, media=media, title_years=years)
        dense = {MEANING: rows} if rows is not None else {}
        dense |= media.transform(columns)
        return fitted._weigh_columns(words, terms, dense, interactions)

    def transform(
        self,
        items: pl.DataFrame,
        *,
        progress: Progress | None = None,
        known: Mapping[str, Floats] | None = None,
    ) -> tuple[ContentBlock, ...]:
        """Return the blocks of items, (n_items, dim) each.

        Args:
            items: Items, with the columns of :meth:`fit`.
            progress: Callback of the text encoder, see :data:`.Progress`.
            known: Rows of the block ``meaning`` by text; these are not encoded again.
        """
        fields, columns = self.attributes.fields, TextColumns.of(self.title_years.split(items))
        words = tokenize_text_columns(fields, columns) if self.word_weights else {}
        terms = self.attributes.terms(columns)
        dense = {}
        if self.meaning is not None:
            texts = self._texts_of(columns)
            dense[MEANING] = text_vectors(self.meaning, texts, progress, known or {})
        dense |= self.media.transform(columns)
        if self.column_weights:
            return self._combine(
                self._word_columns(words, len(columns)),
                self._attribute_columns(terms),
                dense,
            )
        blocks = list(self._lexical_blocks(join_columns(words, len(columns)), terms))
        return (*blocks, *(self._block(name, rows) for name, rows in dense.items()))

    def texts(
        self,
        sentences: Sequence[str],
        *,
        is_stored: bool = False,
        n_ruled_out: int = 0,
        are_titles: bool = False,
        needs_model: bool = True,
        foreign: Mapping[int, frozenset[str]] | None = None,
    ) -> tuple[ContentBlock, ...]:
        """Return the blocks of free text; it has the attributes whose values it contains.

        Args:
            sentences: Texts, as a rule of people.
            is_stored: Whether their vectors may be stored: they are made of the catalogue.
            n_ruled_out: Number of the last texts that say what is unwanted.
            are_titles: Whether they may be titles; see :meth:`.SentenceReader.read`.
            needs_model: Whether the blocks of models are needed as well; otherwise only those
                of words and attributes, the first ones, are returned.
            foreign: Words of another language than English that texts had, by position.
        """
        reader = self._sentence_reader
        stripped = map(strip_markup, sentences)
        sentences = reader.correct(stripped, is_made=is_stored, foreign=foreign)
        words, terms = reader.read(sentences, n_ruled_out, are_titles=are_titles)
        words, unread = reader.drop_unknown_languages(words, terms, foreign or {})
        rows = (
            reader.word_rows(sentences, words, n_ruled_out) if self.finds_word_forms else None
        )
        blocks = self._weigh_words_by_coverage(self._lexical_blocks(words, terms, rows), words)
        if not needs_model:
            return tuple(blocks)
        if self.meaning is not None:
            read = reader.readable(sentences, unread)
            encode = self.meaning.transform if is_stored else self.meaning.transform_unstored
            blocks.append(self._block(MEANING, encode(read)))
        for one in self.media.blocks:
            blocks.append(self._block(one.name, one.encode_sentences(sentences)))
        return tuple(blocks)

    def pictures(self, pictures: Sequence[str]) -> tuple[ContentBlock, ...]:
        """Return the blocks of pictures: of their own block, and of what they show in words.

        Args:
            pictures: Pictures as items keep them, see :func:`.keep_picture`.

        Raises:
            ConfigError: The catalogue has no pictures.
        """
        block = next((one for one in self.media.blocks if isinstance(one, PictureBlock)), None)
        if block is None:
            raise ConfigError("the model was trained without pictures")
        nothing: list[list[str]] = [[]] * len(pictures)
        dense = {block.name: block.transform(pictures)}
        if self.meaning is not None:
            words = block.describe_in_words(pictures)
            dense[MEANING] = self.meaning.centre_vectors(words, len(pictures))
        for other in self.media.blocks:
            dense.setdefault(other.name, other.transform([None] * len(pictures)))
        blocks = list(self._lexical_blocks(nothing, nothing))
        order = [name for name in self.names if name in dense]
        return (*blocks, *(self._block(name, dense[name]) for name in order))

    def item_texts(self, items: pl.DataFrame | TextColumns) -> list[str]:
        """Return the texts of items as the text encoder of the block ``meaning`` reads them."""
        return self._texts_of(self.title_years.split(items))

    def _texts_of(self, columns: pl.DataFrame | TextColumns) -> list[str]:
        """Return the texts of items whose titles have been split from their years."""
        separate = self.meaning is not None and self.meaning.n_parts > 1
        return item_texts(self.attributes.fields, columns, separate_title=separate)

    def shared_terms(
        self, a: Sequence[ContentBlock], i: int, b: Sequence[ContentBlock], j: int, top: int = 5
    ) -> list[tuple[str, float]]:
        """Return the terms that two rows share, with their shares, largest first.

        The shares of all terms add up to the cosine of the words plus that of the attributes.

        Args:
            a: Blocks of the first row.
            i: Number of the first row.
            b: Blocks of the second row.
            j: Number of the second row.
            top: Maximum number of terms.
        """
        shared: list[tuple[str, float]] = []
        for name, weights in self._weights:
            product = _block_row(a, name, i).multiply(_block_row(b, name, j)).tocoo()
            shared += [
                (weights.terms[column], float(share))
                for column, share in zip(product.coords[1], product.data, strict=True)
            ]
        return sorted(shared, key=lambda pair: (-pair[1], pair[0]))[:top]

    def describe(self) -> pl.DataFrame:
        """Return the use of each column: column, role, separator, blocks, why."""
        rows = [
            (
                field.name,
                field.role,
                field.separator,
                self._describe_blocks(field),
                field.reason,
            )
            for field in self.attributes.fields
        ]
        names = ["column", "role", "separator", "blocks", "why"]
        return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")

    def save(self, folder: Path) -> None:
        """Write ``content.json`` and ``content.safetensors``, without the text encoder."""
        weights = (self.word_weights, self.attribute_weights)
        options: dict[str, Any] = {"finds_word_forms": self.finds_word_forms}
        options["block_weights"] = dict(self.block_weights)
        options["column_weights"] = dict(self.column_weights)
        options["title_years"] = asdict(self.title_years) if self.title_years.are_read else {}
        write_content(folder, self.attributes, weights, self.meaning, options)
        self.media.save(folder)

    @classmethod
    def load(cls, folder: Path, text_encoder: Encoder | None = None) -> "ContentEncoder":
        """Read what :meth:`save` wrote.

        Args:
            folder: Folder of the files.
            text_encoder: Text encoder of the fit; default: fitted without one.

        Raises:
            NotFoundError: The folder has no saved content encoder.
            DataError: The files are damaged or of another version.
            ConfigError: The text encoder is missing or another one.
        """
        attributes, weights, meaning, options = read_content(folder, text_encoder)
        return cls(
            attributes,
            *weights,
            meaning,
            options.get("block_weights", {}),
            options.get("column_weights", {}),
            options.get("finds_word_forms", False),
            MediaContent.load(folder, text_encoder),
            TitleYears(**options.get("title_years", {})),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the blocks, in their order."""
        dense = [MEANING] if self.meaning else []
        dense += [block.name for block in self.media.blocks]
        return (*(name for name, _ in self._weights), *dense)

    @property
    def block_terms(self) -> dict[str, tuple[str, ...]]:
        """Names of the columns of the blocks that have terms, by block."""
        return {name: weights.terms for name, weights in self._weights}

    @property
    def _weights(self) -> list[tuple[str, LexicalEncoder]]:
        pairs = ((WORDS, self.word_weights), (ATTRIBUTES, self.attribute_weights))
        return [(name, weights) for name, weights in pairs if weights is not None]

    def _weigh_columns(
        self,
        words: Mapping[str, list[list[str]]],
        terms: Sequence[Sequence[str]],
        dense: Mapping[str, Floats],
        interactions: Sparse,
    ) -> "tuple[ContentEncoder, tuple[ContentBlock, ...]]":
        """Return the encoder with weights of its columns and blocks, and the blocks."""
        word_rows = self._word_columns(words, len(terms))
        attribute_rows = self._attribute_columns(terms)
        weights = prior_column_weights(self.attributes.fields)
        rows: dict[str, Any] = {**word_rows, **attribute_rows}
        for name, vectors in dense.items():
            rows[f"\0{name}"] = vectors
            weights[f"\0{name}"] = BLOCK_SIMILARITY_WEIGHTS[name]
        if interactions is not None:
            optional = [f"\0{block.name}" for block in self.media.blocks]
            weights = learn_column_weights(rows, weights, sp.csr_array(interactions), optional)
        by_block = {
            WORDS: sum(weights[name] for name in word_rows),
            ATTRIBUTES: sum(weights[name] for name in attribute_rows),
            **{name: weights.pop(f"\0{name}") for name in dense},
        }
        block_weights = {name: by_block[name] for name in self.names}
        fitted = replace(self, column_weights=weights, block_weights=block_weights)
        return fitted, fitted._combine(word_rows, attribute_rows, dense)

    def _combine(
        self, word_rows: ColumnRows, attribute_rows: ColumnRows, dense: Mapping[str, Floats]
    ) -> tuple[ContentBlock, ...]:
        """Return the blocks of the rows of all columns."""
        blocks = []
        if self.word_weights is not None:
            blocks.append(self._block(WORDS, combine_columns(word_rows, self.column_weights)))
        if self.attribute_weights is not None:
            rows = combine_columns(attribute_rows, self.column_weights)
            blocks.append(self._block(ATTRIBUTES, rows))
        return (*blocks, *(self._block(name, rows) for name, rows in dense.items()))

    def _word_columns(self, words: Mapping[str, list[list[str]]], n: int) -> ColumnRows:
        """Return the (n_items, n_words) unit rows of each text column."""
        if self.word_weights is None:
            return {}
        names = [f.name for f in self.attributes.fields if f.role == "text"]
        nothing: list[list[str]] = [[]] * n
        return {
            name: self._word_rows(self.word_weights, words.get(name, nothing)) for name in names
        }

    def _attribute_columns(self, terms: Sequence[Sequence[str]]) -> ColumnRows:
        """Return the (n_items, n_terms) rows of each attribute."""
        weights = self.attribute_weights
        if weights is None:
            return {}
        names, column_of_term = self._columns_of_terms
        counts = count_terms(terms, weights.columns)
        return split_attributes(counts, weights.idf, column_of_term, names)

    @cached_property
    def _columns_of_terms(self) -> tuple[list[str], Rows]:
        """Attributes with terms, and for each term the position of its attribute."""
        names = [f.name for f in self.attributes.fields if f.role in TERM_ROLES]
        found: dict[str, int] = {}
        columns = []
        for term in self.attribute_weights.terms if self.attribute_weights else ():
            name = term.partition("=")[0]
            if name not in names:  # the name of the attribute contains "="
                name = next(known for known in names if term.startswith(f"{known}="))
            columns.append(found.setdefault(name, len(found)))
        return list(found), np.array(columns, dtype=np.int64)

    def _lexical_blocks(
        self,
        words: Sequence[Sequence[str]],
        found: Sequence[Sequence[str]],
        said: Sparse = None,
    ) -> Iterator[ContentBlock]:
        if self.word_weights is not None:
            rows = self._word_rows(self.word_weights, words) if said is None else said
            yield self._block(WORDS, rows)
        if self.attribute_weights is not None:
            rows = self.attribute_weights.transform(found)
            if self.column_weights:
                rows = combine_columns(self._attribute_columns(found), self.column_weights)
            yield self._block(ATTRIBUTES, rows)

    def _weigh_words_by_coverage(
        self, blocks: Iterable[ContentBlock], words: Sequence[Sequence[str]]
    ) -> list[ContentBlock]:
        """Return blocks in which words count less where hardly any is known.

        A sentence in another language resembles words that it has nothing to do with; what the
        text model, if there is one, says of it is then worth more.
        """
        if self.word_weights is None or self.meaning is None:
            return list(blocks)
        shares = self.word_weights.known_shares(words, min_similarity=MIN_ITEM_FORM_SIMILARITY)
        scale = sp.diags_array(np.minimum(1, shares / MIN_KNOWN_SHARE).astype(np.float32))
        return [
            replace(block, matrix=sp.csr_array(scale @ block.matrix))
            if block.name == WORDS
            else block
            for block in blocks
        ]

    def _word_rows(self, weights: LexicalEncoder, words: Sequence[Sequence[str]]) -> Sparse:
        """Return the rows of the block ``words``; see :data:`MAX_TERMS_FOR_ITEM_FORMS`."""
        if not self.finds_word_forms:
            return weights.transform(words)
        is_small = len(weights) <= MAX_TERMS_FOR_ITEM_FORMS
        return weights.transform_with_forms(
            words, min_similarity=MIN_ITEM_FORM_SIMILARITY if is_small else 1.0
        )

    def _block(self, name: str, rows: Sparse | Floats) -> ContentBlock:
        quantities = self._quantities.get(name)
        return ContentBlock(name, rows, self.block_weights.get(name), quantities)

    def of_blocks(self, names: Collection[str]) -> "ContentEncoder":
        """Return the encoder of some blocks of items; its other blocks are left out.

        Args:
            names: Names of the blocks.
        """
        key = frozenset(names)
        if key not in self._parts:
            self._parts[key] = replace(
                self,
                word_weights=self.word_weights if WORDS in key else None,
                attribute_weights=self.attribute_weights if ATTRIBUTES in key else None,
                meaning=self.meaning if MEANING in key else None,
                media=MediaContent(tuple(b for b in self.media.blocks if b.name in key)),
            )
        return self._parts[key]

    def sources(self, name: str) -> list[str]:
        """Return the columns of items that a block is made of.

        Args:
            name: Name of the block.

        Example:
            >>> shop = pl.DataFrame({"item_id": ["1", "2"], "title": ["Green tea", "Rum"],
            ...                      "price": [2.5, 9.0], "url": ["https://a", "https://b"]})
            >>> content = ContentEncoder.fit(shop)
            >>> {name: content.sources(name) for name in content.names}
            {'words': ['title'], 'attributes': ['price']}
        """
        fields = self.attributes.fields
        if name in (WORDS, MEANING):
            return text_sources(fields)
        if name == ATTRIBUTES:
            years = [TITLE_COLUMN] if self.title_years.as_column else []
            return [field.name for field in fields if field.role in TERM_ROLES] + years
        return [block.column for block in self.media.blocks if block.name == name]

    @cached_property
    def _quantities(self) -> dict[str, Mask]:
        """(n_terms,) terms that are numbers, ranges of numbers or dates, by block."""
        fields = self.attributes.fields
        names = {field.name for field in fields if field.role in {"number", "date"}}
        return {
            block: np.array(
                [
                    term.partition("=")[0] in names or term.rpartition("=")[2].isdecimal()
                    for term in weights.terms
                ],
                dtype=bool,
            )
            for block, weights in self._weights
        }

    @cached_property
    def _sentence_reader(self) -> SentenceReader:
        return SentenceReader.of(
            self.attributes.fields,
            (self.word_weights, self.attribute_weights),
            self.meaning.encoder if self.meaning else None,
            finds_word_forms=self.finds_word_forms,
        )

    def _describe_blocks(self, field: ContentField) -> str:
        others = {"ignore": (), "picture": ("picture",), "sound": ("sound",)}
        blocks = {**others, "text": (WORDS, MEANING)}.get(field.role, (ATTRIBUTES,))
        return ", ".join(name for name in blocks if name in self.names)


def _fit_lexical(
    documents: Sequence[Sequence[str]], min_documents: int
) -> LexicalEncoder | None:
    weights = LexicalEncoder.fit(documents, min_documents=min_documents)
    return weights if len(weights) else None


def _block_row(blocks: Sequence[ContentBlock], name: str, row: int) -> Sparse:
    return next(block.matrix for block in blocks if block.name == name)[[row]]
