"""Exact explanations: a score as the sum of named contributions; start at :func:`decompose`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items, Queries
from daybreak.data.recency import RecencyCurve
from daybreak.models import LinearScorer
from daybreak.models.base import QueryFeatureKind, SupportsFeatureNames, with_presence_column
from daybreak.models.content_history import ContentHistoryModel
from daybreak.models.next_event import NextEventModel
from daybreak.models.shared_content_columns import content_columns
from daybreak.models.wish import apply_wish_factors, saturate_wishes
from daybreak.ranking.blending.weights import Blend, nearest_level, pause_factors
from daybreak.ranking.scoring.query_features import WISH_KIND
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.wish_matches import feature_words, matched_words
from daybreak.types import Floats, Mask, Rows, Sparse

PartName = tuple[str, str]
"""(kind, name); the kinds are those of :class:`ScoreReason`."""
AVERAGE_PROFILE = "against the average profile"
"""Name of the contribution that is subtracted from those of the attributes."""
REMAINDER = ("rest", "everything else")
"""Name of the sum of all contributions that are not listed."""
EVERYBODY = ("strategy", "everybody")
"""Name of the sum of all contributions that are the same for all users."""
AGE = ("strategy", "age")
"""Name of that sum where most of it is due to the age of the item."""
SUMMED_KINDS = frozenset({"history", "recent", "profile", "sources"})
"""Kinds of features whose weights are summed over the strategies."""
COMMON_KINDS = frozenset({"strategy", "level", "new"})
"""Kinds of contributions that are the same for all users."""
WHOLE_HISTORY = ("history", "history")
"""Name of the sum of what strategies conclude from a history that they cannot split."""
MIN_EVIDENCE_SHARE = 0.02
"""Smallest share of the evidence that a contribution needs to be listed in short reasons."""
MIN_SCORE_SHARE = 0.01
"""Smallest share of the whole score that it needs unless it is among the first."""
ALWAYS_LISTED = 2
"""Number of pieces of evidence that are listed however small they are beside popularity."""


@dataclass(frozen=True)
class ScoreReason:
    """One contribution to the score of one item."""

    kind: str
    """``event`` (an item of the history), ``text`` (a sentence of the user), ``profile`` (an
    attribute of the user), ``attribute`` or ``word`` (of the item, liked by the user),
    ``history`` (in short reasons: the history as a whole, by a strategy that cannot be split),
    ``strategy`` (a whole strategy, such as popularity), ``new`` (the item has no events),
    ``level`` (the constant that puts strategies on one scale) or ``rest`` (the sum of all
    smaller contributions)"""
    name: str
    """Item id, text, name of the attribute or name of the strategy; ``everybody`` for the sum
    of all that is the same for all users."""
    value: float


@dataclass(frozen=True, eq=False)
class QueryParts:
    """One query split into its parts: events, sentences and attributes."""

    history: tuple[PartName, ...]
    """Names of the events and sentences."""
    plain: Sparse
    """(n_history, n_train_items) counts of each part, negative for disliked items; an event on
    an item that no model was trained on is spread over the most similar training items"""
    recent: Sparse
    """(n_history, n_train_items) the same, weighted by recency"""
    profile: Sparse
    """(1, n_attributes)"""
    wish: Sparse = None
    """(n_wishes, n_features) wishes, the content blocks side by side; None without a wish"""
    wish_names: tuple[PartName, ...] = ()
    """Names of the wishes."""
    wish_factors: Floats | None = None
    """(n_wishes,) factors of wishes that are scaled; None: they are not, see
    :meth:`with_scaled_wishes`"""
    disliked: frozenset[str] = frozenset()
    """Names of the events that count against their item."""
    repeats: Sparse = None
    """(n_repeated, n_train_items) personal frequencies, one item a row; None without any"""
    repeat_names: tuple[PartName, ...] = ()
    """Names of the items of ``repeats``."""
    unseen_content: Sparse = None
    """(n_history, n_columns) content of the items that no model was trained on; None: none"""
    memory: Sparse = None
    """(n_history, n_memories * n_train_items) what the query remembers; None: not needed"""
    pause_s: float = float("nan")
    """Time since the last event [s]; NaN: unknown."""
    recency: RecencyCurve = field(default_factory=RecencyCurve)
    """The curve of the weights in ``recent``."""
    recent_step: float = 1.0
    """Factor of ``recent`` by the pause; see :func:`.pause_factors`."""
    sources: Sparse = None
    """(n_told, n_source_items) events on items of other domains, one a row; None: no sources"""
    source_names: tuple[PartName, ...] = ()
    """Names of these events."""

    def feature_rows(
        self, kind: QueryFeatureKind, attributes: Sequence[str]
    ) -> tuple[list[PartName], Sparse]:
        """Return names and (n_parts, n_features) rows that sum to the features of the query."""
        if kind == "profile":
            profile = with_presence_column(self.profile)
            positions = (np.arange(profile.nnz), profile.indices)
            shape = (profile.nnz, profile.shape[1])
            rows = sp.csr_array((profile.data, positions), shape=shape, dtype=np.float32)
            names = [*attributes, AVERAGE_PROFILE]
            return [("profile", names[column]) for column in profile.indices], rows
        if kind == "wish":
            return list(self.wish_names), self.wish
        if kind == "repeats":
            return list(self.repeat_names), self.repeats
        if kind == "recent":
            return list(self.history), sp.csr_array(self.recent * np.float32(self.recent_step))
        if kind == "sources":
            return self._source_rows()
        root = np.sqrt(max(self.n_events, 1e-6))
        return list(self.history), sp.csr_array(self.plain / root, dtype=np.float32)

    def _source_rows(self) -> tuple[list[PartName], Sparse]:
        if self.sources is None:
            return [], sp.csr_array((0, 0), dtype=np.float32)
        root = np.sqrt(max(self.sources.shape[0], 1))
        return list(self.source_names), sp.csr_array(self.sources / root, dtype=np.float32)

    def content_rows(self, train_items: Items) -> tuple[list[PartName], Sparse]:
        """Return names and (n_history, n_columns) contents that sum to that of the history.

        Args:
            train_items: Items that are the columns of ``plain``.
        """
        rows = self.plain @ content_columns(train_items)
        if self.unseen_content is not None:
            rows = rows + self.unseen_content
        root = np.sqrt(max(self.n_events, 1e-6))
        return list(self.history), sp.csr_array(rows / root, dtype=np.float32)

    def memory_rows(self, model: NextEventModel) -> tuple[list[PartName], Sparse]:
        """Return names and (n_history, n_features) rows that sum to what the query remembers.

        Args:
            model: Model that knows the effect of the pause.
        """
        if self.memory is None:
            return [], model.scale_memory(sp.csr_array((0, model.memory_width)), None)
        pauses = np.full(self.memory.shape[0], self.pause_s)
        return list(self.history), model.scale_memory(self.memory, pauses)

    def with_repeats(self, repeats: Sparse, train_items: Items) -> "QueryParts":
        """Return the parts with personal frequencies.

        Args:
            repeats: (1, n_train_items) CSR; None: there are none.
            train_items: Items that are the columns.
        """
        if repeats is None or not repeats.nnz:
            return self
        n, ids = repeats.nnz, train_items.ids.ids
        rows = sp.csr_array(
            (repeats.data, (np.arange(n), repeats.indices)), shape=(n, repeats.shape[1])
        )
        names = tuple(("event", ids[column]) for column in repeats.indices.tolist())
        return replace(self, repeats=rows, repeat_names=names)

    def to_queries(self, train_items: Items) -> Queries:
        """Return the query as a batch of one."""
        plain, recent = (
            sp.csr_array(part.sum(axis=0).reshape(1, -1)) for part in (self.plain, self.recent)
        )
        n_events = np.array([self.n_events], dtype=np.float32)
        queries = Queries.from_history(train_items, plain, recent, self.profile, n_events)
        queries = replace(queries, recency=self.recency)
        if self.repeats is not None:
            queries = queries.with_repeats(self.repeats.sum(axis=0).reshape(1, -1))
        queries = replace(queries, pause_s=np.array([self.pause_s]))
        if self.memory is not None:
            memory = sp.csr_array(self.memory.sum(axis=0).reshape(1, -1))
            queries = replace(queries, memory=memory)
        if self.unseen_content is not None:
            content = self.unseen_content.sum(axis=0).reshape(1, -1)
            root = np.sqrt(max(self.n_events, 1e-6))
            queries = replace(queries, unseen_content=sp.csr_array(content / root))
        if self.sources is not None:
            told = sp.csr_array(self.sources.sum(axis=0).reshape(1, -1))
            queries = queries.with_source_history(told)
        return queries

    @property
    def has_positive_event(self) -> bool:
        """Whether the query has an event that counts for its item."""
        return bool((np.asarray(self.plain.sum(axis=1)).ravel() > 0).any())

    def with_recent_step(self, blend: Blend) -> "QueryParts":
        """Return the parts with the factor of recent events after the pause of the query."""
        if not blend.reads_pauses:
            return self
        levels = nearest_level(np.array([self.n_events], dtype=np.float32))
        (step,) = pause_factors(levels, np.array([self.pause_s]), blend.pause_steps)
        return replace(self, recent_step=float(step))

    def with_scaled_wishes(self, scorer: Scorer) -> "QueryParts":
        """Return the parts with wishes on the scale of a catalogue.

        Args:
            scorer: Scorer of the whole catalogue.
        """
        if self.wish is None or self.wish_factors is not None:
            return self
        n_wishes = self.wish.shape[0]
        queries = replace(
            self.to_queries(scorer.fitted.train_items),
            wish=(self.wish,),
            wish_query=np.zeros(n_wishes, dtype=np.int64),
        )
        features = scorer.encode(queries)
        factors = features.wish_factors
        return replace(
            self,
            wish=features.matrices.get(WISH_KIND, self.wish),
            wish_factors=np.ones(n_wishes, np.float32) if factors is None else factors,
        )

    @property
    def n_events(self) -> float:
        """Number of positive events, 1 if there are only dislikes."""
        sums = np.asarray(self.plain.sum(axis=1)).ravel()
        positive = float(sums[sums > 0].sum())
        return 1.0 if not positive and (sums < 0).any() else positive


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Scores of one query for some items as sums of named contributions."""

    names: tuple[PartName, ...]
    values: Floats
    """(n_parts, n_items); each column sums to the score of its item."""
    matches: tuple[str | None, ...] = ()
    """(n_items,) words that each item shares with the text, which name it; empty without one"""

    def reasons(self, item: int, max_reasons: int | None = None) -> list[ScoreReason]:
        """Return the contributions to the score of an item, the largest absolute value first.

        Args:
            item: Column of ``values``.
            max_reasons: Maximum number of contributions; the others are summed as one of the
                kind ``rest``. Default: all.
        """
        column = self.values[:, item]
        order = np.argsort(-np.abs(column), kind="stable")
        order = order[column[order] != 0]
        listed = [
            ScoreReason(*_whole_strategy(self._name(row, item)), float(column[row]))
            for row in order[:max_reasons]
        ]
        return self._with_rest(listed, column, order[len(listed) :])

    def short_reasons(self, item: int, max_reasons: int) -> list[ScoreReason]:
        """Return the reasons for people: what names an event, a word or an attribute first.

        What is the same for all users is one reason, and what is too small to be listed is the
        last one; the values add up to the score.

        Args:
            item: Column of ``values``.
            max_reasons: Maximum number of reasons, without the sum of the rest.
        """
        column = self.values[:, item]
        evidence = self._evidence(column, item)
        summaries = list(self._summaries(column))
        size = np.array([abs(reason.value) for reason in evidence])
        floor = np.full(len(size), MIN_EVIDENCE_SHARE * size.sum())
        floor[ALWAYS_LISTED:] = np.maximum(
            floor[ALWAYS_LISTED:], MIN_SCORE_SHARE * np.abs(column).sum()
        )
        n_listed = min(int((size >= floor).sum()), max(max_reasons - len(summaries), 0))
        listed, rest = evidence[:n_listed] + summaries, evidence[n_listed:]
        if rest:
            total = float(np.sum([reason.value for reason in rest]))
            listed.append(ScoreReason(REMAINDER[0], REMAINDER[1], total))
        return listed

    def _evidence(self, column: Floats, item: int) -> list[ScoreReason]:
        """Return what names an event, a word or an attribute, the largest value first."""
        rows = np.flatnonzero(~self._is_common & ~self._is_whole & (column != 0)).tolist()
        reasons = [ScoreReason(*self._name(row, item), float(column[row])) for row in rows]
        return sorted(reasons, key=lambda reason: -abs(reason.value))

    def _summaries(self, column: Floats) -> Iterator[ScoreReason]:
        """Yield the sum of histories that cannot be split, and that of all common parts."""
        whole = float(column[self._is_whole].sum())
        if whole:
            yield ScoreReason(*WHOLE_HISTORY, whole)
        if self._is_common.any():
            sizes = np.abs(column[self._is_common])
            is_age = np.array([name == AGE for name in self.names], dtype=bool)[self._is_common]
            name = AGE if 2 * sizes[is_age].sum() > sizes.sum() else EVERYBODY
            yield ScoreReason(*name, float(column[self._is_common].sum()))

    def _name(self, row: int, item: int) -> PartName:
        """Return the name of a part; a text is named by the words that the item shares."""
        kind, name = self.names[row]
        words = self.matches[item] if self.matches and kind == "text" else None
        return kind, words or name

    @cached_property
    def _is_whole(self) -> Mask:
        """(n_parts,) whether a contribution is that of a history that cannot be split."""
        return np.array([name[0] == WHOLE_HISTORY[0] for name in self.names], dtype=bool)

    @cached_property
    def _is_common(self) -> Mask:
        """(n_parts,) whether a contribution is the same for all users."""
        average = ("profile", AVERAGE_PROFILE)
        return np.array(
            [name[0] in COMMON_KINDS or name == average for name in self.names], dtype=bool
        )

    @staticmethod
    def _with_rest(
        listed: list[ScoreReason], column: Floats, remaining: Rows
    ) -> list[ScoreReason]:
        """Return reasons with the sum of the remaining contributions."""
        if len(remaining):
            listed.append(
                ScoreReason(REMAINDER[0], REMAINDER[1], float(column[remaining].sum()))
            )
        return listed


