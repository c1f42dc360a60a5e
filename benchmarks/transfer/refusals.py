"""How often a helpful source is accepted, and a shuffled one refused, over many seeds.

Run ``python -m benchmarks.transfer.refusals``; it prints one row for each kind of source. Shops
are simulated: people have one of four tastes, the target has few events, and the source has the
same tastes. Shuffled: people of the source, or the titles of its items, are permuted.
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import polars as pl

from daybreak import Recommender
from daybreak.data import Tables

N_TASTES = 4
N_SEEDS = 20
BASE = ("popular", "item_knn", "content/match")
"""Strategies of the target: a source must be better than the target's own content."""
N_CONTENT_TASTES = 60
WORDS_PER_TASTE = 8
"""Words of the titles of each taste, of which a title has two: few items share one."""


def people_in_common(rng: np.random.Generator, *, shuffled: bool) -> Recommender:
    """Train with a source of the same people.

    Args:
        rng: Random generator.
        shuffled: Whether the tastes of the people are permuted in the source.
    """
    taste = rng.integers(0, N_TASTES, 240)
    of_source = rng.permutation(taste) if shuffled else taste
    target = _choices(rng, taste, "t", 60, 6)
    source = _choices(rng, of_source[:140], "s", 40, 5)
    return _fit(target, None, source)


def items_in_common(rng: np.random.Generator, *, shuffled: bool) -> Recommender:
    """Train with a source that sells the same items to other people.

    Args:
        rng: Random generator.
        shuffled: Whether the ids of the items are permuted in the source.
    """
    target = _choices(rng, rng.integers(0, N_TASTES, 900), "i", 160, 4)
    source = _choices(rng, rng.integers(0, N_TASTES, 500), "i", 160, 6, users="x")
    if shuffled:
        names = [f"i{n}" for n in range(160)]
        other = dict(zip(names, rng.permutation(names).tolist(), strict=True))
        source = source.with_columns(pl.col("item_id").replace(other))
    return _fit(target, None, source)


def content_in_common(rng: np.random.Generator, *, shuffled: bool) -> Recommender:
    """Train with a source of other people and items, whose titles have the same words.

    Args:
        rng: Random generator.
        shuffled: Whether the titles of the source are permuted.
    """
    n = N_CONTENT_TASTES
    words = _words(rng)
    target = _choices(rng, rng.integers(0, n, 1_200), "t", 20 * n, 3, n_tastes=n)
    source = _choices(rng, rng.integers(0, n, 3_000), "s", 20 * n, 6, users="x", n_tastes=n)
    titles = _titles(rng, words, "s")
    if shuffled:
        titles = titles.with_columns(titles["title"].shuffle(int(rng.integers(1 << 31))))
    return _fit(target, _titles(rng, words, "t"), (source, titles))


KINDS: dict[str, Callable[..., Recommender]] = {
    "people": people_in_common,
    "items": items_in_common,
    "content": content_in_common,
}
"""Trainings by what both shops have in common."""


def _choices(  # noqa: PLR0913 - the shop, and what its people choose
    rng: np.random.Generator,
    taste: np.ndarray,
    prefix: str,
    n_items: int,
    n_events: int,
    *,
    users: str = "u",
    n_tastes: int = N_TASTES,
) -> pl.DataFrame:
    """Return events of people who choose items of their taste."""
    rows = [
        (f"{users}{user}", f"{prefix}{item}")
        for user, kind in enumerate(taste.tolist())
        for item in rng.choice(np.arange(kind, n_items, n_tastes), n_events, replace=False)
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")


def _words(rng: np.random.Generator) -> list[list[str]]:
    """Return invented words, by taste."""
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    count = N_CONTENT_TASTES * WORDS_PER_TASTE
    words = ["".join(rng.choice(syllables, 3)) for _ in range(count)]
    return [words[n::N_CONTENT_TASTES] for n in range(N_CONTENT_TASTES)]


def _titles(rng: np.random.Generator, words: list[list[str]], prefix: str) -> pl.DataFrame:
    """Return items whose titles have two words of their taste."""
    rows = [
        (f"{prefix}{n}", " ".join(rng.choice(words[n % len(words)], 2, replace=False)))
        for n in range(20 * len(words))
    ]
    return pl.DataFrame(rows, schema=["item_id", "title"], orient="row")


def _fit(target: pl.DataFrame, items: pl.DataFrame | None, source: object) -> Recommender:
    if isinstance(source, tuple):
        source = Tables.of(source[0], source[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Recommender(encoder="none", strategies=BASE)
        return model.fit(target, items, sources={"source": source})


def is_accepted(model: Recommender) -> bool:
    """Return whether a recommender uses its source.

    Args:
        model: Recommender that was trained with one source.
    """
    return any(one["used"] for one in model.report.get("sources", ()))


def main() -> None:
    """Print a row for each kind of source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    options = parser.parse_args()
    for kind in options.kind or KINDS:
        counts = []
        started = time.process_time()
        for shuffled in (False, True):
            used = [
                is_accepted(KINDS[kind](np.random.default_rng(seed), shuffled=shuffled))
                for seed in range(options.first, options.first + options.seeds)
            ]
            counts.append(sum(used))
        print(
            f"| {kind} | {counts[0]} of {options.seeds} | "
            f"{options.seeds - counts[1]} of {options.seeds} | "
            f"{time.process_time() - started:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
