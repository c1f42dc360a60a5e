"""Content as plain features: TF-IDF over words and ``attribute=value`` tokens."""

import re

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from .inputs import Split

ID_LIKE = re.compile(r"(_id|_url|^word_counts)$")
WORD = re.compile(r"[^\W\d_]{2,}|\d{4}")
HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")
BINS = 10


def tfidf(split: Split, vocabulary: int = 20_000) -> csr_matrix:
    """Return (n_items, n_tokens) float32, rows of length 1 or empty; no use of any event."""
    key = (id(split.items), vocabulary)
    if key not in _KEPT_CONTENT:
        _KEPT_CONTENT.clear()
        _KEPT_CONTENT[key] = (split.items, _tfidf_of(split.items, vocabulary))
    return _KEPT_CONTENT[key][1]


_KEPT_CONTENT: dict[tuple[int, int], tuple[pd.DataFrame, csr_matrix]] = {}
"""The last result by identity of the item table, which several splits may share."""


def _tfidf_of(items: pd.DataFrame, vocabulary: int) -> csr_matrix:
    documents = tokens(items)
    if not any(documents):
        return csr_matrix((len(documents), 1), dtype=np.float32)
    vectorizer = TfidfVectorizer(
        analyzer=lambda document: document,
        min_df=2,
        sublinear_tf=True,
        max_features=vocabulary,
        dtype=np.float32,
    )
    return csr_matrix(vectorizer.fit_transform(documents))


def tokens(table: pd.DataFrame) -> list[list[str]]:
    """Return the tokens of each row: attributes as ``column=value``, text as words."""
    documents: list[list[str]] = [[] for _ in range(len(table))]
    for column in table.columns:
        if ID_LIKE.search(column) or not table[column].any():
            continue
        for document, found in zip(documents, _column(table[column]), strict=True):
            document.extend(found)
    return documents


def _column(values: pd.Series) -> list[list[str]]:
    name, filled = values.name, values[values != ""]
    numbers = pd.to_numeric(filled, errors="coerce")
    if numbers.notna().all() and filled.nunique() > 2 * BINS:
        edges = np.unique(numbers.quantile(np.linspace(0, 1, BINS + 1)[1:-1]))
        bins = {
            value: f"{name}={np.searchsorted(edges, float(value))}" for value in set(filled)
        }
        return [[bins[value]] if value else [] for value in values]
    if filled.str.contains("|", regex=False).mean() > 0.2 or _is_category(filled):
        return [[f"{name}={part}" for part in value.split("|") if part] for value in values]
    return [words(value) for value in values]


def _is_category(filled: pd.Series) -> bool:
    is_repetitive = filled.nunique() <= max(2.0, 0.1 * len(filled))
    return bool(is_repetitive and filled.str.len().mean() < 40)


def words(text: str) -> list[str]:
    """Return lower-case words and years; runs of Han and kana as single and paired characters.

    Example:
        >>> words("The 2 towers 茶杯")
        ['the', 'towers', '茶', '杯', '茶杯']
    """
    runs = HAN.findall(text)
    plain = WORD.findall(HAN.sub(" ", text).lower())
    pairs = [
        run[at : at + size]
        for run in runs
        for size in (1, 2)
        for at in range(len(run) - size + 1)
    ]
    return plain + pairs
