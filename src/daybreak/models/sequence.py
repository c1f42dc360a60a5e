"""Vectors of items from how much more often than by chance they are near each other.

Attention over the last events of queries, in numpy.

A transformer over the last events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import RECENCY_DECAY, Dataset, Items, Queries
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
"""Pairs credited to observation and expectation alike."""


def lift_matrix(data: Dataset, max_gap: int) -> Sparse:
    """Return the (n_train_items, n_train_items) CSR of ``log((observed + 1) / (expected + 1))``.

    Pairs are those of one user's events at most ``reach`` events apart, in both directions;
    only those above chance are kept.

    Source:
        Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization", eq. 10
        (positive pointwise mutual information), shrunk by a prior.

    Cost: ``reach * n_events`` pairs.
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
    """Return (n_train_items, dim) vectors whose dot products come near :func:`lift_matrix`.

    They are turned at random, so that every number of a vector says about as much.

    Source:
        Levy and Goldberg 2014, section 4.2, ``U sqrt(S)`` of the singular value decomposition.
    """
    near = lift_matrix(data, max_gap)
    # Nothing is nearer to an item than itself; without it, no product could be a square.
    near = near + sp.diags_array(near.max(axis=1).toarray().ravel()) if near.nnz else near
    vectors = np.zeros((near.shape[0], dim), dtype=np.float32)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    if near.nnz:
        _, sizes, right = truncated_svd(near, dim, rng)
        vectors[:, : len(sizes)] = right * np.sqrt(sizes)
    return np.asarray(vectors @ turn, dtype=np.float32)


RMS_EPSILON = 1e-6
"""Added to mean squares before the root."""
MASKED_LOG_WEIGHT = np.float32(-1e9)
"""Logarithm of a weight of nothing."""
HASH_MULTIPLIER = 2_654_435_761
"""A large prime: it puts columns in an order that has nothing to do with that of ids."""


@dataclass(frozen=True, eq=False)
class EventWindow:
    """The last events of queries, padded; the order of events of one time does not matter."""

    column: Rows
    """(n_queries, length) columns of the history"""
    n_later: Rows
    """(n_queries, length) later events; those of one time share a number"""
    log_weight: Floats
    """(n_queries, length) logarithm of how much an event counts, ``NEVER`` for padding"""


