"""A real data set, expanded to any size by fractal expansion.

    python -m benchmarks.scale.generator DATA OUT --users N --items N --events N [--seed N]

``DATA`` is a folder with ``interactions.csv.gz`` and ``items.csv.gz``. ``OUT`` gets
``items.parquet`` and ``events/part-NNNN.parquet``, which ``daybreak import --partitions``
reads; the memory is that of one part.

Users and items are copied until there are enough. A pair of groups of users and of items has a
rate, taken from the largest singular vectors of the real data: a small picture of the whole,
as in the Kronecker product of the paper. An event of the real data is kept in the copy of its
user and the copy of its item with the rate of their groups, so the expanded data have the long
tail of items and of users within each copy, and that of the groups above it, and as many events
for a pair as is asked for. Copies of an item keep its columns, but a fifth of the words of
their texts are words of other items, drawn as often as they are written, so that texts tell
copies apart and have the same frequent words. The times of a copy are those of the original,
moved by up to a day.

Source: Belletti et al. 2019, "Scalable realistic recommendation datasets through fractal
expansions", sections 3 and 4: the reduced matrix of singular vectors, randomised by dropping.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from daybreak.rng import create_generator
from daybreak.types import Doubles, Rows, Sparse

RANK = 12
"""Singular vectors of which the rates are made."""
MIN_RATE_SHARE = 0.02
"""Smallest rate, as a share of the largest: no group is without events."""
CHANGED_WORDS = 0.2
"""Share of the words of a copy that are words of other items."""
JITTER_S = 86_400
"""Largest move of the time of a copied event [s]."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """Which events of the real data are copied, and how often.

    Attributes:
        events: Real events, a row for each: ``user`` and ``item`` as rows, ``timestamp``.
        n_users: Users of the expanded data.
        n_items: Its items.
        rates: (n_user_groups, n_item_groups) chance of each real event to be kept.
        seed: Seed of all draws.
    """

    events: pl.DataFrame
    real_users: int
    real_items: int
    n_users: int
    n_items: int
    rates: Doubles
    seed: int

    def iter_parts(self) -> Iterator[pl.DataFrame]:
        """Yield the events of one group of users after another: user, item, timestamp."""
        user, item = (self.events[name].to_numpy() for name in ("user", "item"))
        at = self.events["timestamp"].to_numpy()
        for group in range(len(self.rates)):
            rng = create_generator(self.seed, f"users {group}")
            exists = user + group * self.real_users < self.n_users
            parts = []
            for copy, rate in enumerate(self.rates[group]):
                kept = exists & (item + copy * self.real_items < self.n_items)
                rows = np.flatnonzero(kept & (rng.random(len(user)) < rate))
                moved = at[rows] + rng.integers(0, JITTER_S, len(rows))
                new_user = user[rows] + group * self.real_users
                new_item = item[rows] + copy * self.real_items
                parts.append(
                    pl.DataFrame({"user": new_user, "item": new_item, "timestamp": moved})
                )
            yield pl.concat(parts)


def plan_expansion(
    events: pl.DataFrame, n_users: int, n_items: int, n_events: int, seed: int = 0
) -> Expansion:
    """Return the expansion of events to a size.

    Args:
        events: Real events with rows of users and items, ``user`` and ``item``, each pair once,
            and ``timestamp``.
        n_users: Users of the expanded data.
        n_items: Its items.
        n_events: Its events, on average over the seeds.
        seed: Seed of all draws.

    Raises:
        ValueError: So many pairs do not exist: all real events are kept in all copies.
    """
    user, item = (events[name].to_numpy() for name in ("user", "item"))
    real_users, real_items = int(user.max()) + 1, int(item.max()) + 1
    groups = -(-n_users // real_users), -(-n_items // real_items)
    real = sp.csr_array((np.ones(len(user)), (user, item)), shape=(real_users, real_items))
    shape = reduced_matrix(real, *groups)
    # Of the last groups, only some users and items exist.
    limits = [
        np.minimum(total - size * np.arange(count), size)
        for total, size, count in zip(
            (n_users, n_items), (real_users, real_items), groups, strict=True
        )
    ]
    cells = np.array(
        [[((user < most) & (item < last)).sum() for last in limits[1]] for most in limits[0]]
    )
    return Expansion(
        events,
        real_users,
        real_items,
        n_users,
        n_items,
        scale_rates(shape, cells, n_events),
        seed,
    )


def reduced_matrix(real: Sparse, n_rows: int, n_columns: int) -> Doubles:
    """Return an (n_rows, n_columns) picture of a matrix of events, above 0 and at most 1.

    Rows and columns are ordered by the largest singular vector and cut into groups; the vectors
    of a group are averaged, and multiplied as in the singular value decomposition.

    Args:
        real: (n_users, n_items) CSR of ones.
        n_rows: Groups of users.
        n_columns: Groups of items.
    """
    rank = min(RANK, min(real.shape) - 1)
    start = np.full(min(real.shape), 1.0)
    left, values, right = svds(real.astype(np.float64), k=rank, v0=start)
    order = np.argsort(-values)
    left, values, right = left[:, order], values[order], right[order].T
    groups = _average_groups(left, n_rows), _average_groups(right, n_columns)
    picture = (groups[0] * values) @ groups[1].T
    picture = np.maximum(picture, MIN_RATE_SHARE * picture.max())
    return np.asarray(picture / picture.max())


def scale_rates(shape: Doubles, cells: Doubles, n_events: int) -> Doubles:
    """Return rates in proportion to a matrix, at most 1, that give so many events.

    Args:
        shape: Rates up to a factor.
        cells: Real events of each pair of groups.
        n_events: Expected number of events.

    Raises:
        ValueError: There are not so many.

    Example:
        >>> scale_rates(np.array([[1.0, 0.5]]), np.array([[10.0, 10.0]]), 12).round(2)
        array([[0.8, 0.4]])
        >>> scale_rates(np.array([[1.0, 0.5]]), np.array([[10.0, 10.0]]), 18).round(2)
        array([[1. , 0.8]])
    """
    most = int(cells.sum())
    if n_events > most:
        raise ValueError(
            f"at most {most:,} events of so many users and items, got {n_events:,}"
        )
    low, high = 0.0, 1.0 / float(shape.min())
    for _ in range(60):
        middle = (low + high) / 2
        expected = float((np.minimum(middle * shape, 1.0) * cells).sum())
        low, high = (middle, high) if expected < n_events else (low, middle)
    return np.minimum(high * shape, 1.0)


def expand_items(
    items: pl.DataFrame, texts: Sequence[str], n_items: int, seed: int = 0
) -> pl.DataFrame:
    """Return a catalogue of copies, whose ids are the rows of the expanded events.

    Args:
        items: Real items in the order of their rows.
        texts: Columns whose words are changed.
        n_items: Number of items.
        seed: Seed of the draws.
    """
    rng = create_generator(seed, "words")
    n_copies = -(-n_items // len(items))
    words = [
        np.array(" ".join(items[name].fill_null("").to_list()).split(), dtype=object)
        for name in texts
    ]
    parts = [items]
    for _ in range(1, n_copies):
        changed = [
            pl.Series(name, [_change_words(text, of, rng) for text in items[name]], pl.String)
            for name, of in zip(texts, words, strict=True)
        ]
        parts.append(items.with_columns(changed))
    expanded = pl.concat(parts)[:n_items]
    ids = pl.Series("item_id", [f"i{row}" for row in range(n_items)])
    return expanded.with_columns(ids)


def describe(user: Rows, item: Rows) -> dict[str, float]:
    """Return what an expansion should keep: events a user, and how unequal they are.

    Returns:
        ``events_per_user``; ``gini_items`` and ``gini_users``, the Gini coefficients of the
        events of items and users with events; ``top_1_percent``, the share of the events of
        the most frequent hundredth of the items.
    """
    of_items, of_users = (np.unique(rows, return_counts=True)[1] for rows in (item, user))
    top = np.sort(of_items)[::-1][: max(1, len(of_items) // 100)]
    return {
        "events_per_user": float(of_users.mean()),
        "gini_items": gini(of_items),
        "gini_users": gini(of_users),
        "top_1_percent": float(top.sum() / of_items.sum()),
    }


def gini(counts: Rows) -> float:
    """Return the Gini coefficient of counts.

    Example:
        >>> gini(np.array([1, 1, 1])), gini(np.array([0, 0, 3]))
        (0.0, 0.6666666666666666)
    """
    ordered, n = np.sort(counts), len(counts)
    ranks = np.arange(1, n + 1)
    return float((2 * ranks - n - 1) @ ordered / (n * ordered.sum()))


def read_data(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events of a data set with rows of users and items, and its items with events.

    Args:
        folder: Folder with ``interactions.csv.gz`` and ``items.csv.gz``.
    """
    events = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=None)
    first = events.group_by("user_id", "item_id").agg(pl.col("timestamp").min())
    items = pl.read_csv(folder / "items.csv.gz", infer_schema_length=None)
    items = items.join(first.select("item_id").unique(), on="item_id", how="semi")
    rows = items.select("item_id").with_row_index("item")
    users = first.select("user_id").unique().sort("user_id").with_row_index("user")
    joined = first.join(rows, on="item_id").join(users, on="user_id").sort("user", "item")
    plain = joined.select(pl.col("user", "item", "timestamp").cast(pl.Int64))
    return plain, items


