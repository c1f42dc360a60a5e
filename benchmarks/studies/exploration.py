"""Exploration of new items: how much sooner they get events, and the loss of NDCG.

A replay on real data. Some items are hidden and become new items; the later half of each
history contains the items that a user chooses if they are shown. In each visit a user sees ten
items and chooses those that the history contains. All policies start from the same training and
serve the same users in the same order. Run from the repository:

    python -m benchmarks.studies.exploration --data DATA --out benchmarks/results/exploration.md
"""

import argparse
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from benchmarks.common.memory_store import MemoryStore
from benchmarks.common.paths import IMAGES
from daybreak import Recommender, Tables, read_folder
from daybreak.estimates import mean_difference
from daybreak.evaluation.plots import SERIES_COLOURS, svg_figure, to_standalone_svg
from daybreak.metrics import ndcg_of_ids
from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.exploration.thompson import ExplorationConfig, max_ndcg_loss
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.exploration.impressions import SECONDS_PER_DAY
from daybreak.service.exploration.new_items import NewItemScorer
from daybreak.service.state.frame_requests import FrameRequest
from daybreak.service.state.ranker import RankedLists
from daybreak.store.base import LoggedItem, LoggedRecommendation

LIST_LENGTH = 10
MIN_WARM_EVENTS = 10
"""Events with which an item counts as warm."""
MIN_TAKERS = 25
"""Users who chose a new item in the data; with fewer, it could hardly become warm."""
HELD_OUT_USER_SHARE = 0.2
"""Share of users without visits, for whom lists are evaluated after the replay."""
STRATEGIES = (
    "popular",
    "profile",
    "item_knn",
    "graph_filter",
    "meta_bayes",
    "content/ridge",
    "content/match",
    "content/popular",
)
N_BATCHES_PER_DAY = 8
"""Batches of visits per day; impressions are counted between batches."""
NAMES = {
    "none": "no exploration",
    "greedy": "ε-greedy, ε = 0.1",
    "matched": "ε-greedy, ε = share of lists that the budget explored",
    "sampling": "posterior sampling, no budget",
    "budget": "posterior sampling with the budget",
}


@dataclass(frozen=True)
class Policy:
    """A policy of exploration."""

    name: str
    budget: ExposureBudget
    options: ExplorationConfig | None
    """None: no exploration."""


@dataclass(frozen=True, eq=False)
class World:
    """Training data, future choices, and the users of the replay."""

    known: Tables
    choices: Mapping[str, frozenset[str]]
    """Items that a user chooses if they are shown."""
    new: tuple[str, ...]
    visitors: tuple[str, ...]
    test_users: tuple[str, ...]
    """Users without visits."""


