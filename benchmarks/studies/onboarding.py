"""Which questions to a new user improve the list most: simulated answers of users left out.

A fifth of the users is left out of a training. Each is asked ten questions, "do you know and
like this?", and says yes if the item is in the part of the history that may be told, else
nothing. The lists after 1, 3, 5 and 10 questions are judged by the other part. Run from the
repository:

    python -m benchmarks.studies.onboarding --data DATA --out benchmarks/results/onboarding.md
"""

import argparse
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.studies.exploration import STRATEGIES, positive
from daybreak import Recommender, Tables, read_folder
from daybreak.estimates import mean_difference
from daybreak.evaluation.plots import SERIES_COLOURS, svg_figure, to_standalone_svg
from daybreak.metrics import ndcg_of_ids
from daybreak.service.state.onboarding import OnboardingAnswers, QuestionSelector

LIST_LENGTH = 10
QUESTION_COUNTS = (0, 1, 3, 5, 10)
ANSWER_SHARE = 0.7
"""Share of a history that answers may tell; the rest judges the lists."""
FOLDS = 5
DEVELOPMENT_FOLD = 3
"""The fold with whose users the ways of asking were developed."""
MAX_USERS = 250
"""Users of a fold who are asked."""
MIN_EVENTS = 10
"""Events of a user who is asked."""
POOL_SIZE = 100
"""Most popular items, of which diverse ones are taken."""
NAMES = {
    "random": "random items",
    "popular": "popular items",
    "entropy": "popularity × entropy",
    "diverse": "diverse items among the popular",
    "screen": "expected gain, all on one screen",
    "fallback": "expected gain, without meta_bayes",
    "adaptive": "expected gain, one after another",
}

Answers = Mapping[str, frozenset[str]]


@dataclass(frozen=True, eq=False)
class OnboardingSplit:
    """A training, and users whom it does not know."""

    model: Recommender
    told: Answers
    """What each may answer with yes."""
    judge: Answers
    """What each really took beside that."""
    orders: Mapping[str, list[str]]
    """Questions of the simple ways, the first one first."""


@dataclass(eq=False)
class OnboardingResult:
    """What one way of asking led to."""

    values: dict[int, list[float]] = field(default_factory=dict)
    """NDCG@10 by number of questions, one a user"""
    yes: dict[int, float] = field(default_factory=dict)
    """Mean number of answers with yes"""


def make_split(folder: Path, fold: int) -> OnboardingSplit:
    """Train without some users.

    Args:
        folder: Of the data.
        fold: Which users are left out; -1: those with whom the ways of asking were developed,
            who are asked in no other fold.
    """
    events, items = positive(folder)
    everybody = sorted(read_folder(folder).tables.users["user_id"].to_list())
    mixed = np.random.default_rng(0).permutation(len(everybody))
    folds = np.array_split(np.array(everybody)[mixed], FOLDS)
    asked = folds[
        DEVELOPMENT_FOLD
        if fold < 0
        else [n for n in range(FOLDS) if n != DEVELOPMENT_FOLD][fold]
    ]
    rng = np.random.default_rng([fold + 1, 1])
    known = np.setdiff1d(everybody, asked)
    learned = events.filter(pl.col("user_id").is_in(known.tolist()))
    seen = learned["item_id"].unique().to_list()
    mine = events.filter(pl.col("user_id").is_in(asked.tolist()), pl.col("item_id").is_in(seen))
    told, judge = _cut(mine, rng)
    catalogue = items.filter(pl.col("item_id").is_in(seen))
    model = Recommender(strategies=STRATEGIES, encoder="none", seed=0)
    model.fit(Tables.of(learned, catalogue))
    return OnboardingSplit(
        model, told, judge, _orders(folder, learned, model, known.tolist(), rng)
    )


