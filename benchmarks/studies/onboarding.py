"""Onboarding questions: gain of several ways of choosing them, with simulated answers.

A fifth of the users is held out. Each of them gets ten questions, "do you know and like this
item?", and answers yes if the item is in the first part of the history. The lists after 1, 3, 5
and 10 questions are evaluated on the other part. Run from the repository:

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

from benchmarks.common.paths import IMAGES
from benchmarks.studies.exploration import STRATEGIES, positive
from daybreak import Recommender, Tables, read_folder
from daybreak.estimates import mean_difference
from daybreak.evaluation.plots import SERIES_COLOURS, svg_figure, to_standalone_svg
from daybreak.metrics import ndcg_of_ids
from daybreak.service.state.onboarding import OnboardingAnswers, QuestionSelector

LIST_LENGTH = 10
QUESTION_COUNTS = (0, 1, 3, 5, 10)
ANSWER_SHARE = 0.7
"""Share of a history that answers may reveal; the lists are evaluated on the rest."""
FOLDS = 5
DEVELOPMENT_FOLD = 3
"""Fold of the users with whom the methods were developed."""
MAX_USERS = 250
"""Maximum number of test users of a fold."""
MIN_EVENTS = 10
"""Events of a test user."""
POOL_SIZE = 100
"""Number of most popular items from which diverse ones are chosen."""
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
    """A fitted recommender, and users that are not in its training data."""

    model: Recommender
    revealed: Answers
    """Items to which a user answers yes."""
    held_out: Answers
    """The other items of the history, on which lists are evaluated."""
    orders: Mapping[str, list[str]]
    """Items of the fixed sequences of questions."""


@dataclass(eq=False)
class OnboardingResult:
    """Outcome of one method."""

    values: dict[int, list[float]] = field(default_factory=dict)
    """NDCG@10 of each user, by number of questions"""
    yes: dict[int, float] = field(default_factory=dict)
    """Mean number of answers with yes"""


def make_split(folder: Path, fold: int) -> OnboardingSplit:
    """Train a recommender without the users of a fold.

    Args:
        folder: Folder of the data.
        fold: Number of the fold; -1: the development fold, which is not part of any other.
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
    revealed, held_out = _split_histories(mine, rng)
    catalogue = items.filter(pl.col("item_id").is_in(seen))
    model = Recommender(strategies=STRATEGIES, encoder="none", seed=0)
    model.fit(Tables.of(learned, catalogue))
    return OnboardingSplit(
        model, revealed, held_out, _orders(folder, learned, model, known.tolist(), rng)
    )


def _split_histories(events: pl.DataFrame, rng: np.random.Generator) -> tuple[Answers, Answers]:
    """Divide the histories of users with enough events into revealed and held-out items."""
    revealed, held_out = {}, {}
    for user, items in (
        events.sort("user_id", "item_id").group_by("user_id").agg("item_id").rows()
    ):
        if len(items) >= MIN_EVENTS:
            mixed = rng.permutation(sorted(items)).tolist()
            size = round(ANSWER_SHARE * len(mixed))
            revealed[user], held_out[user] = frozenset(mixed[:size]), frozenset(mixed[size:])
    chosen = rng.permutation(sorted(revealed))[:MAX_USERS].tolist()
    return {user: revealed[user] for user in chosen}, held_out


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
    entropy = _entropies(folder, users) or {i: _entropy([p, 1 - p]) for i, p in share.items()}
    priority = {i: np.log1p(share[i] * len(users)) * entropy.get(i, 0.0) for i in popular}
    return {
        "random": rng.permutation(popular).tolist(),
        "popular": popular,
        "entropy": sorted(popular, key=lambda item: -priority[item]),
        "diverse": _diverse(model, popular[:POOL_SIZE]),
    }


def _entropies(folder: Path, users: Sequence[str]) -> dict[str, float]:
    """Return the entropy of the ratings of each item; empty without ratings."""
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
    """Return the items in an order in which each is least similar to those before it."""
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
    """Ask all users the same fixed sequence of questions."""
    yes = {
        n: {user: one.revealed[user] & set(items[:n]) for user in one.revealed}
        for n in QUESTION_COUNTS
    }
    return _evaluate(one, yes)


def ask_on_screen(one: OnboardingSplit) -> OnboardingResult:
    """Ask all users the same questions, which are chosen jointly for each number."""
    answers: dict[int, dict[str, frozenset[str]]] = {}
    for n in QUESTION_COUNTS:
        items = (
            {q.name for q in _make_selector(one, OnboardingAnswers()).questions(n)}
            if n
            else set()
        )
        answers[n] = {user: one.revealed[user] & items for user in one.revealed}
    return _evaluate(one, answers)


