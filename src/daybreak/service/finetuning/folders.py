"""The folder of a fine-tuned encoder: what may be overwritten, and the facts in it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daybreak.encoders.folders import atomic_write
from daybreak.encoders.mapped_files import ARRAYS_FILE, BASE_FOLDER, MAP_FILE, is_mapped_text
from daybreak.errors import ConfigError
from daybreak.service.output_folders import check_output_folder

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
    check_output_folder(folder, _is_ours)


def _is_ours(folder: Path) -> bool:
    if is_mapped_text(folder) or (folder / FACTS_FILE).is_file():
        return True
    return (folder / TRAINING_FOLDER).is_dir()


def check_base(base_name: str, folder: Path) -> None:
    """Check that an encoder is not tuned into its own folder.

    Args:
        base_name: Name of the encoder to tune.
        folder: Folder of the result.

    Raises:
        ConfigError: The folder is that of the encoder, or contains it.
    """
    base = Path(base_name).expanduser()
    if not base.is_dir():
        return
    target, inside = folder.resolve(), base.resolve()
    if target == inside or target in inside.parents or inside in target.parents:
        raise ConfigError(f"{str(folder)!r} and the encoder {base_name!r} share a folder")


def remove_text_map(folder: Path) -> None:
    """Remove an earlier result that was a map, so that it does not hide another one.

    Args:
        folder: Folder of the result.
    """
    for name in (MAP_FILE, ARRAYS_FILE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / BASE_FOLDER, ignore_errors=True)


def remove_transformer(folder: Path) -> None:
    """Remove an earlier result that was a transformer.

    Args:
        folder: Folder of the result.
    """
    if (folder / FACTS_FILE).is_file():
        shutil.rmtree(folder / "onnx", ignore_errors=True)
        (folder / FACTS_FILE).unlink()


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write facts on the origin and the quality of an encoder.

    Args:
        folder: Folder of the encoder.
        facts: JSON values.
    """
    with atomic_write(folder / FACTS_FILE) as draft:
        draft.write_text(json.dumps(dict(facts), indent=2, ensure_ascii=False) + "\n", "utf-8")
