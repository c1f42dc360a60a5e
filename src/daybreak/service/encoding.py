"""Rows of items as models see them; text that has not changed is not encoded again."""

import numpy as np
import polars as pl

from daybreak.data.items import Block
from daybreak.encoders.content import MEANING, ContentEncoder, item_texts
from daybreak.service.catalogue import Catalogue
from daybreak.types import Floats


def encoded(
    content: ContentEncoder, catalogue: Catalogue, frame: pl.DataFrame
) -> tuple[Block, ...]:
    """Return the blocks of rows of items.

    Args:
        content: Encodes them.
        catalogue: As it was before; it has the meaning of every text in it.
        frame: New rows, or what takes the place of rows of the catalogue.
    """
    return content.transform(frame, known=_known(content, catalogue, frame))


def _known(
    content: ContentEncoder, catalogue: Catalogue, frame: pl.DataFrame
) -> dict[str, Floats]:
    """Return the meaning of what the same items said before, by text."""
    rows = catalogue.items.ids.rows(frame["item_id"])
    rows = rows[rows >= 0]
    block = next((block for block in catalogue.items.blocks if block.name == MEANING), None)
    if block is None or not len(rows):
        return {}
    texts = item_texts(content.attributes.fields, catalogue.frame[rows])
    return dict(zip(texts, np.asarray(block.take(rows).matrix), strict=True))
