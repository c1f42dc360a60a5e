"""What the methods in closed form share: texts to learn from, and the folder of a map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.encoders import Encoder, TextMap
from daybreak.encoders.mapped_text import MappedTextFiles, write_text_map
from daybreak.errors import DataError
from daybreak.service.finetuning.cold_items import ColdItemTrial
from daybreak.service.finetuning.folders import remove_transformer
from daybreak.service.finetuning.methods import FinetuningTask
from daybreak.types import Floats, Rows


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Texts with a vector, and the items that have them."""

    texts: Sequence[str]
    vectors: Floats
    """(n_texts, dim) vectors of the encoder, none of them 0"""
    owners: Rows
    """(n_texts,) position of the item of each text"""


def encode_texts(trial: ColdItemTrial, base: Encoder, rows: Rows) -> EncodedTexts:
    """Return the texts of some items with their vectors, without empty ones.

    Args:
        trial: Simulated cold items.
        base: Encoder to fine-tune.
        rows: Rows of the items, ascending; ``owners`` are positions in them.

    Raises:
        DataError: No item has a text.
    """
    found = trial.texts.of_items(rows)
    vectors = base.encode(found.texts)
    filled = np.flatnonzero(vectors.any(axis=1))
    if not len(filled):
        raise DataError(
            "no item with events has a text; fine-tuning needs items with titles or "
            "descriptions, with the ids that the events have"
        )
    texts = tuple(found.texts[number] for number in filled)
    return EncodedTexts(texts, vectors[filled], found.owners[filled])


def write_map(task: FinetuningTask, text_map: TextMap, facts: Mapping[str, Any]) -> None:
    """Write a map into the folder of a task, in place of an earlier result.

    Args:
        task: The folder, and the encoder that is mapped.
        text_map: The map.
        facts: JSON values, the metadata of the encoder.
    """
    files = MappedTextFiles(text_map, task.base_name, task.base.hash, facts)
    write_text_map(task.folder, files)
    remove_transformer(task.folder)