@dataclass(eq=False)
class Run:
    """Outcome of a replay under one policy."""

    policy: Policy
    warm: np.ndarray
    """(n_new,) days until an item had ``MIN_WARM_EVENTS`` events; infinite if it had fewer"""
    shown: np.ndarray
    """(n_new,) impressions"""
    taken: int
    """Events on new items"""
    explored: int
    visits: int
    loss: dict[str, tuple[float, float]]
    """By visitor: mean NDCG@10 without exploration, and with it"""
    events: list[tuple[str, str]]
    weighed: list[tuple[float, float]] = field(default_factory=list)
    """By visit: events if all open new items were shown; estimated by weights, and true"""
    share: list[tuple[float, float]] = field(default_factory=list)
    """By day: share of new items with all impressions, and with ``MIN_WARM_EVENTS`` events"""
    after: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By test user: NDCG@10 after a training with the new events, for all and for new items"""


def world(events: pl.DataFrame, items: pl.DataFrame, size: int, seed: int) -> World:
    """Hide items and the later half of histories.

    Args:
        events: Positive events; user_id, item_id, timestamp.
        items: Catalogue.
        size: Number of new items.
        seed: Seed of the draw of hidden items and users.
    """
    rng = np.random.default_rng(seed)
    counts = events["item_id"].value_counts().sort("item_id")
    eligible = counts.filter(pl.col("count") >= MIN_TAKERS)["item_id"].to_numpy()
    new = sorted(rng.choice(eligible, min(size, len(eligible) // 2), replace=False).tolist())
    ordered = events.sort("user_id", "timestamp", "item_id")
    old = ordered.filter(~pl.col("item_id").is_in(new))
    place = pl.int_range(pl.len()).over("user_id")
    early = old.filter(place < (pl.len().over("user_id") + 1) // 2)
    late = ordered.join(early, on=["user_id", "item_id"], how="anti")
    by_user = late.group_by("user_id").agg("item_id").iter_rows()
    choices = {user: frozenset(wanted) for user, wanted in by_user}
    users = rng.permutation(sorted(set(early["user_id"]) & set(choices)))
    cut = round(HELD_OUT_USER_SHARE * len(users))
    seen = {*early["item_id"].to_list(), *new}  # items without events would be new as well
    return World(
        Tables.of(early, items.filter(pl.col("item_id").is_in(sorted(seen)))),
        choices,
        tuple(new),
        tuple(users[cut:].tolist()),
        tuple(users[:cut].tolist()),
    )


class Clock:
    """Clock of the replay."""

    def __init__(self) -> None:
        self.now = 1.0e9

    def __call__(self) -> float:
        """Return epoch seconds."""
        return self.now


def replay(start: World, folder: str, policy: Policy, days: int, seed: int) -> Run:
    """Simulate one visit of every visitor per day, in random order."""
    model = Recommender.load(folder, events=start.known.events)
    clock, store = Clock(), MemoryStore()
    options = policy.options or ExplorationConfig()
    explorer = Explorer(store, budget=policy.budget, options=options, seed=seed, clock=clock)
    rng = np.random.default_rng([seed, 1])
    state = _State(start, {user: set(items) for user, items in start.choices.items()})
    begin = clock.now
    run = Run(policy, np.array([]), np.array([]), 0, 0, 0, {}, [])
    for day in range(days):
        for number, part in enumerate(
            np.array_split(rng.permutation(start.visitors), N_BATCHES_PER_DAY)
        ):
            clock.now = begin + (day + number / N_BATCHES_PER_DAY) * SECONDS_PER_DAY
            explorer.sync()
            visit = _visit(model, explorer, part.tolist(), f"{seed} {day}", policy)
            answers = state.react(visit, run, (clock.now - begin) / SECONDS_PER_DAY, clock.now)
            store.put_recommendations(answers)
            model.add_events(visit_events(answers, state.last))
        run.share.append(state.shares(start.new, policy.budget.impressions))
    run.warm = np.array([state.warm.get(item, np.inf) for item in start.new])
    run.shown = np.array([state.shown.get(item, 0) for item in start.new], dtype=float)
    run.loss = {user: tuple(np.mean(v, axis=0)) for user, v in state.values.items()}
    return run


class Visit(NamedTuple):
    """Lists of some users, before and after exploration."""

    users: list[str]
    ids: Any
    before: RankedLists
    after: RankedLists
    new: NewItemScorer | None
    may: np.ndarray | None
    """(n_users, n_new) new items that exploration could have placed"""


@dataclass(eq=False)
class _State:
    """Remaining choices of the users, and impressions and events of the items."""

    start: World
    remaining: dict[str, set[str]]
    shown: dict[str, int] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    warm: dict[str, float] = field(default_factory=dict)
    values: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    last: list[tuple[str, str]] = field(default_factory=list)

    def react(
        self, visit: Visit, run: Run, day: float, now: float
    ) -> list[LoggedRecommendation]:
        """Simulate the choices in a visit and record them."""
        new, answers, self.last = set(self.start.new), [], []
        for n, user in enumerate(visit.users):
            mine = visit.after.query == n
            items = [visit.ids[row] for row in visit.after.item[mine]]
            base = [visit.ids[row] for row in visit.before.item[visit.before.query == n]]
            wanted = self.remaining[user]
            self.values.setdefault(user, []).append(
                (
                    ndcg_of_ids(base, wanted, LIST_LENGTH),
                    ndcg_of_ids(items, wanted, LIST_LENGTH),
                )
                if wanted
                else (0.0, 0.0)
            )
            chance, explored = visit.after.propensity[mine], visit.after.explored[mine]
            run.visits += 1
            run.explored += int(explored.sum())
            run.weighed.append(_weighted_gain(visit, n, items, chance, wanted))
            answers.append(_answer(user, items, chance, explored, now, run.visits))
            for item in items:
                self._show(user, item, item in new, day, run)
        return answers

    def _show(self, user: str, item: str, new: bool, day: float, run: Run) -> None:
        if new:
            self.shown[item] = self.shown.get(item, 0) + 1
        if item not in self.remaining[user]:
            return
        self.remaining[user].discard(item)
        self.last.append((user, item))
        run.events.append((user, item))
        if new:
            run.taken += 1
            self.count[item] = self.count.get(item, 0) + 1
            if self.count[item] == MIN_WARM_EVENTS:
                self.warm[item] = day

    def shares(self, new: Sequence[str], impressions: int) -> tuple[float, float]:
        """Return the shares of new items with all impressions, and with enough events."""
        full = np.mean([self.shown.get(item, 0) >= impressions for item in new])
        return float(full), len(self.warm) / len(new)


def _weighted_gain(
    visit: Visit, n: int, items: list[str], chance: np.ndarray, wanted: set[str]
) -> tuple[float, float]:
    """Return the choices among all open new items of a visit: estimate and true number."""
    if visit.new is None or visit.may is None:
        return 0.0, 0.0
    open_ = {visit.new.ids[row] for row in np.flatnonzero(visit.may[n])}
    pairs = zip(items, chance, strict=True)
    found = sum(1 / p for item, p in pairs if item in open_ and item in wanted)
    return float(found), float(len(open_ & wanted))


def _visit(
    model: Recommender, explorer: Explorer, users: list[str], key: str, policy: Policy
) -> Visit:
    """Return the lists of some users as the service makes them."""
    state = model.state
    rules = dict.fromkeys(users, Rules())
    (batch,) = FrameRequest.from_frames(state, users).batches(rules, LIST_LENGTH)
    before = state.ranker.rank(batch)
    ids = state.catalogue.items.ids.ids
    if policy.options is None:
        return Visit(users, ids, before, before, None, None)
    new, may = explorer.open_items(state, batch, before)
    keys = [f"{key} {user}" for user in users]
    return Visit(users, ids, before, explorer.explore(state, batch, before, keys), new, may)


def _answer(
    user: str, items: list[str], chance: Any, explored: Any, now: float, number: int
) -> LoggedRecommendation:
    shown = tuple(
        LoggedItem(item, 0.0, rank + 1, "", float(chance[rank]), bool(explored[rank]))
        for rank, item in enumerate(items)
    )
    return LoggedRecommendation(f"{number}", now, user, "replay", shown)


def visit_events(
    answers: Sequence[LoggedRecommendation], taken: Sequence[tuple[str, str]]
) -> pl.DataFrame:
    """Return the choices as events."""
    return pl.DataFrame(
        taken, schema={"user_id": pl.String, "item_id": pl.String}, orient="row"
    ).with_columns(timestamp=pl.lit(answers[0].at))


def evaluate_users(start: World, model: Recommender) -> dict[str, tuple[float, float]]:
    """Return NDCG@10 for the test users: of all items, and of new items among new ones."""
    found = []
    for items in (None, list(start.new)):
        answer = model.recommend(list(start.test_users), k=LIST_LENGTH, items=items)
        lists = dict(answer.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())
        wanted = {
            u: start.choices[u] & set(items or start.choices[u]) for u in start.test_users
        }
        found.append(
            {u: ndcg_of_ids(lists[u], wanted[u], LIST_LENGTH) for u in start.test_users}
        )
    return {user: (found[0][user], found[1][user]) for user in start.test_users}


def train_base(start: World, folder: str, seed: int) -> Recommender:
    """Train once for all policies."""
    model = Recommender(strategies=STRATEGIES, encoder="none", seed=seed).fit(start.known)
    model.save(folder)
    return model


def retrain(start: World, base: Recommender, run: Run) -> Recommender:
    """Train with the events of a replay; the weights of the blend stay."""
    more = pl.DataFrame(
        [(user, item, 2.0e9 + n) for n, (user, item) in enumerate(run.events)],
        schema=start.known.events.select("user_id", "item_id", "timestamp").schema,
        orient="row",
    )
    events = pl.concat([start.known.events.select(more.columns), more])
    return base.clone(STRATEGIES).fit(
        Tables.of(events, start.known.items), start=base, keep_weights=True
    )


def positive(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the positive events of a data set, each pair once, and its items."""
    read = read_folder(folder)
    rules = read.rules.resolve(read.tables.events)
    liked = read.tables.events.filter(rules.signs(read.tables.events) > 0)
    columns = liked.select("user_id", "item_id", "timestamp").sort("timestamp")
    return columns.unique(["user_id", "item_id"], keep="first"), read.tables.items


