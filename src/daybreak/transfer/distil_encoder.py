"""A tokenizer made of the texts at hand, for teachers that do not bring one.

What a teacher says of texts, and of every token alone.

Vectors of tokens and of pairs, fitted so that their sums say what the teacher says.

A big text encoder taught to a table of token vectors, in closed form.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.base import Encoder, Progress, l2_normalize
from daybreak.encoders.cache import CachedEncoder, content_hash, normalize_text
from daybreak.encoders.static_files import StaticTextModel
from daybreak.encoders.static_text import (
    StaticText,
    TokenizedTexts,
    frequent_pairs,
    parse_tokenizer,
    token_counts,
)
from daybreak.errors import ConfigError, DataError
from daybreak.transfer.ridge_to_prior import RidgeToPrior
from daybreak.types import Floats, Rows, Sparse

if TYPE_CHECKING:
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)


UNKNOWN_TOKEN = "[UNK]"
MAX_WORDS = 30_000
"""Words that get a token of their own, at most."""
MIN_WORD_COUNT = 2
"""Times a word must stand in the texts to get one."""


def build_word_piece_tokenizer(texts: Sequence[str]) -> "Tokenizer":
    """Return a tokenizer with the words and the characters of the texts; the same every time.

    Lower-case, without accents; a Chinese character is a word. A word that is not known is cut
    into the longest known beginnings, in the end into characters.

    Example:
        >>> tokenizer = build_word_piece_tokenizer(["Red globe", "red lamp"])
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
    tokenizer = Tokenizer(models.WordPiece(_vocabulary(counts), unk_token=UNKNOWN_TOKEN))
    tokenizer.normalizer = normaliser
    tokenizer.pre_tokenizer = cutter
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([UNKNOWN_TOKEN])
    return tokenizer


def _vocabulary(counts: Counter[str]) -> dict[str, int]:
    characters = sorted({*ascii_lowercase, *digits, *(c for word in counts for c in word)})
    often = sorted(counts, key=lambda word: (-counts[word], word))[:MAX_WORDS]
    words = [word for word in often if counts[word] >= MIN_WORD_COUNT]
    pieces = [
        UNKNOWN_TOKEN,
        *characters,
        *(f"##{character}" for character in characters),
        *words,
    ]
    return {piece: row for row, piece in enumerate(dict.fromkeys(pieces))}


MAX_TEACHER_TOKENS = 65_536
"""A teacher's vocabulary that is larger is not taken over: the texts make their own."""


@dataclass(frozen=True, eq=False)
class TeacherEmbeddings:
    """What the teacher says, by text and by token."""

    tokens: TokenizedTexts
    n_tokens: int
    text_vectors: Floats
    """(n_texts, teacher_dim) float32"""
    token_vectors: Floats
    """(n_tokens, teacher_dim) float32, of each token as a text of its own"""

    def take(self, rows: Rows) -> "TeacherEmbeddings":
        """Return the lesson of some of the texts, in rising order."""
        place = np.full(self.tokens.n_texts, -1)
        place[rows] = np.arange(len(rows))
        mine = place[self.tokens.text_index]
        tokens = TokenizedTexts(self.tokens.ids[mine >= 0], mine[mine >= 0], len(rows))
        return TeacherEmbeddings(
            tokens, self.n_tokens, self.text_vectors[rows], self.token_vectors
        )


