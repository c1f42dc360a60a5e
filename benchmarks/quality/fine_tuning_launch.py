"""Fine-tuned encoders in another shop of the same domain, which shares no user and no item.

    python -m benchmarks.quality.fine_tuning_launch --data DIR [--items 4000] [--method NAME]
        [--out FILE.md]

Half of the users and three quarters of the items are the old shop, on which the encoder is
tuned. The other items and the other users are the new shop. Its first users have 0, 20, 100 or
500 customers before them; each asks with at most three items. Without a customer, items are
ranked by their similarity to these three.
"""

import argparse
from functools import partial

import numpy as np
import polars as pl
import scipy.sparse as sp

from benchmarks.quality.fine_tuning import draw_items, make_parser, print_rows
from daybreak import EventRules
from daybreak.data import Tables, read_folder
from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.encoders import Encoder
from daybreak.estimates import clustered_difference
from daybreak.metrics import expected_gains
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.rng import create_generator
from daybreak.service.finetuning.cold_items import STRATEGIES, ColdItemTrial
from daybreak.service.finetuning.finetune import load_base_encoder
from daybreak.service.finetuning.methods import FinetuningOptions, FinetuningTask, methods
from daybreak.service.finetuning.similar_items import keep_text_only
from daybreak.service.inputs.dataset import (
    DatasetConfig,
    encode_catalogue,
    encode_dataset,
    item_kernel,
)
from daybreak.simulation.queries import LabelledQueries, target_gains
from daybreak.types import Rows, Sparse

CUSTOMERS = (0, 20, 100, 500)
MAX_ASKERS = 1_000
"""Users of the new shop who are asked, at most [users]."""
HISTORY = 3
"""Items that a user asks with, at most [items]."""
LEVEL = 0.95
HEAD = (
    "| data set | method | customers of the new shop | content | queries | original | tuned "
    "| gain [%] | 95 % |\n| --- | --- | ---: | --- |" + " ---: |" * 5
)


class NewShop:
    """Items and users that the encoder has not seen."""

    def __init__(self, tables: Tables, seed: int) -> None:
        self.tables, self.seed = tables, seed
        encoded = encode_dataset(tables, DatasetConfig(None, EventRules(), None, seed))
        self.events, self.n_users = encoded.data.events, encoded.data.n_users
        self.n_items = len(encoded.data.items)
        rng = create_generator(seed, "users of the new shop")
        counts = np.bincount(self.events.user, minlength=self.n_users)
        order = rng.permutation(np.flatnonzero(counts >= 1))
        askers = [user for user in order[::-1] if counts[user] > 1][:MAX_ASKERS]
        self.askers = np.sort(askers)
        self.customers = order[~np.isin(order, self.askers)]
        known = np.zeros(len(self.events), dtype=bool)
        for user in self.askers:
            rows = np.flatnonzero(self.events.user == user)
            known[rng.permutation(rows)[: min(HISTORY, len(rows) - 1)]] = True
        asked = np.isin(self.events.user, self.askers)
        self.histories = self.events.filter(asked & known)
        wanted = self.events.filter(asked & ~known).to_matrix(self.n_users, self.n_items)
        self.targets = sp.csr_array(wanted[self.askers])
        seen = self.histories.to_matrix(self.n_users, self.n_items)
        self.seen = sp.csr_array(seen[self.askers])

    def gains(self, encoder: Encoder, n_customers: int, *, text_only: bool) -> Sparse:
        """Return what each target adds to NDCG@10."""
        bought = self.events.filter(np.isin(self.events.user, self.customers[:n_customers]))
        config = DatasetConfig(encoder, EventRules(), None, self.seed)
        weights_of = bought.to_matrix(self.n_users, self.n_items) if n_customers else None
        _, items = encode_catalogue(self.tables.items, config, weights_of)
        items = keep_text_only(items) if text_only else items
        if not n_customers:
            return self._gains_by_similarity(items)
        parts = [self._gains_of(name, items, bought) for name in STRATEGIES]
        mean = np.mean([part.data for part in parts], axis=0)
        return sp.csr_array((mean, parts[0].indices, parts[0].indptr), shape=parts[0].shape)

    def _gains_by_similarity(self, items: Items) -> Sparse:
        scores = (self.seen @ items.similarity(items)).astype(np.float32)
        allowed = np.ones(scores.shape, dtype=bool)
        allowed[self.seen.nonzero()] = False
        relevant = np.zeros_like(allowed)
        relevant[self.targets.nonzero()] = True
        return expected_gains(scores, allowed, relevant)

    def _gains_of(self, name: str, items: Items, bought: Events) -> Sparse:
        data = Dataset(items, bought, self.n_users, kernel=item_kernel(items))
        model = get_strategies([name])[0].fit(data, self.seed)
        queries = Queries.for_users(data, self.histories, self.askers)
        labelled = LabelledQueries(
            "user", queries, self.targets, self.seen, np.ones(self.n_items, dtype=bool),
            self.askers,
        )  # fmt: skip
        return target_gains(lambda block: model.score(block, items), labelled)