def _cut(events: pl.DataFrame, rng: np.random.Generator) -> tuple[Answers, Answers]:
    """Cut the histories of users with enough events into what is told and what judges."""
    told, judge = {}, {}
    for user, items in (
        events.sort("user_id", "item_id").group_by("user_id").agg("item_id").rows()
    ):
        if len(items) >= MIN_EVENTS:
            mixed = rng.permutation(sorted(items)).tolist()
            size = round(ANSWER_SHARE * len(mixed))
            told[user], judge[user] = frozenset(mixed[:size]), frozenset(mixed[size:])
    chosen = rng.permutation(sorted(told))[:MAX_USERS].tolist()
    return {user: told[user] for user in chosen}, judge


def _orders(
    folder: Path,
    events: pl.DataFrame,
    model: Recommender,
    users: Sequence[str],
    rng: np.random.Generator,
) -> dict[str, list[str]]:
    counts = events["item_id"].value_counts().sort("count", "item_id", descending=[True, False])
    popular = counts["item_id"].to_list()
    share = dict(zip(popular, counts["count"] / len(users), strict=True))
    surprise = _entropies(folder, users) or {i: _entropy([p, 1 - p]) for i, p in share.items()}
    worth = {i: np.log1p(share[i] * len(users)) * surprise.get(i, 0.0) for i in popular}
    return {
        "random": rng.permutation(popular).tolist(),
        "popular": popular,
        "entropy": sorted(popular, key=lambda item: -worth[item]),
        "diverse": _diverse(model, popular[:POOL_SIZE]),
    }


def _entropies(folder: Path, users: Sequence[str]) -> dict[str, float]:
    """Return the entropy of the ratings of each item; nothing where nobody rates."""
    events = read_folder(folder).tables.events.filter(pl.col("user_id").is_in(list(users)))
    values = events["value"].drop_nulls()
    if not 2 < values.n_unique() <= 10:
        return {}
    sizes = events.group_by("item_id", "value").len().sort("item_id", "value")
    by_item = sizes.group_by("item_id").agg("len").rows()
    return {item: _entropy(np.array(n) / sum(n)) for item, n in by_item}


def _entropy(shares: Any) -> float:
    known = np.clip(np.asarray(shares, dtype=float), 1e-12, 1)
    return float(-(known * np.log(known)).sum())


def _diverse(model: Recommender, items: list[str]) -> list[str]:
    """Return items each of which is least like those before it, the most popular first."""
    catalogue = model.state.catalogue.items
    some = catalogue.take(catalogue.ids.rows(items))
    alike = some.similarity(some)
    chosen = [0]
    while len(chosen) < len(items):
        nearest = alike[chosen].max(axis=0)
        nearest[chosen] = np.inf
        chosen.append(int(np.argmin(nearest)))
    return [items[row] for row in chosen]


def ask_in_order(one: OnboardingSplit, items: Sequence[str]) -> OnboardingResult:
    """Ask everybody the same."""
    yes = {
        n: {user: one.told[user] & set(items[:n]) for user in one.told} for n in QUESTION_COUNTS
    }
    return _evaluate(one, yes)


def ask_on_screen(one: OnboardingSplit) -> OnboardingResult:
    """Ask everybody the same, chosen together for each number of questions."""
    answers: dict[int, dict[str, frozenset[str]]] = {}
    for n in QUESTION_COUNTS:
        items = (
            {q.name for q in _make_selector(one, OnboardingAnswers()).questions(n)}
            if n
            else set()
        )
        answers[n] = {user: one.told[user] & items for user in one.told}
    return _evaluate(one, answers)


