"""The best of a catalogue under rules: filtered and boosted before the best are chosen.

A batch under rules: which rule for whom, and what a boost says of itself.

Scores to rows of an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from daybreak.data.dataset import Queries
from daybreak.data.sparse_rows import entry_indices, take_rows
from daybreak.errors import ConfigError
from daybreak.ranked_lists import top_k
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.reranking.rerank import BY_DIVERSITY, BY_QUOTA, top_rows
from daybreak.ranking.reranking.rules import Boost, Rules
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.rules import CompiledRules, RuleCompiler
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.types import Floats, Mask, Rows, Sparse

BOOST, QUOTA, DIVERSITY = "boost", "quota", "diversity"
"""Rules that move items; the first is also the kind of reason that tells what it added."""


@dataclass(frozen=True, eq=False)
class RuledList:
    """One list under rules."""

    rows: Rows
    """Of the catalogue, the first place first."""
    scores: Floats
    """With what boosts have added."""
    moved_by: list[str | None]
    """By which rule an item stands elsewhere than its score by the model would have put it:
    among the items of the list, or, if it was boosted, among all; None: it stands there."""


def rank_with_rules(
    scores: Floats, rules: Sequence[CompiledRules], k: int | Sequence[int]
) -> list[RuledList]:
    """Return a list for each row of scores.

    Args:
        scores: (n, n_items), ``-inf`` where an item must not be answered; changed.
        rules: One for each row; equal ones should be the same object.
        k: Length of the lists, or of each.
    """
    lengths = [k] * len(rules) if isinstance(k, int) else list(k)
    found: list[RuledList] = [None] * len(rules)  # type: ignore[list-item]
    for group in _group_by_rules(rules, lengths):
        ruling, length = rules[group[0]], lengths[group[0]]
        mine = scores if len(group) == len(scores) else scores[group]
        for place, listed in zip(group, _rank_group(mine, ruling, length), strict=True):
            found[place] = listed
    return found


def _group_by_rules(
    rulings: Sequence[CompiledRules], lengths: Sequence[int]
) -> list[list[int]]:
    """Return the rows that have one ruling and one length."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row, (ruling, length) in enumerate(zip(rulings, lengths, strict=True)):
        groups.setdefault((id(ruling), length), []).append(row)
    return list(groups.values())


def _rank_group(scores: Floats, ruling: CompiledRules, k: int) -> list[RuledList]:
    """Return the lists of rows that have one ruling."""
    if not ruling.allowed.all():
        scores[:, ~ruling.allowed] = -np.inf
    added = ruling.boost_values()
    if added is None and ruling.reranker is None:
        return _rank_by_score(scores, k)
    if added is not None:
        scores += added
    return [_rerank(row, added, ruling, k) for row in scores]


def _rank_by_score(scores: Floats, k: int) -> list[RuledList]:
    """Return the best of each row."""
    if not scores.shape[1]:
        return [RuledList(np.empty(0, np.int64), row, []) for row in scores]
    best = top_k(scores, max(1, min(k, scores.shape[1])))
    values = np.take_along_axis(scores, np.maximum(best, 0), axis=1)
    lengths = (best >= 0).sum(axis=1).tolist()
    return [
        RuledList(rows[:n], mine[:n], [None] * n)
        for rows, mine, n in zip(best, values, lengths, strict=True)
    ]


def _rerank(scores: Floats, added: Floats | None, ruling: CompiledRules, k: int) -> RuledList:
    """Return one list that is not in the order of the model's scores alone."""
    if ruling.reranker is None:
        rows = top_rows(scores, k)
        why = np.zeros(len(rows), dtype=np.int64)
    else:
        rows, why = ruling.reranker.rerank(scores, k)
    mine = scores[rows]
    if added is None:
        return RuledList(rows, mine, _moved_by(mine, why, np.zeros(len(rows), dtype=bool)))
    plain = scores - added
    raised = (added[rows] != 0) & (_score_ranks(plain, rows) != np.arange(len(rows)))
    return RuledList(rows, mine, _moved_by(plain[rows], why, raised))


