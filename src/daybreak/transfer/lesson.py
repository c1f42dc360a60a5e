"""What a teacher says of texts, and of every token alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from daybreak.encoders.bags import Tokens
from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.cache import CachedEncoder
from daybreak.encoders.static_text import tokenizer_from
from daybreak.transfer.word_pieces import word_pieces
from daybreak.types import Floats, Rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_TOKENS = 65_536
"""A teacher's vocabulary that is larger is not taken over: the texts make their own."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the teacher says, by text and by token."""

    tokens: Tokens
    n_tokens: int
    said: Floats
    """(n_texts, teacher_dim) float32"""
    alone: Floats
    """(n_tokens, teacher_dim) float32, of each token as a text of its own"""

    def take(self, rows: Rows) -> "Lesson":
        """Return the lesson of some of the texts, in rising order."""
        place = np.full(self.tokens.n_texts, -1)
        place[rows] = np.arange(len(rows))
        mine = place[self.tokens.text]
        tokens = Tokens(self.tokens.ids[mine >= 0], mine[mine >= 0], len(rows))
        return Lesson(tokens, self.n_tokens, self.said[rows], self.alone)


def ask(
    teacher: Encoder, tokenizer: "Tokenizer", texts: list[str], progress: Progress | None
) -> Lesson:
    """Ask the teacher for every text and for every token alone."""
    n_tokens = tokenizer.get_vocab_size()
    words = [tokenizer.decode([token]).removeprefix("##") for token in range(n_tokens)]
    n = len(texts) + n_tokens

    def shifted(start: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(start + done, n)

    said = teacher.encode(texts, progress=shifted(0))
    alone = teacher.encode(words, progress=shifted(len(texts)))
    return Lesson(Tokens.of(tokenizer, texts), n_tokens, said, alone)


def tokenizer_of(teacher: Encoder, texts: Sequence[str]) -> "Tokenizer":
    """Return the teacher's tokenizer when it has one of a sensible size."""
    inner = behind_cache(teacher)
    if hasattr(inner, "resolution"):
        path = inner.resolution.folder / "tokenizer.json"
        if path.is_file():
            found = tokenizer_from(path.read_text("utf-8"))
            if found.get_vocab_size() <= MOST_TOKENS:
                return found
    return word_pieces(texts)


def name_of(teacher: Encoder) -> str:
    """Return by which name a teacher is found again, or else what it is."""
    inner = behind_cache(teacher)
    if hasattr(inner, "resolution"):
        return str(inner.resolution.name)
    if hasattr(inner, "url"):
        return f"{inner.url}#{getattr(inner, 'model', '')}"
    return type(inner).__name__


def behind_cache(teacher: Encoder) -> Encoder:
    """Return the encoder that does the work."""
    return teacher.encoder if isinstance(teacher, CachedEncoder) else teacher
