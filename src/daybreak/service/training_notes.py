"""What a training says of itself, as sentences."""

from collections.abc import Sequence

from daybreak.data import Tables
from daybreak.data.event_signs import sign_notes
from daybreak.service.source_inputs import source_messages
from daybreak.service.training.fit import TrainedModel, left_out_messages, training_messages


def training_notes(
    trained: TrainedModel, tables: Tables, sources: Sequence[str]
) -> tuple[str, ...]:
    """Return notes on media, weights, signs of events, sources and strategies left out.

    Args:
        trained: Model after the training.
        tables: Tables that it was trained on.
        sources: Names of the sources, in the order of the training.
    """
    report = trained.blend.report
    return (
        *trained.content.media.notes,
        *training_messages(report),
        f"events: {trained.rules.describe()}",
        *sign_notes(tables.events, trained.rules),
        *source_messages(report, sources),
        *left_out_messages(trained.blend.excluded),
    )
