"""Learn the prior of the blend from the data sets, and measure it leaving one of them out.

    python -m benchmarks.prior.learn --shared ../shared --work WORK

Pools of scores are kept in WORK under a hash of the source, so that the command can be stopped
and repeated. It writes ``src/daybreak/ranking/blending/prior.json`` and
``benchmarks/results/prior.md``. Data sets that are not there are skipped and named.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.common.paths import RESULTS, SOURCE
from benchmarks.prior.model import fit_model, make_blocks
from benchmarks.prior.pools import ShopPool, build_shop_pool
from benchmarks.prior.report import measure_left_out, write_page
from benchmarks.prior.shops import SIZES, SOURCES, Source, iter_shops
from daybreak.models import models
from daybreak.ranking.blending.strategies import Strategy, default_strategies

PENALTIES = (3e-4,)
"""L2 penalties that are compared; 1e-3 and more were worse in a first comparison."""
ITERATIONS = 50
QUESTIONS = (100.0, 100.0, 1000.0)
"""Numbers of queries that the prior counts: for items with events, for the weights of items
without, and for their bias. NDCG@10 is within 1.5 % of the best for all three; see the page."""
MAX_QUERIES = 60
"""Number of queries of a shop at a level."""


def main() -> None:
    """Build the pools, fit the model, write the prior and its page."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    strategies = ordinary_strategies()
    pools = {}
    for source in SOURCES:
        if args.data and source.name not in args.data:
            continue
        if not (args.shared / "data" / source.folder).is_dir():
            print(f"skipped {source.name}: no such folder in the data folder; see README")
            continue
        for size, path in source_pools(source, strategies, args):
            pools[source.name, source.family, size] = ShopPool.load(path)
    if args.pools_only:
        return
    names = tuple(s.name for s in strategies)
    usable = usable_weights(strategies)
    blocks = make_blocks(pools, names, MAX_QUERIES)
    print(f"{len(pools)} shops, {len(blocks)} blocks", flush=True)
    start = time.perf_counter()
    results = {
        penalty: measure_left_out(blocks, names, usable, penalty, ITERATIONS)
        for penalty in args.penalty
    }
    penalty = max(results, key=lambda value: results[value].mean_score)
    final = fit_model(blocks, names, usable, penalty, ITERATIONS)
    prior = final.to_prior(QUESTIONS, usable, blocks)
    card = card_of(pools, penalty)
    record = {"card": card} | prior.to_json()
    args.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_page(args.page, results, penalty, QUESTIONS, card)
    print(f"wrote {args.out} in {time.perf_counter() - start:.0f} s", flush=True)


def ordinary_strategies() -> tuple[Strategy, ...]:
    """Return the fast strategies whose weights ordinary simulated queries determine."""
    return tuple(
        s for s in default_strategies() if models[s.model].card.fitted_on == "ordinary"
    )


def usable_weights(strategies: tuple[Strategy, ...]) -> np.ndarray:
    """Return (2 n_strategies + 1,) which weights are not always 0."""
    warm = [s.scores_known for s in strategies]
    return np.array([*warm, *(s.scores_new for s in strategies), True])


def source_pools(
    source: Source, strategies: tuple[Strategy, ...], args: argparse.Namespace
) -> list[tuple[int, Path]]:
    """Build the missing pools of a data set; return all with the sizes of their shops."""
    done = args.work / f"{source.name}.done"
    if not done.exists():
        start = time.perf_counter()
        for shop in iter_shops(source, args.shared, tuple(args.sizes)):
            path = args.work / f"{source.name}.{shop.n_users}.npz"
            if not path.exists():
                build_shop_pool(shop, strategies).save(path)
                seconds = time.perf_counter() - start
                print(f"{source.name} {shop.n_users}: {seconds:.0f} s", file=sys.stderr)
        done.touch()
    paths = args.work.glob(f"{source.name}.*.npz")
    found = [(int(path.name.split(".")[1]), path) for path in paths]
    return sorted(pair for pair in found if pair[1].name.count(".") == 2)


def card_of(pools: dict[tuple[str, str, int], ShopPool], penalty: float) -> dict[str, object]:
    """Return where the prior comes from, as JSON values."""
    folders = {source.name: source.folder for source in SOURCES}
    sizes: dict[str, list[int]] = {}
    for name, _, n_users in pools:
        sizes.setdefault(name, []).append(n_users)
    return {
        "contents": "coefficients of weights; no row of any data set",
        "made_by": "python -m benchmarks.prior.learn --shared SHARED --work WORK",
        "data_sets": {
            name: {
                "folder": folders[name],
                "customers": found,
                "licence": LICENCES[folders[name]],
            }
            for name, found in sorted(sizes.items())
        },
        "l2_penalty": penalty,
    }


LICENCES = {
    "ml100k": "MovieLens: research, no redistribution",
    "ml1m": "MovieLens: research, no redistribution",
    "mlsmall_mm": "MovieLens: research, no redistribution",
    "gift_shop": "CC BY 4.0 (UCI Online Retail II)",
    "anime_zh_dev": "measuring only",
    "nemig_de": "measuring only",
    "completejourney": "measuring only",
    "lastfm_hetrec": "non-commercial research",
    "citeulike_t": "measuring only",
    "amazon_beauty_toys": "academic research",
    "food_kitchen": "academic research",
    "amazon_markets": "academic research",
}
"""Terms of the data sets, in short; only figures learned from them are published."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/NAME/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the pools")
    parser.add_argument("--data", nargs="+", default=[], help="only these (default: all)")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--penalty", nargs="+", type=float, default=list(PENALTIES))
    parser.add_argument("--pools-only", action="store_true")
    parser.add_argument("--out", type=Path, default=SOURCE / "ranking/blending/prior.json")
    parser.add_argument("--page", type=Path, default=RESULTS / "prior.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
