"""Text encoders with a linear map that a catalogue has taught, beside the original vectors."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.data.array_checks import check_finite
from daybreak.data.json_files import read_json
from daybreak.encoders.base import Encoder, Progress, encoders, l2_normalize
from daybreak.encoders.endpoint import EndpointEncoder, is_endpoint
from daybreak.encoders.folders import atomic_write
from daybreak.encoders.lexical import LexicalEncoder, tokenize_all
from daybreak.encoders.loading import Resolution, resolve
from daybreak.encoders.mapped_files import ARRAYS_FILE, BASE_FOLDER, MAP_FILE, is_mapped_text
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.types import Floats

MAPPED_TEXT_FORMAT = 1


def words_and_pairs(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each text, then its pairs of neighbouring words.

    Example:
        >>> words_and_pairs(["Red tea-pot"])
        [['red', 'tea', 'pot', 'red tea', 'tea pot']]
    """
    return [[*words, *map(" ".join, pairwise(words))] for words in tokenize_all(texts)]


@dataclass(frozen=True, eq=False)
class WordsOfMap:
    """The words that a map reads beside the vectors of texts, and pairs of neighbours.

    A map then takes rows with two parts, each of length 1 but for its share: the vector minus
    the mean, and the TF-IDF of the words and pairs.
    """

    lexical: LexicalEncoder
    share: float
    """Share of the words in the similarity of two rows, above 0 and below 1"""

    def product(self, centred: Floats, texts: Sequence[str], projection: Floats) -> Floats:
        """Return the rows of texts times a map.

        Args:
            centred: (n, dim) vectors of the texts minus the mean.
            texts: (n,) the texts.
            projection: (dim + n_terms, mapped_dim) the map.

        Example:
            A vector of length 2 and one known word, with equal shares.

            >>> words = WordsOfMap(LexicalEncoder(("tea",), np.ones(1)), 0.5)
            >>> words.product(np.array([[2.0]], np.float32), ["Tea!"], np.eye(2))
            array([[0.70710678, 0.70710678]])
        """
        dim = centred.shape[1]
        counted = self.lexical.transform(words_and_pairs(texts))
        vectors = np.sqrt(1 - self.share) * l2_normalize(centred)
        found = vectors @ projection[:dim] + np.sqrt(self.share) * (counted @ projection[dim:])
        return np.asarray(found)


@dataclass(frozen=True, eq=False)
class TextMap:
    """A linear map of text vectors whose result stands beside the original vector.

    The cosine of two texts becomes ``(1 - share) * original + share * mapped``, where the
    mapped cosine is that of ``(v - mean) @ projection``. A map with words reads the words of
    the text beside its vector.

    Example:
        >>> text_map = TextMap(np.zeros(2), np.array([[1.0], [0.0]]), 0.75)
        >>> text_map.apply(np.array([[0.6, 0.8], [0.0, 0.0]], np.float32))
        array([[0.3      , 0.4      , 0.8660254],
               [0.       , 0.       , 0.       ]], dtype=float32)
    """

    mean: Floats
    """(dim,) mean of the text vectors of the catalogue"""
    projection: Floats
    """(dim, mapped_dim) the map; (dim + n_terms, mapped_dim) with words"""
    share: float
    """Share of the mapped vectors in the cosine, from 0 to 1"""
    words: WordsOfMap | None = None
    """Words that are read beside the vectors; None: vectors alone"""

    def apply(self, vectors: Floats, texts: Sequence[str] = ()) -> Floats:
        """Return (n, dim + mapped_dim) rows of length 1; zero rows stay zero.

        With a share of 1, the original vectors count nothing and are left out.

        Args:
            vectors: (n, dim) text vectors of length 1, or zero rows.
            texts: (n,) the texts; needed by a map with words.
        """
        turned = vectors - self.mean
        if self.words is None:
            turned = turned @ self.projection
        else:
            turned = self.words.product(turned, texts, self.projection)
        mapped = l2_normalize(np.asarray(turned, np.float32))
        if self.share < 1:
            kept = np.float32(np.sqrt(1 - self.share)) * vectors
            rows = np.concatenate([kept, np.float32(np.sqrt(self.share)) * mapped], axis=1)
        else:
            rows = mapped
        rows[~vectors.any(axis=1)] = 0
        return l2_normalize(np.asarray(rows, np.float32))

    @property
    def hash(self) -> str:
        """Hash of the map, 32 hexadecimal digits."""
        digest = hashlib.blake2b(f"text map {self.share!r}\n".encode(), digest_size=16)
        for array in (self.mean, self.projection):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        if self.words is not None:
            digest.update(
                "\n".join((repr(self.words.share), *self.words.lexical.terms)).encode()
            )
            digest.update(np.ascontiguousarray(self.words.lexical.idf, np.float64).tobytes())
        return digest.hexdigest()


