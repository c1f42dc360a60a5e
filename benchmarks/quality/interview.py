"""Interviews of new users: NDCG@10 after 1, 3 and 5 answers, by how the questions are chosen.

A fifth of the users is held out. Simulated people answer from the first part of their hidden
history by rules: of items that a question offers they name those they have; of values of an
attribute they name up to two that they have much more often than others, and rule out up to two
that they never have although others often do. Lists are evaluated on the other part. Run from
the repository:

    python -m benchmarks.quality.interview --data DATA --out benchmarks/results/interview.md
"""

import argparse
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.studies import onboarding as study
from benchmarks.studies.exploration import STRATEGIES as BASE_STRATEGIES
from benchmarks.studies.onboarding import OnboardingSplit, make_split
from daybreak.estimates import mean_difference
from daybreak.metrics import ndcg_of_ids
from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.turns import InterviewRequest, InterviewStep, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary
from daybreak.service.state.onboarding import OnboardingAnswers, QuestionSelector

STRATEGIES = (*BASE_STRATEGIES, "wish")
LIST_LENGTH = 10
N_CHOICES = 6
"""Items, or values of an attribute, that a question offers."""
ANSWER_COUNTS = (0, 1, 3, 5)
MAX_USERS = 150
"""Maximum number of test users of a fold."""
MIN_VALUE_LIFT = 1.2
"""Smallest ratio of the share of a value in a history and in all, so that a person names it."""
MIN_EXPECTED_ITEMS = 4.0
"""Items with a value that an average person of this history would have, so that a person
without any rules the value out."""
SMOOTHING_ITEMS = 5.0
"""Items of average taste that are added to a history before shares are compared."""
NAMES = {
    "random": "random items, six a question",
    "popular": "popular items, six a question",
    "onboarding": "plain onboarding, one item a question",
    "items": "interview about items",
    "attributes": "interview about attributes first",
    "interview": "interview about items and attributes",
    "words": "the same, answered in words",
}


@dataclass(eq=False)
class SimulatedPerson:
    """Answers questions from a hidden history.

    Attributes:
        items: Items that answers may reveal.
        shares: Value of an attribute to its share in the history, relative to all users.
        missing: Values that the history should have and does not.
    """

    items: frozenset[str]
    lifts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    missing: frozenset[tuple[str, str]] = frozenset()

    def answer(self, step: InterviewStep) -> InterviewTurn:
        """Return the answer to the question of a step."""
        question = step.question
        if question is None:
            raise ValueError("the interview is over")
        shown = tuple(choice.id for choice in question.choices)
        if question.kind != "attribute":
            chosen = tuple(id_ for id_ in shown if id_ in self.items)
            return InterviewTurn(question.kind, question.name, shown, chosen)
        ranked = sorted(shown, key=lambda value: -self.lifts.get((question.name, value), 0.0))
        chosen = tuple(
            value
            for value in ranked[:2]
            if self.lifts.get((question.name, value), 0.0) >= MIN_VALUE_LIFT
        )
        rejected = tuple(v for v in shown if (question.name, v) in self.missing)[:2]
        return InterviewTurn(question.kind, question.name, shown, chosen, rejected)


def say_in_words(turn: InterviewTurn, labels: Mapping[str, str]) -> InterviewTurn:
    """Return an answer as a sentence instead of choices.

    Args:
        turn: Answer with choices.
        labels: Name of each choice.
    """
    liked = [labels[id_] for id_ in turn.chosen]
    disliked = [labels[id_] for id_ in turn.rejected]
    parts = []
    if liked:
        quoted = [f"“{name}”" if turn.kind == "items" else name for name in liked]
        parts.append("I like " + " and ".join(quoted))
    parts += [f"no {name}" for name in disliked]
    text = ", ".join(parts) or "none of these"
    return InterviewTurn(turn.kind, turn.name, turn.shown, text=text)


def make_people(one: OnboardingSplit) -> dict[str, SimulatedPerson]:
    """Return the simulated people of a split."""
    vocabulary = InterviewVocabulary.from_state(one.model.state)
    carries = vocabulary.carries
    ids = one.model.state.catalogue.items.ids
    positive = one.model.state.histories.positive
    base = np.asarray(carries[positive.item].mean(axis=0)).ravel()
    people = {}
    for user, items in one.revealed.items():
        counts = np.asarray(carries[ids.rows(sorted(items))].sum(axis=0)).ravel()
        shares = (counts + SMOOTHING_ITEMS * base) / (len(items) + SMOOTHING_ITEMS)
        lifts = np.where(counts > 0, shares / np.maximum(base, 1e-9), 0.0)
        missing = (counts == 0) & (base * len(items) >= MIN_EXPECTED_ITEMS)
        pairs = vocabulary.pairs
        people[user] = SimulatedPerson(
            items,
            dict(zip(pairs, lifts.tolist(), strict=True)),
            frozenset(pairs[n] for n in np.flatnonzero(missing).tolist()),
        )
    return people


