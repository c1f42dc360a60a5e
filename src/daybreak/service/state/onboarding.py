"""Questions to new users: those whose answers are expected to improve the list most."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.dataset import Events, Queries
from daybreak.ranking.elicitation import (
    ChoiceModel,
    best_candidates,
    expected_dcg_gain,
    select_questions,
)
from daybreak.service.inputs.histories import Histories
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_CANDIDATE_ITEMS = 100
"""Largest number of items that are considered; the most probably known ones."""
MAX_SAMPLED_USERS = 2_000
"""Largest number of profiles from which the shares of attributes are estimated."""

QUESTION_SCHEMA: dict[str, Any] = {
    "rank": pl.Int64,
    "kind": pl.String,
    "name": pl.String,
    "title": pl.String,
    "values": pl.List(pl.String),
    "chance": pl.Float64,
    "gain": pl.Float64,
    "source": pl.String,
}


@dataclass(frozen=True)
class OnboardingAnswers:
    """Answers of a user so far."""

    liked: tuple[str, ...] = ()
    """Items that the user knows and likes."""
    declined: tuple[str, ...] = ()
    """Items that were asked about without a yes, and attributes that were not answered."""
    profile: pl.DataFrame | None = None
    """Frame of ``user_id`` and the known attributes or ``text``, one row."""
    text: str = ""
    """What the user says."""


@dataclass(frozen=True)
class OnboardingQuestion:
    """A question to a user."""

    kind: str
    """``item`` (known and liked?) or ``attribute`` (which of the values?)."""
    name: str
    """Id of the item, or column of the profile."""
    title: str
    """Name for display."""
    values: tuple[str, ...]
    """Possible answers about an attribute; empty for an item."""
    chance: float
    """Probability of an informative answer."""
    gain: float
    """Expected improvement of the list [DCG@10]."""


class QuestionSelector:
    """Selects questions for one user.

    Args:
        state: State that answers.
        answers: Answers of the user so far.
    """

    def __init__(self, state: ServingState, answers: OnboardingAnswers) -> None:
        self.state = state
        histories = state.histories
        self.answers = answers
        self._scorer = state.scorers[0]
        self._n_items = len(self._scorer.items)
        self.choice_model = ChoiceModel(self._scorer, mean_history_length(histories))
        self._users_with_profiles = [
            user for user in histories.user_ids() if user in state.profiles.rows
        ]
        rows = state.catalogue.items.ids.rows([*answers.liked, *answers.declined])
        self._liked_rows = np.unique(
            rows[: len(answers.liked)][rows[: len(answers.liked)] >= 0]
        )
        self._answered_rows = rows[rows >= 0]

    def questions(self, k: int, *, attributes: bool = False) -> list[OnboardingQuestion]:
        """Return the k best questions to ask together, the best first.

        Args:
            k: Number of questions.
            attributes: Whether to ask for attributes of profiles as well.
        """
        questions = self._item_questions(k)
        if attributes:
            questions += self._attribute_questions()
            questions.sort(key=lambda question: -question.gain)
        return questions[:k]

    def _item_questions(self, k: int) -> list[OnboardingQuestion]:
        rows = self._candidates
        if not len(rows):
            return []
        gains = self._item_gains(rows, self._liked_rows)
        probabilities = self._current_scores[1][0, rows]
        order = select_questions(
            gains,
            probabilities,
            lambda row: self._item_gains(rows, np.append(self._liked_rows, rows[row])),
            k,
        )
        ids = self.state.catalogue.items.ids.ids
        title = self.state.ranker.title
        return [
            OnboardingQuestion(
                "item", i, title(i), (), float(probabilities[row]), float(gains[row])
            )
            for row, i in ((row, ids[rows[row]]) for row in order.tolist())
        ]

    @cached_property
    def _current_scores(self) -> tuple[Floats, Floats]:
        """(1, n_items) current scores, and probabilities that an item is chosen."""
        return self._score(self._queries(self._liked_rows[None, :]))

    @cached_property
    def _candidates(self) -> Rows:
        """Rows of the items to ask about: available, with events, most probably known."""
        is_candidate = self._allowed & self._scorer.is_warm
        is_candidate[self._answered_rows[self._answered_rows < self._n_items]] = False
        rows = np.flatnonzero(is_candidate)
        order = np.argsort(-self._current_scores[1][0, rows], kind="stable")[
            :MAX_CANDIDATE_ITEMS
        ]
        return np.asarray(rows[order], dtype=np.int64)

    @cached_property
    def _allowed(self) -> Mask:
        return self.state.ranker.is_available[: self._n_items].copy()

    def _item_gains(self, rows: Rows, liked: Rows) -> Doubles:
        """Return the (n,) gains of asking about some items if the user likes others.

        The lists before and after a yes are both without the item of the question. Otherwise
        questions about items that are like a liked one would gain most: they stand in the list,
        and a yes removes them, though it tells nothing about other items.
        """
        if not len(liked) or np.array_equal(liked, self._liked_rows):
            scores, probabilities = self._current_scores
        else:
            scores, probabilities = self._score(self._queries(liked[None, :]))
        is_liked = np.zeros(self._n_items, dtype=bool)
        is_liked[liked[liked < self._n_items]] = True
        liked_after = np.concatenate(
            [np.repeat(liked[None, :], len(rows), axis=0), rows[:, None]], 1
        )
        scores_after, probabilities_after = self._score(self._queries(liked_after))
        is_excluded = np.zeros((len(rows), len(self.state.catalogue.items)), dtype=bool)
        is_excluded[np.arange(len(rows))[:, None], liked_after] = True
        is_excluded = is_excluded[:, : self._n_items]  # the user may know items that came later
        is_excluded |= ~self._allowed[None, :]
        return expected_dcg_gain(
            np.where(is_liked[rows], 0, probabilities[0, rows]),
            np.where(is_excluded, 0, probabilities_after),
            np.where(is_excluded, -np.inf, scores_after),
            best_candidates(np.broadcast_to(scores, is_excluded.shape), ~is_excluded),
        )

    def _attribute_questions(self) -> list[OnboardingQuestion]:
        """Return a question for each attribute that is not known."""
        names = self.state.trained.profile.names
        profile = self._profile
        shares = self._attribute_shares
        fields: dict[str, list[int]] = {}
        for column, name in enumerate(names):
            fields.setdefault(name.partition("=")[0], []).append(column)
        questions = []
        for field, columns in fields.items():
            if (
                field in self.answers.declined
                or profile[:, columns].nnz
                or not shares[columns].any()
            ):
                continue
            gains = self._attribute_gains(np.array(columns), shares)
            values = tuple(names[column].partition("=")[2] for column in columns)
            probability = min(float(shares[columns].sum()), 1.0)
            questions.append(
                OnboardingQuestion("attribute", field, field, values, probability, gains)
            )
        return questions

    def _attribute_gains(self, columns: Rows, shares: Floats) -> float:
        """Return the expected gain of the answer to one attribute."""
        profile = sp.csr_array(
            (np.ones(len(columns), np.float32), (np.arange(len(columns)), columns)),
            shape=(len(columns), len(shares)),
        )
        repeated = sp.csr_array(sp.vstack([self._profile] * len(columns)) + profile)
        liked = np.repeat(self._liked_rows[None, :], len(columns), axis=0)
        scores, probabilities = self._score(self._queries(liked, repeated))
        allowed = self._allowed.copy()
        allowed[self._liked_rows[self._liked_rows < self._n_items]] = False
        current_best = best_candidates(self._current_scores[0], allowed)[0]
        gains = expected_dcg_gain(
            shares[columns],
            probabilities * allowed,
            np.where(allowed, scores, -np.inf),
            current_best,
        )
        return float(gains.sum())

    @cached_property
    def _profile(self) -> Sparse:
        """(1, n_attributes) known attributes of the user."""
        return self._stored_profile[0]

    @cached_property
    def _topic(self) -> str:
        """What the user says, without prices, years and the like; empty without a text."""
        said = self.answers.text.strip() or self._stored_profile[1].get(0, "")
        stated = self.state.ranker.rule_compiler.quantity_reader.read(said)
        return said if stated is None else stated.topic

    @cached_property
    def _stored_profile(self) -> tuple[Sparse, dict[int, str]]:
        """Attributes and text of the answers; the text by position 0, if there is one."""
        profile, stored = self.answers.profile, self.state.profiles
        if profile is None:
            return stored.lookup(["\0new"])
        named = profile.with_columns(pl.lit("\0new").alias("user_id"))
        return stored.lookup(["\0new"], stored.overrides(["\0new"], named))

    @cached_property
    def _attribute_shares(self) -> Floats:
        """(n_attributes,) shares of known users with each attribute."""
        users = self._users_with_profiles[
            :: max(len(self._users_with_profiles) // MAX_SAMPLED_USERS, 1)
        ][:MAX_SAMPLED_USERS]
        matrix = self.state.profiles.lookup(users)[0]
        total = np.asarray(matrix.sum(axis=0), dtype=np.float32).ravel()
        return np.asarray(total / max(len(users), 1), dtype=np.float32)

    def _queries(self, liked: Rows, profile: Sparse | None = None) -> Queries:
        """Return queries of users who like (n, n_liked) rows of the catalogue."""
        n, size = liked.shape
        user = np.repeat(np.arange(n), size)
        events = Events.of(user, liked.ravel(), np.zeros(n * size))
        profile = sp.vstack([self._profile] * n) if profile is None else profile
        texts = dict.fromkeys(range(n), self._topic) if self._topic else {}
        context = UserContext(events, sp.csr_array(profile), texts)
        return self.state.query_builder.queries(context)

    def _score(self, queries: Queries) -> tuple[Floats, Floats]:
        scores = self._scorer.score(queries)
        return scores, self.choice_model.choice_probabilities(queries, scores, self._allowed)


def mean_history_length(histories: Histories) -> float:
    """Return the mean number of events of known users; 10 without users."""
    users = len(np.unique(histories.positive.user))
    return len(histories.positive) / users if users else 10.0


def next_questions(
    state: ServingState,
    k: int,
    answers: OnboardingAnswers,
    *,
    attributes: bool = False,
) -> pl.DataFrame:
    """Return the k best questions to ask a user together, one row a question.

    Args:
        state: State that answers.
        k: Number of questions.
        answers: Answers so far.
        attributes: Whether to ask for attributes of profiles as well.

    Returns:
        ``rank, kind, name, title, values, chance, gain, source``; ``source`` is the model that
        estimated the gains: ``meta_bayes`` or, without it, ``blend``.
    """
    selector = QuestionSelector(state, answers)
    source = selector.choice_model.source
    rows = [
        (rank, q.kind, q.name, q.title, list(q.values), q.chance, q.gain, source)
        for rank, q in enumerate(selector.questions(k, attributes=attributes), 1)
    ]
    return pl.DataFrame(rows, schema=QUESTION_SCHEMA, orient="row")
