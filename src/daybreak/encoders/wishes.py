"""What users say, as content vectors: wanted clauses minus unwanted ones."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.encoders.clauses import drop_small_talk, split_clauses
from daybreak.types import Floats, Rows, Sparse

TextEncodeFn = Callable[[Sequence[str]], tuple[ContentBlock, ...]]
WishVector = tuple[Sparse | Floats, ...]
"""One (n, dim) matrix per content block."""
UNWANTED_TERM_FACTOR = 3.0
"""Weight of unwanted words and attributes relative to wanted ones: an item that carries them is
not listed, however much else it carries. From 2 on, hardly any such item was among ten."""
UNWANTED_MEANING_FACTOR = 0.5
"""The same for the vectors of a text model. They are alike for most texts of a catalogue; with
more than 1, lists were less often about what was wanted."""


def encode_wishes(texts: Sequence[str], encode_texts: TextEncodeFn) -> WishVector:
    """Return one (n_texts, dim) matrix per content block.

    The vector of a text is that of its wanted clauses, minus the part of each unwanted clause
    that the wanted ones do not share: somebody who wants tea but no coffee wants a drink.

    Args:
        texts: Texts of users.
        encode_texts: Encodes texts as blocks of content.

    Source:
        Widdows 2003, "Orthogonal negation in vector spaces for modelling word-meanings and
        document retrieval", eq. 2, for the part that is not shared.
    """
    clauses = [split_clauses(text) for text in texts]
    owner = [row for row, one in enumerate(clauses) for _ in one.unwanted]
    wanted = [drop_small_talk(one.wanted) for one in clauses]
    unwanted = [text for one in clauses for text in one.unwanted]
    return tuple(
        _subtract_unwanted(
            block.matrix[: len(texts)], block.matrix[len(texts) :], np.array(owner, dtype=int)
        )
        for block in encode_texts([*wanted, *unwanted])
    )


def _subtract_unwanted(wanted: Any, unwanted: Any, owner: Rows) -> Any:
    """Return (n, dim) wanted rows minus the rows of their unwanted clauses.

    Args:
        wanted: (n, dim) rows of length 1 or 0.
        unwanted: (n_unwanted, dim) rows of length 1 or 0.
        owner: (n_unwanted,) row that each of them belongs to.
    """
    if not len(owner):
        return wanted
    own = wanted[owner]
    product = own.multiply(unwanted) if sp.issparse(own) else own * unwanted
    shared = np.maximum(np.asarray(product.sum(axis=1)).ravel(), 0)
    factor = np.float32(UNWANTED_TERM_FACTOR if sp.issparse(own) else UNWANTED_MEANING_FACTOR)
    scale = sp.diags_array(shared.astype(np.float32))
    ones = np.ones(len(owner), dtype=np.float32)
    shape = (wanted.shape[0], len(owner))
    summed = sp.csr_array((ones, (owner, np.arange(len(owner)))), shape=shape)
    return wanted - factor * (summed @ (unwanted - scale @ own))
