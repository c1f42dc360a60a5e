"""Files of a saved content encoder: ``content.json`` and ``content.safetensors``.

The text encoder is not saved, only its kind and its hash: whoever loads the files passes it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from daybreak.data.array_checks import check_finite
from daybreak.data.json_files import read_json
from daybreak.encoders.attributes import AttributeTerms
from daybreak.encoders.base import Encoder
from daybreak.encoders.item_meaning import CentredTextEncoder
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.errors import ConfigError, DataError, NotFoundError

LexicalPair: TypeAlias = tuple[LexicalEncoder | None, LexicalEncoder | None]
"""Encoders of words and of attributes."""

LEXICAL_PARTS = ("word_weights", "attribute_weights")
CONTENT_FORMAT = "daybreak content 1"
CONTENT_JSON_FILE, CONTENT_ARRAYS_FILE = "content.json", "content.safetensors"


def write_content(
    folder: Path,
    attributes: AttributeTerms,
    weights: LexicalPair,
    meaning: CentredTextEncoder | None,
    options: Mapping[str, Any],
) -> None:
    """Write a content encoder; of the text encoder only kind and hash are written.

    Options with the value False are not written.
    """
    from safetensors.numpy import save_file  # noqa: PLC0415 - used when saving only

    plain: dict[str, Any] = {"format": CONTENT_FORMAT, **attributes.to_dict()}
    plain["options"] = {name: value for name, value in options.items() if value}
    if not plain["options"]:
        del plain["options"]
    arrays: dict[str, Any] = {}
    for name, lexical in zip(LEXICAL_PARTS, weights, strict=True):
        if lexical is not None:
            plain[name], arrays[name] = list(lexical.terms), lexical.idf
    if meaning is not None:
        encoder = meaning.encoder
        plain["text_encoder"] = {
            "kind": type(encoder).__name__,
            "hash": encoder.hash,
            "dim": encoder.dim,
        }
        if meaning.skips_unread:
            plain["text_encoder"]["skips_unread"] = True
        arrays["mean"] = meaning.mean
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONTENT_JSON_FILE).write_text(
        json.dumps(plain, ensure_ascii=False), encoding="utf-8"
    )
    save_file(
        {name: np.ascontiguousarray(a) for name, a in arrays.items()},
        folder / CONTENT_ARRAYS_FILE,
    )


def read_text_encoder_facts(folder: Path) -> dict[str, Any]:
    """Return kind, hash and length of vectors of the text encoder of saved content.

    Returns:
        Empty without one; without the length where an earlier version wrote it.

    Raises:
        DataError: The file is damaged.
    """
    plain = read_json(folder / CONTENT_JSON_FILE)
    facts = plain.get("text_encoder") if isinstance(plain, dict) else None
    return facts if isinstance(facts, dict) else {}


def read_content(
    folder: Path, text_encoder: Encoder | None
) -> tuple[AttributeTerms, LexicalPair, CentredTextEncoder | None, dict[str, Any]]:
    """Read what :func:`write_content` wrote; an earlier version wrote no options.

    Raises:
        NotFoundError: The folder has no saved content encoder.
        DataError: The files are damaged or of another version.
        ConfigError: The text encoder is missing or another one.
    """
    plain, arrays = _read_files(folder)
    if plain.get("format") != CONTENT_FORMAT:
        raise DataError(f"expected {CONTENT_FORMAT!r} in {folder}, got {plain.get('format')!r}")
    try:
        meaning = _read_text_encoder(plain.get("text_encoder"), arrays, text_encoder)
        words, values = (_read_lexical(name, plain, arrays) for name in LEXICAL_PARTS)
        options = dict(plain.get("options", {}))
        return AttributeTerms.from_dict(plain), (words, values), meaning, options
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{CONTENT_JSON_FILE} in {folder} is damaged: {error!r}") from error


def _read_files(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError  # noqa: PLC0415 - used when loading only
    from safetensors.numpy import load_file  # noqa: PLC0415

    if not (folder / CONTENT_JSON_FILE).is_file():
        raise NotFoundError(f"no saved content in {folder}; expected {CONTENT_JSON_FILE}")
    try:
        plain = read_json(folder / CONTENT_JSON_FILE)
        return dict(plain), load_file(folder / CONTENT_ARRAYS_FILE)
    except (ValueError, TypeError, OSError, SafetensorError) as error:
        raise DataError(f"the content in {folder} is damaged: {error}") from error


def _read_lexical(
    name: str, plain: dict[str, Any], arrays: dict[str, Any]
) -> LexicalEncoder | None:
    if name not in plain:
        return None
    terms, idf = tuple(plain[name]), check_finite(name, arrays[name])
    if idf.shape != (len(terms),):
        raise DataError(f"{name} has {len(terms)} terms and weights of shape {idf.shape}")
    return LexicalEncoder(terms, idf)


def _read_text_encoder(
    wanted: dict[str, Any] | None, arrays: dict[str, Any], encoder: Encoder | None
) -> CentredTextEncoder | None:
    if wanted is None:
        return None
    if encoder is None or encoder.hash != wanted["hash"]:
        given = "none" if encoder is None else f"{type(encoder).__name__} {encoder.hash}"
        raise ConfigError(
            f"the content was fitted with the text encoder {wanted['kind']} {wanted['hash']}, "
            f"got {given}; pass the same one as text_encoder"
        )
    mean = check_finite("mean", arrays["mean"])
    if mean.shape not in ((encoder.dim,), (2 * encoder.dim,)):
        raise DataError(
            f"the mean vector has the shape {mean.shape}, not (n_parts * {encoder.dim},)"
        )
    return CentredTextEncoder(encoder, mean, bool(wanted.get("skips_unread")))
