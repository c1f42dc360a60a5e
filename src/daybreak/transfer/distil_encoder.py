"""A big text encoder taught to a table of token vectors, in closed form."""

import logging
from collections.abc import Sequence

import numpy as np

from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.cache import content_hash, normalised
from daybreak.encoders.static_files import StaticParts
from daybreak.encoders.static_text import StaticText
from daybreak.errors import ConfigError, DataError
from daybreak.transfer.lesson import ask, name_of, tokenizer_of
from daybreak.transfer.token_table import fit_tables
from daybreak.types import Rows

LEAST_TEXTS = 20
"""Different texts below which there is nothing to learn from."""
HELD_OUT = 0.1
"""Share of the texts on which the ridge is chosen."""
MOST_HELD_OUT = 1000
RIDGES = (0.1, 0.3, 1.0, 3.0)
"""Ridges that are tried."""

log = logging.getLogger(__name__)


def distil_encoder(
    teacher: Encoder,
    texts: Sequence[str],
    *,
    dim: int = 256,
    pairs: int = 32_768,
    progress: Progress | None = None,
) -> StaticText:
    """Teach a text encoder to a table of token vectors; the same table every time.

    A text is a bag of tokens and of pairs of neighbours, weighted by their rarity. The vectors
    of the tokens are the ridge regression from bags to the teacher's vectors, shrunk towards
    what the teacher says of each token alone: words that the texts never show keep that. The
    ridge is the one whose answers are nearest to the teacher's on a tenth of the texts, by hash
    of the text. ``facts["fidelity"]`` of the result's parts is the mean cosine there.

    Args:
        teacher: Any encoder; wrap it in ``CachedEncoder`` to ask it only once for a text.
        texts: Like those that will be encoded: a catalogue's item texts. Blanks and repetitions
            are left out.
        dim: Length of the vectors, at most the teacher's.
        pairs: Pairs of neighbouring tokens that get a vector, at most; 0: none.
        progress: Called with (texts done, texts in all) while the teacher works.

    Raises:
        DataError: There are fewer than 20 different texts.
        ConfigError: ``dim`` is not from 1 to the teacher's, or ``pairs`` is below 0.

    Source:
        Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network": a small
        model learns a big one's outputs, here by squared error. The weighted mean of token
        vectors: Arora, Liang and Ma 2017, section 3, with inverse document frequency for the
        weights. Token vectors by asking the teacher for each token alone, then principal
        components: Tulkens and van Dongen 2024, "Model2Vec"; here they are the prior of a
        regression.
    """
    if not 1 <= dim <= teacher.dim:
        raise ConfigError(f"dim must be from 1 to {teacher.dim}, the teacher's, got {dim!r}")
    if pairs < 0:
        raise ConfigError(f"pairs must be 0 or more, got {pairs!r}")
    different = list(dict.fromkeys(filter(None, map(normalised, texts))))
    if len(different) < LEAST_TEXTS:
        raise DataError(
            f"distilling needs at least {LEAST_TEXTS} different texts, got {len(different)}"
        )
    tokenizer = tokenizer_of(teacher, different)
    lesson = ask(teacher, tokenizer, different, progress)
    learn, check = _held_out(different)
    tables = fit_tables(lesson.take(learn), dim, pairs, RIDGES)
    asked = lesson.take(check)
    quality = {r: table.fidelity(asked) for r, table in zip(RIDGES, tables, strict=True)}
    ridge = max(quality, key=lambda one: quality[one])
    log.info("ridge %s of %s: cosine to the teacher %.3f", ridge, RIDGES, quality[ridge])
    (table,) = fit_tables(lesson, dim, pairs, (ridge,))
    facts = {
        "teacher": name_of(teacher),
        "teacher_hash": teacher.hash,
        "teacher_dim": teacher.dim,
        "texts": len(different),
        "pairs": len(table.pairs),
        "ridge": ridge,
        "fidelity": round(quality[ridge], 4),
    }
    vectors, fallback = table.vectors.astype(np.float16), table.middle @ table.axes
    return StaticText(StaticParts(tokenizer.to_str(), vectors, table.pairs, fallback, facts))


def _held_out(texts: Sequence[str]) -> tuple[Rows, Rows]:
    """Return the texts to learn from and those to check with, by hash."""
    order = sorted(range(len(texts)), key=lambda row: content_hash(texts[row]))
    n_check = min(MOST_HELD_OUT, max(1, round(HELD_OUT * len(texts))))
    return np.sort(order[n_check:]), np.sort(order[:n_check])