def ask_in_turn(
    one: OnboardingSplit, prepare: Callable[[QuestionSelector], QuestionSelector] = lambda i: i
) -> OnboardingResult:
    """Ask one question after another, each chosen by the answers so far."""
    yes: dict[str, tuple[str, ...]] = dict.fromkeys(one.revealed, ())
    other: dict[str, tuple[str, ...]] = dict.fromkeys(one.revealed, ())
    memo: dict[OnboardingAnswers, str] = {}
    found = {0: {user: frozenset[str]() for user in one.revealed}}
    for number in range(1, max(QUESTION_COUNTS) + 1):
        for user, items in one.revealed.items():
            answers = OnboardingAnswers(tuple(sorted(yes[user])), tuple(sorted(other[user])))
            if answers not in memo:
                memo[answers] = prepare(_make_selector(one, answers)).questions(1)[0].name
            side = yes if memo[answers] in items else other
            side[user] = (*side[user], memo[answers])
        if number in QUESTION_COUNTS:
            found[number] = {user: frozenset(yes[user]) for user in one.revealed}
    return _evaluate(one, found)


def without_meta_bayes(selector: QuestionSelector) -> QuestionSelector:
    """Choose questions with the blend, as if meta_bayes were not part of it."""
    selector.choice_model.__dict__["place"] = None
    return selector


def _make_selector(one: OnboardingSplit, answers: OnboardingAnswers) -> QuestionSelector:
    return QuestionSelector(one.model.state, answers)


def _evaluate(
    one: OnboardingSplit, answers: Mapping[int, Mapping[str, frozenset[str]]]
) -> OnboardingResult:
    found = OnboardingResult()
    for n, yes in answers.items():
        rows = [(f"new {user}", item) for user in one.revealed for item in sorted(yes[user])]
        frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
        frame = frame.cast(pl.String)
        users = [f"new {user}" for user in one.revealed]
        answer = one.model.recommend(users, histories=frame if rows else None, k=LIST_LENGTH)
        lists = answer.group_by("user_id", maintain_order=True).agg("item_id").rows()
        found.values[n] = [
            ndcg_of_ids(items, one.held_out[user[4:]], LIST_LENGTH) for user, items in lists
        ]
        found.yes[n] = float(np.mean([len(one_yes) for one_yes in yes.values()]))
    return found


def run_methods(one: OnboardingSplit) -> dict[str, OnboardingResult]:
    """Return the outcome of every method."""
    found = {name: ask_in_order(one, items) for name, items in one.orders.items()}
    found["screen"] = ask_on_screen(one)
    found["fallback"] = ask_in_turn(one, without_meta_bayes)
    found["adaptive"] = ask_in_turn(one)
    return found


def main() -> None:
    """Run the study, and write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument(
        "--folds", type=int, default=4, help="number of folds; 0: the development fold"
    )
    parser.add_argument("--keep", type=Path, help="folder in which finished folds are kept")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found: dict[str, list[dict[str, OnboardingResult]]] = {}
    for folder in args.data:
        for fold in range(args.folds) if args.folds else [-1]:
            one = _cached_results(args.keep, folder, fold)
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
    args.out.write_text("\n".join([*_page(found, args), ""]), encoding="utf-8")
    if args.folds:
        picture = IMAGES / "onboarding.svg"
        picture.write_text(to_standalone_svg(_picture(found)), encoding="utf-8")


def _cached_results(keep: Path | None, folder: Path, fold: int) -> dict[str, OnboardingResult]:
    """Return the outcome of a fold, from a file if it was finished before."""
    path = None if keep is None else keep / f"onboarding {folder.name} {fold}.json"
    if path is None or not path.exists():
        one = run_methods(make_split(folder, fold))
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
    found: Mapping[str, list[dict[str, OnboardingResult]]], args: argparse.Namespace
) -> Iterator[str]:
    yield "# Questions to new users\n"
    yield f"`python -m benchmarks.studies.onboarding --data DATA --folds {args.folds}`\n"
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"A fifth of the users is held out, in {args.folds} disjoint folds "
        f"(strategies: {', '.join(STRATEGIES)}); the methods were developed with the users of "
        f"another fold. Test users are up to {MAX_USERS} users of a fold with at least "
        f"{MIN_EVENTS} positive events. Answers may reveal {ANSWER_SHARE:.0%} of a history, "
        "drawn at random; lists are evaluated on the rest. A question about any other item "
        "gets no answer. All methods have the same users and the same recommender; only the "
        "questions differ. Profiles are not used.\n"
    )
    for name, seeds in found.items():
        n_users = len(_all(seeds, "popular", 0))
        yield f"## {name}: {n_users:,} users\n"
        yield "NDCG@10 by number of questions, and number of answers with yes after ten:\n"
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
        "In data with ratings, entropy is that of the ratings of an item, as in Rashid et al. "
        '2002, "Getting to know you"; otherwise it is that of yes and no, and orders items '
        "like popularity if less than half of the users have each item. Intervals are "
        "over users; the trainings of the folds share most of their data.\n"
    )


def _compare_orders(
    seeds: Sequence[Mapping[str, OnboardingResult]], other: str
) -> Iterator[str]:
    yield f"\nDifference from {NAMES[other]}, for the same users, with 95 % intervals:\n"
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
