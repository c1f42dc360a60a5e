"""Fine-tune a text encoder on a catalogue and its events."""

from pathlib import Path
from time import perf_counter
from typing import Any

from daybreak.data import EventRules, Tables, read_folder
from daybreak.encoders import CachedEncoder, Encoder, MemoryVectors
from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.finetuning import delta, factors, networks, whitening  # noqa: F401 - they register methods
from daybreak.service.finetuning.cold_items import ColdItemTrial
from daybreak.service.finetuning.folders import check_base, check_folder
from daybreak.service.finetuning.methods import (
    FinetuningOptions,
    FinetuningTask,
    StepProgress,
    ignore_steps,
    methods,
)
from daybreak.service.finetuning.report import (
    FinetuningResult,
    order_by_goal,
    slice_records,
    write_card,
)
from daybreak.service.inputs.frames import as_tables
from daybreak.service.training.encoder_choice import choose_encoder


def finetune_encoder(  # noqa: PLR0913 - options, all by name
    data: Any,
    folder: str | Path,
    *,
    items: Any = None,
    encoder: str = "auto",
    options: FinetuningOptions | None = None,
    rules: EventRules | None = None,
    progress: StepProgress = ignore_steps,
) -> FinetuningResult:
    """Fine-tune a text encoder on what people choose together, and say what that is worth.

    A quarter of the items with events is hidden from the training. The verdict is the paired
    difference of the NDCG@10 of the content regressions on them, with the fine-tuned encoder
    and with the original one.

    Args:
        data: Folder of tables, or events or tables as for :meth:`daybreak.Recommender.fit`.
        folder: Folder of the result: a new or empty one, or one with a fine-tuned encoder. It
            is a name of an encoder everywhere.
        items: Catalogue, where ``data`` are events alone.
        encoder: Encoder to fine-tune: ``auto``, a model id or a folder.
        options: Method and seed; default: the closed form.
        rules: Rules that say which events are positive; default: those of the data.
        progress: Called with the number of done and of all steps, and the name of the step.

    Raises:
        ConfigError: The folder has other contents, or there is no text encoder.
        DataError: There are too few items with events, or too few users.
        NotFoundError: The encoder or the method does not exist.
        MissingExtraError: The method or the encoder needs a package.
    """
    started = perf_counter()
    options = options or FinetuningOptions()
    method = methods[options.method]()
    target = Path(folder)
    check_folder(target)
    if isinstance(data, str | Path) and Path(data).is_dir():
        data = read_folder(Path(data))
    checked = as_tables(data, items, None, rules)
    base, name = load_base_encoder(encoder, checked.tables)
    check_base(name, target)
    progress(0, 1, "hiding items")
    trial = ColdItemTrial.draw(checked.tables, checked.rules, options.seed)
    tuned = method.fit(FinetuningTask(trial, base, name, options, target, progress))
    progress(0, 1, "measuring on hidden items")
    slices = trial.measure_uses(tuned.encoder).compare(trial.measure_uses(base))
    slices = order_by_goal(slices, options.goal)
    facts = {
        "method": options.method,
        "goal": options.goal,
        "base": name,
        "seed": options.seed,
        "items": len(trial.data.items),
        "items_with_events": len(trial.data.train_item_rows),
        "events": len(trial.data.events),
        "hidden_items": len(trial.rows["verdict"]),
        **tuned.facts,
    }
    result = FinetuningResult(
        target, options.method, name, slices, facts, perf_counter() - started
    )
    tuned.save({**facts, "verdict": result.verdict, "slices": slice_records(slices)})
    write_card(result)
    return result


def load_base_encoder(name: str, tables: Tables) -> tuple[Encoder, str]:
    """Return the encoder to fine-tune, with a cache, and the name that loads it again.

    Args:
        name: ``auto``, a model id or a folder.
        tables: The data, whose language decides ``auto``.

    Raises:
        ConfigError: There is no text encoder.
        NotFoundError: The named encoder does not exist.
    """
    choice = choose_encoder(name, tables.items)
    if choice.encoder is None or choice.name is None:
        if name == "none":
            raise ConfigError("fine-tuning needs a text encoder, got 'none'")
        raise NotFoundError(f"fine-tuning needs a text encoder: {'; '.join(choice.notes)}")
    return CachedEncoder(choice.encoder, MemoryVectors()), choice.name
