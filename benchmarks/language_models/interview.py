"""Interviews: NDCG@10 after 1, 3 and 5 answers, with and without a language model.

Simulated people answer from 70 % of a hidden history, by rules (choices, or a sentence in which
the choices are named) or by the language model, which is given titles of the history. Rules
read the answers, or rules and the language model. The questions are chosen without it.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.language_models.asking import Answer, MeasuredUse, Question, sum_costs
from benchmarks.quality import interview as quality
from benchmarks.studies import onboarding as study
from benchmarks.studies.onboarding import OnboardingSplit, make_split
from daybreak.estimates import mean_difference
from daybreak.language_models import LanguageModel, PromptTemplate, SentField
from daybreak.language_models.answers import SentenceAnswer
from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.model import InterviewModel
from daybreak.service.interview.turns import (
    InterviewQuestion,
    InterviewRequest,
    InterviewStep,
    InterviewTurn,
    Language,
)

FOLD = 0
STRATEGIES = ("popular", "item_knn", "meta_bayes", "content/match", "wish")
"""Few strategies, so that most of the time is that of the model."""
MIN_USERS = 4
"""Users below which no interval is given."""
PERSON_TITLES = 8
"""Titles of the hidden history that the model which answers is given."""
MAX_SENTENCE_TOKENS = 48
PERSON_ANSWERS = 3
"""Answers of people that the language model simulates; each costs two requests."""
WAYS = {
    "random": "random items, six a question",
    "popular": "popular items, six a question",
    "onboarding": "plain onboarding, one item a question",
    "words": "interview, answered in words by rules, read by rules",
    "read": "interview, answered in words by rules, read by rules and the model",
    "person": "interview, answered by the model, read by rules",
    "person_read": "interview, answered by the model, read by rules and the model",
}
MODEL_WAYS = ("read", "person", "person_read")
"""Ways that need the language model; a user costs 3 to 20 seconds."""
PERSON_PROMPT = PromptTemplate(
    "person",
    "en",
    """You are a person who is asked about your taste. The message is JSON and only data.
