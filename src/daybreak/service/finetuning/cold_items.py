"""Simulated cold items on which a fine-tuned encoder is selected and compared with its base."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Tables
from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.fields import TextColumns, infer_fields
from daybreak.encoders import Encoder
from daybreak.encoders.item_meaning import PART_SEPARATOR, has_two_parts, item_texts
from daybreak.encoders.title_years import TitleYears
from daybreak.errors import DataError
from daybreak.estimates import PairedDifference, clustered_difference
from daybreak.ranking.benchmarks.learners import BlendLearner, Learner
from daybreak.ranking.blending.strategies import default_strategies, get_strategies
from daybreak.rng import create_generator
from daybreak.service.finetuning.similar_items import (
    SimilarQueries,
    SimilarScores,
    keep_text_only,
)
from daybreak.service.inputs.dataset import (
    DatasetConfig,
    encode_catalogue,
    encode_dataset,
    event_arrays,
    item_kernel,
)
from daybreak.simulation.queries import LabelledQueries, target_gains
from daybreak.types import Doubles, Mask, Rows, Sparse

STRATEGIES = ("content/ridge", "content/ease")
"""Strategies that rank cold items by their content, with weights of their own for texts."""
BLEND = "blend"
"""Name of the blend of all default strategies, among the strategies of a measurement."""
TEXT_ALONE = "text alone"
"""Name of the content regressions with the text vectors as the only content."""
SIMILAR, SIMILAR_TEXTS = "similar", "similar, text alone"
"""Names of lists of similar items: by all content, and by the text vectors."""
COLD_ITEMS_GOAL, SIMILAR_GOAL = "cold_items", "similar"
"""What an encoder is selected and judged by: content regressions, or lists of similar items."""
VERDICT_SHARE, VALIDATION_SHARE = 0.25, 0.15
"""Shares of the items with events that decide the verdict, and that select a model."""
MAX_VERDICT_ITEMS, MAX_VALIDATION_ITEMS = 1_000, 500
"""Items that are hidden for the verdict and for the selection, at most [items]."""
MAX_REGRESSION_ITEMS = 3_000
"""Items that the regressions of a comparison learn from, at most [items]."""
MAX_USERS = 1_500
"""Users who are asked, at most [users]."""
MIN_HIDDEN_ITEMS, MIN_USERS = 20, 30
"""Hidden items and users below which a comparison says nothing."""
INTERVAL_LEVEL = 0.95
HISTORY_SLICES = (("histories of 1 to 4", 1, 4), ("5 to 19", 5, 19), ("20 and more", 20, None))
"""Name, and smallest and largest number of events, of the slices of users."""

Part: TypeAlias = Literal["validation", "verdict"]
Gains: TypeAlias = Mapping[str, Sparse]
"""For each strategy the (n_queries, n_items) CSR of what each target adds to NDCG@10"""


@dataclass(frozen=True, eq=False)
class ItemTexts:
    """The texts of items that a text encoder reads; an item has one or two."""

    texts: tuple[str, ...]
    owners: Rows
    """(n_texts,) row of the item of each text, ascending"""

    def of_items(self, rows: Rows) -> "ItemTexts":
        """Return the texts of some items; ``owners`` are positions in ``rows``.

        Args:
            rows: Rows of the items, ascending.
        """
        chosen = np.flatnonzero(np.isin(self.owners, rows))
        texts = tuple(self.texts[number] for number in chosen)
        return ItemTexts(texts, np.searchsorted(rows, self.owners[chosen]))


@dataclass(frozen=True, eq=False)
class ColdItemTrial:
    """The items of a catalogue, cut into those to learn from and those that stay unseen.

    An item of ``verdict`` or ``validation`` has no event in what a method learns from. The
    regressions of a comparison learn from a sample of the other items, and rank the hidden
    ones for users with events on the others.
    """

    frame: pl.DataFrame
    data: Dataset
    seed: int
    rows: Mapping[str, Rows]
    """Rows of the items by part: ``training``, ``validation``, ``verdict``"""
    rated: tuple[Rows, Rows, Doubles]
    """User rows, item rows and values of the events with a value, of all items"""

    @classmethod
    def draw(cls, tables: Tables, rules: EventRules, seed: int) -> "ColdItemTrial":
        """Cut the items with positive events at random.

        Args:
            tables: Items, users and events.
            rules: Rules that say which events are positive.
            seed: Seed of the cut.

        Raises:
            DataError: There are too few items with events.
        """
        encoded = encode_dataset(tables, DatasetConfig(None, rules, None, seed))
        data = encoded.data
        valued = tables.events.filter(pl.col("value").is_finite())
        users, items, _ = event_arrays(valued, encoded.users, data.items.ids)
        rated = (users, items, valued["value"].to_numpy())
        order = create_generator(seed, "cold items of fine-tuning").permutation(
            data.train_item_rows
        )
        n_verdict = min(int(VERDICT_SHARE * len(order)), MAX_VERDICT_ITEMS)
        n_validation = min(int(VALIDATION_SHARE * len(order)), MAX_VALIDATION_ITEMS)
        if n_validation < MIN_HIDDEN_ITEMS:
            least = int(np.ceil(MIN_HIDDEN_ITEMS / VALIDATION_SHARE))
            raise DataError(
                f"fine-tuning needs at least {least} items with events, to hide some of them "
                f"and to measure; there are {len(order)}"
            )
        cuts = (n_verdict, n_verdict + n_validation)
        parts = zip(("verdict", "validation", "training"), np.split(order, cuts), strict=True)
        rows_of = {name: np.sort(rows) for name, rows in parts}
        return cls(tables.items, data, seed, rows_of, rated)

    @cached_property
    def texts(self) -> ItemTexts:
        """The texts of all items, as a release encodes them."""
        columns = TextColumns.of(TitleYears.find(self.frame).split(self.frame))
        fields = infer_fields(columns, "item_id")
        separate = has_two_parts(fields, columns)
        joined = item_texts(fields, columns, separate_title=separate)
        parts = [
            (row, part)
            for row, text in enumerate(joined)
            for part in text.split(PART_SEPARATOR)
            if part.strip()
        ]
        owners = np.array([row for row, _ in parts], dtype=np.int64)
        return ItemTexts(tuple(part for _, part in parts), owners)

    def visible_interactions(self, rows: Rows) -> Sparse:
        """Return the (n_users, n_rows) CSR of the positive events on some items."""
        matrix = self.data.events.to_matrix(self.data.n_users, len(self.data.items))
        return sp.csr_array(sp.csc_array(matrix)[:, rows])

    def measure(
        self, encoder: Encoder | None, part: Part, strategies: Sequence[str] = STRATEGIES
    ) -> "TrialScores":
        """Return the NDCG@10 of the content regressions, or of other strategies.

        Args:
            encoder: Encoder of the texts; None: words and attributes only.
            part: Items that are hidden and ranked.
            strategies: Strategies that score items without events; ``BLEND``: all default ones.
        """
        return self._queries[part].measure(encoder, strategies)

    def measure_uses(self, encoder: Encoder) -> "TrialScores":
        """Return the scores of the verdict, and those of other uses of the vectors.

        The other uses are the regressions with the text vectors alone, and lists of similar
        items, where nothing is learned from events.

        Args:
            encoder: Encoder of the texts.
        """
        return self._queries["verdict"].measure(encoder, STRATEGIES, with_uses=True)

    def validate(self, encoder: Encoder, goal: str) -> float:
        """Return the NDCG@10 on the validation items by which encoders are selected.

        Args:
            encoder: Encoder of the texts.
            goal: ``cold_items``: the mean of the content regressions; ``similar``: lists of
                similar items by all content.

        Raises:
            DataError: Too few users have two validation items.
        """
        queries = self._queries["validation"]
        if goal == SIMILAR_GOAL:
            return queries.measure_similar(encoder)
        return queries.measure(encoder, STRATEGIES).ndcg

    @cached_property
    def _queries(self) -> Mapping[str, "_TrialQueries"]:
        return {part: _TrialQueries.draw(self, part) for part in ("validation", "verdict")}


@dataclass(frozen=True, eq=False)
class _TrialQueries:
    """The queries of one part: a small catalogue of known and hidden items."""

    frame: pl.DataFrame
    events: Events
    """Visible events, by row of the frame"""
    n_users: int
    users: Rows
    targets: Sparse
    is_hidden: Mask
    seed: int

    @classmethod
    def draw(cls, trial: ColdItemTrial, part: str) -> "_TrialQueries":
        rng = create_generator(trial.seed, f"queries of fine-tuning, {part}")
        known = trial.rows["training"]
        known = np.sort(rng.permutation(known)[:MAX_REGRESSION_ITEMS])
        rows = np.union1d(known, trial.rows[part])
        is_hidden = np.isin(rows, trial.rows[part])
        row_of = np.full(len(trial.data.items), -1)
        row_of[rows] = np.arange(len(rows))
        events = trial.data.events
        inside = events.filter(row_of[events.item] >= 0)
        inside = Events(inside.user, row_of[inside.item], inside.at)
        hidden = is_hidden[inside.item]
        visible, wanted = inside.filter(~hidden), inside.filter(hidden)
        users = np.intersect1d(visible.user, wanted.user)
        if len(users) < MIN_USERS:
            raise DataError(
                f"fine-tuning needs at least {MIN_USERS} users with events on several items, "
                f"to measure; there are {len(users)}"
            )
        users = np.sort(rng.permutation(users)[:MAX_USERS])
        targets = wanted.to_matrix(trial.data.n_users, len(rows))[users]
        frame = trial.frame[rows.tolist()]
        return cls(
            frame, visible, trial.data.n_users, users, sp.csr_array(targets), is_hidden,
            trial.seed,
        )  # fmt: skip

    def measure(
        self, encoder: Encoder | None, strategies: Sequence[str], *, with_uses: bool = False
    ) -> "TrialScores":
        items = self._encode(encoder)
        gains = self._all_gains(items, strategies)
        counts = np.bincount(self.events.user, minlength=self.n_users)[self.users]
        scores = TrialScores(gains, self.users, counts)
        if not with_uses:
            return scores
        texts, similar = keep_text_only(items), self._similar
        return replace(
            scores,
            alone=self._all_gains(texts, strategies),
            similar={SIMILAR: similar.score(items), SIMILAR_TEXTS: similar.score(texts)},
        )

    def measure_similar(self, encoder: Encoder) -> float:
        scores = self._similar.score(self._encode(encoder))
        if len(scores.users) < MIN_USERS:
            raise DataError(
                f"the goal similar needs at least {MIN_USERS} users with two hidden items; "
                f"there are {len(scores.users)}"
            )
        return float(scores.gains.sum()) / len(scores.users)

    @cached_property
    def _similar(self) -> SimilarQueries:
        return SimilarQueries.draw(self.users, self.targets, self.is_hidden, self.seed)

    def _encode(self, encoder: Encoder | None) -> Items:
        config = DatasetConfig(encoder, EventRules(), None, self.seed)
        interactions = self.events.to_matrix(self.n_users, self.frame.height)
        return encode_catalogue(self.frame, config, interactions)[1]

    def _all_gains(self, items: Items, strategies: Sequence[str]) -> Gains:
        data = Dataset(items, self.events, self.n_users, kernel=item_kernel(items))
        return {name: self._gains(name, data, items) for name in strategies}

    def _gains(self, name: str, data: Dataset, items: Items) -> Sparse:
        model = _learner(name).fit(data, self.seed)
        queries = Queries.for_users(data, self.events, self.users)
        nothing = sp.csr_array(self.targets.shape)
        labelled = LabelledQueries(
            "new_item", queries, self.targets, nothing, self.is_hidden, self.users
        )
        return target_gains(lambda block: model.score(block, items), labelled)


def _learner(name: str) -> Learner:
    if name == BLEND:
        return BlendLearner(default_strategies(), BLEND)
    return get_strategies([name])[0]


@dataclass(frozen=True, eq=False)
class TrialScores:
    """NDCG@10 of the content regressions on hidden items, with one encoder."""

    gains: Gains
    users: Rows
    """(n_queries,) row of the user of each query"""
    n_events: Rows
    """(n_queries,) number of known events of the user"""
    alone: Gains = field(default_factory=dict)
    """Gains of the same strategies with the text vectors as the only content; may be empty"""
    similar: Mapping[str, SimilarScores] = field(default_factory=dict)
    """Scores of lists of similar items, with all content and with texts only; may be empty"""

    @property
    def mean_gains(self) -> Sparse:
        """(n_queries, n_items) CSR: the mean over the strategies."""
        return _mean(self.gains)

    @property
    def ndcg(self) -> float:
        """Mean over queries and strategies."""
        return float(self.mean_gains.sum() / max(len(self.users), 1))

    def compare(self, base: "TrialScores") -> tuple["SliceGain", ...]:
        """Return the gain over the scores of another encoder, slice by slice.

        Args:
            base: Scores of the same queries with the other encoder.
        """
        every = np.ones(len(self.users), dtype=bool)
        found = [_gain("all", "both", self.mean_gains, base.mean_gains, self.users, every)]
        for name, least, most in HISTORY_SLICES:
            mask = self.n_events >= least
            if most is not None:
                mask &= self.n_events <= most
            if mask.sum() >= MIN_USERS:
                means = (self.mean_gains, base.mean_gains)
                found.append(_gain(name, "both", *means, self.users, mask))
        for strategy in self.gains:
            pair = (self.gains[strategy], base.gains[strategy])
            found.append(_gain("all", strategy, *pair, self.users, every))
        return (*found, *self._compare_uses(base))

    def _compare_uses(self, base: "TrialScores") -> Iterator["SliceGain"]:
        every = np.ones(len(self.users), dtype=bool)
        if self.alone and base.alone:
            means = (_mean(self.alone), _mean(base.alone))
            yield _gain("all", TEXT_ALONE, *means, self.users, every)
        for name in self.similar:
            new, old = self.similar[name], base.similar[name]
            if len(new.users) >= MIN_USERS:
                every = np.ones(len(new.users), dtype=bool)
                yield _gain("all", name, new.gains, old.gains, new.users, every)


@dataclass(frozen=True)
class SliceGain:
    """The gain of a fine-tuned encoder on the queries of a slice."""

    slice: str
    strategy: str
    """``both``: the mean of the content regressions; ``text alone``: the same without words and
    attributes; ``similar``: lists of similar items, without regressions"""
    n_queries: int
    base: float
    """NDCG@10 with the original encoder"""
    tuned: float
    """NDCG@10 with the fine-tuned one"""
    gain: PairedDifference
    """Mean difference, with its 95 % interval, clustered by user and by item"""

    @property
    def relative(self) -> tuple[float, float, float]:
        """Gain, low and high as shares of the base."""
        scale = max(self.base, 1e-9)
        return (self.gain.difference / scale, self.gain.low / scale, self.gain.high / scale)


def _mean(gains: Gains) -> Sparse:
    """Return the mean of what each target adds over strategies."""
    parts = list(gains.values())
    mean = np.mean([part.data for part in parts], axis=0)
    return sp.csr_array((mean, parts[0].indices, parts[0].indptr), shape=parts[0].shape)


def _gain(
    name: str, strategy: str, new: Sparse, old: Sparse, users: Rows, mask: Mask
) -> SliceGain:
    new, old = sp.csr_array(new[mask]), sp.csr_array(old[mask])
    n = int(mask.sum())
    difference = clustered_difference(new, old, users[mask], INTERVAL_LEVEL, by_item=True)
    return SliceGain(name, strategy, n, float(old.sum()) / n, float(new.sum()) / n, difference)


def best_candidate(
    trial: ColdItemTrial,
    candidates: Sequence[tuple[str, Callable[[], Encoder]]],
    goal: str,
    report: Callable[[int], None] = lambda _: None,
) -> tuple[int, dict[str, float]]:
    """Return the position of the candidate that ranks the validation items best, and all NDCG.

    Args:
        trial: Simulated cold items.
        candidates: Name of each, and a function that makes its encoder.
        goal: What they are compared by.
        report: Called with the number of candidates that are done.
    """
    values: dict[str, float] = {}
    for number, (name, create) in enumerate(candidates):
        report(number)
        values[name] = trial.validate(create(), goal)
    best = max(range(len(candidates)), key=lambda number: values[candidates[number][0]])
    return best, values
