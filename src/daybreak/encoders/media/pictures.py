"""Picture models: from kept pictures to vectors, on ONNX Runtime.

A picture model is an :class:`Encoder` whose texts are pictures in the form in which items keep
them. Its vectors have two parts: features that only pictures have, and a part that leads to
words: probabilities of named classes, or a space that texts are encoded into as well.
"""

import hashlib
import io
import json
from abc import abstractmethod
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.cores import thread_count
from daybreak.data.media.pictures import PICTURE_PREFIX, import_pillow, is_kept_picture
from daybreak.encoders.base import Encoder, l2_normalize
from daybreak.encoders.media.efficientnet import MODEL_FILE, SETTINGS_FILE
from daybreak.encoders.onnx_session import create_session
from daybreak.encoders.packages import file_sha256
from daybreak.encoders.sentence_folder import read_tokenizer
from daybreak.errors import DataError
from daybreak.types import Floats

N_CLASSES_OF_PICTURE = 10
"""Classes whose probabilities are kept; Norouzi et al. use 10."""
PREPROCESSOR_FILE = "preprocessor_config.json"
VISION_FILE, TEXT_FILE = "vision_model.onnx", "text_model.onnx"
MAX_CLIP_TOKENS = 77
"""Tokens of a text that CLIP reads; the model reports no limit."""
_DEFAULT_SIDE_PX = 224
_MODEL = "picture model"  # in errors


@dataclass(frozen=True)
class PixelForm:
    """Which part of a picture a model sees, and the scale of its pixels."""

    resize: int
    """Shorter side to which a picture is scaled first [pixels]."""
    side: int
    """Side of the square in its middle [pixels]."""
    mean: tuple[float, ...]
    """Mean of each colour, 0 to 255."""
    deviation: tuple[float, ...]
    """Scale of each colour, 0 to 255."""

    def read(self, picture: str) -> Floats:
        """Return the (3, side, side) pixels of a kept picture; zeros if it is none."""
        pillow = import_pillow()
        if not is_kept_picture(picture):
            return np.zeros((3, self.side, self.side), np.float32)
        try:
            data = b64decode(picture.removeprefix(PICTURE_PREFIX))
            with pillow.open(io.BytesIO(data), formats=("JPEG",)) as image:
                rgb = image.convert("RGB")
        except (OSError, ValueError):  # somebody has changed what the import kept
            return np.zeros((3, self.side, self.side), np.float32)
        scale = self.resize / min(rgb.size)
        size = tuple(max(self.side, round(one * scale)) for one in rgb.size)
        rgb = rgb.resize(size, pillow.Resampling.BICUBIC)
        left, top = ((one - self.side) // 2 for one in size)
        rgb = rgb.crop((left, top, left + self.side, top + self.side))
        pixels = (np.asarray(rgb, np.float32) - self.mean) / self.deviation
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)


class PictureModel(Encoder):
    """An encoder of kept pictures; see the description of this module."""

    batch_size = 8
    batch_chars = 2**30
    tolerance = 1e-4
    form: PixelForm
    classes: tuple[str, ...] = ()
    """Names of the classes whose probabilities are the last numbers of a vector."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Numbers of a vector that only pictures have; the others lead to words."""

    def encode_sentences(self, sentences: Sequence[str]) -> Floats | None:
        """Return vectors of sentences in the space of pictures; None if there is none."""
        return None

    def _read(self, pictures: Sequence[str]) -> Floats:
        return np.stack([self.form.read(picture) for picture in pictures])


class EfficientNetPictures(PictureModel):
    """EfficientNet-Lite0: 1,280 features, and the ten likeliest of 1,000 named classes.

    Both parts of a vector have the same length. The second has the probabilities of the ten
    likeliest classes, 0 for all others.

    Args:
        folder: Folder that :func:`.convert_efficientnet` wrote.
        threads: Batches that are computed concurrently, see :func:`.thread_count`.

    Raises:
        DataError: A file is missing or damaged.
    """

    form = PixelForm(256, _DEFAULT_SIDE_PX, (127.0,) * 3, (128.0,) * 3)

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        settings = _read_json(folder / SETTINGS_FILE)
        self.classes = tuple(settings.get("classes", ()))
        self.workers = thread_count(threads)
        self._session = create_session(folder / MODEL_FILE, _MODEL)
        self._n_features = int(self._session.get_outputs()[0].shape[1])
        form = f"{self.form} {N_CLASSES_OF_PICTURE} {settings.get('source')}"
        self._hash = _hash_parts(form, *self.classes)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._n_features + len(self.classes)

    @property
    def n_features(self) -> int:
        """Numbers that are no probabilities."""
        return self._n_features

    @property
    def hash(self) -> str:
        """Hash of the weights before the conversion, and of the settings."""
        return self._hash

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        features, logits = self._session.run(
            ["features", "logits"], {"pixels": self._read(texts)}
        )
        return np.concatenate([l2_normalize(features), keep_likeliest(logits)], axis=1)