def split_users(tables: Tables, seed: int) -> tuple[Tables, pl.DataFrame]:
    """Return the tables with the events of half of the users, and the other events."""
    users = tables.events["user_id"].unique().sort()
    half = users.sample(len(users) // 2, seed=seed).implode()
    mine = tables.events.filter(pl.col("user_id").is_in(half))
    others = tables.events.filter(~pl.col("user_id").is_in(half))
    return Tables.of(mine, tables.items, tables.users), others


def measure(args: argparse.Namespace) -> list[str]:
    """Tune on the old shop, and return the rows of the new one."""
    tables = draw_items(read_folder(args.data).tables, args.items, args.seed)
    old, others = split_users(tables, args.seed)
    base, name = load_base_encoder(args.encoder, tables)
    trial = ColdItemTrial.draw(old, EventRules(), args.seed)
    options = FinetuningOptions(args.method, args.seed, args.objective, args.steps, args.goal)
    folder = args.work / f"{args.data.name}-{args.method}-launch-{args.seed}"
    task = FinetuningTask(trial, base, name, options, folder)
    tuned = methods[args.method]().fit(task).encoder
    ids = old.items["item_id"][trial.rows["verdict"].tolist()].implode()
    events = others.filter(pl.col("item_id").is_in(ids))
    users = tables.users.filter(pl.col("user_id").is_in(events["user_id"].unique().implode()))
    items = old.items.filter(pl.col("item_id").is_in(ids))
    shop = NewShop(Tables.of(events, items, users), args.seed)
    lines = []
    for n in CUSTOMERS:
        if n > len(shop.customers):
            continue
        for text_only in (False, True):
            gains = partial(shop.gains, n_customers=n, text_only=text_only)
            new, before = gains(tuned), gains(base)
            lines.append(row(args, n, text_only, new, before, shop.askers))
            print(lines[-1], flush=True)
    return lines


def row(
    args: argparse.Namespace, n: int, text_only: bool, new: Sparse, old: Sparse, users: Rows
) -> str:
    """Return one row of the table."""
    gap = clustered_difference(new, old, users, LEVEL, by_item=True)
    before = float(old.sum()) / len(users)
    mean, low, high = (100 * part / max(before, 1e-9) for part in gap[:3])
    label = args.data.name if args.items is None else f"{args.data.name}, {args.items:,} items"
    cells = [
        label, args.method, n, "texts" if text_only else "all", len(users), f"{before:.4f}",
        f"{float(new.sum()) / len(users):.4f}", f"{mean:+.1f}", f"{low:+.1f} to {high:+.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Measure one data set and one method."""
    args = make_parser(__doc__.splitlines()[0]).parse_args()
    print_rows(measure(args), HEAD, args.out)


if __name__ == "__main__":
    main()
