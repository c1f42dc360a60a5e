"""Vectors of a text encoder for items: the title and the other texts, each minus its mean.

A title and a description are encoded apart. A vector of both together mostly follows the longer
text, and the similarity of a title and a description says little about two items.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from daybreak.data.fields import ContentField, TextColumns
from daybreak.encoders.base import Encoder, Progress, l2_normalize
from daybreak.types import Floats

MAX_TEXT_CHARS = 1000
"""Characters of a part of an item that the text encoder reads."""
PART_SEPARATOR = "\0"
"""Between the title of an item and its other texts."""
MAX_UNREAD_SHARE = 0.5
"""Share of the texts of a catalogue in scripts that the model has not learned up to which they
have no vector. Their vectors are alike, whatever they say, and near to those of many requests;
in a catalogue of such texts only, the few characters that the model knows are all there is."""
MIN_SHARE_OF_BOTH = 0.2
"""Share of the items that must have both a title and another text for two parts."""


@dataclass(frozen=True, eq=False)
class CentredTextEncoder:
    """Vectors of a text encoder minus the mean of a catalogue, scaled to length 1.

    A general text model gives all items of a catalogue similar vectors; after subtraction of
    their mean, their cosines differ more. A text of two parts has the centred vectors of both,
    side by side; a text of one part counts as either part of others.

    Args:
        encoder: Encoder of the vectors.
        mean: (n_parts * dim,) float32 mean vectors of the fitted parts that are not blank.
        skips_unread: Whether texts in scripts that the model has not learned have rows of 0.

    Source:
        Mu and Viswanath 2018, "All-but-the-top", its first step.
    """

    encoder: Encoder
    mean: Floats
    skips_unread: bool = False

    @classmethod
    def fit_transform(
        cls, encoder: Encoder, texts: Sequence[str], progress: Progress | None = None
    ) -> "tuple[CentredTextEncoder, Floats]":
        """Fit the means; return the fitted encoder and the rows of the same texts."""
        n_parts = 2 if any(PART_SEPARATOR in text for text in texts) else 1
        skips = _has_few_unread(encoder, texts, n_parts)
        fitted = cls(encoder, np.zeros(n_parts * encoder.dim, dtype=np.float32), skips)
        parts = fitted._encode(texts, partial(encoder.encode, progress=progress))
        means = [_mean_of_filled(part) for part in parts]
        fitted = cls(encoder, np.concatenate(means).astype(np.float32), skips)
        return fitted, fitted._centre(parts)

    @property
    def n_parts(self) -> int:
        """Number of parts of a text of an item: 1 or 2."""
        return len(self.mean) // self.encoder.dim

    def transform(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """Return (n_texts, n_parts * dim) float32 unit rows; blank texts have zero rows."""
        return self._centre(
            self._encode(texts, partial(self.encoder.encode, progress=progress))
        )

    def transform_unstored(self, texts: Sequence[str]) -> Floats:
        """Return the rows of texts of people, whose vectors are not stored."""
        return self._centre(self._encode(texts, self.encoder.encode_unstored))

    def centre_vectors(self, vectors: Floats, n: int) -> Floats:
        """Return (n, n_parts * dim) rows of vectors that stand for each part of a text.

        Args:
            vectors: (n, dim) vectors in the space of the encoder; of another length: rows of 0.
            n: Number of rows.
        """
        if vectors.shape[1] != self.encoder.dim:
            return np.zeros((n, len(self.mean)), np.float32)
        return self._centre(np.stack([vectors] * self.n_parts))

    def _encode(
        self, texts: Sequence[str], encode: Callable[[Sequence[str]], Floats]
    ) -> Floats:
        """Return the (n_parts, n_texts, dim) vectors of the parts of texts."""
        split = [_split_parts(text, self.n_parts) for text in texts]
        columns = [text for part in zip(*split, strict=True) for text in part] if texts else []
        if self.skips_unread:
            columns = [text if self.encoder.reads(text) else "" for text in columns]
        distinct = list(dict.fromkeys(columns))
        row_of = {text: row for row, text in enumerate(distinct)}
        vectors = encode(distinct)
        rows = np.array([row_of[text] for text in columns], dtype=np.int64)
        return np.asarray(vectors[rows]).reshape(self.n_parts, len(texts), self.encoder.dim)

    def _centre(self, parts: Floats) -> Floats:
        means = self.mean.reshape(self.n_parts, 1, self.encoder.dim)
        filled = parts.any(axis=2, keepdims=True)
        rows = [l2_normalize(part) for part in np.where(filled, parts - means, np.float32(0))]
        return l2_normalize(np.concatenate(rows, axis=1)) if len(rows) > 1 else rows[0]


def _has_few_unread(encoder: Encoder, texts: Sequence[str], n_parts: int) -> bool:
    """Return whether some texts, not most, are in scripts that the model has not learned."""
    parts = {part for text in texts for part in _split_parts(text, n_parts) if part.strip()}
    n_unread = sum(not encoder.reads(part) for part in parts)
    return 0 < n_unread <= MAX_UNREAD_SHARE * len(parts)


def has_two_parts(fields: Sequence[ContentField], items: TextColumns) -> bool:
    """Return whether enough items have a title and another text.

    Args:
        fields: Columns of the catalogue.
        items: The catalogue.
    """
    texts = item_texts(fields, items, separate_title=True)
    has_both = [all(text.split(PART_SEPARATOR)) and PART_SEPARATOR in text for text in texts]
    return bool(has_both) and float(np.mean(has_both)) >= MIN_SHARE_OF_BOTH


def item_texts(
    fields: Sequence[ContentField],
    items: pl.DataFrame | TextColumns,
    *,
    separate_title: bool = False,
) -> list[str]:
    r"""Return the text of each item for a text encoder: the title, then the other texts.

    Repeated texts are left out, and a text ends after ``MAX_TEXT_CHARS``. In a catalogue
    without texts, the categories take their place.

    Args:
        fields: Columns of the catalogue.
        items: The items.
        separate_title: Whether ``PART_SEPARATOR`` stands between the title and the others, each
            of which may be blank.

    Example:
        >>> fields = [ContentField("about", "text"), ContentField("title", "text")]
        >>> shop = pl.DataFrame({"title": ["Rum"], "about": ["Old"]})
        >>> item_texts(fields, shop), item_texts(fields, shop, separate_title=True)
        (['Rum. Old'], ['Rum\x00Old'])
    """
    texts = [field for field in fields if field.role == "text"]
    titles = [field for field in texts if field.is_title]
    others = [field for field in texts if not field.is_title]
    texts_of = TextColumns.of(items)
    if separate_title and titles and others:
        parts = (_joined_columns(part, texts_of) for part in (titles, others))
        return [PART_SEPARATOR.join(row) for row in zip(*parts, strict=True)]
    return _joined_columns(titles + others or _categories(fields), texts_of)


def text_sources(fields: Sequence[ContentField]) -> list[str]:
    """Return the columns that the text of an item is made of.

    Example:
        >>> text_sources([ContentField("title", "text"), ContentField("brand", "category")])
        ['title']
    """
    texts = [field for field in fields if field.role == "text"]
    return [field.name for field in texts or _categories(fields)]


def _categories(fields: Sequence[ContentField]) -> list[ContentField]:
    """Return the columns that take the place of texts where there are none."""
    return [field for field in fields if field.role == "category"]


def text_vectors(
    meaning: CentredTextEncoder,
    texts: Sequence[str],
    progress: Progress | None,
    known: Mapping[str, Floats],
) -> Floats:
    """Return (n_texts, n_parts * dim) rows; known rows are not computed again."""
    new = [text for text in texts if text not in known]
    if len(new) == len(texts):
        return meaning.transform(texts, progress)
    encoded = dict(zip(new, meaning.transform(new, progress), strict=True)) if new else {}
    return np.stack([known[text] if text in known else encoded[text] for text in texts])


def _joined_columns(fields: Sequence[ContentField], texts_of: TextColumns) -> list[str]:
    columns = [
        texts_of.plain(field.name).fill_null("").to_list()
        for field in fields
        if field.name in texts_of
    ]
    rows = zip(*columns, strict=True) if columns else ((),) * len(texts_of)
    return [". ".join(dict.fromkeys(filter(None, row)))[:MAX_TEXT_CHARS] for row in rows]


def _split_parts(text: str, n_parts: int) -> list[str]:
    """Return the parts of a text; a text of one part is repeated."""
    parts = text.split(PART_SEPARATOR)
    return parts if len(parts) == n_parts else [" ".join(parts)] * n_parts


def _mean_of_filled(vectors: Floats) -> Floats:
    filled = vectors.any(axis=1)
    empty = np.zeros(vectors.shape[1], dtype=np.float32)
    return np.asarray(vectors[filled].mean(axis=0) if filled.any() else empty, np.float32)
