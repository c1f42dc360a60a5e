"""How much any fine-tuned text encoder could gain on items whose events are hidden.

    python -m benchmarks.quality.fine_tuning_bounds --data DIR [--items 4000] [--out FILE.md]

The bounds know what no encoder can know: the events of the hidden items. A map of the vectors,
or of vectors and words, is learned with them; at last the vectors of the items are the factors
of the co-events themselves, which no text has to tell.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.fine_tuning import draw_items, print_rows
from daybreak import EventRules
from daybreak.data import read_folder
from daybreak.encoders import Encoder, MappedTextEncoder, TextMap
from daybreak.encoders.base import l2_normalize
from daybreak.service.finetuning.cold_items import ColdItemTrial
from daybreak.service.finetuning.finetune import load_base_encoder
from daybreak.transfer.collaborative_factors import (
    FactorRegression,
    completed_co_events,
    item_factors,
    most_chosen,
)
from daybreak.transfer.collaborative_whitening import CoEventDirections, repeat_columns
from daybreak.types import Floats, Rows

RIDGE, POWER, SHARE = 0.3, 1.0, 0.9
"""Options of the map of vectors that fits events best, of those that fine-tuning compares."""
WORD_SHARE, REGRESSION_RIDGE, REGRESSION_SHARE = 0.5, 1.0, 0.5
"""Options of the regression of vectors and words."""
MAX_ITEMS = 4_000
HEAD = "| data set | encoder | NDCG@10 | of original [%] |\n| --- | --- | ---: | ---: |"


class FactorsByText(Encoder):
    """Vectors of a base, with the factors of the item that has the text beside them."""

    def __init__(self, base: Encoder, factors: dict[str, Floats]) -> None:
        self.base, self.factors = base, factors
        self.n_factors = len(next(iter(factors.values())))

    @property
    def dim(self) -> int:
        """Length of both parts."""
        return self.base.dim + self.n_factors

    @property
    def hash(self) -> str:
        """A name: it is not stored."""
        return "factors by text"

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        nothing = np.zeros(self.n_factors, np.float32)
        factors = np.array([self.factors.get(text, nothing) for text in texts])
        both = np.concatenate([self.base.encode(texts), factors], axis=1)
        return l2_normalize(np.asarray(both, np.float32))


def encoders(trial: ColdItemTrial, base: Encoder) -> Iterator[tuple[str, Encoder | None]]:
    """Return encoders that have and have not seen the events of the hidden items."""
    yield "without text", None
    yield "original", base
    known, every = trial.rows["training"], trial.data.train_item_rows
    for name, rows in (("map of vectors", known), ("bound: map of vectors", every)):
        yield name, MappedTextEncoder(_directions(trial, base, rows), base)
    for name, rows in (("map of vectors and words", known), ("bound: both", every)):
        yield name, MappedTextEncoder(_regression(trial, base, rows), base)
    factors = _factors(trial, every)
    unit = l2_normalize(np.asarray(factors, np.float32))
    row_of = {row: number for number, row in enumerate(every.tolist())}
    texts = zip(trial.texts.texts, trial.texts.owners.tolist(), strict=True)
    by_text = {text: unit[row_of[owner]] for text, owner in texts if owner in row_of}
    yield "bound: factors of the items", FactorsByText(base, by_text)


def _factors(trial: ColdItemTrial, rows: Rows) -> Floats:
    return item_factors(completed_co_events(trial.visible_interactions(rows)))


def _directions(trial: ColdItemTrial, base: Encoder, rows: Rows) -> TextMap:
    texts = trial.texts.of_items(rows)
    events = repeat_columns(trial.visible_interactions(rows), texts.owners.tolist())
    found = CoEventDirections(base.encode(texts.texts), events, RIDGE)
    return found.text_map(POWER, SHARE)


def _regression(trial: ColdItemTrial, base: Encoder, rows: Rows) -> TextMap:
    rows = rows[most_chosen(trial.visible_interactions(rows), MAX_ITEMS)]
    texts = trial.texts.of_items(rows)
    factors = _factors(trial, rows)[texts.owners]
    found = FactorRegression(base.encode(texts.texts), texts.texts, factors, WORD_SHARE)
    return found.text_map(REGRESSION_RIDGE, REGRESSION_SHARE)


def measure(args: argparse.Namespace) -> list[str]:
    """Return the rows of one data set."""
    tables = draw_items(read_folder(args.data).tables, args.items, args.seed)
    base, _ = load_base_encoder(args.encoder, tables)
    trial = ColdItemTrial.draw(tables, EventRules(), args.seed)
    label = args.data.name if args.items is None else f"{args.data.name}, {args.items:,} items"
    scores = {}
    lines = []
    for name, encoder in encoders(trial, base):
        scores[name] = trial.measure(encoder, "verdict").ndcg
        gain = 100 * (scores[name] / scores["original"] - 1) if "original" in scores else None
        shown = "" if gain is None else f"{gain:+.1f}"
        lines.append(f"| {label} | {name} | {scores[name]:.4f} | {shown} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables")
    parser.add_argument("--items", type=int, help="number of items to draw; default: all")
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="file to which the rows are appended")
    args = parser.parse_args()
    print_rows(measure(args), HEAD, args.out)


if __name__ == "__main__":
    main()