"liked" are titles that you liked before. Answer "question" in one short sentence of your own.
Speak only of "choices" that are like what you liked before; say if none of them is.
Example: {"liked": ["Green tea"], "question": "Which of these do you like?", "choices":
["Black tea", "Rum"]} -> {"sentence": "I like black tea, but not rum."}
Answer with JSON.""",
    frozenset({SentField.USER_HISTORY, SentField.ITEM_TITLE}),
)


class ReadingModel(InterviewModel):
    """Reads answers and answers for people; templates word the questions."""

    def word(self, question: InterviewQuestion, language: Language) -> str | None:
        """Return None: the template asks."""
        return None

    def answer(self, question: InterviewQuestion, liked: Sequence[str]) -> InterviewTurn:
        """Return the answer of a person who liked some titles."""
        data = {
            "liked": list(liked),
            "question": question.text,
            "choices": [choice.label for choice in question.choices],
        }
        found = self._ask(PERSON_PROMPT.fill(data), SentenceAnswer, MAX_SENTENCE_TOKENS)
        return question.answered("" if found is None else found.sentence[:500])


@dataclass(frozen=True)
class AskedUser:
    """A test user, and the ways in which the user is asked."""

    one: OnboardingSplit
    """Fitted recommender with this user alone."""
    user: str
    person: quality.SimulatedPerson
    titles: Mapping[str, str]
    """Title of each item."""
    ways: Sequence[str] = MODEL_WAYS
    """Ways that need the language model."""

    def hold(self, model: LanguageModel) -> Answer:
        """Return the NDCG@10 of all ways by number of answers, and what was said."""
        ndcg: dict[str, Mapping[int, float]] = {
            way: {n: values[0] for n, values in found.items()}
            for way, found in self._without_model().items()
        }
        said: dict[str, list[str]] = {}
        for way in self.ways:
            ndcg[way], said[way] = self._with_model(way, ReadingModel(model))
        return {"ndcg": ndcg, "said": said}

    def _without_model(self) -> Mapping[str, Mapping[int, list[float]]]:
        people = {self.user: self.person}
        return {
            "random": quality.ask_fixed(self.one, self.one.orders["random"]),
            "popular": quality.ask_fixed(self.one, self.one.orders["popular"]),
            "onboarding": quality.ask_onboarding(self.one),
            "words": quality.hold_interviews(self.one, people, "words"),
        }

    def _with_model(self, way: str, helper: ReadingModel) -> tuple[dict[int, float], list[str]]:
        turns: list[InterviewTurn] = []
        ndcg: dict[int, float] = {}
        last = max(quality.ANSWER_COUNTS) if way == "read" else PERSON_ANSWERS
        for number in range(last + 1):
            request = InterviewRequest(tuple(turns), n_choices=quality.N_CHOICES)
            reader = None if way == "person" else helper
            step = conduct_interview(self.one.model.state, request, model=reader)
            if number in quality.ANSWER_COUNTS:
                ndcg[number] = quality.evaluate_steps(self.one, {self.user: step})[0]
            if step.question is None or number == last:
                break
            turns.append(self._answer(way, step, helper))
        return ndcg, [turn.text for turn in turns]

    def _answer(self, way: str, step: InterviewStep, helper: ReadingModel) -> InterviewTurn:
        question = step.question
        assert question is not None
        if way == "read":
            labels = {choice.id: choice.label for choice in question.choices}
            return quality.say_in_words(self.person.answer(step), labels)
        shown = [choice.id for choice in question.choices if choice.id in self.person.items]
        others = sorted(self.person.items - set(shown))
        liked = [self.titles[item] for item in (*shown, *others)]
        return helper.answer(question, liked[:PERSON_TITLES])


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each test user: all interviews with this user."""
    study.MAX_USERS = options.n
    vars(study)["STRATEGIES"] = STRATEGIES
    one = make_split(folder, FOLD)
    state, people = one.model.state, quality.make_people(one)
    ids = state.catalogue.items.ids.ids
    titles = {item: state.ranker.title(item) for item in ids}
    for user, person in sorted(people.items()):
        alone = replace(one, revealed={user: one.revealed[user]})
        yield (
            user,
            partial(AskedUser.hold, AskedUser(alone, user, person, titles, options.ways)),
        )


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return the mean NDCG@10 of all ways, and the differences with intervals (95 %)."""

    def values(way: str, n: int) -> np.ndarray:
        return np.array([one["ndcg"].get(way, {}).get(str(n), np.nan) for one in answers])

    def gap(way: str, other: str, n: int) -> str:
        differences = values(way, n) - values(other, n)
        measured = differences[np.isfinite(differences)]
        if len(measured) < MIN_USERS:
            return f"{len(measured)} users"
        found = mean_difference(measured)
        error = found.high - found.difference
        return f"{found.difference:+.4f} ± {error:.4f} ({len(measured)} users)"

    means = {
        WAYS[way]: [round(float(np.nanmean(values(way, n))), 4) for n in quality.ANSWER_COUNTS]
        for way in WAYS
        if np.isfinite(values(way, 1)).any()
    }
    counts = quality.ANSWER_COUNTS[1:]
    person_counts = [n for n in counts if n <= PERSON_ANSWERS]
    return {
        "users": len(answers),
        "answers": quality.ANSWER_COUNTS,
        "ndcg": means,
        "more than popular": {
            way: {
                n: gap(way, "popular", n)
                for n in (person_counts if way.startswith("person") else counts)
            }
            for way in WAYS
        },
        "read by the model as well": {n: gap("read", "words", n) for n in counts},
        "the same, people of the model": {
            n: gap("person_read", "person", n) for n in person_counts
        },
        "examples": [one["said"] for one in answers[:2]],
        **sum_costs(answers),
    }


USE = MeasuredUse(questions, report)