def hold_interviews(
    one: OnboardingSplit, people: Mapping[str, SimulatedPerson], way: str
) -> dict[int, list[float]]:
    """Return the NDCG@10 of each user by number of answers."""
    turns: dict[str, tuple[InterviewTurn, ...]] = dict.fromkeys(people, ())
    memo: dict[tuple[InterviewTurn, ...], InterviewStep] = {}
    found: dict[int, list[float]] = {}
    for number in range(max(ANSWER_COUNTS) + 1):
        steps = {}
        for user, said in turns.items():
            if said not in memo:
                memo[said] = _next_step(one, said, way)
            steps[user] = memo[said]
        if number in ANSWER_COUNTS:
            found[number] = evaluate_steps(one, steps)
        for user, step in steps.items():
            if step.question is not None:
                turn = people[user].answer(step)
                if way == "words":
                    labels = {choice.id: choice.label for choice in step.question.choices}
                    turn = say_in_words(turn, labels)
                turns[user] = (*turns[user], turn)
    return found


def _next_step(
    one: OnboardingSplit, turns: tuple[InterviewTurn, ...], way: str
) -> InterviewStep:
    asks_attributes = way in {"interview", "words"} or (way == "attributes" and not turns)
    request = InterviewRequest(turns, n_choices=N_CHOICES, ask_attributes=asks_attributes)
    if way == "attributes" and not turns:
        return conduct_interview(one.model.state, request, prefer_attributes=True)
    return conduct_interview(one.model.state, request)


def ask_fixed(one: OnboardingSplit, items: Sequence[str]) -> dict[int, list[float]]:
    """Return the NDCG@10 after fixed questions of ``N_CHOICES`` items each."""
    found = {}
    for number in ANSWER_COUNTS:
        shown = items[: number * N_CHOICES]
        liked = {user: [i for i in shown if i in known] for user, known in one.revealed.items()}
        found[number] = _evaluate_histories(one, liked)
    return found


def ask_onboarding(one: OnboardingSplit) -> dict[int, list[float]]:
    """Return the NDCG@10 after plain onboarding, one item after another."""
    yes: dict[str, tuple[str, ...]] = dict.fromkeys(one.revealed, ())
    other: dict[str, tuple[str, ...]] = dict.fromkeys(one.revealed, ())
    memo: dict[OnboardingAnswers, str] = {}
    found = {0: _evaluate_histories(one, {user: [] for user in one.revealed})}
    for number in range(1, max(ANSWER_COUNTS) + 1):
        for user, items in one.revealed.items():
            answers = OnboardingAnswers(tuple(sorted(yes[user])), tuple(sorted(other[user])))
            if answers not in memo:
                selector = QuestionSelector(one.model.state, answers)
                memo[answers] = selector.questions(1)[0].name
            side = yes if memo[answers] in items else other
            side[user] = (*side[user], memo[answers])
        if number in ANSWER_COUNTS:
            found[number] = _evaluate_histories(one, {u: list(yes[u]) for u in one.revealed})
    return found


def evaluate_steps(one: OnboardingSplit, steps: Mapping[str, InterviewStep]) -> list[float]:
    """Return the NDCG@10 of each user after the answers of a step."""
    values = []
    for user, step in steps.items():
        name = f"new {user}"
        rows = [(name, item) for item in step.understood.liked]
        frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
        profile = pl.DataFrame({"user_id": [name], "text": [step.text]}) if step.text else None
        answer = one.model.recommend(
            [name],
            profiles=profile,
            histories=frame.cast(pl.String) if rows else None,
            k=LIST_LENGTH,
            rules=step.rules(),
        )
        items = answer["item_id"].to_list()
        values.append(ndcg_of_ids(items, one.held_out[user], LIST_LENGTH))
    return values


def _evaluate_histories(
    one: OnboardingSplit, liked: Mapping[str, Sequence[str]]
) -> list[float]:
    rows = [(f"new {user}", item) for user, items in liked.items() for item in items]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").cast(pl.String)
    users = [f"new {user}" for user in liked]
    answer = one.model.recommend(users, histories=frame if rows else None, k=LIST_LENGTH)
    lists = dict(answer.group_by("user_id", maintain_order=True).agg("item_id").rows())
    return [ndcg_of_ids(lists[f"new {u}"], one.held_out[u], LIST_LENGTH) for u in liked]


