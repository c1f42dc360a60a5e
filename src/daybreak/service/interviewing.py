"""Interviews of new users in the library: questions, answers in words, lists."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daybreak.errors import UnreadTextWarning
from daybreak.language_models import MemoryCompletions
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.explaining import ExplainingRecommender
from daybreak.service.inputs.frames import check_k
from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.model import InterviewModel, remember_answers
from daybreak.service.interview.turns import (
    AnswerReading,
    InterviewQuestion,
    InterviewRequest,
    InterviewStep,
    InterviewTurn,
    Language,
)
from daybreak.service.state.profiles import ANONYMOUS_USER_ID


@dataclass(frozen=True, eq=False)
class InterviewResult:
    """The next question of an interview, and the list after the answers so far."""

    step: InterviewStep
    items: pl.DataFrame
    """``item_id, rank, score, strategy, reasons`` and, if known, ``title``."""

    @property
    def question(self) -> InterviewQuestion | None:
        """The next question; None: the interview is over."""
        return self.step.question

    @property
    def understood(self) -> AnswerReading:
        """What all answers say."""
        return self.step.understood


class InterviewingRecommender(ExplainingRecommender):
    """Base of :class:`Recommender`: interviews of new users."""

    recommend: Any
    """See :meth:`Recommender.recommend`."""

    def interview(
        self,
        turns: Sequence[InterviewTurn | Mapping[str, Any]] = (),
        *,
        language: Language = "en",
        k: int = 10,
        rules: Rules | None = None,
        **options: Any,
    ) -> InterviewResult:
        """Return the next question to a new user, and the list after the answers so far.

        Nothing is stored: each call passes all turns.

        Args:
            turns: Questions that were asked, with the answers.
            language: Language of the questions, ``en`` or ``zh``; answers may be in any.
            k: Number of items of the list.
            rules: Rules of the list.
            **options: ``n_choices, max_questions, ask_attributes, undo, use_model``; see
                :class:`InterviewRequest`. With ``use_model``, :attr:`language_model` words the
                question and reads the answers, and what it writes is checked.

        Raises:
            NotFittedError: The recommender is not fitted.
            ConfigError: An option is unknown or out of range.
            DataError: An answer is invalid.
        """
        request = InterviewRequest.of(turns, language=language, **options)
        return self._hold_interview(request, remember_answers(), k, rules)

    def _hold_interview(
        self, request: InterviewRequest, answers: MemoryCompletions, k: int, rules: Rules | None
    ) -> InterviewResult:
        """Return the next question and the list; ``answers`` are those of the model."""
        helper = None
        if request.use_model and self.language_model is not None:
            helper = InterviewModel(self.language_model, answers)
        step = conduct_interview(self.state, request, model=helper)
        with warnings.catch_warnings():
            if step.understood.source == "model":  # it has read words that no item has
                warnings.simplefilter("ignore", UnreadTextWarning)
            listed = self._interviewed_list(step, check_k(k), rules)
        return InterviewResult(step, listed)

    def start_interview(self, **options: Any) -> "Interview":
        """Return an interview that keeps its turns; see :meth:`interview` for the options."""
        return Interview(self, options)

    def _interviewed_list(
        self, step: InterviewStep, k: int, rules: Rules | None
    ) -> pl.DataFrame:
        user = [ANONYMOUS_USER_ID]
        liked = step.understood.liked
        frame: pl.DataFrame = self.recommend(
            user,
            profiles=pl.DataFrame({"user_id": user, "text": [step.text]})
            if step.text
            else None,
            histories=pl.DataFrame({"user_id": user * len(liked), "item_id": list(liked)})
            if liked
            else None,
            k=k,
            rules=step.rules(rules),
            explain=True,
            titles=True,
        )
        return frame.drop("user_id", "user_temperature")


@dataclass(eq=False)
class Interview:
    """An interview that keeps its turns.

    Example:
        >>> from daybreak.service.recommender import Recommender
        >>> events = pl.DataFrame({"user_id": ["ann", "ann", "bob", "cid"],
        ...                        "item_id": ["tea", "cup", "tea", "rum"]})
        >>> model = Recommender(strategies=["popular", "item_knn"], encoder="none").fit(events)
        >>> interview = model.start_interview(k=2, n_choices=2)
        >>> after = interview.answer("tea")
        >>> after.understood.liked, "tea" in after.items["item_id"]
        (('tea',), False)
        >>> interview.undo().understood.liked
        ()
    """

    recommender: InterviewingRecommender
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of :meth:`InterviewingRecommender.interview`."""
    turns: tuple[InterviewTurn, ...] = ()
    result: InterviewResult = field(init=False)
    """The latest result."""

    def __post_init__(self) -> None:
        """Ask the first question."""
        self._answers = remember_answers()
        self._ask()

    @property
    def question(self) -> InterviewQuestion | None:
        """The question that waits for an answer; None: the interview is over."""
        return self.result.question

    def answer(
        self, text: str = "", *, chosen: Sequence[str] = (), rejected: Sequence[str] = ()
    ) -> InterviewResult:
        """Answer the question in words or by choices; without both, it is skipped.

        Args:
            text: The answer in the user's own words.
            chosen: Ids of choices that the user likes.
            rejected: Ids of choices that the user does not want.
        """
        if self.question is not None:
            turn = self.question.answered(text, chosen, rejected)
            self.turns = (*self.turns, turn)
        return self._ask()

    def skip(self) -> InterviewResult:
        """Skip the question."""
        return self.answer()

    def undo(self) -> InterviewResult:
        """Take the latest answer back."""
        self.turns = self.turns[:-1]
        return self._ask()

    def _ask(self) -> InterviewResult:
        options = {"k": 10, "rules": None, **self.options}
        k, rules = options.pop("k"), options.pop("rules")
        request = InterviewRequest.of(self.turns, **options)
        self.result = self.recommender._hold_interview(request, self._answers, k, rules)
        return self.result