def decompose(
    scorer: Scorer,
    query: QueryParts,
    items: Rows,
    attributes: Sequence[str],
    terms: Mapping[str, Sequence[str]] | None = None,
) -> Decomposition:
    """Decompose the scores of one query into contributions.

    Contributions of the same part to several strategies are summed.

    Args:
        scorer: Scorer of the items.
        query: The query in parts.
        items: Rows of the scorer's items to explain.
        attributes: Names of the profile attributes, in the order of the profile columns.
        terms: Names of the columns of content blocks that have terms, by block; default: none.
    """
    query = query.with_scaled_wishes(scorer).with_recent_step(scorer.blend)
    level = int(nearest_level(np.array([query.n_events], dtype=np.float32))[0])
    weights = scorer.level_weights(level).weights[:, items]
    sums, summed = _sum_kinds(scorer, level, query, items, attributes)
    matches: tuple[str | None, ...] = ()
    for row, (strategy, model) in enumerate(
        zip(scorer.fitted.strategies, scorer.fitted.models, strict=True)
    ):
        if not weights[row].any():
            continue
        linear, centre = scorer.linear_models[row], scorer.centres[row]
        kind = "strategy" if model.feature_kind == "none" else "level"
        constant = weights[row] * (linear.bias[items] - centre.constant)
        sums.add([(kind, strategy.name)], constant[None, :])
        if (
            model.feature_kind == "none"
            or (model.feature_kind == "wish" and query.wish is None)
            or (model.feature_kind == "repeats" and query.repeats is None)
            or (model.feature_kind == "sources" and query.sources is None)
        ):
            continue
        if model.feature_kind == "vectors":
            train_items = scorer.fitted.train_items
            names, rows = _vector_rows(model, strategy.name, query, train_items, terms or {})
        else:
            names, rows = query.feature_rows(model.feature_kind, attributes)
        parts = _parts_of(linear, rows, items, is_summed=model.feature_kind in summed)
        if model.feature_kind == "wish":
            parts = _best_wishes(parts, query)
            matches = _matches(scorer, linear, query, items, terms or {}, parts)
        if len(centre.weights):
            parts = parts - np.asarray(rows @ centre.weights)[:, None]
        sums.add(names, weights[row] * parts)
    sums.add([("new", "no events yet")], scorer.new_bias(level)[items][None, :])
    sums.add([AGE], scorer.past_bias(level)[items][None, :])
    return replace(sums.result(), matches=matches)


