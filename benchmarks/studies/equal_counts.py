"""Orders of items with equal counts in shops of few customers: by chance and by content.

    python -m benchmarks.studies.equal_counts --shared ../shared \
        > benchmarks/results/equal_counts.md

A shop consists of successive customers of a data set with all their events. Its best sellers
are ranked for people who came later and of whom nothing is known. Targets are their events
after the tenth (after the third where most have fewer than 15). All other items of the
catalogue but their first ones are candidates. Shops begin after the first 8 % of the customers,
from whom the shops of the warm-up curve are drawn.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.common.tables import grid, machine
from benchmarks.prior.shops import (
    MAX_ITEMS,
    SOURCES,
    Source,
    keep_items,
    order_users,
    read_source,
)
from benchmarks.quality.young_splits import REQUIREMENTS
from daybreak.data import EventRules
from daybreak.data.dataset import Dataset
from daybreak.metrics import expected_ndcg
from daybreak.models.shared_equal_counts import (
    MAX_SHARE,
    count_attribute_values,
    count_similar_purchases,
    fit_attribute_slope,
    order_equal_counts,
)
from daybreak.rng import create_generator
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.types import Doubles, Mask, Rows

SIZES = {5: 10, 20: 8, 100: 5}
"""Number of customers of a shop, and number of shops."""
FIRST_SHARE = 0.08
"""Share of the customers before the first shop."""
NEWCOMERS = 200
"""Newcomers of a shop [users]."""
MIN_NEWCOMERS = 60
"""Smallest number of newcomers of a shop [users]."""
ORDERS = ("chance", "similar purchases", "attribute values", "both")
"""Orders of equal counts; ``both`` is that of the package."""


@dataclass(frozen=True, eq=False)
class YoungShop:
    """A shop with newcomers."""

    data: Dataset
    allowed: Mask
    """(n_newcomers, n_items) candidates"""
    relevant: Mask
    """(n_newcomers, n_items) targets"""


def main() -> None:
    """Measure all data sets, and print the page."""
    args = _arguments()
    found: dict[str, dict[int, Doubles]] = {}
    for source in SOURCES:
        folder = args.shared / "data" / source.folder
        if folder.is_dir() and (not args.data or source.name in args.data):
            whole = _read(source, args.shared)
            if whole.items.blocks:
                found[source.name] = {size: _measure(whole, size) for size in SIZES}
    print("\n".join(_page(found)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/NAME/")
    parser.add_argument("--data", nargs="+", default=[], help="only these (default: all)")
    return parser.parse_args()


def _read(source: Source, shared: Path) -> Dataset:
    rng = create_generator(0, f"shops {source.name}")
    tables = keep_items(read_source(source, shared), MAX_ITEMS, rng)
    encoder = choose_encoder("auto", tables.items).encoder if source.has_text else None
    return encode_dataset(tables, DatasetConfig(encoder, EventRules(), None, 0)).data


def _measure(whole: Dataset, size: int) -> Doubles:
    """Return the (n_orders,) NDCG@10, mean over shops."""
    values = []
    for shop in _iter_shops(whole, size):
        scores = _scores(shop.data)
        shape = shop.allowed.shape
        rows = [np.broadcast_to(score.astype(np.float32), shape) for score in scores]
        lists = [expected_ndcg(row, shop.allowed, shop.relevant) for row in rows]
        values.append([np.nanmean(one) for one in lists])
    return np.asarray(np.mean(values, axis=0) if values else np.full(len(ORDERS), np.nan))


def _iter_shops(whole: Dataset, size: int) -> Iterator[YoungShop]:
    users = order_users(whole, create_generator(100, "order"))
    per_user = np.bincount(whole.events.user, minlength=whole.n_users)
    aside, least = next(
        (pair for pair in REQUIREMENTS if (per_user[users] >= pair[1]).mean() >= 0.5),
        REQUIREMENTS[-1],
    )
    for number in range(SIZES[size]):
        first = int((FIRST_SHARE + 0.5 * number / SIZES[size]) * len(users))
        later = users[first + size :]
        later = later[per_user[later] >= least]
        if len(later) >= MIN_NEWCOMERS:
            rng = np.random.default_rng(1000 + number)
            asked = rng.permutation(later)[:NEWCOMERS]
            yield _shop(whole, users[first : first + size], asked, aside)


def _shop(whole: Dataset, users: Rows, asked: Rows, aside: int) -> YoungShop:
    events = whole.events
    own = events.filter(np.isin(events.user, users))
    row = np.full(whole.n_users, -1)
    row[asked] = np.arange(len(asked))
    others = events.filter(row[events.user] >= 0)
    is_first = others.count_earlier() < aside
    allowed = np.ones((len(asked), len(whole.items)), dtype=bool)
    relevant = ~allowed
    relevant[row[others.user], others.item] = True
    allowed[row[others.user[is_first]], others.item[is_first]] = False
    return YoungShop(replace(whole, events=own), allowed, relevant & allowed)


def _scores(data: Dataset) -> list[Doubles]:
    """Return counts with each order of equal ones, in the order of ``ORDERS``."""
    counts = np.bincount(data.events.item, minlength=len(data.items)).astype(np.float64)
    described = np.log1p(count_attribute_values(data.items))
    described = (described - described.mean()) / max(float(described.std()), 1e-9)
    slope = fit_attribute_slope(described, counts)
    orders = np.zeros((len(ORDERS), len(data.items)))
    rows = data.train_item_rows
    orders[1, rows] = _ranks(count_similar_purchases(data))
    orders[2, rows] = _ranks(slope * described[rows])
    orders[3, rows] = order_equal_counts(data)
    return list(counts + orders)


def _ranks(values: Doubles) -> Doubles:
    _, rank = np.unique(values.round(9), return_inverse=True)
    return np.asarray(rank * (MAX_SHARE / max(int(rank.max()), 1)))


def _page(found: dict[str, dict[int, Doubles]]) -> list[str]:
    lines = ["# The order of equal counts in young shops", "", *__doc__.split("\n\n")[2:]]
    lines += [
        "`similar purchases`: customers who bought something similar instead. `attribute",
        "values`: the number of attribute values of an item, times the slope of a Poisson",
        "regression in the same shop. `both` is the order of `popular`; its weight was chosen",
        "on these shops. In some data sets users wrote the tags (lastfm_hetrec, citeulike_t,",
        "anime_zh_dev), so that items that many know have more of them.",
        "",
        "Command: `python -m benchmarks.studies.equal_counts --shared SHARED`",
        "",
        *(f"- {title}: {text}" for title, text in machine().items()),
    ]
    for size, n_shops in SIZES.items():
        rows = [
            [name, f"{values[size][0]:.4f}"]
            + [f"{one / values[size][0]:.3f}" for one in values[size][1:]]
            for name, values in found.items()
            if np.isfinite(values[size]).all() and values[size][0] > 0
        ]
        ratios = [values[size] / values[size][0] for values in found.values()]
        usable = np.array([one for one in ratios if np.isfinite(one).all()])
        means = np.exp(np.log(usable).mean(axis=0))
        rows.append(["mean", "", *(f"**{one:.3f}**" for one in means[1:])])
        head = ["data", "NDCG@10 by chance", *(f"{name}, ratio" for name in ORDERS[1:])]
        lines += ["", f"## {size} customers, up to {n_shops} shops", "", *grid(head, rows)]
    return lines


if __name__ == "__main__":
    main()
