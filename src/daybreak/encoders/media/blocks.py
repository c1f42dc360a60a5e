"""Content blocks of pictures and sounds: centred unit rows, zero for items that have none.

A block of pictures has two parts side by side: features of the picture, and a vector in a
space that sentences are encoded into as well. With EfficientNet-Lite0 that space is the one of
the text encoder, and a picture is the mean of the names of its likeliest classes there (ConSE);
with a CLIP model it is the whole vector.
"""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from daybreak.data.fields import ContentField, TextColumns
from daybreak.data.media.pictures import is_kept_picture
from daybreak.data.media.sounds import SOUND_DIM, read_kept_sound
from daybreak.encoders.base import Encoder, l2_normalize
from daybreak.encoders.cache import CachedEncoder
from daybreak.encoders.deferred import DeferredEncoder
from daybreak.encoders.file_cache import FileVectors
from daybreak.encoders.media.finding import load_picture_model, picture_model_name
from daybreak.encoders.media.pictures import PictureModel, mean_class_vectors
from daybreak.errors import DataError, DaybreakError, NotFoundError
from daybreak.types import Floats

log = logging.getLogger(__name__)

PICTURE, SOUND = "picture", "sound"
FEATURE_SHARE = 0.5
"""Share of the features in the similarity of two pictures; the rest is about what they show."""
MIN_CENTRED_LENGTH = 1e-3
"""Length of a centred vector below which it is rounding: the pictures are all the same."""
MEDIA_FILE, MEDIA_ARRAYS_FILE = "media.json", "media.safetensors"


