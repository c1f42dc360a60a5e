"""A fitted content encoder on disk: one JSON file and one safetensors file, never a pickle."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from daybreak.encoders.attributes import Attributes
from daybreak.encoders.base import Encoder
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.encoders.meaning import Meaning
from daybreak.errors import ConfigError, DataError, NotFoundError

Weights: TypeAlias = tuple[LexicalEncoder | None, LexicalEncoder | None]
"""Of words and of attributes."""

PARTS = ("word_weights", "attribute_weights")
FORMAT = "daybreak content 1"
PLAIN, ARRAYS = "content.json", "content.safetensors"


def write_content(
    folder: Path, attributes: Attributes, weights: Weights, meaning: Meaning | None
) -> None:
    """Write the parts of a content encoder; of the text encoder only its kind and hash."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - only needed when saving

    plain: dict[str, Any] = {"format": FORMAT, **attributes.to_plain()}
    arrays: dict[str, Any] = {}
    for name, part in zip(PARTS, weights, strict=True):
        if part is not None:
            plain[name], arrays[name] = list(part.terms), part.idf
    if meaning is not None:
        encoder = meaning.encoder
        plain["text_encoder"] = {"kind": type(encoder).__name__, "hash": encoder.hash}
        arrays["mean"] = meaning.mean
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLAIN).write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, folder / ARRAYS)


def read_content(
    folder: Path, text_encoder: Encoder | None
) -> tuple[Attributes, Weights, Meaning | None]:
    """Read what :func:`write_content` wrote.

    Raises:
        NotFoundError: There is nothing in the folder.
        DataError: The files are damaged, or of another version.
        ConfigError: The text encoder is missing, or is another one.
    """
    plain, arrays = _files(folder)
    if plain.get("format") != FORMAT:
        raise DataError(f"expected {FORMAT!r} in {folder}, got {plain.get('format')!r}")
    try:
        meaning = _meaning(plain.get("text_encoder"), arrays, text_encoder)
        words, values = (_weights(name, plain, arrays) for name in PARTS)
        return Attributes.from_plain(plain), (words, values), meaning
    except (KeyError, TypeError) as error:
        raise DataError(f"{PLAIN} in {folder} is damaged: {error!r}") from error


def _files(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed when loading
    from safetensors.numpy import load_file  # noqa: PLC0415

    if not (folder / PLAIN).is_file():
        raise NotFoundError(f"no saved content in {folder}; expected {PLAIN}")
    try:
        plain = json.loads((folder / PLAIN).read_text("utf-8"))
        return dict(plain), load_file(folder / ARRAYS)
    except (ValueError, TypeError, OSError, SafetensorError) as error:
        raise DataError(f"the content in {folder} is damaged: {error}") from error


def _weights(name: str, plain: dict[str, Any], arrays: dict[str, Any]) -> LexicalEncoder | None:
    return LexicalEncoder(tuple(plain[name]), arrays[name]) if name in plain else None


def _meaning(
    wanted: dict[str, str] | None, arrays: dict[str, Any], encoder: Encoder | None
) -> Meaning | None:
    if wanted is None:
        return None
    if encoder is None or encoder.hash != wanted["hash"]:
        given = "none" if encoder is None else f"{type(encoder).__name__} {encoder.hash}"
        raise ConfigError(
            f"the content was fitted with the text encoder {wanted['kind']} {wanted['hash']}, "
            f"got {given}; load the same one and pass it as text_encoder"
        )
    return Meaning(encoder, arrays["mean"])
