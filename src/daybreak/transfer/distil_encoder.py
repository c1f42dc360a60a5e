"""Distillation of a text encoder to a static table of token vectors, in closed form.

:func:`distil_encoder` is the entry point. In the order of use: a tokenizer
(:func:`find_tokenizer`), the vectors of the teacher (:func:`embed_with_teacher`), and the
tables fitted to them (:func:`fit_token_tables`).
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


UNKNOWN_TOKEN = "[UNK]"  # noqa: S105 - a token of text
MAX_WORDS = 30_000
"""Words with a token of their own, at most [words]."""
MIN_WORD_COUNT = 2
"""Occurrences of a word with a token of its own, at least."""


def build_word_piece_tokenizer(texts: Sequence[str]) -> "Tokenizer":
    """Return a word-piece tokenizer of the words and characters of the texts.

    The tokenizer lower-cases and removes accents; a Chinese character is a word. An unknown
    word is divided into the longest known prefixes, in the end into characters. The result
    depends on the texts only.

    Example:
        >>> tokenizer = build_word_piece_tokenizer(["Red globe", "red lamp"])
        >>> tokenizer.encode("RED lab").tokens
        ['red', 'l', '##a', '##b']
    """
    from tokenizers import (  # noqa: PLC0415 - imported when a text is encoded
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
"""Size of a teacher vocabulary that is reused, at most; larger ones are replaced [tokens]."""


@dataclass(frozen=True, eq=False)
class TeacherEmbeddings:
    """The vectors of the teacher for texts and for single tokens."""

    tokens: TokenizedTexts
    n_tokens: int
    text_vectors: Floats
    """(n_texts, teacher_dim) float32"""
    token_vectors: Floats
    """(n_tokens, teacher_dim) float32, of each token as a text"""

    def take(self, rows: Rows) -> "TeacherEmbeddings":
        """Return the vectors of some of the texts.

        Args:
            rows: Rows of the texts, increasing.
        """
        place = np.full(self.tokens.n_texts, -1)
        place[rows] = np.arange(len(rows))
        new_index = place[self.tokens.text_index]
        is_taken = new_index >= 0
        tokens = TokenizedTexts(self.tokens.ids[is_taken], new_index[is_taken], len(rows))
        return TeacherEmbeddings(
            tokens, self.n_tokens, self.text_vectors[rows], self.token_vectors
        )


def embed_with_teacher(
    teacher: Encoder, tokenizer: "Tokenizer", texts: list[str], progress: Progress | None
) -> TeacherEmbeddings:
    """Return the vectors of the teacher for all texts and for all tokens of the tokenizer.

    Args:
        teacher: Encoder to distil.
        tokenizer: Tokenizer whose tokens are encoded as texts.
        texts: Texts.
        progress: Function of (texts done, texts in all), or None.
    """
    n_tokens = tokenizer.get_vocab_size()
    words = [tokenizer.decode([token]).removeprefix("##") for token in range(n_tokens)]
    n = len(texts) + n_tokens

    def shifted(start: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(start + done, n)

    text_vectors = teacher.encode(texts, progress=shifted(0))
    token_vectors = teacher.encode(words, progress=shifted(len(texts)))
    tokens = TokenizedTexts.from_texts(tokenizer, texts)
    return TeacherEmbeddings(tokens, n_tokens, text_vectors, token_vectors)


def find_tokenizer(teacher: Encoder, texts: Sequence[str]) -> "Tokenizer":
    """Return the tokenizer of the teacher if it is small enough, else one of the texts."""
    inner = unwrap_cache(teacher)
    if hasattr(inner, "resolution"):
        path = inner.resolution.folder / "tokenizer.json"
        if path.is_file():
            found = parse_tokenizer(path.read_text("utf-8"))
            if found.get_vocab_size() <= MAX_TEACHER_TOKENS:
                return found
    return build_word_piece_tokenizer(texts)


def teacher_name(teacher: Encoder) -> str:
    """Return the name by which a teacher can be loaded again, or the name of its class."""
    inner = unwrap_cache(teacher)
    if hasattr(inner, "resolution"):
        return str(inner.resolution.name)
    if hasattr(inner, "url"):
        return f"{inner.url}#{getattr(inner, 'model', '')}"
    return type(inner).__name__


def unwrap_cache(teacher: Encoder) -> Encoder:
    """Return the encoder inside a cache."""
    return teacher.encoder if isinstance(teacher, CachedEncoder) else teacher


PAIR_WEIGHT = 0.5
"""Weight of a pair, relative to a token of the same frequency."""


@dataclass(frozen=True, eq=False)
class TokenTable:
    """Vectors of tokens and pairs, in a subspace of the vectors of the teacher."""

    vectors: Floats
    """(n_tokens + n_pairs, dim) float32, multiplied by their weights"""
    pairs: Rows
    mean: Floats
    """(teacher_dim,) mean vector of the texts"""
    axes: Floats
    """(teacher_dim, dim) orthonormal columns"""

    def fidelity(self, embeddings: TeacherEmbeddings) -> float:
        """Return the mean cosine to the centred vectors of the teacher.

        The dimensions outside of the subspace count as an error.

        Args:
            embeddings: Vectors of the teacher.
        """
        counts = token_counts(embeddings.tokens, embeddings.n_tokens, self.pairs)
        student_vectors = l2_normalize(np.asarray(counts @ self.vectors))
        return float(
            (student_vectors * (l2_normalize(embeddings.text_vectors - self.mean) @ self.axes))
            .sum(axis=1)
            .mean()
        )


def fit_token_tables(
    embeddings: TeacherEmbeddings, dim: int, n_pairs: int, ridges: Sequence[float]
) -> list[TokenTable]:
    """Return a table for every ridge.

    Args:
        embeddings: Vectors of the teacher.
        dim: Length of the vectors.
        n_pairs: Pairs with a vector, at most.
        ridges: Weights of the prior, which is the vector of the teacher for a single token.
    """
    pairs = frequent_pairs(embeddings.tokens, embeddings.n_tokens, max_pairs=n_pairs)
    counts = token_counts(embeddings.tokens, embeddings.n_tokens, pairs)
    weights = idf_weights(counts)
    weights[embeddings.n_tokens :] *= PAIR_WEIGHT
    rows = _unit_rows(sp.csr_array(counts.multiply(weights[None])))
    mean = embeddings.text_vectors.mean(axis=0)
    axes = principal_axes(embeddings.text_vectors - mean, dim)
    targets = (embeddings.text_vectors - mean) @ axes
    prior = np.zeros((counts.shape[1], dim), np.float32)
    prior[: embeddings.n_tokens] = _centre_tokens(embeddings.token_vectors) @ axes
    solver = RidgeToPrior(rows, targets, _fit_scale(rows @ prior, targets) * prior)
    return [
        TokenTable(weights[:, None] * solver.fit(ridge), pairs, mean, axes) for ridge in ridges
    ]


def _centre_tokens(vectors: Floats) -> Floats:
    """Return the vectors of tokens minus their mean; zero vectors stay zero."""
    is_set = np.asarray(vectors.any(axis=1))
    mean = vectors[is_set].mean(axis=0) if is_set.any() else np.float32(0)
    return np.asarray(np.where(is_set[:, None], vectors - mean, 0), np.float32)


def _fit_scale(predictions: Floats, targets: Floats) -> np.float32:
    """Return the factor of the prediction with the least squared distance to the targets."""
    return np.float32(
        (predictions * targets).sum() / max(float((predictions * predictions).sum()), 1e-9)
    )


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
    """Return the (width, dim) principal axes of centred rows."""
    _, vectors = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    axes = vectors[:, ::-1][:, :dim]
    biggest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.sign(biggest), np.float32)


MIN_TEXTS = 20
"""Distinct texts of a distillation, at least [texts]."""
HELD_OUT_SHARE = 0.1
"""Share of the texts that select the ridge."""
MAX_HELD_OUT_TEXTS = 1000
"""Texts that select the ridge, at most [texts]."""
RIDGE_CANDIDATES = (0.1, 0.3, 1.0, 3.0)
"""Ridges that are compared."""


def distil_encoder(
    teacher: Encoder,
    texts: Sequence[str],
    *,
    dim: int = 256,
    pairs: int = 32_768,
    progress: Progress | None = None,
) -> StaticText:
    """Return a static text model whose vectors approximate those of a text encoder.

    A text is a bag of tokens and of pairs of neighbouring tokens, weighted by inverse document
    frequency. The vectors of the tokens are the ridge regression from bags to the vectors of
    the teacher, with the vector of the teacher for the single token as prior: tokens that do
    not occur in the texts keep it. The ridge is the one with the highest cosine to the teacher
    on a tenth of the texts, selected by hash of the text. ``metadata["fidelity"]`` of the parts
    of the result is that mean cosine. The result depends on the arguments only.

    Args:
        teacher: Any encoder; in a ``CachedEncoder`` it encodes each text only once.
        texts: Texts like those to encode later, such as the item texts of a catalogue. Empty
            and repeated texts are ignored.
        dim: Length of the vectors, at most that of the teacher.
        pairs: Pairs of neighbouring tokens with a vector, at most; 0 for none.
        progress: Function of (texts done, texts in all), called while the teacher encodes.

    Raises:
        DataError: There are fewer than 20 distinct texts.
        ConfigError: ``dim`` is not from 1 to that of the teacher, or ``pairs`` is negative.

    Source:
        Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network": a small
        model learns the outputs of a large one, here by squared error. The weighted mean of
        token
        vectors: Arora, Liang and Ma 2017, section 3, with inverse document frequency for the
        weights. Token vectors from the teacher for each single token, then principal
        components: Tulkens and van Dongen 2024, "Model2Vec"; here they are the prior of a
        regression.
    """
    if not 1 <= dim <= teacher.dim:
        raise ConfigError(f"dim must be from 1 to {teacher.dim}, the teacher's, got {dim!r}")
    if pairs < 0:
        raise ConfigError(f"pairs must be 0 or more, got {pairs!r}")
    distinct = list(dict.fromkeys(filter(None, map(normalize_text, texts))))
    if len(distinct) < MIN_TEXTS:
        raise DataError(
            f"distilling needs at least {MIN_TEXTS} distinct texts, got {len(distinct)}"
        )
    tokenizer = find_tokenizer(teacher, distinct)
    embeddings = embed_with_teacher(teacher, tokenizer, distinct, progress)
    training, held_out = _split_texts(distinct)
    tables = fit_token_tables(embeddings.take(training), dim, pairs, RIDGE_CANDIDATES)
    validation = embeddings.take(held_out)
    quality = {
        r: table.fidelity(validation) for r, table in zip(RIDGE_CANDIDATES, tables, strict=True)
    }
    ridge = max(quality, key=lambda one: quality[one])
    log.info(
        "ridge %s of %s: cosine to the teacher %.3f", ridge, RIDGE_CANDIDATES, quality[ridge]
    )
    (table,) = fit_token_tables(embeddings, dim, pairs, (ridge,))
    facts = {
        "teacher": teacher_name(teacher),
        "teacher_hash": teacher.hash,
        "teacher_dim": teacher.dim,
        "texts": len(distinct),
        "pairs": len(table.pairs),
        "ridge": ridge,
        "fidelity": round(quality[ridge], 4),
    }
    vectors, fallback = table.vectors.astype(np.float16), table.mean @ table.axes
    return StaticText(
        StaticTextModel(tokenizer.to_str(), vectors, table.pairs, fallback, facts)
    )


def _split_texts(texts: Sequence[str]) -> tuple[Rows, Rows]:
    """Return the rows of the training texts and of the held-out texts, by hash of the text."""
    order = sorted(range(len(texts)), key=lambda row: content_hash(texts[row]))
    n_check = min(MAX_HELD_OUT_TEXTS, max(1, round(HELD_OUT_SHARE * len(texts))))
    return np.sort(order[n_check:]), np.sort(order[:n_check])
