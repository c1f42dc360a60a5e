"""Splits of the warm-up curve of a shop: learned from n customers, asked about later ones.

A split is a folder in the layout of evalkit, so that every recommender that answers its splits
answers these as well. Customers are ordered by their first event; where times are unknown, in
random order. A shop is n successive customers with all their events. Shops of few customers
depend on who they are, so several are drawn, at evenly spaced places of the first half of this
order. Newcomers are drawn from the customers who came later.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SIZES = {5: 5, 20: 4, 100: 2, 500: 1}
"""Number of customers of a shop, and number of shops that are drawn."""
SHOTS = (0, 1, 3)
"""Numbers of known events of a newcomer."""
MAX_NEWCOMERS = 400
"""Newcomers of one shop [users]."""
MAX_ITEMS = 8_000
"""Items of a catalogue [items]; a random part of a larger one is used, with its events."""
TIE_ORDERS = 30
"""Random orders of items with equal scores, whose values are averaged for a peer [orders]."""
REQUIREMENTS = ((10, 15), (3, 4))
"""First events of a newcomer that are never targets, and events that a newcomer must have; the
first that at least half of the customers meet."""
PAIR = ["user_id", "item_id"]


@dataclass(frozen=True)
class ShopSplit:
    """One shop and one number of known events.

    Attributes:
        data: Name of the data set.
        customers: Customers of the shop.
        draw: Number of the shop among those of this size.
        shots: Known events of a newcomer.
        folder: Folder of the split.
    """

    data: str
    customers: int
    draw: int
    shots: int
    folder: Path

    @property
    def shop(self) -> tuple[int, int]:
        """Size and number of the shop, whose training the splits of all shots share."""
        return self.customers, self.draw


def list_splits(data: str, folder: Path) -> list[ShopSplit]:
    """Return the splits of a data set, larger shops first."""
    return [
        ShopSplit(data, size, draw, shots, folder / f"n{size}_d{draw}_e{shots}")
        for size, n_draws in sorted(SIZES.items(), reverse=True)
        for draw in range(n_draws)
        for shots in SHOTS
    ]


def cap_catalogue(source: Path, out: Path, loaded: Any) -> Any:
    """Write the side tables to ``out``, with at most ``MAX_ITEMS`` items; return the data set.

    Args:
        source: Folder of the data set.
        out: Folder that is written; it stands for the data set from here on.
        loaded: The data set as evalkit reads it.
    """
    out.mkdir(parents=True, exist_ok=True)
    items = loaded.items
    if len(items) > MAX_ITEMS:
        rows = np.random.default_rng(0).permutation(len(items))[:MAX_ITEMS]
        items = items.sort_values("item_id").iloc[np.sort(rows)]
        events = loaded.interactions
        loaded.interactions = events[events.item_id.isin(items.item_id)].reset_index(drop=True)
        loaded.items = items
    items.to_csv(out / "items.csv.gz", index=False)
    if (source / "users.csv.gz").exists():
        loaded.users.to_csv(out / "users.csv.gz", index=False)
    return loaded


def make_splits(loaded: Any, splits: list[ShopSplit]) -> None:
    """Write the split folders of a data set.

    Args:
        loaded: The data set as evalkit reads it: events once for each pair, in order.
        splits: The splits of :func:`list_splits`.
    """
    frame = loaded.interactions
    arrivals = frame.user_id.drop_duplicates()
    if frame.timestamp.nunique() <= 1:
        arrivals = arrivals.sort_values().sample(frac=1, random_state=0)
    order = arrivals.to_numpy()
    size = frame.user_id.map(frame.user_id.value_counts())
    position = frame.groupby("user_id").cumcount()
    per_user = frame.user_id.value_counts()
    aside, least = next(
        (pair for pair in REQUIREMENTS if (per_user >= pair[1]).mean() >= 0.5), REQUIREMENTS[-1]
    )
    for split in splits:
        start = int(split.draw / SIZES[split.customers] * 0.5 * len(order))
        shop = set(order[start : start + split.customers])
        later = order[start + split.customers :]
        later = later[per_user.reindex(later).to_numpy() >= least]
        drawn = np.random.default_rng(split.draw).permutation(len(later))[:MAX_NEWCOMERS]
        asked = frame.user_id.isin(set(later[drawn])) & (size >= least)
        first = frame[asked & (position < aside)]
        _write(
            split,
            train=frame[frame.user_id.isin(shop)],
            history=first[first.groupby("user_id").cumcount() < split.shots],
            test=frame[asked & (position >= aside)].assign(part="warm"),
            exclude=first,
            items=loaded.items.item_id,
            protocol=f"targets after the first {aside}, users with at least {least}",
        )


def _write(split: ShopSplit, **parts: Any) -> None:
    folder = split.folder
    folder.mkdir(parents=True, exist_ok=True)
    compressed: dict[str, Any] = {"index": False, "compression": {"method": "gzip", "mtime": 0}}
    for name in ("train", "history"):
        parts[name].to_csv(folder / f"{name}.csv.gz", **compressed)
    test = parts["test"]
    test[[*PAIR, "part"]].to_csv(folder / "test.csv.gz", **compressed)
    parts["exclude"][PAIR].to_csv(folder / "exclude.csv.gz", **compressed)
    users = pd.DataFrame({"user_id": sorted(test.user_id.unique())})
    users.to_csv(folder / "users.csv", index=False)
    items = pd.DataFrame({"item_id": sorted(parts["items"])})
    items.to_csv(folder / "candidates_all.csv", index=False)
    info = {"protocol": parts["protocol"], "users": len(users), "items": len(items)}
    (folder / "split.json").write_text(json.dumps(info) + "\n")
