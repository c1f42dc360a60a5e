"""New items beside ``warm-transfer`` of PyPI, on a split that this package draws itself.

Run ``python -m benchmarks.peers.warm_transfer --shared SHARED``; it needs ``pip install
warm-transfer``. One fifth of the items of ml100k (ratings of 4 and 5) lose all their events;
lists of these items are compared for the users who chose one. The package transfers the scores
of EASE to them by content; Daybreak has the same columns of the catalogue. NDCG@10.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from warmtransfer.holdout import HoldoutConfig, pseudo_cold_split
from warmtransfer.methods.base import methods
from warmtransfer.recommend import build_holdout_inputs, recommend
from warmtransfer.types import Dataset, ItemFeatures

from daybreak import Recommender
from daybreak.estimates import paired_bootstrap
from daybreak.metrics import ndcg_of_ids

K = 10
COLUMNS = ("item_id", "title", "year", "categories", "description")
METHODS = (
    "most_popular",
    "grouped_most_popular_pers",
    "knn_score_avg",
    "linmap",
    "stacking_plus",
)
TRAININGS: dict[str, dict[str, Any]] = {
    "Daybreak, four strategies": {
        "encoder": "none",
        "strategies": ("popular", "item_knn", "content/match", "content/history"),
    },
    "Daybreak": {"encoder": "none"},
    "Daybreak, with a text model": {},
}
"""Options of each training; the second one is compared with the peers."""
COMPARED = "Daybreak"
RIDGE = 300.0
"""Ridge of the EASE model whose scores are transferred."""
MAX_USERS = 500
SEED = 42


def read(shared: Path) -> tuple[pd.DataFrame, pl.DataFrame]:
    """Return the positive events and the items.

    Args:
        shared: Folder of the data sets.
    """
    folder = shared / "data" / "ml100k"
    events = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=0)
    items = pl.read_csv(folder / "items.csv.gz", infer_schema_length=0).select(COLUMNS)
    rating = next(name for name in ("rating", "value") if name in events.columns)
    chosen = events.filter(pl.col(rating).cast(pl.Float64) >= 4).join(items, on="item_id")
    pairs = chosen.select("user_id", "item_id").unique(maintain_order=True)
    return pd.DataFrame(pairs.to_dict(as_series=False)), items


def donor_scores(train: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of EASE for all users and warm items, one row a pair.

    Args:
        train: Events on warm items.
    """
    users, items = sorted(train["user_id"].unique()), sorted(train["item_id"].unique())
    matrix = np.zeros((len(users), len(items)), dtype=np.float32)
    rows = pd.Index(users).get_indexer(train["user_id"])
    matrix[rows, pd.Index(items).get_indexer(train["item_id"])] = 1
    inverse = np.linalg.inv(matrix.T @ matrix + RIDGE * np.eye(len(items), dtype=np.float32))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    scores = matrix @ weights
    return pd.DataFrame(
        {
            "user_id": np.repeat(users, len(items)),
            "item_id": np.tile(items, len(users)),
            "score": scores.ravel(),
        }
    )


def ndcg_of(lists: dict[str, list[str]], targets: dict[str, set[str]]) -> np.ndarray:
    """Return NDCG@10 of each user with a target.

    Args:
        lists: Items in order, by user.
        targets: Cold items that each user chose.
    """
    return np.array(
        [ndcg_of_ids(lists.get(user, []), targets[user], K) for user in sorted(targets)]
    )


def daybreak_lists(
    train: Any, items: pl.DataFrame, split: Any, users: list[str], options: dict[str, Any]
) -> Any:
    """Return the lists of cold items.

    Args:
        train: Events on warm items.
        items: The whole catalogue.
        split: The split.
        users: Users who get lists.
        options: Options of the recommender.
    """
    kept = set(split.cold_items) | set(split.warm_items)
    catalogue = items.filter(pl.col("item_id").is_in(list(kept)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Recommender(**options).fit(
            pl.DataFrame(train[["user_id", "item_id"]].to_dict("list")), catalogue
        )
        found = model.recommend(users, items=split.cold_items.tolist(), k=K)
    return dict(found.group_by("user_id", maintain_order=True).agg("item_id").iter_rows())


def main() -> None:
    """Print the table and the verdict of the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    shared = parser.parse_args().shared
    events, items = read(shared)
    split = pseudo_cold_split(Dataset(events), HoldoutConfig(), SEED)
    # Folds of the package that are neither warm nor tested stay out of both.
    text = items.select(
        pl.concat_str(COLUMNS[1:], separator=" ", ignore_nulls=True)
    ).to_series()
    vectors = TfidfVectorizer(max_features=2_000).fit_transform(text.to_list())
    content = ItemFeatures(np.array(items["item_id"].to_list()), vectors.toarray())
    chosen = sorted(split.test["user_id"].unique())[:MAX_USERS]
    test = split.test[split.test["user_id"].isin(chosen)]
    targets = {user: set(group) for user, group in test.groupby("user_id")["item_id"]}
    values = {}
    for name, options in TRAININGS.items():
        started = time.process_time()
        lists = daybreak_lists(split.train, items, split, list(targets), options)
        values[name] = ndcg_of(lists, targets)
        mean, seconds = values[name].mean(), time.process_time() - started
        print(f"| {name} | {len(targets)} | {mean:.4f} | | {seconds:.0f} |", flush=True)
    scores = donor_scores(split.train)
    for row in peer_rows(split, content, scores, targets, values[COMPARED]):
        print(row, flush=True)
    answer = recommend(
        events,
        content,
        scores,
        metric="ndcg@10",
        seed=SEED,
        methods=list(METHODS),
        verbose=False,
    )
    print(answer.verdict)


def peer_rows(
    split: Any,
    content: ItemFeatures,
    scores: pd.DataFrame,
    targets: dict[str, set[str]],
    own: np.ndarray,
) -> Iterator[str]:
    """Yield a row of the table for each method of the package.

    Args:
        split: The split.
        content: Content of all items.
        scores: Scores of the warm items.
        targets: Cold items that each user chose.
        own: NDCG@10 of Daybreak, by user.
    """
    inputs = build_holdout_inputs(split, content, scores, None)
    for name in METHODS:
        started = time.process_time()
        try:
            model = methods.get(name)().fit(inputs, SEED)
            found = model.predict(np.array(list(targets)), split.cold_items)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            yield f"| warm-transfer `{name}` | | does not run: {error} | | |"
            continue
        found = found.sort_values(["user_id", "score"], ascending=[True, False], kind="stable")
        lists = {user: list(group) for user, group in found.groupby("user_id")["item_id"]}
        values = ndcg_of(lists, targets)
        gain = paired_bootstrap(own, values)
        yield (
            f"| warm-transfer `{name}` | {len(values)} | {values.mean():.4f} | "
            f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) | "
            f"{time.process_time() - started:.0f} |"
        )


if __name__ == "__main__":
    main()