def policies(budget: ExposureBudget, options: ExplorationConfig, share: float) -> list[Policy]:
    """Return the policies; the policy ``matched`` explores ``share`` of the lists."""
    greedy = replace(options, uniform=1.0)
    return [
        Policy("none", budget, None),
        Policy("greedy", budget, replace(greedy, share=0.1)),
        Policy("matched", budget, replace(greedy, share=share)),
        Policy("sampling", replace(budget, patience=1e9), options),
        Policy("budget", budget, options),
    ]


def main() -> None:
    """Run the replays, and write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--new", type=int, default=50, help="items that are hidden")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--impressions", type=int, default=100)
    parser.add_argument("--most", type=int, default=1000, help="users that are replayed")
    parser.add_argument("--patience", type=float, default=ExposureBudget.patience)
    parser.add_argument("--uniform", type=float, default=ExplorationConfig.uniform)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument(
        "--inner", action="store_true", help="for the choice of settings: replay the known half"
    )
    parser.add_argument("--keep", type=Path, help="folder in which finished draws are kept")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found = {}
    for folder in args.data:
        found[folder.name] = [_cached_runs(folder, args, seed) for seed in range(args.seeds)]
    if not args.inner:  # with --inner, results are only printed
        args.out.write_text("\n".join([*_page(found, args), ""]), encoding="utf-8")
        picture = IMAGES / "exploration.svg"
        picture.write_text(to_standalone_svg(_picture(found, args)), encoding="utf-8")


def _cached_runs(folder: Path, args: argparse.Namespace, seed: int) -> dict[str, Run]:
    """Return the runs of a draw, from a file if it was finished before."""
    path = None if args.keep is None else args.keep / f"exploration {folder.name} {seed}.json"
    budget = ExposureBudget(args.impressions, args.days, patience=args.patience)
    if path is None or not path.exists():
        runs = _seed(folder, args, seed)
        if path is not None:
            plain = {name: {**vars(run), "policy": name} for name, run in runs.items()}
            path.write_text(json.dumps(plain, default=list), encoding="utf-8")
        return runs
    plain = json.loads(path.read_text(encoding="utf-8"))
    known = {policy.name: policy for policy in policies(budget, ExplorationConfig(), 1.0)}
    return {
        name: Run(
            **{
                **values,
                "policy": known[name],
                "warm": np.array(values["warm"]),
                "shown": np.array(values["shown"]),
            }
        )
        for name, values in plain.items()
    }


def _seed(folder: Path, args: argparse.Namespace, seed: int) -> dict[str, Run]:
    """Return the runs of all policies on one draw of what is hidden."""
    events, items = positive(folder)
    users = np.random.default_rng(seed).permutation(sorted(set(events["user_id"])))
    events = events.filter(pl.col("user_id").is_in(users[: args.most].tolist()))
    start = world(events, items, args.new, seed)
    if args.inner:  # settings are chosen without the data of the benchmark
        inner = start.known.events.select("user_id", "item_id", "timestamp")
        kept = items.filter(~pl.col("item_id").is_in(start.new))
        start = world(inner, kept, args.new, seed + 1000)
    budget = ExposureBudget(args.impressions, args.days, patience=args.patience)
    options = ExplorationConfig(uniform=args.uniform, pool=500)
    runs: dict[str, Run] = {}
    with TemporaryDirectory() as place:
        base = train_base(start, place, seed)
        for policy in reversed(policies(budget, options, 1.0)):
            if policy.name not in args.only:
                continue
            if policy.name == "matched":
                mine = runs["budget"]
                rate = ExplorationConfig(
                    uniform=1.0, pool=500, share=mine.explored / mine.visits
                )
                policy = replace(policy, options=rate)  # noqa: PLW2901
            run = replay(start, place, policy, args.days, seed)
            if not args.inner:
                run.after = evaluate_users(start, retrain(start, base, run))
            runs[policy.name] = run
            print(folder.name, seed, policy.name, *_line([run]), flush=True)
    return {name: runs[name] for name in NAMES if name in runs}


def _mean_with_error(values: Sequence[float], show: str = ".3f") -> str:
    """Return a mean with its 95 % interval by the normal approximation."""
    found = mean_difference(np.array(values, dtype=float))
    return f"{np.nanmean(values):{show}} ± {found.high - found.difference:{show.lstrip('+')}}"


def _days(runs: Sequence[Run], days: int) -> list[float]:
    """Return the days until items were warm; an item that did not become warm has all days."""
    warm_days: list[float] = np.minimum(
        np.concatenate([run.warm for run in runs]), days
    ).tolist()
    return warm_days


def _losses(runs: Sequence[Run]) -> list[float]:
    return [before - after for run in runs for before, after in run.loss.values()]


def _line(runs: Sequence[Run]) -> tuple[str, ...]:
    days = len(runs[0].share)
    impressions = runs[0].policy.budget.impressions
    shown = np.concatenate([run.shown for run in runs])
    warm = np.concatenate([run.warm for run in runs])
    base = np.mean([before for run in runs for before, _ in run.loss.values()])
    return (
        _mean_with_error((shown >= impressions).astype(float).tolist(), ".2f"),
        _mean_with_error((warm < days).astype(float).tolist(), ".2f"),
        _mean_with_error(_days(runs, days), ".2f"),
        f"{sum(run.explored for run in runs) / sum(run.visits for run in runs):.2f}",
        f"{base:.4f}",
        _mean_with_error(_losses(runs), "+.4f"),
        f"{100 * np.mean(_losses(runs)) / base:+.1f} %",
    )


def _page(found: Mapping[str, list[dict[str, Run]]], args: argparse.Namespace) -> Iterator[str]:
    command = f"--seeds {args.seeds} --new {args.new} --days {args.days} --impressions "
    command += f"{args.impressions} --most {args.most} --patience {args.patience:g} --uniform "
    command += f"{args.uniform:g}"
    yield "# Exploration of new items: gain and cost\n"
    yield f"`python -m benchmarks.studies.exploration --data DATA {command}`\n"
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield (
        f"A replay: {args.new} items that at least {MIN_TAKERS} users chose are hidden and "
        "become new items; the later half of each history contains the future choices of a "
        "user. Of "
        f"{args.most} users, a fifth are test users without visits. Each of the others has one "
        f"visit per day for {args.days} days, sees {LIST_LENGTH} items and chooses those that "
        "the history contains. All policies start from the same training, serve the same users "
        "in the same order, and are not trained again; chosen items are part of the history in "
        "the next visit. New items may be placed at rank 10. Target: "
        f"{args.impressions} impressions per new item within {args.days} days. "
        f"Items and users were drawn {args.seeds} times; "
        "± is a 95 % interval over new items, visitors or test users, of all draws.\n"
    )
    for name, seeds in found.items():
        yield f"## {name}\n"
        yield from _tables(seeds, args)
    largest_loss = max_ndcg_loss(LIST_LENGTH, [LIST_LENGTH])
    yield "## Columns\n"
    yield (
        f"- **all impressions**, **warm**: share of new items with {args.impressions} "
        f"impressions, and with {MIN_WARM_EVENTS} events, on the last day; **days until "
        "warm**: "
        "mean, "
        f"{args.days} for an item that did not become warm.\n"
        "- **explored**: explored items per list. **loss**: NDCG@10 of the list without "
        "exploration minus that of the shown list, for the same visit and the remaining "
        "choices of the user. The difference is paired, so only explored items cause it; "
        "an explored item that the user chooses is a gain.\n"
        f"- The loss of a list is at most {largest_loss:.3f}: that of a list in which only the "
        "last item was relevant.\n"
        "- **after**: NDCG@10 for the test users after a training with the events of the "
        "replay: of all items, and of new items among new ones.\n"
        "- **by weights**: number of events if all open new items were shown in every visit, "
        "estimated from the explored items by inverse propensities; **counted**: the true "
        "number. z: their difference in standard errors of the estimate.\n"
    )


def _tables(seeds: Sequence[Mapping[str, Run]], args: argparse.Namespace) -> Iterator[str]:
    yield "| policy | all impressions | warm | days until warm | explored | NDCG@10 | loss | |"
    yield "| --- | --- | --- | --- | ---: | ---: | --- | ---: |"
    for name, words in NAMES.items():
        runs = [one[name] for one in seeds]
        yield f"| {words} | {' | '.join(_line(runs))} |"
    yield "\nDifferences from the policy with the budget, paired over new items or users:\n"
    yield "| policy | days until warm, more | events on new items | after: all | after: new |"
    yield "| --- | --- | --- | --- | --- |"
    for name, words in NAMES.items():
        yield f"| {words} | {' | '.join(_compare_policy(seeds, name, args.days))} |"
    yield "\n| policy | by weights | counted | z |\n| --- | ---: | ---: | ---: |"
    for name in ("greedy", "matched", "sampling", "budget"):
        yield f"| {NAMES[name]} | {_weights([one[name] for one in seeds])} |"
    yield ""


def _compare_policy(
    seeds: Sequence[Mapping[str, Run]], name: str, days: int
) -> tuple[str, str, str, str]:
    mine, best = ([one[which] for one in seeds] for which in (name, "budget"))
    gap = np.subtract(_days(mine, days), _days(best, days)).tolist()
    taken = np.mean([run.taken for run in mine])
    if name == "budget":
        ndcg_all, ndcg_new = (
            [v[n] for run in mine for v in run.after.values()] for n in (0, 1)
        )
        return (
            "0",
            f"{taken:.0f}",
            _mean_with_error(ndcg_all, ".4f"),
            _mean_with_error(ndcg_new, ".4f"),
        )
    after = [
        [
            run.after[user][n] - other.after[user][n]
            for run, other in pairs
            for user in run.after
        ]
        for n in (0, 1)
        for pairs in [list(zip(mine, best, strict=True))]
    ]
    return (
        _mean_with_error(gap, "+.2f"),
        f"{taken:.0f}",
        _mean_with_error(after[0], "+.4f"),
        _mean_with_error(after[1], "+.4f"),
    )


def _weights(runs: Sequence[Run]) -> str:
    estimate, true = np.array([pair for run in runs for pair in run.weighed]).T
    error = (estimate - true).std(ddof=1) * np.sqrt(len(true))
    z = (estimate.sum() - true.sum()) / error
    return f"{estimate.sum():,.0f} ± {1.96 * error:,.0f} | {true.sum():,.0f} | {z:+.1f}"


def _picture(found: Mapping[str, list[dict[str, Run]]], args: argparse.Namespace) -> str:
    days = np.arange(args.days + 1)
    titles = (f"with {args.impressions} impressions", f"with {MIN_WARM_EVENTS} events")
    with svg_figure("exploration", 4.2 * len(found), 5.4) as (figure, out):
        axes = figure.subplots(2, len(found), squeeze=False, sharex=True, sharey=True)
        for column, (name, seeds) in enumerate(found.items()):
            for row, title in enumerate(titles):
                panel = axes[row][column]
                for colour, policy in zip(SERIES_COLOURS, NAMES, strict=False):
                    each = [[s[row] for s in one[policy].share] for one in seeds]
                    values = np.r_[0.0, 100 * np.mean(each, axis=0)]
                    panel.plot(days, values, color=colour, label=NAMES[policy])
                panel.set_title(f"{name}: new items {title}", fontsize=9.5)
                panel.grid(axis="y")
                if not column:
                    panel.set_ylabel("%")
                if row:
                    panel.set_xlabel("day")
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return out[0]


if __name__ == "__main__":
    main()
