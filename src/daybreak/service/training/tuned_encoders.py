"""Fine-tuned encoders of a store: what is known of them, and the one that trainings use."""

import logging
from pathlib import Path

from daybreak.store import Store

log = logging.getLogger(__name__)

ENCODERS_FOLDER = "encoders"
"""Folder of the fine-tuned encoders, next to the store."""
ENCODER_RECORDS = "encoders"
"""Kind of the documents that describe them."""
USED_ENCODER_SETTING = "encoder"
"""Setting of the store with the id of the encoder that trainings of the service use."""


def used_encoder(store: Store, root: Path, default: str) -> str:
    """Return the name of the encoder that a training of the service uses.

    Args:
        store: Store with the choice.
        root: Folder next to the store.
        default: Encoder of the settings, for the case that no other one is chosen or that its
            folder is gone.
    """
    chosen = store.settings().get(USED_ENCODER_SETTING)
    if not chosen:
        return default
    folder = (root / ENCODERS_FOLDER / str(chosen)).resolve()
    if folder.is_dir():
        return str(folder)
    log.warning("the encoder %s is gone; the training uses %s", chosen, default)
    return default