@encoders.register("mapped-text")
class MappedTextEncoder(Encoder):
    """A text encoder whose vectors a linear map extends; fine-tuning makes such maps.

    Needs what its base needs, and numpy. The folder of one is a valid model name everywhere.

    Args:
        model: Folder, result of :func:`daybreak.encoders.resolve`, or the map itself.
        base: Encoder of the original vectors; default: the one that the folder names.
        **options: Options of the base, where the folder names it.

    Raises:
        NotFoundError: There is no such folder, or its base cannot be found.
        ConfigError: A map without an encoder is given, or the base is not the one that the map
            was made for.
        DataError: The files are damaged.

    Example:
        >>> from daybreak.testing.encoders import CountingEncoder
        >>> text_map = TextMap(np.zeros(16), np.eye(16)[:, :3], 0.5)
        >>> MappedTextEncoder(text_map, CountingEncoder()).encode(["red globe"]).shape
        (1, 19)
    """

    def __init__(
        self,
        model: str | Path | Resolution | TextMap,
        base: Encoder | None = None,
        **options: Any,
    ) -> None:
        self.metadata: Mapping[str, Any] = {}
        if isinstance(model, TextMap):
            if base is None:
                raise ConfigError("a text map needs the encoder whose vectors it maps")
            self.text_map, self.base = model, base
        else:
            self.resolution = model if isinstance(model, Resolution) else resolve(model)
            folder = self.resolution.folder
            files = read_text_map(folder)
            self.text_map, self.metadata = files.text_map, files.metadata
            self.base = base or load_base(files.base_name, folder, options)
            if self.base.hash != files.base_hash:
                raise ConfigError(
                    f"the text map in {folder} was made for the vectors of {files.base_name} "
                    f"with the hash {files.base_hash}, got {self.base.hash}"
                )
        if len(self.text_map.mean) != self.base.dim:
            raise DataError(
                f"the text map takes vectors of {len(self.text_map.mean)} numbers, its base "
                f"gives {self.base.dim}"
            )
        self.tolerance = 10 * self.base.tolerance
        digest = hashlib.blake2b(self.base.hash.encode(), digest_size=16)
        digest.update(self.text_map.hash.encode())
        self._hash = digest.hexdigest()

    @property
    def dim(self) -> int:
        """Length of a vector: that of the base, if it counts, plus that of the mapped one."""
        kept = self.base.dim if self.text_map.share < 1 else 0
        return int(kept + self.text_map.projection.shape[1])

    @property
    def hash(self) -> str:
        """Hash of the base and of the map."""
        return self._hash

    def reads(self, text: str) -> bool:
        """Return whether the base reads a text."""
        return self.base.reads(text)

    def knows(self, word: str) -> bool:
        """Return whether the base knows a word."""
        return self.base.knows(word)

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self.text_map.apply(self.base.encode(texts), texts)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector per text; see :meth:`.Encoder.encode`."""
        return self.text_map.apply(self.base.encode(texts, progress=progress), texts)

    def encode_unstored(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts of people; none is stored."""
        return self.text_map.apply(self.base.encode_unstored(texts), texts)


@dataclass(frozen=True, eq=False)
class MappedTextFiles:
    """What the folder of a mapped text encoder holds."""

    text_map: TextMap
    base_name: str
    """Name that loads the base: of a model, or of a folder inside the folder."""
    base_hash: str
    """Hash of the base that the map was made for."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON values on the origin and the quality of the map; not part of the hash."""


