"""Names of the files of a text encoder with a linear map."""

from pathlib import Path

MAP_FILE, ARRAYS_FILE = "mapped_text.json", "mapped_text.safetensors"
BASE_FOLDER = "base"
"""Folder with the files of the encoder that is mapped, unless a package or a server has it."""


def is_mapped_text(folder: Path) -> bool:
    """Return whether a folder contains a text encoder with a linear map."""
    return all((folder / name).is_file() for name in (MAP_FILE, ARRAYS_FILE))