def ask_in_turn(
    one: OnboardingSplit, prepare: Callable[[QuestionSelector], QuestionSelector] = lambda i: i
) -> OnboardingResult:
    """Ask everybody one question after another, each by the answers so far."""
    yes: dict[str, tuple[str, ...]] = dict.fromkeys(one.told, ())
    other: dict[str, tuple[str, ...]] = dict.fromkeys(one.told, ())
    memo: dict[OnboardingAnswers, str] = {}
    found = {0: {user: frozenset[str]() for user in one.told}}
    for number in range(1, max(QUESTION_COUNTS) + 1):
        for user, told in one.told.items():
            answers = OnboardingAnswers(tuple(sorted(yes[user])), tuple(sorted(other[user])))
            if answers not in memo:
                memo[answers] = prepare(_make_selector(one, answers)).questions(1)[0].name
            side = yes if memo[answers] in told else other
            side[user] = (*side[user], memo[answers])
        if number in QUESTION_COUNTS:
            found[number] = {user: frozenset(yes[user]) for user in one.told}
    return _evaluate(one, found)


def without_meta_bayes(interview: QuestionSelector) -> QuestionSelector:
    """Let the blend judge, as it does where meta_bayes is not part of it."""
    interview.choice_model.__dict__["place"] = None
    return interview


def _make_selector(one: OnboardingSplit, answers: OnboardingAnswers) -> QuestionSelector:
    return QuestionSelector(one.model.state, answers)


def _evaluate(
    one: OnboardingSplit, answers: Mapping[int, Mapping[str, frozenset[str]]]
) -> OnboardingResult:
    found = OnboardingResult()
    for n, yes in answers.items():
        rows = [(f"new {user}", item) for user in one.told for item in sorted(yes[user])]
        frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
        frame = frame.cast(pl.String)
        users = [f"new {user}" for user in one.told]
        answer = one.model.recommend(users, histories=frame if rows else None, k=LIST_LENGTH)
        lists = answer.group_by("user_id", maintain_order=True).agg("item_id").rows()
        found.values[n] = [
            ndcg_of_ids(items, one.judge[user[4:]], LIST_LENGTH) for user, items in lists
        ]
        found.yes[n] = float(np.mean([len(one_yes) for one_yes in yes.values()]))
    return found


def asked(one: OnboardingSplit) -> dict[str, OnboardingResult]:
    """Return what every way of asking led to."""
    found = {name: ask_in_order(one, items) for name, items in one.orders.items()}
    found["screen"] = ask_on_screen(one)
    found["fallback"] = ask_in_turn(one, without_meta_bayes)
    found["adaptive"] = ask_in_turn(one)
    return found


