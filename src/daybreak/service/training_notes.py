"""What a training says of itself, as sentences."""

from collections.abc import Sequence

from daybreak.data import Tables
from daybreak.data.event_signs import sign_notes
from daybreak.service.inputs.sources import SourceTables
from daybreak.service.source_inputs import source_messages
from daybreak.service.training.fit import TrainedModel, left_out_messages, training_messages


def training_notes(
    trained: TrainedModel, tables: Tables, sources: Sequence[SourceTables]
) -> tuple[str, ...]:
    """Return notes on media, weights, signs of events, sources and strategies left out.

    Args:
        trained: Model after the training.
        tables: Tables that it was trained on.
        sources: The sources, in the order of the training.
    """
    report = trained.blend.report
    return (
        *trained.content.media.notes,
        *training_messages(report),
        f"events: {trained.rules.describe()}",
        *sign_notes(tables.events, trained.rules),
        *(note for source in sources for note in source.notes),
        *source_messages(report, [source.name for source in sources]),
        *left_out_messages(trained.blend.excluded),
    )
