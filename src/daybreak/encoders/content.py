"""Items, or sentences about items, as the blocks that models compare them by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from daybreak.data.fields import Field, FieldRole, infer_fields
from daybreak.data.items import Block
from daybreak.data.measures import cells
from daybreak.encoders.attributes import Attributes
from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.content_files import read_content, write_content
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.encoders.meaning import Meaning
from daybreak.encoders.phrases import Phrases
from daybreak.encoders.tokens import token_lists
from daybreak.types import Floats, Sparse

WORDS, ATTRIBUTES, MEANING = "words", "attributes", "meaning"
BINS = 10
"""Ranges that a number of an item is cut into."""
LONGEST_TEXT = 1000
"""Characters of an item that the text model reads; what matters comes first."""


@dataclass(frozen=True, eq=False)
class ContentEncoder:
    """Columns of items to blocks of unit rows: ``words``, ``attributes``, ``meaning``.

    A block that the catalogue it was fitted on says nothing about is left out; after that the
    blocks are always the same, in the same order, whatever is asked. Columns that were not
    there when it was fitted are ignored, columns that are missing count as empty.

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

    attributes: Attributes
    """Every column and its role, and the ranges of numbers."""
    word_weights: LexicalEncoder | None
    attribute_weights: LexicalEncoder | None
    meaning: Meaning | None

    @classmethod
    def fit(
        cls,
        items: pl.DataFrame,
        text_encoder: Encoder | None = None,
        overrides: Mapping[str, FieldRole] | None = None,
        *,
        progress: Progress | None = None,
    ) -> "ContentEncoder":
        """Learn the roles of columns, the weights of words and values, and the mean meaning.

        Args:
            items: The catalogue, with ``item_id``; it may be empty.
            text_encoder: Gives the block ``meaning``; None: there is none.
            overrides: Roles by column, which win over what the values look like.
            progress: Called with (texts done, texts in all) while the text encoder works.

        Raises:
            ConfigError: An override names a column that is not there, or an unknown role.
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
    ) -> "tuple[ContentEncoder, tuple[Block, ...]]":
        """Do :meth:`fit` and :meth:`transform` of the same items, reading their text once."""
        attributes = Attributes.fit(items, infer_fields(items, "item_id", overrides), bins=BINS)
        words, found = _words(attributes.fields, items), attributes.terms(items)
        word_weights, attribute_weights = _weights(words), _weights(found)
        meaning = rows = None
        texts = item_texts(attributes.fields, items)
        if text_encoder is not None and any(texts):
            meaning, rows = Meaning.fit_rows(text_encoder, texts, progress)
        fitted = cls(attributes, word_weights, attribute_weights, meaning)
        blocks = list(fitted._lexical(words, found))
        return fitted, (*blocks, *([] if rows is None else [Block(MEANING, rows)]))

    def transform(
        self,
        items: pl.DataFrame,
        *,
        progress: Progress | None = None,
        known: Mapping[str, Floats] | None = None,
    ) -> tuple[Block, ...]:
        """Return the blocks of items, new or known, (n_items, dim) each.

        Args:
            items: Their columns.
            progress: Called with (texts done, texts in all) while the text model works.
            known: Rows of the block ``meaning`` by text: these are not encoded again.
        """
        fields = self.attributes.fields
        words = _words(fields, items) if self.word_weights else []
        blocks = list(self._lexical(words, self.attributes.terms(items)))
        if self.meaning is not None:
            rows = _meant(self.meaning, item_texts(fields, items), progress, known or {})
            blocks.append(Block(MEANING, rows))
        return tuple(blocks)

    def texts(self, sentences: Sequence[str]) -> tuple[Block, ...]:
        """Return the same blocks for free text; it has the attributes whose value it names."""
        words = token_lists(sentences)
        found = [self._phrases.terms_in(row) for row in words]
        blocks = list(self._lexical(words, found))
        if self.meaning is not None:
            blocks.append(Block(MEANING, self.meaning.rows(sentences)))
        return tuple(blocks)

    def shared_terms(
        self, a: Sequence[Block], i: int, b: Sequence[Block], j: int, top: int = 5
    ) -> list[tuple[str, float]]:
        """Return what row ``i`` of ``a`` and row ``j`` of ``b`` have in common, most first.

        The numbers of all terms add up to the cosine of the words plus that of the attributes.
        """
        shared: list[tuple[str, float]] = []
        for name, weights in self._weights:
            product = _row(a, name, i).multiply(_row(b, name, j)).tocoo()
            shared += [
                (weights.terms[column], float(share))
                for column, share in zip(product.coords[1], product.data, strict=True)
            ]
        return sorted(shared, key=lambda pair: (-pair[1], pair[0]))[:top]

    def describe(self) -> pl.DataFrame:
        """Return what each column became: column, role, separator, blocks, why."""
        rows = [
            (field.name, field.role, field.separator, self._blocks_of(field), field.why)
            for field in self.attributes.fields
        ]
        names = ["column", "role", "separator", "blocks", "why"]
        return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")

    def save(self, folder: Path) -> None:
        """Write ``content.json`` and ``content.safetensors``; not the text encoder."""
        weights = (self.word_weights, self.attribute_weights)
        write_content(folder, self.attributes, weights, self.meaning)

    @classmethod
    def load(cls, folder: Path, text_encoder: Encoder | None = None) -> "ContentEncoder":
        """Read what :meth:`save` wrote.

        Args:
            folder: Where it was saved.
            text_encoder: The one it was fitted with; not needed if there was none.

        Raises:
            NotFoundError: There is nothing in the folder.
            DataError: The files are damaged, or of another version.
            ConfigError: The text encoder is missing, or is another one.
        """
        attributes, weights, meaning = read_content(folder, text_encoder)
        return cls(attributes, *weights, meaning)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the blocks, in their order."""
        return (*(name for name, _ in self._weights), *([MEANING] if self.meaning else []))

    @property
    def _weights(self) -> list[tuple[str, LexicalEncoder]]:
        pairs = ((WORDS, self.word_weights), (ATTRIBUTES, self.attribute_weights))
        return [(name, weights) for name, weights in pairs if weights is not None]

    def _lexical(
        self, words: Sequence[Sequence[str]], found: Sequence[Sequence[str]]
    ) -> Iterator[Block]:
        documents = {WORDS: words, ATTRIBUTES: found}
        for name, weights in self._weights:
            yield Block(name, weights.transform(documents[name]))

    @cached_property
    def _phrases(self) -> Phrases:
        fields = self.attributes.fields
        named = {field.name for field in fields if field.role in {"category", "date"}}
        return Phrases(self.attribute_weights.terms if self.attribute_weights else (), named)

    def _blocks_of(self, field: Field) -> str:
        mine = {"ignore": (), "text": (WORDS, MEANING)}.get(field.role, (ATTRIBUTES,))
        return ", ".join(name for name in mine if name in self.names)