def _score_ranks(scores: Floats, rows: Rows) -> Rows:
    """Return the place from 0 that each row has by its score; equal scores go by row."""
    mine = scores[rows][:, None]
    before = (scores > mine) | ((scores == mine) & (np.arange(len(scores)) < rows[:, None]))
    return np.asarray(before.sum(axis=1), dtype=np.int64)


def _moved_by(scores: Floats, causes: Rows, raised: Mask) -> list[str | None]:
    """Say for each place which rule put another item there than the model would have.

    Args:
        scores: (k,) of the model.
        causes: (k,) why each was chosen.
        raised: (k,) whether a boost gave the item another place in the whole catalogue.
    """
    order = np.argsort(-scores, kind="stable")
    moved = (order != np.arange(len(scores))) | raised
    names = {BY_QUOTA: QUOTA, BY_DIVERSITY: DIVERSITY}
    others = next((names[cause] for cause in causes.tolist() if cause in names), BOOST)
    return [
        names.get(cause, BOOST if up else others) if away else None
        for away, cause, up in zip(
            moved.tolist(), causes.tolist(), raised.tolist(), strict=True
        )
    ]


class RulesByUser:
    """The ruling of each user of a request; equal rules are worked out once.

    Args:
        book: Of the catalogue.
        users: Who is asked about, as the caller named them.
        rules: For everybody, or one for each of ``users``.
        items: Candidates beside those of the rules; None: all.

    Raises:
        ConfigError: There is not one for each user.
        FilterError: A filter cannot be read, or a column is not there.
    """

    def __init__(
        self, book: RuleCompiler, users: Sequence[str], rules: Any, items: Sequence[str] | None
    ) -> None:
        each = (
            [rules] * len(users)
            if isinstance(rules, Rules)
            else _rules_per_user(rules, len(users))
        )
        found: dict[Rules, CompiledRules] = {}
        self._of: dict[str, CompiledRules] = {}
        for user, rule in zip(users, each, strict=True):
            if rule not in found:
                found[rule] = book.compile(_restrict_to_items(rule, items))
            self._of.setdefault(user, found[rule])

    def rules_of(self, users: Sequence[str]) -> list[CompiledRules]:
        """Return the ruling of each user."""
        return [self._of[user] for user in users]

    def excludes_seen(self, users: Sequence[str]) -> Mask:
        """Return (n_users,) from whom to hide what they have seen."""
        return np.array([self._of[user].rules.exclude_seen for user in users], dtype=bool)


def boost_reasons(boosts: Sequence[Boost]) -> list[dict[str, Any]]:
    """Return what boosts have added to a score, as reasons.

    Example:
        >>> boost_reasons([Boost("price < 5", add=0.5)])
        [{'kind': 'boost', 'name': 'price < 5', 'title': 'price < 5', 'value': 0.5}]
    """
    return [
        {"kind": BOOST, "name": b.where, "title": b.where, "value": b.value} for b in boosts
    ]


def _rules_per_user(rules: Any, n_users: int) -> list[Rules]:
    if isinstance(rules, str | Mapping) or not isinstance(rules, Sequence):
        raise ConfigError(f"rules must be Rules, or a list of them, got {rules!r:.60}")
    for rule in rules:
        if not isinstance(rule, Rules):
            raise ConfigError(f"rules must be Rules values, got {rule!r:.60}")
    if len(rules) != n_users:
        raise ConfigError(
            f"rules must be one for all users or one for each: {len(rules)} rules for "
            f"{n_users} users"
        )
    return list(rules)


def _restrict_to_items(rules: Rules, items: Sequence[str] | None) -> Rules:
    """Return rules for some candidates only."""
    if items is None:
        return rules
    mine = items if rules.items is None else set(rules.items).intersection(items)
    return replace(rules, items=tuple(mine))


