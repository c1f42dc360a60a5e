"""Measurements in the folder of a release: the curve of the shop, and an evaluation by slice.

They are made after the training, on request, and are not part of the manifest of the release: a
release without them is complete.
"""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from daybreak.errors import DataError
from daybreak.service.benchmarking.shop_curve import ShopCurve
from daybreak.service.benchmarking.slice_results import ReleaseEvaluation

log = logging.getLogger(__name__)
T = TypeVar("T")

SHOP_CURVE_FILE = "shop_curve.json"
"""Curve of the shop, as of the data at the time of the measurement."""
SHOP_CURVE_FORMAT = "daybreak shop curve 1"
EVALUATION_FILE = "evaluation.json"
"""Evaluation by slice, as of the data at the time of the measurement."""
EVALUATION_FORMAT = "daybreak evaluation 1"


def write_shop_curve(folder: Path, curve: ShopCurve) -> None:
    """Write the curve of a shop into the folder of a release, in the place of an earlier one.

    Args:
        folder: Folder of the release.
        curve: The curve.

    Raises:
        DataError: The file cannot be written.
    """
    _write(folder / SHOP_CURVE_FILE, SHOP_CURVE_FORMAT, curve.to_dict())


def read_shop_curve(folder: Path) -> ShopCurve | None:
    """Read the curve of a shop.

    Args:
        folder: Folder of the release.

    Returns:
        The curve; None if there is none, or none that can be used.
    """
    return _read(folder / SHOP_CURVE_FILE, SHOP_CURVE_FORMAT, ShopCurve.from_dict)


def write_evaluation(folder: Path, evaluation: ReleaseEvaluation) -> None:
    """Write an evaluation into the folder of a release, in the place of an earlier one.

    Args:
        folder: Folder of the release.
        evaluation: The evaluation.

    Raises:
        DataError: The file cannot be written.
    """
    _write(folder / EVALUATION_FILE, EVALUATION_FORMAT, evaluation.to_dict())


def read_evaluation(folder: Path) -> ReleaseEvaluation | None:
    """Read the evaluation of a release.

    Args:
        folder: Folder of the release.

    Returns:
        The evaluation; None if there is none, or none that can be used.
    """
    return _read(folder / EVALUATION_FILE, EVALUATION_FORMAT, ReleaseEvaluation.from_dict)


def _write(path: Path, file_format: str, values: Mapping[str, Any]) -> None:
    draft = path.with_name(f"{path.name}.new")
    content = {"format": file_format, "values": values}
    try:
        draft.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), "utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(f"{str(path)!r} cannot be written: {error.strerror}") from error


def _read(path: Path, file_format: str, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != file_format:
            raise DataError(f"{path} has another format")
        return parse(content["values"])
    except (OSError, ValueError, LookupError, TypeError, DataError) as error:
        log.warning("%s is not used: %r", path, error)
        return None