class ClipPictures(PictureModel):
    """A CLIP or SigLIP model with two ONNX files: pictures and sentences in one space.

    Args:
        folder: Folder with ``preprocessor_config.json``, ``tokenizer.json``, and
            ``vision_model.onnx`` and ``text_model.onnx``, also in a folder ``onnx``.
        threads: Batches that are computed concurrently, see :func:`.thread_count`.

    Raises:
        DataError: A file is missing or damaged.

    Source:
        Radford et al. 2021, "Learning transferable visual models from natural language
        supervision".
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        self.folder = folder
        self.form = read_pixel_form(folder)
        self.workers = thread_count(threads)
        vision = find_clip_file(folder, VISION_FILE)
        self._session = create_session(vision, _MODEL)
        self._input = self._session.get_inputs()[0].name
        self._output = _vector_output(self._session, "image_embeds")
        self._hash = _hash_parts(file_sha256(vision), str(self.form))
        self._dim = int(self._encode_batch([""]).shape[1])

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def n_features(self) -> int:
        """Zero: the whole vector is in the space of sentences."""
        return 0

    @property
    def hash(self) -> str:
        """Hash of the weights and of the form of the pixels."""
        return self._hash

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        (rows,) = self._session.run([self._output], {self._input: self._read(texts)})
        return np.asarray(rows, np.float32)

    def encode_sentences(self, sentences: Sequence[str]) -> Floats:
        """Return the (n_sentences, dim) vectors of sentences."""
        session, tokenizer = self._text_tower
        tokens = tokenizer.encode_batch(list(sentences))
        ids = np.array([token.ids for token in tokens], np.int64)
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        given = {"input_ids": ids, "attention_mask": mask}
        names = {tensor.name for tensor in session.get_inputs()}
        inputs = {name: given[name] for name in given.keys() & names}
        (rows,) = session.run([_vector_output(session, "text_embeds")], inputs)
        return l2_normalize(rows)

    @cached_property
    def _text_tower(self) -> tuple[Any, Any]:
        session = create_session(find_clip_file(self.folder, TEXT_FILE), _MODEL)
        return session, read_tokenizer(self.folder / "tokenizer.json", MAX_CLIP_TOKENS)


def keep_likeliest(logits: Floats, n: int = N_CLASSES_OF_PICTURE) -> Floats:
    """Return the probabilities of the likeliest classes, scaled to length 1; others are 0.

    Args:
        logits: (n_pictures, n_classes) logarithms of probabilities, up to a constant.
        n: Classes that are kept.

    Example:
        >>> rows = keep_likeliest(np.log(np.array([[0.6, 0.3, 0.1]], np.float32)), n=2)
        >>> (rows / rows.sum()).round(2)
        array([[0.67, 0.33, 0.  ]], dtype=float32)
    """
    n = min(n, logits.shape[1])
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    smallest = np.partition(likely, -n, axis=1)[:, [-n]]
    return l2_normalize(np.where(likely >= smallest, likely, 0))


def mean_class_vectors(probabilities: Floats, class_vectors: Floats) -> Floats:
    """Return the mean of the vectors of class names, weighted by their probabilities.

    Args:
        probabilities: (n_pictures, n_classes), on any scale; rows of 0 give rows of 0.
        class_vectors: (n_classes, dim) vectors of the names of the classes.

    Source:
        Norouzi et al. 2014, "Zero-shot learning by convex combination of semantic
        embeddings" (ConSE), eq. 3.

    Example:
        >>> mean_class_vectors(np.array([[3.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
        array([[0.75, 0.25]])
    """
    total = probabilities.sum(axis=1, keepdims=True)
    return np.asarray(probabilities @ class_vectors / np.where(total > 0, total, 1))


def find_clip_file(folder: Path, name: str) -> Path:
    """Return an ONNX file of a CLIP folder.

    Raises:
        DataError: It is missing.
    """
    candidates = (folder / "onnx" / name, folder / name)
    for path in candidates:
        if path.is_file():
            return path
    raise DataError(f"the picture model {folder} has no {name}")


def is_clip_folder(folder: Path) -> bool:
    """Return whether a folder holds the two ONNX files of a CLIP or SigLIP model."""
    return all(
        any((place / name).is_file() for place in (folder, folder / "onnx"))
        for name in (VISION_FILE, TEXT_FILE)
    )


def read_pixel_form(folder: Path) -> PixelForm:
    """Return which part of a picture a CLIP model sees, from its settings.

    Raises:
        DataError: The settings are missing or damaged.
    """
    settings = _read_json(folder / PREPROCESSOR_FILE)
    try:
        side = _side_of(settings.get("crop_size", settings.get("size", _DEFAULT_SIDE_PX)))
        resize = _side_of(settings.get("size", side))
        mean, deviation = (
            tuple(255.0 * float(one) for one in settings.get(name, [0.5] * 3))
            for name in ("image_mean", "image_std")
        )
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(f"{PREPROCESSOR_FILE} in {folder} is damaged: {error!r}") from error
    return PixelForm(max(resize, side), side, mean, deviation)


def _side_of(value: Any) -> int:
    if isinstance(value, dict):
        value = value.get("shortest_edge", value.get("height"))
    return int(value)


def _vector_output(session: Any, wanted: str) -> str:
    """Return the output with one vector a row, by name or by its rank."""
    outputs = session.get_outputs()
    if wanted in {tensor.name for tensor in outputs}:
        return wanted
    for tensor in outputs:
        if len(tensor.shape) == 2:
            return str(tensor.name)
    raise DataError(f"the picture model has no output {wanted!r}")


def _hash_parts(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no object")
    return found
