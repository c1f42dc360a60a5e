"""New items with words only, with the text model alone, and with both.

    python -m benchmarks.quality.text_gain --shared SHARED [--data NAME ...] [--repeats N]
                                           [--encoder MODEL]

``SHARED/data/NAME`` holds items and events. Text vectors are kept in the cache.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common.paths import RESULTS
from daybreak.data import EventRules, Tables, read_folder
from daybreak.data.dataset import Dataset, Queries
from daybreak.estimates import paired_bootstrap
from daybreak.metrics import ndcg
from daybreak.models import models
from daybreak.ranked_lists import top_k
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder

DATA_SETS = ("ml100k", "ml1m", "gift_shop", "anime_zh_dev")
STRATEGIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("content/ridge", "content_ridge", {}),
    ("content/ease", "content_ease", {}),
    ("content/ease_text", "content_ease", {"learned": True}),
)
ROWS = ("words only", "text model alone", "with the model")
TEXT_BLOCK = "meaning"
LIST_LENGTH, HIDDEN_FRACTION, MAX_USERS = 10, 0.2, 3_000
PROTOCOL = """A fifth of the items that have events is hidden, by the hash of the item's id;
repeats: {repeats}, each with other hashes; their lists are pooled. Test users:
up to {users} users with events on visible and on hidden items. All hidden items are ranked;
NDCG@{k}. *words only*: words and attributes, encoded without a text model, with block weights
of their own. *text model alone*: its vectors are the only content. `*`: differs from *words
only*, 95 % paired bootstrap over users; a user in two repeats counts as two. *mean gain*: mean
over the data sets of the ratio to *words only*, less 1."""


@dataclass(frozen=True, eq=False)
class TextGain:
    """NDCG of every user on one data set, by kind of content and strategy."""

    name: str
    encoder: str
    values: dict[tuple[str, str], np.ndarray]


def main() -> None:
    """Measure every data set and write the table."""
    args = _arguments()
    found = [
        measure(name, args.shared / "data" / name, args.repeats, args.encoder)
        for name in args.data
    ]
    args.out.write_text("\n".join(_page(found, args)) + "\n", encoding="utf-8")
    print(f"wrote {args.out}")


def measure(name: str, folder: Path, repeats: int, encoder: str = "auto") -> TextGain:
    """Return the NDCG of all users, kinds of content and strategies on one data set."""
    tables = read_folder(folder).tables
    choice = choose_encoder(encoder, tables.items)
    both = _encode(tables, choice.encoder)
    vectors = tuple(block for block in both.items.blocks if block.name == TEXT_BLOCK)
    alone = replace(both, items=replace(both.items, blocks=vectors), kernel=None)
    contents = zip(ROWS, (_encode(tables, None), alone, both), strict=True)
    values = {}
    for row, data in contents:
        for strategy, model, options in STRATEGIES:
            parts = [
                new_item_ndcg(data, hide_items(data, repeat), model, options)
                for repeat in range(repeats)
            ]
            values[row, strategy] = np.concatenate(parts)
            print(
                name, row, strategy, round(float(values[row, strategy].mean()), 4), flush=True
            )
    return TextGain(name, choice.name or "none", values)


def _encode(tables: Tables, encoder: Any) -> Dataset:
    config = DatasetConfig(encoder=encoder, rules=EventRules(), fields=None, seed=0)
    return encode_dataset(tables, config).data


def hide_items(data: Dataset, repeat: int) -> np.ndarray:
    """Return a mask of a fifth of the items with events, by the hash of their ids."""
    rows = data.train_item_rows
    keys = [f"{repeat} {data.items.ids.ids[row]}".encode() for row in rows]
    order = np.argsort([hashlib.blake2b(key).hexdigest() for key in keys])
    marked = np.zeros(len(data.items), bool)
    marked[rows[order[: round(HIDDEN_FRACTION * len(rows))]]] = True
    return marked


def new_item_ndcg(
    data: Dataset, hidden: np.ndarray, model: str, options: dict[str, Any]
) -> np.ndarray:
    """Return the NDCG of every test user for a ranking of the hidden items."""
    events = data.events
    new = hidden[events.item]
    visible = data.filter_events(~new)
    users = np.intersect1d(events.user[new], events.user[~new])[:MAX_USERS]
    fitted: Any = models[model](**options).fit(visible)
    columns = np.flatnonzero(hidden)
    scores = fitted.score(
        Queries.for_users(visible, visible.events, users), data.items.take(columns)
    )
    wanted = events.filter(new).to_matrix(data.n_users, len(data.items))[users]
    targets = sparse.csr_array(sparse.csr_array(wanted)[:, columns])
    return ndcg(top_k(scores, LIST_LENGTH), targets)


def _page(found: list[TextGain], args: argparse.Namespace) -> Iterator[str]:
    yield "# What the text model adds for new items\n"
    command = f"python -m benchmarks.quality.text_gain --shared SHARED --repeats {args.repeats}"
    yield f"Command: `{command} --data {' '.join(args.data)}`\n"
    yield PROTOCOL.format(repeats=args.repeats, users=f"{MAX_USERS:,}", k=LIST_LENGTH) + "\n"
    encoders = ", ".join(f"{one.name}: {one.encoder}" for one in found)
    yield f"Text models: {encoders}.\n"
    names = [one.name for one in found]
    yield f"| content | strategy | {' | '.join(names)} | mean gain |"
    yield f"|---|---|{'---:|' * (len(names) + 1)}"
    for row in ROWS:
        for strategy, _, _ in STRATEGIES:
            cells = [_cell(one, row, strategy) for one in found]
            gains = [_gain(one, row, strategy) for one in found]
            mean = "" if row == ROWS[0] else f"{100 * np.mean(gains):+.1f} %"
            yield f"| {row} | `{strategy}` | {' | '.join(cells)} | {mean} |"


def _cell(one: TextGain, row: str, strategy: str) -> str:
    values, words = one.values[row, strategy], one.values[ROWS[0], strategy]
    text = f"{values.mean():.4f}"
    if row == ROWS[0]:
        return text
    return text + ("*" if paired_bootstrap(values, words).differs else "")


def _gain(one: TextGain, row: str, strategy: str) -> float:
    return float(one.values[row, strategy].mean() / one.values[ROWS[0], strategy].mean()) - 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/")
    parser.add_argument("--data", nargs="+", default=list(DATA_SETS))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--encoder", default="auto", help="name of a text model")
    parser.add_argument("--out", type=Path, default=RESULTS / "text_gain.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
