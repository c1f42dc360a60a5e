"""Fine-tuning of an encoder in a process of its own, as a task of a service."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from daybreak.config import Settings
from daybreak.errors import ConfigError, DaybreakError
from daybreak.service.finetuning.finetune import finetune_encoder
from daybreak.service.finetuning.methods import FinetuningOptions
from daybreak.service.finetuning.report import CARD_FILE, FinetuningResult
from daybreak.service.release_training import set_process_variables, stored_event_rules
from daybreak.service.releases.release import releases_root
from daybreak.service.training.task_process import (
    LeaseLostError,
    check_lease,
    report_progress,
)
from daybreak.service.training.task_records import TrainingOutcome
from daybreak.service.training.tuned_encoders import ENCODER_RECORDS, ENCODERS_FOLDER
from daybreak.store import Store, open_store


def tune_encoder(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Fine-tune the encoder of the settings on the data of the store, and record the result.

    Args:
        settings: Fields of :class:`daybreak.config.Settings`.
        options: ``encoder``, the id of the result, and the fields of
            :class:`~daybreak.service.finetuning.methods.FinetuningOptions`.

    Returns:
        Fields of :class:`TrainingOutcome`; the note is the verdict.
    """
    chosen = Settings(**settings)
    set_process_variables(chosen)
    try:
        with open_store(chosen.store) as store:
            result = _tune(store, chosen, dict(options))
    except LeaseLostError:
        raise
    except DaybreakError as error:
        return asdict(TrainingOutcome("failed", note=str(error)))
    return asdict(TrainingOutcome("done", note=f"{result.verdict}: {result.sentence}"))


def _tune(store: Store, settings: Settings, options: dict[str, Any]) -> FinetuningResult:
    root = releases_root(settings.store)
    if root is None:
        raise ConfigError("a store in memory has no folder for encoders; use a file")
    id_ = options.pop("encoder")
    result = finetune_encoder(
        store.tables(),
        root / ENCODERS_FOLDER / id_,
        encoder=settings.encoder,
        options=FinetuningOptions(**options),
        rules=stored_event_rules(store),
        progress=report_progress,
    )
    check_lease()
    row = store.documents(ENCODER_RECORDS).get(id_, {})
    store.put_documents(ENCODER_RECORDS, {id_: {**row, **_record_of(result)}})
    return result


def _record_of(result: FinetuningResult) -> dict[str, Any]:
    """Return what is known of a finished encoder, without the path of its folder."""
    facts = result.to_dict()
    del facts["folder"]
    card = (result.folder / CARD_FILE).read_text("utf-8")
    return {**facts, "ended_at": time.time(), "sentence": result.sentence, "card": card}