def embed_with_teacher(
    teacher: Encoder, tokenizer: "Tokenizer", texts: list[str], progress: Progress | None
) -> TeacherEmbeddings:
    """Ask the teacher for every text and for every token alone."""
    n_tokens = tokenizer.get_vocab_size()
    words = [tokenizer.decode([token]).removeprefix("##") for token in range(n_tokens)]
    n = len(texts) + n_tokens

    def shifted(start: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(start + done, n)

    said = teacher.encode(texts, progress=shifted(0))
    alone = teacher.encode(words, progress=shifted(len(texts)))
    return TeacherEmbeddings(TokenizedTexts.from_texts(tokenizer, texts), n_tokens, said, alone)


def find_tokenizer(teacher: Encoder, texts: Sequence[str]) -> "Tokenizer":
    """Return the teacher's tokenizer when it has one of a sensible size."""
    inner = unwrap_cache(teacher)
    if hasattr(inner, "resolution"):
        path = inner.resolution.folder / "tokenizer.json"
        if path.is_file():
            found = parse_tokenizer(path.read_text("utf-8"))
            if found.get_vocab_size() <= MAX_TEACHER_TOKENS:
                return found
    return build_word_piece_tokenizer(texts)


def teacher_name(teacher: Encoder) -> str:
    """Return by which name a teacher is found again, or else what it is."""
    inner = unwrap_cache(teacher)
    if hasattr(inner, "resolution"):
        return str(inner.resolution.name)
    if hasattr(inner, "url"):
        return f"{inner.url}#{getattr(inner, 'model', '')}"
    return type(inner).__name__


def unwrap_cache(teacher: Encoder) -> Encoder:
    """Return the encoder that does the work."""
    return teacher.encoder if isinstance(teacher, CachedEncoder) else teacher


PAIR_WEIGHT = 0.5
"""Weight of a pair beside a token that is as rare."""


@dataclass(frozen=True, eq=False)
class TokenTable:
    """Vectors of tokens and pairs, and the view of the teacher's space they live in."""

    vectors: Floats
    """(n_tokens + n_pairs, dim) float32, each times its weight"""
    pairs: Rows
    mean: Floats
    """(teacher_dim,) mean of what the teacher said"""
    axes: Floats
    """(teacher_dim, dim) orthonormal columns"""

    def fidelity(self, embeddings: TeacherEmbeddings) -> float:
        """Return the mean cosine to the teacher's vectors, seen from the middle of the texts.

        What the dropped dimensions held counts as lost.
        """
        counts = token_counts(embeddings.tokens, embeddings.n_tokens, self.pairs)
        mine = l2_normalize(np.asarray(counts @ self.vectors))
        return float(
            (mine * (l2_normalize(embeddings.text_vectors - self.mean) @ self.axes))
            .sum(axis=1)
            .mean()
        )


def fit_token_tables(
    embeddings: TeacherEmbeddings, dim: int, n_pairs: int, ridges: Sequence[float]
) -> list[TokenTable]:
    """Return a table for every ridge.

    Args:
        lesson: What the teacher says.
        dim: Length of the vectors.
        n_pairs: Pairs that get a vector, at most.
        ridges: How strongly the tokens are held at what the teacher says of them alone.
    """
    pairs = frequent_pairs(embeddings.tokens, embeddings.n_tokens, max_pairs=n_pairs)
    counts = token_counts(embeddings.tokens, embeddings.n_tokens, pairs)
    weights = idf_weights(counts)
    weights[embeddings.n_tokens :] *= PAIR_WEIGHT
    rows = _unit_rows(sp.csr_array(counts.multiply(weights[None])))
    middle = embeddings.text_vectors.mean(axis=0)
    axes = principal_axes(embeddings.text_vectors - middle, dim)
    targets = (embeddings.text_vectors - middle) @ axes
    prior = np.zeros((counts.shape[1], dim), np.float32)
    prior[: embeddings.n_tokens] = _centre_tokens(embeddings.token_vectors) @ axes
    solver = RidgeToPrior(rows, targets, _fit_scale(rows @ prior, targets) * prior)
    return [
        TokenTable(weights[:, None] * solver.fit(ridge), pairs, middle, axes)
        for ridge in ridges
    ]


def _centre_tokens(alone: Floats) -> Floats:
    """Return the vectors of tokens less their mean; a token that says nothing stays zero."""
    spoken = np.asarray(alone.any(axis=1))
    middle = alone[spoken].mean(axis=0) if spoken.any() else np.float32(0)
    return np.asarray(np.where(spoken[:, None], alone - middle, 0), np.float32)


def _fit_scale(guess: Floats, targets: Floats) -> np.float32:
    """Return the factor that brings the guess nearest to the targets."""
    return np.float32((guess * targets).sum() / max(float((guess * guess).sum()), 1e-9))


def _unit_rows(rows: Sparse) -> Sparse:
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
    scale = sp.diags_array((1 / np.maximum(lengths, 1e-9)).astype(np.float32))
    return sp.csr_array(scale @ rows)


def idf_weights(counts: Sparse) -> Floats:
    """Return the weight of each column: ``1 + log((n + 1) / (n_texts_with_it + 1))``.

    Example:
        >>> import scipy.sparse as sp
        >>> idf_weights(sp.csr_array(np.array([[1.0, 0], [2, 0]]))).round(3)
        array([1.   , 2.099], dtype=float32)
    """
    found = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(1 + np.log((counts.shape[0] + 1) / (found + 1)), np.float32)


def principal_axes(rows: Floats, dim: int) -> Floats:
    """Return the (width, dim) orthonormal directions in which centred rows differ the most."""
    _, vectors = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    axes = vectors[:, ::-1][:, :dim]
    biggest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.sign(biggest), np.float32)


MIN_TEXTS = 20
"""Different texts below which there is nothing to learn from."""
HELD_OUT_SHARE = 0.1
"""Share of the texts on which the ridge is chosen."""
MAX_HELD_OUT_TEXTS = 1000
RIDGE_CANDIDATES = (0.1, 0.3, 1.0, 3.0)
"""Ridges that are tried."""


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
    different = list(dict.fromkeys(filter(None, map(normalize_text, texts))))
    if len(different) < MIN_TEXTS:
        raise DataError(
            f"distilling needs at least {MIN_TEXTS} different texts, got {len(different)}"
        )
    tokenizer = find_tokenizer(teacher, different)
    lesson = embed_with_teacher(teacher, tokenizer, different, progress)
    learn, check = _split_texts(different)
    tables = fit_token_tables(lesson.take(learn), dim, pairs, RIDGE_CANDIDATES)
    asked = lesson.take(check)
    quality = {
        r: table.fidelity(asked) for r, table in zip(RIDGE_CANDIDATES, tables, strict=True)
    }
    ridge = max(quality, key=lambda one: quality[one])
    log.info(
        "ridge %s of %s: cosine to the teacher %.3f", ridge, RIDGE_CANDIDATES, quality[ridge]
    )
    (table,) = fit_token_tables(lesson, dim, pairs, (ridge,))
    facts = {
        "teacher": teacher_name(teacher),
        "teacher_hash": teacher.hash,
        "teacher_dim": teacher.dim,
        "texts": len(different),
        "pairs": len(table.pairs),
        "ridge": ridge,
        "fidelity": round(quality[ridge], 4),
    }
    vectors, fallback = table.vectors.astype(np.float16), table.mean @ table.axes
    return StaticText(
        StaticTextModel(tokenizer.to_str(), vectors, table.pairs, fallback, facts)
    )


def _split_texts(texts: Sequence[str]) -> tuple[Rows, Rows]:
    """Return the texts to learn from and those to check with, by hash."""
    order = sorted(range(len(texts)), key=lambda row: content_hash(texts[row]))
    n_check = min(MAX_HELD_OUT_TEXTS, max(1, round(HELD_OUT_SHARE * len(texts))))
    return np.sort(order[n_check:]), np.sort(order[:n_check])