def main() -> None:
    """Ask, and write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--folds", type=int, default=4, help="0: the one for development")
    parser.add_argument("--keep", type=Path, help="folder in which finished folds are kept")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    found: dict[str, list[dict[str, OnboardingResult]]] = {}
    for folder in told.data:
        for fold in range(told.folds) if told.folds else [-1]:
            one = _cached_results(told.keep, folder, fold)
            found.setdefault(folder.name, []).append(one)
            for name, way in one.items():
                means = " ".join(f"{np.mean(way.values[n]):.4f}" for n in QUESTION_COUNTS)
                print(
                    folder.name,
                    fold,
                    f"{name:10}",
                    means,
                    f"{way.yes[LIST_LENGTH]:.2f}",
                    flush=True,
                )
    told.out.write_text("\n".join([*_page(found, told), ""]), encoding="utf-8")
    if told.folds:
        picture = Path("docs/images/onboarding.svg")
        picture.write_text(to_standalone_svg(_picture(found)), encoding="utf-8")


def _cached_results(keep: Path | None, folder: Path, fold: int) -> dict[str, OnboardingResult]:
    """Return what a fold led to, from a file if it was finished before."""
    path = None if keep is None else keep / f"onboarding {folder.name} {fold}.json"
    if path is None or not path.exists():
        one = asked(make_split(folder, fold))
        if path is not None:
            plain = {name: [way.values, way.yes] for name, way in one.items()}
            path.write_text(json.dumps(plain), encoding="utf-8")
        return one
    plain = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: OnboardingResult(
            *({int(n): value for n, value in part.items()} for part in parts)
        )
        for name, parts in plain.items()
    }


def _all(seeds: Sequence[Mapping[str, OnboardingResult]], name: str, n: int) -> np.ndarray:
    return np.concatenate([one[name].values[n] for one in seeds])


def _with_error(values: np.ndarray, show: str) -> str:
    found = mean_difference(values)
    return f"{found.difference:{show}} ± {found.high - found.difference:.3f}"


def _page(
    found: Mapping[str, list[dict[str, OnboardingResult]]], told: argparse.Namespace
) -> Iterator[str]:
    yield "# Questions to new users\n"
    yield f"`python -m benchmarks.studies.onboarding --data DATA --folds {told.folds}`\n"
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"A fifth of the users is left out of a training, in {told.folds} disjoint folds "
        f"(strategies: {', '.join(STRATEGIES)}); the ways of asking were developed with the "
        f"users of another fold. Up to {MAX_USERS} of a fold with {MIN_EVENTS} positive "
        "events or more "
        "are asked. "
        f"Answers may tell {ANSWER_SHARE:.0%} of a history, drawn at random; the rest judges. "
        "An item "
        "that is not among them gets no answer. All ways of asking meet the same users and the "
        "same recommender; only the questions differ. Users tell no profile.\n"
    )
    for name, seeds in found.items():
        n_users = len(_all(seeds, "popular", 0))
        yield f"## {name}: {n_users:,} users\n"
        yield "NDCG@10 after so many questions, and answers with yes after ten:\n"
        yield f"| questions | {' | '.join(map(str, QUESTION_COUNTS))} | yes |"
        yield f"| --- |{' ---: |' * (len(QUESTION_COUNTS) + 1)}"
        for way, words in NAMES.items():
            cells = [f"{_all(seeds, way, n).mean():.4f}" for n in QUESTION_COUNTS]
            yes = np.mean([one[way].yes[10] for one in seeds])
            yield f"| {words} | {' | '.join(cells)} | {yes:.2f} |"
        for other in ("entropy", "popular"):
            yield from _compare_orders(seeds, other)
        yield ""
    yield (
        "Entropy is that of the ratings of an item where users rate, as in Rashid et al. 2002, "
        '"Getting to know you"; elsewhere that of yes and no, which orders items as popularity '
        "does when less than half of the users have each. Intervals are over users; the "
        "trainings share most of what they learn from.\n"
    )


def _compare_orders(
    seeds: Sequence[Mapping[str, OnboardingResult]], other: str
) -> Iterator[str]:
    yield f"\nMore than with {NAMES[other]}, the same users, 95 % interval:\n"
    yield f"| questions | {' | '.join(map(str, QUESTION_COUNTS[1:]))} |"
    yield f"| --- |{' ---: |' * (len(QUESTION_COUNTS) - 1)}"
    for way, words in NAMES.items():
        if way != other:
            gaps = [_all(seeds, way, n) - _all(seeds, other, n) for n in QUESTION_COUNTS[1:]]
            yield f"| {words} | {' | '.join(_with_error(g, '+.4f') for g in gaps)} |"


def _picture(found: Mapping[str, list[dict[str, OnboardingResult]]]) -> str:
    with svg_figure("onboarding", 4.2 * len(found), 3.9) as (figure, out):
        axes = figure.subplots(1, len(found), squeeze=False)[0]
        for panel, (name, seeds) in zip(axes, found.items(), strict=True):
            for colour, way in zip(SERIES_COLOURS, reversed(NAMES), strict=False):
                values = [_all(seeds, way, n).mean() for n in QUESTION_COUNTS]
                panel.plot(
                    QUESTION_COUNTS, values, color=colour, label=NAMES[way], marker="o", ms=3
                )
            panel.set_title(name, fontsize=9.5)
            panel.set_xlabel("questions")
            panel.set_xticks(QUESTION_COUNTS)
            panel.grid(axis="y")
        axes[0].set_ylabel("NDCG@10")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return out[0]


if __name__ == "__main__":
    main()