MAX_SCORES = 16_000_000
"""Scores computed at a time: 64 MB."""
WARMTH_LABELS = np.array(["cold", "warm", "hot"], dtype=object)

RECOMMENDATION_SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
    "user_temperature": pl.String,
    "item_temperature": pl.String,
}


@dataclass(frozen=True, eq=False)
class QueryBatch:
    """A batch of users as the models see them, with what must not be answered."""

    users: list[str]
    """Each once."""
    queries: Queries
    is_hot: Mask
    """(n_users,) whether an event of theirs is known"""
    has_profile: Mask
    """(n_users,) whether a profile or a sentence of theirs is known"""
    excluded: tuple[Sparse, ...] = ()
    """(n_users, n_items) CSR masks of what must not be answered"""

    def mask_excluded(self, scores: Floats, rows: Rows) -> None:
        """Put ``-inf`` where some of the users must not be answered.

        Args:
            scores: (n, n_items) of theirs; changed.
            rows: (n,) their positions.
        """
        for pairs in self.excluded:
            mine = pairs if len(rows) == len(self.users) else take_rows(pairs, rows)
            scores[entry_indices(mine)] = -np.inf

    def iter_chunks(self, max_queries: int) -> Iterator[tuple[Rows, Queries]]:
        """Yield positions of users and their queries, so that memory stays bounded."""
        if len(self.users) <= max_queries:
            yield np.arange(len(self.users)), self.queries
            return
        for start in range(0, len(self.users), max_queries):
            rows = np.arange(start, min(start + max_queries, len(self.users)))
            yield rows, self.queries.take(rows)


@dataclass(frozen=True, eq=False)
class RankedLists:
    """Who is recommended what: parallel columns, a user's places together, the best first."""

    query: Rows
    """Positions of users."""
    item: Rows
    """Rows of the catalogue."""
    rank: Rows
    """From 1."""
    score: Floats
    moved_by: Sequence[str | None] | None = None
    """By which rule each was moved; None: there are no rules."""

    @classmethod
    def from_lists(cls, found: Sequence[RuledList]) -> "RankedLists":
        """Return lists under rules, one for each user."""
        sizes = [len(listed.rows) for listed in found]
        ranks = [np.arange(1, size + 1) for size in sizes]
        return cls(
            np.repeat(np.arange(len(found)), sizes),
            np.concatenate([listed.rows for listed in found]),
            np.concatenate(ranks),
            np.concatenate([listed.scores for listed in found]),
            [moved for listed in found for moved in listed.moved_by],
        )

    def __len__(self) -> int:
        return len(self.query)