def _sum_kinds(
    scorer: Scorer, level: int, query: QueryParts, items: Rows, attributes: Sequence[str]
) -> tuple["_NamedSums", set[str]]:
    """Return the contributions of strategies whose weights are stored as one sum of 8 bits.

    The reasons add up to the score because they are made of the same weights.

    Returns:
        The contributions, and the kinds of the features of these strategies.
    """
    sums, summed = _NamedSums(len(items)), set[str]()
    kinds = {model.feature_kind for model in scorer.fitted.models}
    for kind in sorted(kinds & SUMMED_KINDS):
        names, rows = query.feature_rows(kind, attributes)
        parts = scorer.quantized_parts(level, kind, rows, items) if names else None
        if parts is not None:
            sums.add(names, parts)
            summed.add(kind)
    return sums, summed


def _parts_of(linear: LinearScorer, rows: Any, items: Rows, *, is_summed: bool) -> Floats:
    """Return the (n_parts, n_items) products; zeros if they are part of a sum."""
    if is_summed:
        return np.zeros((rows.shape[0], len(items)), dtype=np.float32)
    return linear.weights.apply_to_columns(rows, items)


def _matches(
    scorer: Scorer,
    linear: LinearScorer,
    query: QueryParts,
    items: Rows,
    terms: Mapping[str, Sequence[str]],
    parts: Floats,
) -> tuple[str | None, ...]:
    """Return for each item the words that it shares with the wish that it fulfils best.

    Args:
        scorer: Scorer of the items.
        linear: Its scores of wishes.
        query: The query in parts.
        items: (n_items,) rows of the items.
        terms: Names of the columns of content blocks, by block.
        parts: (n_wishes, n_items) what each wish adds, 0 for all but one of an item.
    """
    names = feature_words(scorer.items.blocks, terms)
    found: list[str | None] = [None] * len(items)
    for wish, values in enumerate(parts):
        own = np.flatnonzero(values)
        words = matched_words(
            query.wish[[wish]], linear.weights.sparse, items[own], names, values[own]
        )
        for position, word in zip(own.tolist(), words, strict=True):
            found[position] = word
    return tuple(found)


