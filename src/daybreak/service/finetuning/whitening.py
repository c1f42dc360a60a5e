"""Collaborative whitening as a method of fine-tuning: a closed form, without torch."""

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
from daybreak.transfer.collaborative_whitening import CoEventDirections, repeat_columns
from daybreak.types import Rows

RIDGES = (0.3, 3.0)
"""Ridges of the regression that are compared."""
POWERS = (0.5, 1.0)
"""Powers of the scales that are compared."""
SHARES = (0.5, 0.9)
"""Shares of the mapped vectors that are compared."""


@methods.register("whitening")
class CollaborativeWhitening(FinetuningMethod):
    """A linear map of the vectors that co-events teach, beside the original vectors.

    The ridge, the power and the share are those with the best NDCG on the validation items.
    The map that is written is fitted again on all items with events.
    """

    summary: ClassVar = "a linear map beside the vectors, in closed form; needs no torch"

    def fit(self, task: FinetuningTask) -> FinetunedEncoder:
        """Fit the maps and select one; see :meth:`FinetuningMethod.fit`."""
        trial = task.trial
        learned = {r: _directions(trial, task.base, trial.rows["training"], r) for r in RIDGES}
        options = list(product(RIDGES, POWERS, SHARES))
        candidates: list[tuple[str, Callable[[], Encoder]]] = [
            (
                f"ridge {ridge:g}, power {power:g}, share {share:g}",
                partial(_encoder, task.base, learned[ridge].text_map(power, share)),
            )
            for ridge, power, share in options
        ]
        best, values = best_candidate(
            trial,
            candidates,
            task.options.goal,
            lambda done: task.progress(done, len(candidates) + 1, "comparing maps"),
        )
        ridge, power, share = options[best]

        def save(facts: Mapping[str, Any]) -> None:
            whole = _directions(trial, task.base, trial.data.train_item_rows, ridge)
            write_map(task, whole.text_map(power, share), facts)

        facts = {
            "ridge": ridge,
            "power": power,
            "share": share,
            "validation_ndcg": {name: round(value, 4) for name, value in values.items()},
        }
        return FinetunedEncoder(candidates[best][1](), save, facts)


def _encoder(base: Encoder, text_map: TextMap) -> Encoder:
    return MappedTextEncoder(text_map, base)


def _directions(
    trial: ColdItemTrial, base: Encoder, rows: Rows, ridge: float
) -> CoEventDirections:
    """Return the directions of the texts of some items."""
    read = encode_texts(trial, base, rows)
    interactions = trial.visible_interactions(rows)
    columns = repeat_columns(interactions, read.owners.tolist())
    return CoEventDirections(read.vectors, columns, ridge)
