"""What the data sets say of options that young shops cannot measure themselves.

    python -m benchmarks.prior.options --shared ../shared --work WORK

Measures the options of the content regression for items without events, and half-lives of
popularity, on the shops of :mod:`benchmarks.prior.shops` and their later customers. The mean of
the other families of data sets is compared with the constants of the package. Measurements are
kept in WORK, one file for each data set; the page is ``benchmarks/results/prior_options.md``.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.common.paths import RESULTS
from benchmarks.prior.options_page import write_page
from benchmarks.prior.shops import SOURCES, Shop, Source, iter_shops
from daybreak.metrics import LIST_LENGTH, ndcg
from daybreak.models.ease import fit_ease_weights
from daybreak.models.shared_content_choice import ContentOptions
from daybreak.models.shared_decay import fade, half_life
from daybreak.models.shared_statistics import add_ridge, solve_spd_matrix
from daybreak.models.shared_text_kernel import TEXT_BLOCK, squared_form
from daybreak.ranked_lists import top_k
from daybreak.rng import create_generator
from daybreak.types import Floats, Sparse

TEXT_WEIGHTS = (0.0, 0.25, 0.5, 1.0)
RIDGES = (1.0, 2.0, 4.0, 8.0, 16.0)
SMOOTHINGS = (0.5, 1.0, 2.0, 4.0, 8.0)
EASE_RIDGE = 2.5
HALF_LIVES = (np.inf, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125)
"""Half-lives of popularity, in units of the time of all events of a shop."""
MAX_ITEMS = 800
"""Items without events that are candidates [items]."""
MAX_KNOWN_ITEMS = 1_500
"""Items with events of a shop [items]."""
MIN_QUERIES = 15
"""Smallest number of queries with one number of events."""
N_TIE_ORDERS = 10
"""Random orders of equal counts that a list is averaged over."""


def main() -> None:
    """Measure what is missing, and write the page."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        path = args.work / f"{source.name}.json"
        is_chosen = not args.data or source.name in args.data
        if is_chosen and not path.exists() and (args.shared / "data" / source.folder).is_dir():
            path.write_text(json.dumps(measure(source, args.shared)), encoding="utf-8")
    families = {source.name: source.family for source in SOURCES}
    found = {
        (source.name, int(size)): record
        for source in SOURCES
        if (path := args.work / f"{source.name}.json").exists()
        for size, record in json.loads(path.read_text("utf-8")).items()
    }
    write_page(args.page, found, families)


def measure(source: Source, shared: Path) -> dict[int, dict[str, object]]:
    """Return the measurements of the shops of a data set, by number of customers."""
    return {
        shop.n_users: {
            "queries": sum(history.shape[0] for history, _ in content_queries(shop)),
            "options": measure_content(shop),
            "half_lives": measure_half_lives(shop),
            "learned": learned_half_life(shop),
        }
        for shop in iter_shops(source, shared)
    }


def content_queries(shop: Shop) -> list[tuple[Sparse, Sparse]]:
    """Return the histories and the targets without events of later customers, by shots."""
    new = _drawn_new_items(shop)
    queries = []
    for labelled in shop.query_sets:
        targets = sp.csr_array(labelled.targets[:, new])
        n_events = labelled.queries.n_events
        rows = np.flatnonzero((np.diff(targets.indptr) > 0) & (n_events > 0))
        if labelled.kind == "new_user" and len(rows) >= MIN_QUERIES:
            queries.append((labelled.queries.history[rows], sp.csr_array(targets[rows])))
    return queries


