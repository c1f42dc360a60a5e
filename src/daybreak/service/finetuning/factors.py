"""Regression onto the factors of co-events as a method of fine-tuning: a closed form."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any, ClassVar

from daybreak.encoders import Encoder, MappedTextEncoder, TextMap
from daybreak.service.finetuning.closed_form import encode_texts, write_map
from daybreak.service.finetuning.cold_items import ColdItemTrial, best_candidate
from daybreak.service.finetuning.methods import (
    FinetunedEncoder,
    FinetuningMethod,
    FinetuningTask,
    methods,
)
from daybreak.transfer.collaborative_factors import (
    FactorRegression,
    completed_co_events,
    item_factors,
    most_chosen,
)
from daybreak.types import Rows

MAX_ITEMS = 4_000
"""Items with the most events that the regression learns from, at most [items]."""
RIDGES = (1.0, 5.0)
"""Ridges of the regression that are compared."""
SHARES = (0.5, 0.75)
"""Shares of the mapped vectors that are compared; the original encoder is a candidate too."""
WORD_SHARE = 0.5
"""Share of the words in what the regression reads."""


@methods.register("factors")
class FactorRegressionMethod(FinetuningMethod):
    """A map of vectors and words onto the factors of completed co-events, beside the vectors.

    The ridge and the share are those with the best NDCG on the validation items. If no map is
    better than the original vectors, the share is 0. The map that is written is fitted again on
    all items with events.
    """

    summary: ClassVar = (
        "a map of vectors and words beside the vectors, in closed form; no torch"
    )

    def fit(self, task: FinetuningTask) -> FinetunedEncoder:
        """Fit the maps and select one; see :meth:`FinetuningMethod.fit`."""
        trial = task.trial
        regression = _regression(trial, task.base, trial.rows["training"])
        options = [(RIDGES[0], 0.0), *product(RIDGES, SHARES)]
        candidates: list[tuple[str, Callable[[], Encoder]]] = [
            (
                f"ridge {ridge:g}, share {share:g}" if share else "original",
                partial(_encoder, task.base, partial(regression.text_map, ridge, share)),
            )
            for ridge, share in options
        ]
        best, values = best_candidate(
            trial,
            candidates,
            task.options.goal,
            lambda done: task.progress(done, len(candidates) + 1, "comparing maps"),
        )
        ridge, share = options[best]

        def save(facts: Mapping[str, Any]) -> None:
            whole = _regression(trial, task.base, trial.data.train_item_rows)
            write_map(task, whole.text_map(ridge, share), facts)

        facts = {
            "ridge": ridge,
            "share": share,
            "words": len(regression.words.lexical),
            "validation_ndcg": {name: round(value, 4) for name, value in values.items()},
        }
        return FinetunedEncoder(candidates[best][1](), save, facts)


def _encoder(base: Encoder, create: Callable[[], TextMap]) -> Encoder:
    return MappedTextEncoder(create(), base)


def _regression(trial: ColdItemTrial, base: Encoder, rows: Rows) -> FactorRegression:
    """Return the regression of the texts of some items."""
    rows = rows[most_chosen(trial.visible_interactions(rows), MAX_ITEMS)]
    factors = item_factors(completed_co_events(trial.visible_interactions(rows)))
    read = encode_texts(trial, base, rows)
    return FactorRegression(read.vectors, read.texts, factors[read.owners], WORD_SHARE)
