"""A transformer over the last events of a query.

The parts in the order of use: :func:`lift_vectors` gives the item vectors that the training
starts from, :func:`recent_window` reads the last events off a query, :class:`AttentionBlock`
computes the attention in numpy, and :class:`SequenceModel` puts them together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import Categorical, ModelCard, Range
from daybreak.models.shared_content import (
    content_directions,
    fit_centred_content_weights,
    known_or_predicted,
    predict_from_content,
)
from daybreak.models.shared_statistics import truncated_svd
from daybreak.models.shared_warm_start import newest_users, rows_or_zeros, transfer_by_id
from daybreak.types import Floats, Rows, Sparse

__all__ = [
    "AttentionBlock",
    "AttentionWeights",
    "EventWindow",
    "recent_window",
    "rms_normalise",
]


LIFT_PRIOR_PAIRS = 1.0
"""Pairs added to the observed and to the expected count."""


def lift_matrix(data: Dataset, max_gap: int) -> Sparse:
    """Return (n_train_items, n_train_items) CSR ``log((observed + 1) / (expected + 1))``.

    Pairs are events of one user that are at most ``max_gap`` events apart, in both directions.
    Only positive values are kept.

    Source:
        Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization", eq. 10
        (positive pointwise mutual information), shrunk by a prior.

    Cost: ``max_gap * n_events`` pairs.
    """
    n, user = len(data.train_item_rows), data.events.user
    item = np.searchsorted(data.train_item_rows, data.events.item)
    total = sp.csr_array((n, n), dtype=np.float32)
    for gap in range(1, min(max_gap, len(user) - 1) + 1):
        same = user[gap:] == user[:-gap]
        pair = (item[:-gap][same], item[gap:][same])
        ones = np.ones(len(pair[0]), dtype=np.float32)
        total = total + sp.csr_array((ones, pair), shape=(n, n))
    pairs = sp.coo_array(total + total.T)
    sums = np.asarray(pairs.sum(axis=1), dtype=np.float32).ravel()
    row, column = pairs.coords
    expected = sums[row] * sums[column] / max(float(sums.sum()), 1.0)
    value = np.log((pairs.data + LIFT_PRIOR_PAIRS) / (expected + LIFT_PRIOR_PAIRS))
    above = value > 0
    at = (row[above], column[above])
    return sp.csr_array((value[above].astype(np.float32), at), shape=(n, n))


def lift_vectors(data: Dataset, max_gap: int, dim: int, rng: np.random.Generator) -> Floats:
    """Return (n_train_items, dim) vectors whose dot products approximate :func:`lift_matrix`.

    They are rotated at random, so that all their numbers have about the same variance.

    Source:
        Levy and Goldberg 2014, section 4.2, ``U sqrt(S)`` of the singular value decomposition.
    """
    near = lift_matrix(data, max_gap)
    # The diagonal gets the maximum of its row; without it the matrix could not be a square.
    near = near + sp.diags_array(near.max(axis=1).toarray().ravel()) if near.nnz else near
    vectors = np.zeros((near.shape[0], dim), dtype=np.float32)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    if near.nnz:
        _, sizes, right = truncated_svd(near, dim, rng)
        vectors[:, : len(sizes)] = right * np.sqrt(sizes)
    return np.asarray(vectors @ turn, dtype=np.float32)


RMS_EPSILON = 1e-6
"""Added to the mean square before the root."""
MASKED_LOG_WEIGHT = np.float32(-1e9)
"""Log-weight of padding."""
HASH_MULTIPLIER = 2_654_435_761
"""A large prime that orders columns independently of their identifiers."""


@dataclass(frozen=True, eq=False)
class EventWindow:
    """The last events of queries, padded; events of one time have no order."""

    column: Rows
    """(n_queries, length) columns of the history matrix"""
    n_later: Rows
    """(n_queries, length) number of later events, equal for events of one time"""
    log_weight: Floats
    """(n_queries, length) log-weight of an event, ``MASKED_LOG_WEIGHT`` for padding"""


def recent_window(queries: Queries, max_events: int) -> EventWindow:
    """Return the last events of each query.

    The weight of an event in the recent history gives the number of later events. A text or an
    event with a new item is distributed over several columns, with weights below 1 in the
    history.

    Args:
        queries: Queries with history and recent history.
        max_events: Number of events at most; among events of one time the choice is fixed.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.dataset import Items
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> plain, recent = np.ones((1, 3), np.float32), np.float32([[3**-0.5, 1, 2**-0.5]])
        >>> asked = Queries.from_history(
        ...     shop, sp.csr_array(plain), sp.csr_array(recent), sp.csr_array((1, 0))
        ... )
        >>> seen = recent_window(asked, 2)
        >>> seen.column.tolist(), seen.n_later.tolist()
        ([[1, 2]], [[0, 1]])
    """
    recent = sp.csr_array(queries.recent_history)
    row = np.repeat(np.arange(len(queries)), np.diff(recent.indptr))
    column = recent.indices.astype(np.int64)
    counts = np.maximum(_event_counts(queries, row, column), RMS_EPSILON)
    distance = queries.recency.count_later(np.maximum(recent.data, RMS_EPSILON) / counts)
    kept = np.flatnonzero((distance < max_events) & (recent.data > 0))
    mixed = column[kept] * HASH_MULTIPLIER % 2**32
    kept = kept[np.lexsort((mixed, -counts[kept], distance[kept], row[kept]))]
    rank = np.arange(len(kept)) - np.searchsorted(row[kept], row[kept])
    kept, rank = kept[rank < max_events], rank[rank < max_events]
    shape, at = (len(queries), max_events), (row[kept], rank)
    seen = EventWindow(
        np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.full(shape, MASKED_LOG_WEIGHT)
    )
    seen.column[at], seen.n_later[at] = column[kept], distance[kept]
    seen.log_weight[at] = np.log(counts[kept])
    return seen


def _event_counts(queries: Queries, row: Rows, column: Rows) -> Floats:
    """Return the weight in the history of each given row and column."""
    history = sp.coo_array(queries.history)
    width = max(history.shape[1], 1)
    key = history.coords[0] * width + history.coords[1]
    order = np.argsort(key)
    plain = history.data * np.sqrt(queries.n_events)[history.coords[0]]
    found = np.searchsorted(key[order], row * width + column)
    return np.asarray(plain[order][found], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class AttentionWeights:
    """The arrays of one attention layer; with several layers, along a first axis."""

    gains: Floats
    """(3, dim) normalisation of the query, of the events, and before the feed-forward part"""
    looks: Floats
    """(4, dim, dim) projections: query, key, value, output"""
    fading: Floats
    """(length, heads) recency bias by the number of later events"""
    nothing: Floats
    """(heads,) logit of attending to no event"""
    wide: Floats
    """(dim, width)"""
    wide_bias: Floats
    narrow: Floats
    """(width, dim)"""
    narrow_bias: Floats


class AttentionBlock(AttentionWeights):
    """One attention layer in numpy."""

    def __call__(self, h: Floats, table: Floats, seen: EventWindow) -> Floats:
        """Return the (n, dim) vectors after attention and feed-forward part.

        Args:
            h: (n, dim) vectors of the queries.
            table: (m, dim) vectors of the items that occur.
            seen: The last events of the queries, as rows of ``table``.
        """
        h = h + self._attend(h, table, seen)
        wide = rms_normalise(h, self.gains[2]) @ self.wide + self.wide_bias
        return np.asarray(h + np.maximum(wide, 0) @ self.narrow + self.narrow_bias)

    def _attend(self, h: Floats, table: Floats, seen: EventWindow) -> Floats:
        n, dim = h.shape
        heads = len(self.nothing)
        query, key, value, out = self.looks
        normalised = rms_normalise(table, self.gains[1])
        shape = (n, -1, heads, dim // heads)
        queries = (rms_normalise(h, self.gains[0]) @ query).reshape(shape)
        keys = (normalised @ key)[seen.column].reshape(shape)
        values = (normalised @ value)[seen.column].reshape(shape)
        logits = (queries * keys).sum(axis=3) / np.float32(np.sqrt(dim // heads))
        logits += self.fading[seen.n_later] + seen.log_weight[:, :, None]
        top = np.maximum(logits.max(axis=1, initial=MASKED_LOG_WEIGHT), self.nothing)[:, None]
        share = np.exp(logits - top)
        share /= share.sum(axis=1, keepdims=True) + np.exp(self.nothing - top)
        return np.asarray((share[..., None] * values).sum(axis=1).reshape(n, dim) @ out)


def rms_normalise(x: Floats, gain: Floats) -> Floats:
    """Return rows divided by their root mean square and multiplied by a gain.

    Source:
        Zhang and Sennrich 2019, "Root mean square layer normalization", eq. 4.

    Example:
        >>> rms_normalise(np.float32([[3, 4]]), np.float32([1, 2])).round(3)
        array([[0.849, 2.263]], dtype=float32)
    """
    size = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(RMS_EPSILON))
    return np.asarray(x / size * gain, dtype=np.float32)


MAX_LIFT_GAP_EVENTS = 10
"""Largest distance of two events that form a pair [events]."""
MAX_BATCH_QUERIES = 1_024
"""Queries that are encoded at a time [queries]."""


@dataclass(frozen=True)
class SequenceConfig:
    """Options of :class:`SequenceModel`."""

    dim: int = 64
    """Length of the vectors; a multiple of ``heads``."""
    hops: int = 1
    """Attention layers."""
    heads: int = 2
    length: int = 21
    """Last events of a query that are used [events]."""
    epochs: int = 6
    events: int = 1_200_000
    """Events read in all epochs together; limits the training time [events]."""
    batch: int = 128
    """Windows of ``length`` events in one step [windows]."""
    rate: float = 3e-3
    forget: float = 0.1
    """Share of events that are hidden in training."""
    hide: float = 0.1
    """Share of items that are represented by content alone in training."""
    ahead: float = 0.5
    """Probability that the target is one event further ahead, applied repeatedly."""
    negatives: int = 400
    """Candidates drawn for the softmax; a smaller catalogue is ranked completely [items]."""


@dataclass(frozen=True, eq=False)
class SequenceState(AttentionWeights):
    """State of :class:`SequenceModel`; layers are along the first axis of their arrays."""

    ids: Vocabulary
    """The training items."""
    vectors: Floats
    """(n_train_items, dim + 1) item vectors, the bias last"""
    centre: Floats
    """(dim + 1,) mean item vector"""
    content: Floats
    """(n_features, dim + 1) weights from content columns to them"""
    start: Floats
    """(dim,) vector of an empty query"""
    profile: Floats
    """(n_attributes, dim) effect of attributes on it"""
    near: Floats
    """(n_train_items, dim) vectors that are summed over the whole history"""
    taste: Floats
    """(dim, dim) effect of that sum on the query vector"""
    last: Floats
    """(dim,) scale of the output"""


@models.register("sequence")
class SequenceModel(VectorModel[SequenceConfig, SequenceState]):
    """Predict the next event by attention over the last events.

    The query is one token, made of the profile and of the sum over the whole history. It
    attends to the vectors of the last events, by item and by the number of later events. Events
    of one time share that number, so that their unknown order has no effect; without times the
    network reads a set. The vector of an item is its projected content plus a part of its own
    that is hidden at random in training; the vectors of new items are predicted from content.
    Items of the history are not among the candidates in training, so their scores have no
    meaning.

    Source:
        Kang and McAuley 2018, "Self-attentive sequential recommendation", section III;
        Vaswani et al. 2017, "Attention is all you need", eq. 1; cross-entropy over the
        catalogue as in Klenitskiy and Vasilev 2023, "Turning dross into gold loss: is BERT4Rec
        really better than SASRec?", here over sampled candidates; items by content as in Hou et
        al. 2022, "Towards universal sequence representation learning for recommender systems".
    """

    Config: ClassVar = SequenceConfig
    State: ClassVar = SequenceState
    card: ClassVar = ModelCard(
        strategies={"sequence": {}},
        is_slow=True,
        search_space={
            "dim": Categorical((32, 64, 96, 128)),
            "hops": Range(1, 3, is_integer=True),
            "length": Range(8, 50, log=True, is_integer=True),
            "epochs": Range(3, 15, log=True, is_integer=True),
            "rate": Range(5e-4, 1e-2, log=True),
            "forget": Range(0, 0.5),
            "hide": Range(0, 0.5),
            "ahead": Range(0, 0.8),
        },
        inputs="recent history, profile",
        use="the next event; new items",
        formula="transformer over the last events, [page](strategies/sequence.md)",
        source="Kang and McAuley 2018",
        cost="1,200,000 events read",
        memory="see page",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SequenceState:
        """Train the network; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        vectors = lift_vectors(data, MAX_LIFT_GAP_EVENTS, self.config.dim, rng)
        return self._train(data, rng, vectors, None)

    def learn_from(
        self, data: Dataset, state: SequenceState, rng: np.random.Generator
    ) -> SequenceState | None:
        """Train further; see :meth:`SupportsWarmStart.learn_from`.

        The effect of attributes is kept if their number has not changed.
        """
        tables = transfer_by_id(data, state.ids, np.hstack([state.vectors, state.near]))
        if tables is None:
            return None
        vectors, near = np.split(tables, [state.vectors.shape[1]], axis=1)
        profile = rows_or_zeros(state.profile, data.profiles.shape[1])
        arrays = vars(state) | {"vectors": vectors, "near": near, "profile": profile}
        return self._train(data, rng, vectors[:, :-1], arrays)

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        initial_vectors: Floats,
        arrays: Mapping[str, Floats] | None,
    ) -> SequenceState:
        from daybreak.nets.sequence import (  # noqa: PLC0415 - torch is an extra
            SequenceTrainingData,
            train_sequence,
        )
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415
        from daybreak.nets.windows import PackedHistories  # noqa: PLC0415

        events = data.events
        training = SequenceTrainingData(
            PackedHistories(
                np.searchsorted(data.active_user_rows, events.user),
                np.searchsorted(data.train_item_rows, events.item),
                events.at if events.has_time_order else np.zeros(len(events)),
            ),
            data.profiles[data.active_user_rows],
            initial_vectors,
            predict_from_content(data.train_items, content_directions(data, self.config.dim)),
        )
        seed = draw_seed(rng)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        learned = train_sequence(training, self.config, seed, earlier)
        vectors = learned.pop("vectors")
        centre, content = fit_centred_content_weights(data, vectors)
        return SequenceState(
            ids=data.train_items.ids, vectors=vectors, centre=centre, content=content, **learned
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Run the network; see :meth:`VectorModel.query_vectors`."""
        answers = np.ones((len(queries), self.config.dim + 1), dtype=np.float32)
        for start in range(0, len(queries), MAX_BATCH_QUERIES):
            rows = np.arange(start, min(start + MAX_BATCH_QUERIES, len(queries)))
            answers[rows, :-1] = self._encode(queries.take(rows))
        return answers

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)

    def _encode(self, queries: Queries) -> Floats:
        state = self.state
        seen = recent_window(queries, self.config.length)
        used, table = self._compact_table(seen.column)
        taste = rms_normalise(
            queries.history @ state.near, np.ones(self.config.dim, np.float32)
        )
        h = state.start + queries.profile @ state.profile + taste @ state.taste
        for hop in self._attention_blocks():
            h = hop(h, table, replace(seen, column=used))
        return rms_normalise(h, state.last)

    def _compact_table(self, place: Rows) -> tuple[Rows, Floats]:
        """Return row numbers in a table, and the table: vectors of the items that occur."""
        if not len(self.state.vectors):
            return place, np.zeros((1, self.config.dim), dtype=np.float32)
        used, inverse = np.unique(place, return_inverse=True)
        return inverse.reshape(place.shape), self.state.vectors[used, :-1]

    def _attention_blocks(self) -> list[AttentionBlock]:
        names = [field.name for field in fields(AttentionWeights)]
        parts = zip(*(getattr(self.state, name) for name in names), strict=True)
        return [AttentionBlock(*part) for part in parts]