def measure_content(shop: Shop) -> dict[str, float]:
    """Return NDCG@10 among items without events, by text weight, ridge and smoothing."""
    queries = content_queries(shop)
    if not shop.data.items.blocks or not queries:
        return {}
    known = _drawn_known_items(shop)
    teacher = fit_ease_weights(shop.data, EASE_RIDGE).weight_matrix.dense
    assert teacher is not None
    teacher = teacher[np.ix_(known, known)]
    n_queries = np.array([history.shape[0] for history, _ in queries])
    own = [history[:, known].toarray() for history, _ in queries]
    completed = [one @ teacher for one in own]
    values: dict[str, float] = {}
    for key, weights in _iter_weights(shop, known):
        scores = [
            (one @ weights, more @ weights) for one, more in zip(own, completed, strict=True)
        ]
        for smoothing in SMOOTHINGS:
            found = [
                ndcg(top_k((one + smoothing * more).astype(np.float32), LIST_LENGTH), targets)
                for (one, more), (_, targets) in zip(scores, queries, strict=True)
            ]
            means = [float(one.mean()) for one in found]
            values[f"{key},{smoothing}"] = float(np.average(means, weights=n_queries))
    return values


def _iter_weights(shop: Shop, known: np.ndarray) -> Iterator[tuple[str, Floats]]:
    """Yield text weight and ridge, and the weights from known items to candidates."""
    data = shop.data
    left, right = data.train_items.take(known), data.items.take(_drawn_new_items(shop))
    similarity, towards = left.similarity(left), left.similarity(right)
    has_text = any(block.name == TEXT_BLOCK for block in left.blocks)
    for text_weight in TEXT_WEIGHTS if has_text else (ContentOptions().text_weight,):
        form = squared_form(data, text_weight)
        kernel = form.apply(similarity, left, left)
        new = form.apply(towards, left, right)
        for ridge in RIDGES:
            yield (
                f"{text_weight},{ridge}",
                solve_spd_matrix(add_ridge(kernel.copy(), ridge), new),
            )


def _drawn_known_items(shop: Shop) -> np.ndarray:
    known = create_generator(0, "known items").permutation(len(shop.data.train_item_rows))
    return np.sort(known[:MAX_KNOWN_ITEMS])


def _drawn_new_items(shop: Shop) -> np.ndarray:
    new = np.setdiff1d(np.arange(len(shop.data.items)), shop.data.train_item_rows)
    drawn: np.ndarray = create_generator(0, "new items").permutation(new)[:MAX_ITEMS]
    return drawn


def measure_half_lives(shop: Shop) -> dict[str, float]:
    """Return NDCG@10 of best sellers with each half-life, for newcomers without events."""
    data, events = shop.data, shop.data.events
    asked = next((q for q in shop.query_sets if q.kind == "new_user"), None)
    if asked is None or not events.has_time_order:
        return {}
    targets = sp.csr_array(asked.targets[:, data.train_item_rows])
    targets = sp.csr_array(targets[np.flatnonzero(np.diff(targets.indptr))])
    now, span = _span(shop)
    rng = create_generator(0, "ties")
    values = {}
    for share in HALF_LIVES:
        faded = fade(now - events.at, share * span)
        counts = np.bincount(events.item, faded, minlength=len(data.items))
        found = []
        for _ in range(N_TIE_ORDERS):
            scores = counts[data.train_item_rows] * (1 + 1e-9 * rng.random(targets.shape[1]))
            best = top_k(scores[None], LIST_LENGTH)
            found.append(ndcg(np.tile(best, (targets.shape[0], 1)), targets).mean())
        values[str(share)] = float(np.mean(found))
    return values


def learned_half_life(shop: Shop) -> float | None:
    """Return the half-life of the package in the same unit; None without times."""
    if not shop.data.events.has_time_order:
        return None
    value = half_life(shop.data.events) / _span(shop)[1]
    return value if np.isfinite(value) else None


def _span(shop: Shop) -> tuple[float, float]:
    at = shop.data.events.at[shop.data.events.at > 0]
    return float(at.max()), max(float(at.max() - at.min()), 1.0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/NAME/")
    parser.add_argument("--work", type=Path, required=True, help="folder for measurements")
    parser.add_argument("--data", nargs="+", default=[], help="only these (default: all)")
    parser.add_argument("--page", type=Path, default=RESULTS / "prior_options.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