def recent_window(queries: Queries, max_events: int) -> EventWindow:
    """Read the last events off what is told of each query.

    An event with ``s`` later ones counts ``0.8^s`` as recent. A sentence or an event on a new
    item is spread over columns, which then count less than 1 in the plain history.

    Args:
        queries: The queries.
        length: Most events; of more at the same time a fixed choice is made.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.dataset import Items
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> plain, recent = np.ones((1, 3), np.float32), np.float32([[0.64, 1, 0.8]])
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
    steps = np.log(np.maximum(recent.data, RMS_EPSILON) / counts) / np.log(RECENCY_DECAY)
    distance = np.maximum(np.rint(steps), 0).astype(np.int64)
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
    """Return how much places of the plain history count."""
    history = sp.coo_array(queries.history)
    width = max(history.shape[1], 1)
    key = history.coords[0] * width + history.coords[1]
    order = np.argsort(key)
    plain = history.data * np.sqrt(queries.n_events)[history.coords[0]]
    found = np.searchsorted(key[order], row * width + column)
    return np.asarray(plain[order][found], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class AttentionWeights:
    """The arrays of one layer; or of several, which are then along a first axis."""

    gains: Floats
    """(3, dim) before asking, of events, before thinking"""
    looks: Floats
    """(4, dim, dim) query, key, value, out"""
    fading: Floats
    """(length, heads) by the number of later events"""
    nothing: Floats
    """(heads,) the pull of looking at no event"""
    wide: Floats
    """(dim, width)"""
    wide_bias: Floats
    narrow: Floats
    """(width, dim)"""
    narrow_bias: Floats


class AttentionBlock(AttentionWeights):
    """One layer at work."""

    def __call__(self, h: Floats, table: Floats, seen: EventWindow) -> Floats:
        """Return the (n, dim) vectors after looking at events and thinking.

        Args:
            h: (n, dim) vectors of the queries.
            table: (m, dim) vectors of the columns of the history.
            seen: The events.
        """
        h = h + self._attend(h, table, seen)
        wide = rms_normalise(h, self.gains[2]) @ self.wide + self.wide_bias
        return np.asarray(h + np.maximum(wide, 0) @ self.narrow + self.narrow_bias)

    def _attend(self, h: Floats, table: Floats, seen: EventWindow) -> Floats:
        n, dim = h.shape
        heads = len(self.nothing)
        query, key, value, out = self.looks
        known = rms_normalise(table, self.gains[1])
        shape = (n, -1, heads, dim // heads)
        asked = (rms_normalise(h, self.gains[0]) @ query).reshape(shape)
        keys = (known @ key)[seen.column].reshape(shape)
        values = (known @ value)[seen.column].reshape(shape)
        logits = (asked * keys).sum(axis=3) / np.float32(np.sqrt(dim // heads))
        logits += self.fading[seen.n_later] + seen.log_weight[:, :, None]
        top = np.maximum(logits.max(axis=1, initial=MASKED_LOG_WEIGHT), self.nothing)[:, None]
        share = np.exp(logits - top)
        share /= share.sum(axis=1, keepdims=True) + np.exp(self.nothing - top)
        return np.asarray((share[..., None] * values).sum(axis=1).reshape(n, dim) @ out)


def rms_normalise(x: Floats, gain: Floats) -> Floats:
    """Divide rows by their root mean square, then scale each number.

    Source:
        Zhang and Sennrich 2019, "Root mean square layer normalization", eq. 4.

    Example:
        >>> rms_normalise(np.float32([[3, 4]]), np.float32([1, 2])).round(3)
        array([[0.849, 2.263]], dtype=float32)
    """
    size = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(RMS_EPSILON))
    return np.asarray(x / size * gain, dtype=np.float32)


MAX_LIFT_GAP_EVENTS = 10
"""Events apart at which two items are near each other."""
MAX_BATCH_QUERIES = 1_024
"""Queries that are answered at a time."""


@dataclass(frozen=True)
class SequenceConfig:
    """Options of :class:`SequenceModel`."""

    dim: int = 64
    """Numbers of an item; a multiple of ``heads``."""
    hops: int = 1
    """Layers."""
    heads: int = 2
    length: int = 21
    """Last events that count; older ones are not told at request time."""
    epochs: int = 6
    events: int = 1_200_000
    """Events read in all epochs together; it decides the cost with more than a few events."""
    batch: int = 128
    """Chunks of ``length`` events in one step."""
    rate: float = 3e-3
    forget: float = 0.1
    """Share of the events that are hidden while training."""
    hide: float = 0.1
    """Share of the items that are known by content alone while training."""
    ahead: float = 0.5
    """Chance that the event to tell lies one further ahead, and so on."""
    negatives: int = 400
    """Candidates drawn for the softmax; a smaller catalogue takes part as a whole."""


@dataclass(frozen=True, eq=False)
class SequenceState(AttentionWeights):
    """State of :class:`SequenceModel`; the arrays of layers are along a first axis."""

    ids: Vocabulary
    """The training items."""
    vectors: Floats
    """(n_train_items, dim + 1) of items, the bias last"""
    centre: Floats
    """(dim + 1,) their mean"""
    content: Floats
    """(n_features, dim + 1) weights from content columns to them"""
    start: Floats
    """(dim,) of a query of whom nothing is known"""
    profile: Floats
    """(n_attributes, dim) how attributes move it"""
    near: Floats
    """(n_train_items, dim) vectors whose sum over the whole history is its taste"""
    taste: Floats
    """(dim, dim) how taste moves it"""
    last: Floats
    """(dim,) scale of the answer"""


@models.register("sequence")
class SequenceModel(VectorModel[SequenceConfig, SequenceState]):
    """Let a query, known by profile, look at the last events and tell what comes next.

    The query is one token, made of the profile and of the taste that the whole history shows.
    It attends to the vectors of the last events, by what they are and by how many came later.
    Events of one time share that number, so that their order, which nobody knows, can play no
    part; without times the network reads a set. The vectors of items are content, projected,
    and a part of their own that is hidden at random while training; new items get what content
    predicts. What somebody has is no rival in training, so its own scores say nothing.

    Source:
        Kang and McAuley 2018, "Self-attentive sequential recommendation", section III;
        Vaswani et al. 2017, "Attention is all you need", eq. 1; cross-entropy over the
        catalogue as in Klenitskiy and Vasilev 2023, "Turning dross into gold loss: is BERT4Rec
        really better than SASRec?", here over drawn candidates; items by content as in Hou et
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

        What attributes tell of a query is kept when there are as many as before.
        """
        tables = transfer_by_id(data, state.ids, np.hstack([state.vectors, state.near]))
        if tables is None:
            return None
        vectors, near = np.split(tables, [state.vectors.shape[1]], axis=1)
        told = rows_or_zeros(state.profile, data.profiles.shape[1])
        arrays = vars(state) | {"vectors": vectors, "near": near, "profile": told}
        return self._train(data, rng, vectors[:, :-1], arrays)

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        initial_vectors: Floats,
        arrays: Mapping[str, Floats] | None,
    ) -> SequenceState:
        from daybreak.nets.sequence import (  # noqa: PLC0415
            PackedHistories,  # noqa: PLC0415 - torch is an extra
            SequenceTrainingData,
            train_sequence,
        )
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        events = data.events
        made = SequenceTrainingData(
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
        learned = train_sequence(made, self.config, seed, earlier)
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
        """Return places in, and vectors of, the items that occur."""
        if not len(self.state.vectors):
            return place, np.zeros((1, self.config.dim), dtype=np.float32)
        used, inverse = np.unique(place, return_inverse=True)
        return inverse.reshape(place.shape), self.state.vectors[used, :-1]

    def _attention_blocks(self) -> list[AttentionBlock]:
        names = [field.name for field in fields(AttentionWeights)]
        parts = zip(*(getattr(self.state, name) for name in names), strict=True)
        return [AttentionBlock(*part) for part in parts]
