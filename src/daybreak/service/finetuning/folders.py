"""The folder of a fine-tuned encoder: what may be overwritten, and the facts in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daybreak.encoders.folders import atomic_write
from daybreak.encoders.mapped_files import is_mapped_text
from daybreak.errors import ConfigError

TRAINING_FOLDER = ".training"
"""Folder with the checkpoints of a training that is not finished."""
FACTS_FILE = "finetuned.json"


def check_folder(folder: Path) -> None:
    """Check that a folder may be written: new, empty, or with an earlier or unfinished result.

    Args:
        folder: Folder of the result.

    Raises:
        ConfigError: It has other contents, or is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not _is_ours(folder)):
        raise ConfigError(f"{str(folder)!r} has other files; choose a new folder")


def _is_ours(folder: Path) -> bool:
    if is_mapped_text(folder) or (folder / FACTS_FILE).is_file():
        return True
    return (folder / TRAINING_FOLDER).is_dir()


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write facts on the origin and the quality of an encoder.

    Args:
        folder: Folder of the encoder.
        facts: JSON values.
    """
    with atomic_write(folder / FACTS_FILE) as draft:
        draft.write_text(json.dumps(dict(facts), indent=2, ensure_ascii=False) + "\n", "utf-8")