def run_fold(
    folder: Path, fold: int, ways: Sequence[str], n_users: int
) -> Iterator[tuple[str, dict[int, list[float]]]]:
    """Yield the NDCG@10 of each user of a fold by number of answers, method by method."""
    study.MAX_USERS = n_users
    vars(study)["STRATEGIES"] = STRATEGIES
    one = make_split(folder, fold)
    people = make_people(one)
    for way in ways:
        if way in one.orders:
            found = ask_fixed(one, one.orders[way])
        elif way == "onboarding":
            found = ask_onboarding(one)
        else:
            found = hold_interviews(one, people, way)
        means = " ".join(f"{np.mean(found[n]):.4f}" for n in ANSWER_COUNTS)
        print(folder.name, fold, f"{way:10}", means, flush=True)
        yield way, found


def main() -> None:
    """Run the benchmark and write its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--folds", type=int, default=1, help="folds; 0: the development fold")
    parser.add_argument("--users", type=int, default=MAX_USERS, help="test users of a fold")
    parser.add_argument("--ways", nargs="+", default=list(NAMES), choices=list(NAMES))
    parser.add_argument("--keep", type=Path, help="file in which finished folds are kept")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    kept = json.loads(args.keep.read_text()) if args.keep and args.keep.exists() else {}
    for folder in args.data:
        for fold in range(args.folds) if args.folds else [-1]:
            key = f"{folder.name} {fold}"
            missing = [way for way in args.ways if way not in kept.get(key, {})]
            if missing:
                for way, values in run_fold(folder, fold, missing, args.users):
                    plain = {str(n): one for n, one in values.items()}
                    kept[key] = kept.get(key, {}) | {way: plain}
                    if args.keep:
                        args.keep.write_text(json.dumps(kept))
    if args.out:
        args.out.write_text("\n".join([*_page(kept, args), ""]), encoding="utf-8")


def _page(
    kept: Mapping[str, Mapping[str, Mapping[str, list[float]]]], args: argparse.Namespace
) -> Iterator[str]:
    yield "# Interviews of new users\n"
    yield (
        f"`python -m benchmarks.quality.interview --data DATA --folds {args.folds} "
        f"--users {args.users} --ways {' '.join(args.ways)}`\n"
    )
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"A fifth of the users is held out (strategies: {', '.join(STRATEGIES)}; no "
        f"text encoder); up to {args.users} of them with at least {study.MIN_EVENTS} positive "
        f"events are asked. Answers come from {study.ANSWER_SHARE:.0%} of a history, by rules; "
        f"lists are evaluated on the rest. A question offers {N_CHOICES} items or values. "
        "Settings "
        "were chosen with the users of another fold.\n"
    )
    folders = dict.fromkeys(key.rpartition(" ")[0] for key in kept)
    for name in folders:
        folds = [one for key, one in kept.items() if key.rpartition(" ")[0] == name]
        ways = [way for way in NAMES if all(way in one for one in folds)]
        values = {
            way: {n: np.concatenate([one[way][str(n)] for one in folds]) for n in ANSWER_COUNTS}
            for way in ways
        }
        yield f"## {name}: {len(values[ways[0]][0]):,} users, {len(folds)} folds\n"
        yield f"| NDCG@10 after | {' | '.join(map(str, ANSWER_COUNTS))} answers |"
        yield f"| --- |{' ---: |' * len(ANSWER_COUNTS)}"
        for way in ways:
            cells = [f"{values[way][n].mean():.4f}" for n in ANSWER_COUNTS]
            yield f"| {NAMES[way]} | {' | '.join(cells)} |"
        for other in (way for way in ("popular", "onboarding") if way in ways):
            yield f"\nDifference from {NAMES[other]}, paired, with 95 % intervals:\n"
            yield f"| answers | {' | '.join(map(str, ANSWER_COUNTS[1:]))} |"
            yield f"| --- |{' ---: |' * (len(ANSWER_COUNTS) - 1)}"
            for way in ways:
                if way != other:
                    gaps = [values[way][n] - values[other][n] for n in ANSWER_COUNTS[1:]]
                    yield f"| {NAMES[way]} | {' | '.join(map(_with_error, gaps))} |"
        yield ""


def _with_error(values: np.ndarray) -> str:
    found = mean_difference(values)
    return f"{found.difference:+.4f} ± {found.high - found.difference:.4f}"


if __name__ == "__main__":
    main()