def item_texts(fields: Sequence[Field], items: pl.DataFrame) -> list[str]:
    """Return what a text model reads of each item: the title first, then the other texts.

    Text that repeats is left out, and all after 1,000 characters. In a catalogue without any
    text, the categories stand in for it.

    Example:
        >>> fields = [Field("about", "text"), Field("title", "text")]
        >>> item_texts(fields, pl.DataFrame({"title": ["Rum"], "about": ["Old"]}))
        ['Rum. Old']
    """
    texts = [field for field in fields if field.role == "text"]
    read = sorted(texts, key=lambda field: not field.is_title)
    read = read or [field for field in fields if field.role == "category"]
    columns = [
        cells(items[field.name]).fill_null("").to_list()
        for field in read
        if field.name in items.columns
    ]
    rows = zip(*columns, strict=True) if columns else ((),) * items.height
    return [". ".join(dict.fromkeys(filter(None, row)))[:LONGEST_TEXT] for row in rows]


def _meant(
    meaning: Meaning,
    texts: Sequence[str],
    progress: Progress | None,
    known: Mapping[str, Floats],
) -> Floats:
    """Return (n_texts, dim) rows; those that are known are not made again."""
    new = [text for text in texts if text not in known]
    if len(new) == len(texts):
        return meaning.rows(texts, progress)
    made = dict(zip(new, meaning.rows(new, progress), strict=True)) if new else {}
    return np.stack([known[text] if text in known else made[text] for text in texts])


def _words(fields: Sequence[Field], items: pl.DataFrame) -> list[list[str]]:
    """Return the words of all text columns of each item."""
    columns = [
        token_lists(cells(items[field.name]).fill_null(""))
        for field in fields
        if field.role == "text" and field.name in items.columns
    ]
    rows = zip(*columns, strict=True) if columns else ((),) * items.height
    return [[word for words in row for word in words] for row in rows]


def _weights(documents: Sequence[Sequence[str]]) -> LexicalEncoder | None:
    weights = LexicalEncoder.fit(documents)
    return weights if len(weights) else None


def _row(blocks: Sequence[Block], name: str, row: int) -> Sparse:
    return next(block.matrix for block in blocks if block.name == name)[[row]]