def write_text_map(folder: Path, files: MappedTextFiles) -> None:
    """Write a map and the files of its base, if that is a folder.

    A base from an installed package or a server is written by its name.

    Args:
        folder: Folder of the encoder.
        files: The map, and the name of its base as it was given to ``load_encoder``.
    """
    from safetensors.numpy import save_file  # noqa: PLC0415 - used when writing only

    folder.mkdir(parents=True, exist_ok=True)
    text_map = files.text_map
    arrays = {"mean": text_map.mean, "projection": text_map.projection}
    stored = {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
    words: dict[str, Any] = {}
    if text_map.words is not None:
        lexical = text_map.words.lexical
        stored["idf"] = np.ascontiguousarray(lexical.idf, np.float64)
        words = {"words": {"share": text_map.words.share, "terms": list(lexical.terms)}}
    with atomic_write(folder / ARRAYS_FILE) as draft:
        save_file(stored, draft)
    content = {
        "format": MAPPED_TEXT_FORMAT,
        "hash": text_map.hash,
        "share": text_map.share,
        **words,
        "base": {"name": _keep_base(files.base_name, folder), "hash": files.base_hash},
        "facts": dict(files.metadata),
    }
    with atomic_write(folder / MAP_FILE) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _keep_base(name: str, folder: Path) -> str:
    """Return the name of the base; the files of a base that is a folder are copied."""
    if is_endpoint(name):
        return name
    found = resolve(name)
    if found.origin == "package":
        return name
    if found.folder.resolve() != (folder / BASE_FOLDER).resolve():
        shutil.copytree(found.folder, folder / BASE_FOLDER, dirs_exist_ok=True)
    return BASE_FOLDER


def read_text_map(folder: Path) -> MappedTextFiles:
    """Read what :func:`write_text_map` wrote.

    Raises:
        NotFoundError: The files are not there.
        DataError: They are damaged, do not belong together, or are of another version.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - used when reading only
    from safetensors.numpy import load_file  # noqa: PLC0415

    if not is_mapped_text(folder):
        raise NotFoundError(
            f"{folder} holds no text map: {MAP_FILE} and {ARRAYS_FILE} are needed"
        )
    try:
        head = read_json(folder / MAP_FILE)
        arrays = load_file(folder / ARRAYS_FILE)
        mean = check_finite("mean", arrays["mean"])
        projection = check_finite("projection", arrays["projection"])
        words = _read_words(head.get("words"), arrays)
        text_map = TextMap(mean, projection, float(head["share"]), words)
        base_name, base_hash = str(head["base"]["name"]), str(head["base"]["hash"])
        version, wanted, metadata = head["format"], head["hash"], dict(head["facts"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"the text map in {folder} is damaged: {error}") from error
    if version != MAPPED_TEXT_FORMAT:
        raise DataError(f"the text map in {folder} has format {version}, not 1")
    n_rows = len(mean) + (0 if words is None else len(words.lexical))
    if mean.ndim != 1 or projection.ndim != 2 or n_rows != len(projection):
        raise DataError(f"the arrays of the text map in {folder} do not fit together")
    if not 0 <= text_map.share <= 1 or text_map.hash != wanted:
        raise DataError(f"the files of the text map in {folder} do not belong together")
    return MappedTextFiles(text_map, base_name, base_hash, metadata)


def _read_words(plain: Any, arrays: Mapping[str, Any]) -> WordsOfMap | None:
    if plain is None:
        return None
    terms = tuple(str(term) for term in plain["terms"])
    idf = check_finite("idf", arrays["idf"])
    if idf.shape != (len(terms),):
        raise ValueError(f"{len(terms)} words have weights of shape {idf.shape}")
    return WordsOfMap(LexicalEncoder(terms, idf), float(plain["share"]))


def load_base(name: str, folder: Path, options: Mapping[str, Any]) -> Encoder:
    """Return the encoder that a map extends.

    Args:
        name: Name in the file of the map.
        folder: Folder of the map.
        options: Options of the encoder.
    """
    if is_endpoint(name):
        return EndpointEncoder(name, **options)
    found = resolve(folder / BASE_FOLDER if name == BASE_FOLDER else name)
    encoder_class: Any = encoders[found.kind]
    encoder: Encoder = encoder_class(found, **options)
    return encoder