def _best_wishes(likeness: Floats, query: QueryParts) -> Floats:
    """Return (n_wishes, n_items) scores of scaled wishes, 0 for all but the best of an item."""
    scores = saturate_wishes(likeness)
    if query.wish_factors is not None:
        scores = apply_wish_factors(scores, query.wish_factors)
    best = np.argmax(scores, axis=0)
    return np.where(np.arange(len(scores))[:, None] == best, scores, np.float32(0))


def _whole_strategy(name: PartName) -> PartName:
    """Return the name of a part; a history that cannot be split is named by its strategy."""
    return ("strategy", name[1]) if name[0] == "history" else name


def _vector_rows(
    model: Any,
    strategy: str,
    query: QueryParts,
    train_items: Items,
    terms: Mapping[str, Sequence[str]],
) -> tuple[list[PartName], Any]:
    """Return names and rows that sum to the features that a model itself computes.

    Args:
        model: Model of the features.
        strategy: Name of its strategy.
        query: The query in parts.
        train_items: Items that are the columns of histories.
        terms: Names of the columns of content blocks, by block.
    """
    if isinstance(model, ContentHistoryModel):
        return query.content_rows(train_items)
    if isinstance(model, NextEventModel):
        return query.memory_rows(model)
    vector = model.query_features(query.to_queries(train_items))
    kind = "history" if query.has_positive_event else "strategy"
    return _split_vector(model, (kind, strategy), vector, terms)


