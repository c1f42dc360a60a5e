"""A tokenizer made of the texts at hand, for teachers that do not bring one."""

from collections import Counter
from collections.abc import Sequence
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
WORDS = 30_000
"""Words that get a token of their own, at most."""
LEAST = 2
"""Times a word must stand in the texts to get one."""


def word_pieces(texts: Sequence[str]) -> "Tokenizer":
    """Return a tokenizer with the words and the characters of the texts; the same every time.

    Lower-case, without accents; a Chinese character is a word. A word that is not known is cut
    into the longest known beginnings, in the end into characters.

    Example:
        >>> tokenizer = word_pieces(["Red globe", "red lamp"])
        >>> tokenizer.encode("RED lab").tokens
        ['red', 'l', '##a', '##b']
    """
    from tokenizers import (  # noqa: PLC0415 - only who encodes text pays for it
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
    )

    normaliser = normalizers.BertNormalizer(lowercase=True)
    cutter = pre_tokenizers.BertPreTokenizer()
    counts = Counter(
        word
        for text in texts
        for word, _ in cutter.pre_tokenize_str(normaliser.normalize_str(text))
    )
    tokenizer = Tokenizer(models.WordPiece(_vocabulary(counts), unk_token=UNKNOWN))
    tokenizer.normalizer = normaliser
    tokenizer.pre_tokenizer = cutter
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([UNKNOWN])
    return tokenizer


def _vocabulary(counts: Counter[str]) -> dict[str, int]:
    characters = sorted({*ascii_lowercase, *digits, *(c for word in counts for c in word)})
    often = sorted(counts, key=lambda word: (-counts[word], word))[:WORDS]
    words = [word for word in often if counts[word] >= LEAST]
    pieces = [UNKNOWN, *characters, *(f"##{character}" for character in characters), *words]
    return {piece: row for row, piece in enumerate(dict.fromkeys(pieces))}