class MediaBlock(ABC):
    """One block of pictures or sounds of a catalogue, fitted to it."""

    name: ClassVar[str]
    """Name of the block, and role of its column."""
    column: str
    """Column of the items."""

    @abstractmethod
    def transform(self, values: Sequence[str | None]) -> Floats:
        """Return (n_items, dim) unit rows; zero for items without this kind of content."""

    def encode_sentences(self, sentences: Sequence[str]) -> Floats:
        """Return (n_sentences, dim) rows of sentences; zero where they are not comparable."""
        return np.zeros((len(sentences), self.dim), np.float32)

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a row."""

    @abstractmethod
    def to_parts(self) -> tuple[dict[str, Any], dict[str, Floats]]:
        """Return what is saved: values for JSON, and arrays."""

    @classmethod
    @abstractmethod
    def from_parts(
        cls, plain: dict[str, Any], arrays: dict[str, Floats], text_encoder: Encoder | None
    ) -> "MediaBlock":
        """Return a block that was saved."""


@dataclass(frozen=True, eq=False)
class PictureBlock(MediaBlock):
    """Pictures of a catalogue; see the description of this module."""

    name: ClassVar[str] = PICTURE
    column: str
    encoder: Encoder
    """Encoder of kept pictures, cached."""
    model_name: str
    """Name that loads the picture model again."""
    feature_mean: Floats
    """(n_features,) mean of the features of the catalogue"""
    word_mean: Floats
    """(d,) mean of what the pictures of the catalogue show, in the space of sentences"""
    sentence_mean: Floats
    """(d,) mean of the texts that the pictures are described by"""
    class_vectors: Floats
    """(n_classes, d) vectors of the names of classes; (0, 0): the model encodes sentences"""
    text_encoder: Encoder | None = None
    """Encoder of sentences, where pictures are described by the names of classes."""

    @classmethod
    def fit(
        cls, column: str, values: Sequence[str | None], text_encoder: Encoder | None
    ) -> "PictureBlock | None":
        """Return the block of a catalogue; None where the setting switches pictures off.

        Args:
            column: Column of the pictures.
            values: Kept pictures.
            text_encoder: Encoder of the names of classes; default: pictures have features only.

        Raises:
            DaybreakError: The picture model cannot be loaded.
        """
        name = picture_model_name()
        model = load_picture_model(name)
        if model is None:
            return None
        vectors = np.zeros((0, 0), np.float32)
        if model.classes and text_encoder is not None:
            vectors = text_encoder.encode(list(model.classes))
        d = vectors.shape[1] if model.classes else model.dim
        sentence_mean = vectors.mean(axis=0) if len(vectors) else np.zeros(d, np.float32)
        fitted = cls(
            column,
            CachedEncoder(model, FileVectors()),
            name,
            np.zeros(model.n_features, np.float32),
            np.zeros(d, np.float32),
            sentence_mean,
            vectors,
            text_encoder,
        )
        features, words, has = fitted._read(values)
        if not has.any():
            return fitted
        means = (part[has].mean(axis=0) for part in (features, words))
        return replace(fitted, **dict(zip(("feature_mean", "word_mean"), means, strict=True)))

    @property
    def dim(self) -> int:
        """Length of a row."""
        return len(self.feature_mean) + len(self.word_mean)

    def transform(self, values: Sequence[str | None]) -> Floats:
        """Return (n_items, dim) unit rows; zero for items without a picture."""
        try:
            features, words, has = self._read(values)
        except DaybreakError as error:
            log.warning("pictures are left out: %s", error)
            return np.zeros((len(values), self.dim), np.float32)
        parts = (centre_rows(features, self.feature_mean), centre_rows(words, self.word_mean))
        scales = (np.sqrt(FEATURE_SHARE), np.sqrt(1 - FEATURE_SHARE))
        rows = np.concatenate(
            [part * np.float32(scale) for part, scale in zip(parts, scales, strict=True)],
            axis=1,
        )
        return l2_normalize(np.where(has[:, None], rows, np.float32(0)))

    def describe_in_words(self, values: Sequence[str | None]) -> Floats:
        """Return (n_pictures, d) unit vectors of what pictures show, among those of texts.

        A picture is compared with texts by this vector; rows of 0 where there are no classes.
        """
        if not len(self.class_vectors):
            return np.zeros((len(values), 0), np.float32)
        return l2_normalize(self._read(values)[1])

    def encode_sentences(self, sentences: Sequence[str]) -> Floats:
        """Return rows of sentences: what a picture would show that they describe."""
        rows = np.zeros((len(sentences), self.dim), np.float32)
        found = None
        if not len(self.class_vectors):
            found = self._encode_by_model(sentences) if len(self.word_mean) else None
        elif self.text_encoder is not None:
            reads = self.text_encoder.reads
            read = [text if reads(text) else "" for text in sentences]
            found = self.text_encoder.encode_unstored(read)
        if found is not None and found.shape[1] == len(self.word_mean):
            rows[:, len(self.feature_mean) :] = centre_rows(found, self.sentence_mean)
        return rows

    def _encode_by_model(self, sentences: Sequence[str]) -> Floats | None:
        try:
            model = load_picture_model(self.model_name)
        except DaybreakError as error:
            log.warning("sentences find no pictures: %s", error)
            return None
        return None if model is None else model.encode_sentences(sentences)

    def _read(self, values: Sequence[str | None]) -> tuple[Floats, Floats, Any]:
        """Return features, vectors among those of texts, and which items have a picture."""
        pictures = [value if value and is_kept_picture(value) else "" for value in values]
        vectors = self.encoder.encode(pictures)
        n = len(self.feature_mean)
        features, rest = l2_normalize(vectors[:, :n]), vectors[:, n:]
        words = rest
        if n:
            words = np.zeros((len(values), 0), np.float32)
            if len(self.class_vectors):
                words = mean_class_vectors(rest, self.class_vectors).astype(np.float32)
        return features, words, vectors.any(axis=1)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, Floats]]:
        """Return what is saved; the picture model is named only."""
        plain = {
            "column": self.column,
            "model": self.model_name,
            "hash": self.encoder.hash,
            "dim": self.encoder.dim,
        }
        names = ("feature_mean", "word_mean", "sentence_mean", "class_vectors")
        return plain, {name: getattr(self, name) for name in names}

    @classmethod
    def from_parts(
        cls, plain: dict[str, Any], arrays: dict[str, Floats], text_encoder: Encoder | None
    ) -> "PictureBlock":
        """Return a block that was saved; its model is loaded with the first new picture."""
        name, hash_, dim = str(plain["model"]), str(plain["hash"]), int(plain["dim"])

        def load() -> PictureModel:
            model = load_picture_model(name)
            if model is None:
                raise NotFoundError("the release has pictures, but no picture model")
            return model

        encoder = CachedEncoder(DeferredEncoder(load, hash_, dim), FileVectors())
        return cls(plain["column"], encoder, name, **arrays, text_encoder=text_encoder)


@dataclass(frozen=True, eq=False)
class SoundBlock(MediaBlock):
    """Sounds of a catalogue: their features minus the mean, divided by the deviation."""

    name: ClassVar[str] = SOUND
    column: str
    mean: Floats
    """(SOUND_DIM,) mean of the catalogue"""
    deviation: Floats
    """(SOUND_DIM,) standard deviation of the catalogue, above 0"""

    @classmethod
    def fit(cls, column: str, values: Sequence[str | None]) -> "SoundBlock":
        """Return the block of a catalogue.

        Args:
            column: Column of the sounds.
            values: Kept sounds.
        """
        rows, has = _read_sounds(values)
        rows = rows[has] if has.any() else np.zeros((1, SOUND_DIM), np.float32)
        deviation = rows.std(axis=0)
        return cls(column, rows.mean(axis=0), np.where(deviation > 1e-6, deviation, 1))

    @property
    def dim(self) -> int:
        """Length of a row."""
        return SOUND_DIM

    def transform(self, values: Sequence[str | None]) -> Floats:
        """Return (n_items, SOUND_DIM) unit rows; zero for items without a sound."""
        rows, has = _read_sounds(values)
        scaled = (rows - self.mean) / self.deviation
        return centre_rows(np.where(has[:, None], scaled, 0), np.zeros(SOUND_DIM, np.float32))

    def to_parts(self) -> tuple[dict[str, Any], dict[str, Floats]]:
        """Return what is saved."""
        return {"column": self.column}, {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_parts(
        cls, plain: dict[str, Any], arrays: dict[str, Floats], text_encoder: Encoder | None
    ) -> "SoundBlock":
        """Return a block that was saved."""
        return cls(plain["column"], **arrays)


@dataclass(frozen=True, eq=False)
class MediaContent:
    """The blocks of media of a catalogue; usually there is none."""

    blocks: tuple[MediaBlock, ...] = ()
    notes: tuple[str, ...] = field(default=(), repr=False)
    """Media that are not used, and why."""

    @classmethod
    def fit(
        cls, fields: Sequence[ContentField], columns: TextColumns, text_encoder: Encoder | None
    ) -> "MediaContent":
        """Return the blocks of the columns of pictures and sounds.

        Args:
            fields: Columns of the catalogue.
            columns: The catalogue.
            text_encoder: Encoder of texts; default: none.
        """
        blocks: list[MediaBlock] = []
        notes: list[str] = []
        for one in fields:
            if one.role not in (PICTURE, SOUND) or one.name not in columns:
                continue
            values = columns[one.name].to_list()
            try:
                block: MediaBlock | None = (
                    SoundBlock.fit(one.name, values)
                    if one.role == SOUND
                    else PictureBlock.fit(one.name, values, text_encoder)
                )
            except DaybreakError as error:
                notes.append(f"{one.name}: the {one.role}s are not used: {error}")
                continue
            blocks += [block] if block is not None else []
        return cls(tuple(blocks), tuple(notes))

    def transform(self, columns: TextColumns) -> dict[str, Floats]:
        """Return the rows of the blocks, by name."""
        nothing: list[str | None] = [None] * len(columns)
        return {
            block.name: block.transform(
                columns[block.column].to_list() if block.column in columns else nothing
            )
            for block in self.blocks
        }

    def save(self, folder: Path) -> None:
        """Write ``media.json`` and ``media.safetensors``, if there is any block."""
        from safetensors.numpy import save_file  # noqa: PLC0415 - used when saving only

        if not self.blocks:
            return
        plain: dict[str, Any] = {}
        arrays: dict[str, Floats] = {}
        for block in self.blocks:
            plain[block.name], parts = block.to_parts()
            arrays |= {f"{block.name}.{key}": value for key, value in parts.items()}
        (folder / MEDIA_FILE).write_text(json.dumps(plain), encoding="utf-8")
        save_file(
            {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()},
            folder / MEDIA_ARRAYS_FILE,
        )

    @classmethod
    def load(cls, folder: Path, text_encoder: Encoder | None = None) -> "MediaContent":
        """Read what :meth:`save` wrote; without files there are no media.

        Args:
            folder: Folder of the files.
            text_encoder: Encoder of texts of the fit; default: none.

        Raises:
            DataError: A file is damaged.
        """
        from safetensors import SafetensorError  # noqa: PLC0415 - used when loading only
        from safetensors.numpy import load_file  # noqa: PLC0415 - used when loading only

        if not (folder / MEDIA_FILE).is_file():
            return cls()
        try:
            plain = json.loads((folder / MEDIA_FILE).read_text("utf-8"))
            arrays = load_file(folder / MEDIA_ARRAYS_FILE)
            kinds: dict[str, type[MediaBlock]] = {PICTURE: PictureBlock, SOUND: SoundBlock}
            return cls(
                tuple(
                    kinds[name].from_parts(facts, _arrays_of(name, arrays), text_encoder)
                    for name, facts in plain.items()
                )
            )
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
            raise DataError(f"the media in {folder} are damaged: {error!r}") from error


def centre_rows(rows: Floats, mean: Floats) -> Floats:
    """Return unit rows of the differences to a mean; rows of 0 and rounding become 0.

    Example:
        >>> rows = np.array([[1.0, 0.0], [0.0, 0.0], [0.6, 0.8]], np.float32)
        >>> centre_rows(rows, np.array([0.6, 0.8], np.float32)).round(2)
        array([[ 0.45, -0.89],
               [ 0.  ,  0.  ],
               [ 0.  ,  0.  ]], dtype=float32)
    """
    difference = np.where(rows.any(axis=1, keepdims=True), rows - mean, np.float32(0))
    length = np.linalg.norm(difference, axis=1, keepdims=True)
    return l2_normalize(np.where(length > MIN_CENTRED_LENGTH, difference, np.float32(0)))


def _arrays_of(name: str, arrays: dict[str, Floats]) -> dict[str, Floats]:
    prefix = f"{name}."
    found = {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
    if not all(np.isfinite(a).all() for a in found.values()):
        raise ValueError(f"numbers of {name} are not finite")
    return found


def _read_sounds(values: Sequence[str | None]) -> tuple[Floats, Any]:
    """Return the features of sounds, and which items have one."""
    found = [read_kept_sound(value or "") for value in values]
    zero = np.zeros(SOUND_DIM, np.float32)
    rows = (
        np.stack([zero if one is None else one for one in found])
        if found
        else zero[None, :][:0]
    )
    return rows, np.array([one is not None for one in found], dtype=bool)