def _split_vector(
    model: Any,
    name: PartName,
    vector: Sparse | Floats,
    terms: Mapping[str, Sequence[str]],
) -> tuple[list[PartName], Any]:
    """Return names and (n_parts, n_features) rows that sum to the vector of a query.

    Args:
        model: Model of the vector; one with :class:`SupportsFeatureNames` names its components.
        name: Name of the whole.
        vector: (1, n_features)
        terms: Names of the columns of content blocks, by block.
    """
    if not isinstance(model, SupportsFeatureNames):
        return [name], vector
    row = sp.csr_array(vector)
    names = model.feature_names(terms)
    shape = (row.nnz, row.shape[1])
    rows = sp.csr_array((row.data, (np.arange(row.nnz), row.indices)), shape=shape)
    return [names[feature] for feature in row.indices.tolist()], rows


class _NamedSums:
    """Named rows of numbers; rows with the same name are summed."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._positions: dict[PartName, int] = {}
        self._rows: list[tuple[list[int], Floats]] = []

    def add(self, names: Sequence[PartName], values: Floats) -> None:
        positions = [self._positions.setdefault(n, len(self._positions)) for n in names]
        self._rows.append((positions, values))

    def result(self) -> Decomposition:
        total = np.zeros((len(self._positions), self._width), dtype=np.float32)
        for positions, values in self._rows:
            np.add.at(total, np.array(positions, dtype=np.int64), values)
        return Decomposition(tuple(self._positions), total)
