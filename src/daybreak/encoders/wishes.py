"""What users say, as content vectors: wanted clauses minus unwanted ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.encoders.alternatives import MAX_WISH_CHARS
from daybreak.encoders.clauses import Clauses, drop_small_talk, split_clauses
from daybreak.encoders.languages import foreign_words
from daybreak.types import Floats, Rows, Sparse

CONTEXT_SHARE = 0.25
"""Weight of the whole text in each of its wishes: "wrapping paper and gift tags" is about gifts
where it is about paper, too."""
UNWANTED_ALONE_FACTOR = 0.1
"""Weight of the meaning of a text that only rules out, in words that no item has: the likeness
of everything else stays below :data:`daybreak.models.wish.MIN_REFERENCE`."""
TextEncodeFn = Callable[..., tuple[ContentBlock, ...]]
"""Encodes texts; ``n_ruled_out`` is the number of the last ones that say what is unwanted,
``are_titles`` whether they may be titles, ``needs_model`` whether the blocks of models are
needed, ``foreign`` the words of other languages that some had, by position."""
WishVector = tuple[Sparse | Floats, ...]
"""One (n, dim) matrix per content block."""
SeparateFn = Callable[[Clauses], Sequence[str]]
"""Returns the wishes of a sentence; none or one if it has no further ones."""
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
    wanted = [drop_small_talk(one.wanted) for one in clauses]
    unwanted = [one.unwanted for one in clauses]
    return _encode_wanted(wanted, unwanted, encode_texts, _foreign_rows(texts))


def encode_descriptions(
    texts: Sequence[str], encode_texts: TextEncodeFn
) -> tuple[ContentBlock, ...]:
    """Return the blocks of texts; those that rule something out are read as wishes.

    Texts without a negation, and descriptions that are longer than what people ask, are encoded
    as they are.

    Args:
        texts: Descriptions or wishes.
        encode_texts: Encodes texts as blocks of content.
    """
    blocks = encode_texts(texts)
    asked = [
        row
        for row, text in enumerate(texts)
        if len(text) <= MAX_WISH_CHARS and split_clauses(text).unwanted
    ]
    if not asked:
        return blocks
    order = np.arange(len(texts))
    order[asked] = len(texts) + np.arange(len(asked))
    vectors = encode_wishes([texts[row] for row in asked], encode_texts)
    return tuple(
        replace(block, matrix=_stack(block.matrix, rows)[order])
        for block, rows in zip(blocks, vectors, strict=True)
    )


def _stack(first: Any, second: Any) -> Any:
    if sp.issparse(first):
        return sp.csr_array(sp.vstack([first, second]))
    return np.vstack([first, second])


@dataclass(frozen=True, eq=False)
class TextWishes:
    """The wishes of one text: "a lamp or a mug" has two.

    Attributes:
        vectors: One (n_wishes, dim) matrix per content block.
        names: (n_wishes,) words of each; the whole text if it has one wish.
    """

    vectors: WishVector
    names: tuple[str, ...]


def encode_separate_wishes(
    texts: Sequence[str], encode_texts: TextEncodeFn, separate: SeparateFn
) -> list[TextWishes]:
    """Return the wishes of texts, with a vector for each wish.

    What a text rules out holds for all of its wishes.

    Args:
        texts: Texts of users.
        encode_texts: Encodes texts as blocks of content.
        separate: Returns the wishes of a sentence.
    """
    wanted: list[str] = []
    unwanted: list[tuple[str, ...]] = []
    found: list[tuple[str, ...]] = []
    said: list[str] = []
    for text in texts:
        clauses = split_clauses(text)
        several = tuple(separate(clauses))
        found.append(several if len(several) > 1 else ())
        wanted += (drop_small_talk(clauses.wanted), *found[-1])
        unwanted += [clauses.unwanted] * (1 + len(found[-1]))
        said += [text] * (1 + len(found[-1]))
    vectors = _encode_wanted(wanted, unwanted, encode_texts, _foreign_rows(said))
    starts = np.cumsum([0, *(1 + len(names) for names in found)])
    return [
        TextWishes(tuple(_add_context(block, start, len(names)) for block in vectors), names)
        if names
        else TextWishes(tuple(block[[start]] for block in vectors), (text,))
        for text, names, start in zip(texts, found, starts[:-1].tolist(), strict=True)
    ]


def _add_context(rows: Any, start: int, n_wishes: int) -> Any:
    """Return (n_wishes, dim) wishes plus a share of the whole text.

    Args:
        rows: (n, dim) rows of a block.
        start: Row of the whole text; those of its wishes follow.
        n_wishes: Number of its wishes.
    """
    own = np.arange(start + 1, start + 1 + n_wishes)
    whole = np.full(n_wishes, start)
    return rows[own] + np.float32(CONTEXT_SHARE) * rows[whole]


def _foreign_rows(texts: Sequence[str]) -> dict[int, frozenset[str]]:
    """Return the words of other languages than English, by position of the texts with some."""
    found = {row: foreign_words(text) for row, text in enumerate(texts)}
    return {row: words for row, words in found.items() if words}


def _encode_wanted(
    wanted: Sequence[str],
    unwanted: Sequence[Sequence[str]],
    encode_texts: TextEncodeFn,
    foreign: Mapping[int, frozenset[str]],
) -> WishVector:
    """Return the (n, dim) vectors of wanted texts minus those of what each rules out.

    The meaning of a text that only rules out counts little, and not at all where its words are
    known: what is least like horror is not what somebody wants who says "no horror".
    """
    owner = [row for row, ruled_out in enumerate(unwanted) for _ in ruled_out]
    ruled_out = [text for one in unwanted for text in one]
    options: dict[str, Any] = {"n_ruled_out": len(ruled_out)} if ruled_out else {}
    options |= {"foreign": foreign} if foreign else {}
    blocks = tuple(
        _subtract_unwanted(
            block.matrix[: len(wanted)], block.matrix[len(wanted) :], np.array(owner, dtype=int)
        )
        for block in encode_texts([*wanted, *ruled_out], **options)
    )
    has_words = np.zeros(len(wanted), dtype=bool)
    for block in blocks:
        if sp.issparse(block):
            has_words |= np.diff(sp.csr_array(block).indptr) > 0
    alone = np.where(has_words, 0, UNWANTED_ALONE_FACTOR)
    factors = np.where([bool(text) for text in wanted], 1, alone).astype(np.float32)
    return tuple(block if sp.issparse(block) else block * factors[:, None] for block in blocks)


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