def text_columns(items: pl.DataFrame) -> list[str]:
    """Return the columns of texts with several words in most items."""
    strings = [name for name, kind in items.schema.items() if kind == pl.String]
    return [
        name
        for name in strings
        if name != "item_id" and items[name].str.contains(r"\S\s+\S").mean() not in (None, 0)
    ]


def write_expansion(expansion: Expansion, items: pl.DataFrame, out: Path) -> int:
    """Write the expanded data; return the number of events.

    Args:
        expansion: The plan.
        items: Real items.
        out: Folder, which is created.
    """
    (out / "events").mkdir(parents=True, exist_ok=True)
    expand_items(items, text_columns(items), expansion.n_items, expansion.seed).write_parquet(
        out / "items.parquet"
    )
    n_events = 0
    for number, part in enumerate(expansion.iter_parts()):
        n_events += part.height
        part.select(
            user_id=pl.format("u{}", "user"),
            item_id=pl.format("i{}", "item"),
            timestamp=pl.col("timestamp"),
        ).write_parquet(out / "events" / f"part-{number:04d}.parquet")
    return n_events


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, write the data, print what they are like."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    for name in ("users", "items", "events"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    events, items = read_data(args.data)
    plan = plan_expansion(events, args.users, args.items, args.events, args.seed)
    n_events = write_expansion(plan, items, args.out)
    print(f"{n_events:,} events in {len(plan.rates)} files")
    found = pl.scan_parquet(args.out / "events" / "*.parquet").select("user_id", "item_id")
    codes = found.collect().select(pl.all().rank("dense").cast(pl.Int64)).to_numpy().T
    for name, pair in (
        ("real", events.select("user", "item").to_numpy().T),
        ("expanded", codes),
    ):
        print(name, {key: round(value, 3) for key, value in describe(*pair).items()})


def _average_groups(vectors: Doubles, n_groups: int) -> Doubles:
    """Return (n_groups, rank) means of vectors that are neighbours by the first coordinate."""
    order = np.argsort(-np.abs(vectors[:, 0]), kind="stable")
    group = np.arange(len(order)) * n_groups // len(order)
    sums = np.zeros((n_groups, vectors.shape[1]))
    np.add.at(sums, group, vectors[order])
    counts = np.bincount(group, minlength=n_groups)[:, None]
    return np.asarray(sums / np.maximum(counts, 1))


def _change_words(text: str | None, words: Any, rng: np.random.Generator) -> str | None:
    """Return a text, some of whose words are replaced by words of other items."""
    if not text or not len(words):
        return text
    own = np.array(text.split(), dtype=object)
    is_changed = rng.random(len(own)) < CHANGED_WORDS
    own[is_changed] = words[rng.integers(0, len(words), int(is_changed.sum()))]
    return " ".join(own)


if __name__ == "__main__":
    main()
