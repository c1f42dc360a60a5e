"""Lists of a catalogue with low-rank weights, before and after their rows are written out.

    python -m benchmarks.scale.factor_lists FOLDER [--lists 100] [--out FILE]

``FOLDER`` is one that ``benchmarks.scale.curves`` has made: a release and the events of its
shop. Lists of ten are made for known users, alone and 16 together, first with the factors of
the weights, then with all rows of 8 bits, as a server writes them out between requests
(:class:`daybreak.ranking.scoring.factor_rows.FactorRows`). The processor time is that of one
thread, from the frame of users to the frame of lists; the least of three rounds counts. Lists
of one hundred are compared with those of the factors: the share of their items, the share of
the lists whose first ten are equal, and the NDCG of these ten, where the item at place r of the
list of the factors has the gain 1 / log2(r + 1).
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common.tables import grid, machine
from daybreak import Recommender

N_TOGETHER = 16
N_ROUNDS = 3
K, K_RECALL = 10, 100
HEADS = ["products by", "alone [ms]", "of 16 together [ms]", "same 100", "equal first ten"]
HEADS += ["NDCG@10, mean", "least", "writing out [s]", "rows"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of benchmarks.scale.curves")
    parser.add_argument("--lists", type=int, default=96, help="users with lists")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    args = parser.parse_args(arguments)
    model = Recommender.load(args.folder / "release-daybreak")
    events = pl.read_parquet(args.folder / "events" / "*.parquet")
    model.add_events(events)
    known = events["user_id"].unique(maintain_order=True)
    users = known[:: max(len(known) // args.lists, 1)][: args.lists].to_list()
    exact = _lists(model, users)
    rows = [["factors", *_times(model, users), *_compare(exact, exact), "", ""]]
    start, n_rows = time.process_time(), 0
    while n_new := model.state.scorers[0].products.fill():
        n_rows += n_new
    seconds = time.process_time() - start
    found = _compare(exact, _lists(model, users))
    rows += [["rows", *_times(model, users), *found, f"{seconds:.0f}", f"{n_rows:,}"]]
    n_items = f"{len(model.state.catalogue.items):,} items, {len(users)} users"
    notes = [f"- {name}: {value}" for name, value in machine().items()]
    text = "\n".join([*notes, f"- shop: {n_items}", "", *grid(HEADS, rows)])
    print(text)
    if args.out is not None:
        about = __doc__.split("\n\n")
        head = f"# {about[0].rstrip('.')}\n\n{about[2].strip()}\n\n"
        args.out.write_text(f"{head}{text}\n", encoding="utf-8")


def _lists(model: Recommender, users: Sequence[str]) -> list[list[str]]:
    """Return the ids of the first hundred items of each user."""
    frame = model.recommend(users, k=K_RECALL)
    found = frame.group_by("user_id", maintain_order=True).agg("item_id")
    by_user = dict(zip(found["user_id"], found["item_id"].to_list(), strict=True))
    return [by_user[user] for user in users]


def _times(model: Recommender, users: Sequence[str]) -> tuple[str, str]:
    """Return the mean processor times of a list alone, and of one of several [ms]."""
    alone = [[user] for user in users]
    together = [users[at : at + N_TOGETHER] for at in range(0, len(users), N_TOGETHER)]
    rounds = [(_seconds(model, alone), _seconds(model, together)) for _ in range(N_ROUNDS)]
    return tuple(f"{1_000 * min(one) / len(users):.1f}" for one in zip(*rounds, strict=True))


def _seconds(model: Recommender, batches: Sequence[Sequence[str]]) -> float:
    start = time.process_time()
    for batch in batches:
        model.recommend(batch, k=K)
    return time.process_time() - start


def _compare(exact: list[list[str]], found: list[list[str]]) -> list[str]:
    """Return the columns that compare lists."""
    pairs = list(zip(exact, found, strict=True))
    same = np.mean([len({*one} & {*other}) / len(one) for one, other in pairs])
    equal = np.mean([one[:K] == other[:K] for one, other in pairs])
    gains = [ndcg_of_order(one[:K], other[:K]) for one, other in pairs]
    return [f"{same:.4f}", f"{equal:.3f}", f"{np.mean(gains):.4f}", f"{min(gains):.4f}"]


def ndcg_of_order(exact: Sequence[str], found: Sequence[str]) -> float:
    """Return the NDCG of a list whose items have the gains of their places in another.

    Example:
        >>> round(ndcg_of_order(["a", "b"], ["b", "a"]), 3)
        0.903
    """
    discounts = 1 / np.log2(np.arange(len(exact)) + 2)
    gains = dict(zip(exact, discounts.tolist(), strict=True))
    reached = sum(
        gains.get(item, 0.0) * discount
        for item, discount in zip(found, discounts.tolist(), strict=False)
    )
    return float(reached / np.square(discounts).sum())


if __name__ == "__main__":
    main()
