"""The warm-up curve of the shop in the folder of a release.

It is measured after the training, on request, and not part of the manifest of the release: a
release without a curve is complete.
"""

import json
import logging
from pathlib import Path

from daybreak.errors import DataError
from daybreak.service.benchmarking.shop_curve import ShopCurve

log = logging.getLogger(__name__)

SHOP_CURVE_FILE = "shop_curve.json"
"""Curve of the shop, as of the data at the time of the measurement."""
SHOP_CURVE_FORMAT = "daybreak shop curve 1"
"""Format of the file."""


def write_shop_curve(folder: Path, curve: ShopCurve) -> None:
    """Write the curve of a shop into the folder of a release, in the place of an earlier one.

    Args:
        folder: Folder of the release.
        curve: The curve.

    Raises:
        DataError: The file cannot be written.
    """
    draft = folder / f"{SHOP_CURVE_FILE}.new"
    content = {"format": SHOP_CURVE_FORMAT, "curve": curve.to_dict()}
    try:
        draft.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), "utf-8")
        draft.replace(folder / SHOP_CURVE_FILE)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(f"the curve of {folder} cannot be written: {error}") from error


def read_shop_curve(folder: Path) -> ShopCurve | None:
    """Read the curve of a shop.

    Args:
        folder: Folder of the release.

    Returns:
        The curve; None if there is none, or none that can be used.
    """
    path = folder / SHOP_CURVE_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != SHOP_CURVE_FORMAT:
            raise DataError(f"{path} has another format")
        return ShopCurve.from_dict(content["curve"])
    except (OSError, ValueError, LookupError, TypeError, DataError) as error:
        log.warning("the curve in %s is not used: %r", folder, error)
        return None