class CatalogueRanker:
    """Ranks a catalogue for queries and says how each place came about.

    Args:
        parts: Who scores what.
        catalogue: All of it.
        has_events: Whether the models learned from any event.
    """

    def __init__(
        self, parts: PartitionedScorer, catalogue: Catalogue, *, has_events: bool
    ) -> None:
        self.scorer = parts
        self.has_events = has_events
        self.ids = pl.Series("item_id", catalogue.items.ids.ids, dtype=pl.String)
        self.titles = catalogue.titles()
        self.is_known = parts.is_known
        """(n_items,) the items that models learned from; others are scored by content."""
        self.rule_compiler = catalogue.rule_compiler
        self.has_content = catalogue.content_mask()
        self.rows_of = catalogue.items.ids.rows

    @property
    def is_available(self) -> Mask:
        """(n_items,) what may be recommended now; not to be changed."""
        return self.rule_compiler.available()

    def candidate_mask(self, ids: Sequence[str] | None) -> Mask:
        """Mark the items that may be answered; unknown ids are passed over."""
        if ids is None:
            return self.is_available
        rows = self.rows_of(ids)
        chosen = np.zeros(len(self.ids), dtype=bool)
        chosen[rows[rows >= 0]] = True
        return chosen & self.is_available

    def top_k(self, asked: QueryBatch, candidates: Mask, k: int) -> RankedLists:
        """Return the best places of each user."""
        k = min(k, int(candidates.sum()))
        rows = np.full((len(asked.users), k), -1, dtype=np.int64)
        values = np.zeros((len(asked.users), k), dtype=np.float32)
        if k:
            never = None if candidates.all() else ~candidates
            for part, queries in asked.iter_chunks(max(1, MAX_SCORES // max(len(self.ids), 1))):
                scores = self.score(queries)
                if never is not None:
                    scores[:, never] = -np.inf
                asked.mask_excluded(scores, part)
                rows[part] = top_k(scores, k)
                values[part] = np.take_along_axis(scores, np.maximum(rows[part], 0), axis=1)
        who, place = np.nonzero(rows >= 0)
        return RankedLists(who, rows[who, place], place + 1, values[who, place])

    def top_k_with_rules(
        self, asked: QueryBatch, rules: Sequence[CompiledRules], k: int | Sequence[int]
    ) -> RankedLists:
        """Return the best places of each user under rules.

        Args:
            asked: Who is asked about.
            rules: One for each of them; equal ones should be the same object.
            k: Length of the lists, or of each.
        """
        found: list[RuledList] = []
        lengths = [k] * len(asked.users) if isinstance(k, int) else list(k)
        for part, queries in asked.iter_chunks(max(1, MAX_SCORES // max(len(self.ids), 1))):
            scores = self.score(queries)
            asked.mask_excluded(scores, part)
            mine = slice(part[0], part[-1] + 1)
            found += rank_with_rules(scores, rules[mine], lengths[mine])
        return RankedLists.from_lists(found)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        return self.scorer.score(queries)

    def to_frame(
        self, asked: QueryBatch, places: RankedLists, has_new_events: Mask
    ) -> pl.DataFrame:
        """Return the places as rows.

        Args:
            asked: Who was asked about.
            places: What they get.
            has_new_events: (n_places,) whether an event on the item came since the training.
        """
        who, item = places.query, places.item
        hot = (self.is_known[item] & self.has_events) | has_new_events
        frame = pl.DataFrame(
            {
                "user_id": pl.Series(asked.users, dtype=pl.String).gather(who),
                "item_id": self.ids.gather(item),
                "rank": places.rank,
                "score": places.score.astype(np.float64),
                "strategy": self._dominant_strategies(asked, who, item),
                "user_temperature": warmth_labels(asked.is_hot, asked.has_profile)[who],
                "item_temperature": warmth_labels(hot, self.has_content[item]),
            },
            schema=RECOMMENDATION_SCHEMA,
        )
        if places.moved_by is None:
            return frame
        return frame.with_columns(pl.Series("rule", places.moved_by, dtype=pl.String))

    def title(self, item: str) -> str:
        """Return what to call an item of the catalogue."""
        return str(self.titles[int(self.rows_of([item])[0])])

    def _dominant_strategies(self, asked: QueryBatch, who: Rows, item: Rows) -> Any:
        """Name the strategy that counts most for such a user and such an item."""
        levels = nearest_level(asked.queries.n_events)
        told = np.diff(asked.queries.profile.indptr) > 0
        kinds = levels[who] * 4 + told[who] * 2 + ~self.is_known[item]
        unique, place = np.unique(kinds, return_inverse=True)
        names = self.scorer.scorers[0].dominant_strategy(
            unique // 4, unique // 2 % 2 == 1, unique % 2 == 1
        )
        return np.array(names, dtype=object)[place.ravel()]


def warmth_labels(is_hot: Mask, is_described: Mask) -> Any:
    """Return ``hot``, ``warm`` or ``cold`` for each."""
    return WARMTH_LABELS[np.where(is_hot, 2, is_described.astype(np.int64))]
