"""Folders that results are written into: what may be overwritten."""

from collections.abc import Callable
from pathlib import Path

from daybreak.errors import ConfigError


def check_output_folder(folder: Path, has_result: Callable[[Path], bool]) -> None:
    """Check that a folder may be written: new, empty, or with an earlier result.

    Args:
        folder: Folder of the result.
        has_result: Returns whether a folder has an earlier result of the same kind.

    Raises:
        ConfigError: It has other contents, or is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is a file; choose a folder")
    if any(folder.iterdir()) and not has_result(folder):
        raise ConfigError(f"{str(folder)!r} has other files; choose a new folder")
