"""The command ``finetune``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

OutOption = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Folder for the fine-tuned encoder.")
]
MethodOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Way of fine-tuning: whitening or factors, in closed form; or delta, last_layer, "
        "lora or full, on torch.",
    ),
]
ObjectiveOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What a transformer is trained for: contrastive, history, masked, click, rating "
        "or ranking.",
    ),
]
GoalOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the encoder is selected and judged by: cold_items, with the regressions of "
        "a release; or similar, lists of similar items.",
    ),
]
StepsOption = Annotated[
    int, typer.Option(metavar="NUMBER", min=1, help="Steps of the training, at most.")
]


def finetune(
    paths: options.DataArgument = None,
    *,
    out: OutOption,
    method: MethodOption = "whitening",
    objective: ObjectiveOption = "contrastive",
    steps: StepsOption = 400,
    goal: GoalOption = "cold_items",
    column: options.ColumnOption = None,
    positive: options.PositiveOption = None,
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Fine-tune a text encoder on events; exit status 15 if it is not better than before."""
    from daybreak.service.finetuning.finetune import finetune_encoder
    from daybreak.service.finetuning.methods import FinetuningOptions

    settings = options.load_settings(store=store, encoder=encoder, seed=seed)
    rules = options.parse_event_rules(positive, None, None, None)
    with show_progress("reading the data") as progress:
        data, stored = _read_data(paths or (), column, rules, store)
        result = finetune_encoder(
            data,
            out,
            encoder=settings.encoder,
            options=FinetuningOptions(method, settings.seed, objective, steps, goal),
            rules=rules or stored,
            progress=progress.update,
        )
    if json:
        show_json(result.to_dict())
    else:
        show_frame(result.table(), "NDCG@10 on hidden items, with the original and the tuned")
        show_lines([f"{result.verdict}: {result.sentence}"])
        print_message(f"fine-tuned in {result.seconds:.0f} s")
        if result.verdict == "helps" or result.better_uses:
            print_message(f"next: daybreak train --encoder {out}")
    result.check()


def _read_data(
    paths: "Sequence[Path]",
    column: "Sequence[str] | None",
    rules: Any,
    store: str | None,
) -> tuple[Any, Any]:
    """Return the files or the tables of the store, and the event rules of the store."""
    from daybreak.service.release_training import stored_event_rules

    if paths:
        return options.build_sources(paths, None, column, rules).read(), None
    with options.open_workspace(store=store) as workspace:
        return workspace.tables, stored_event_rules(workspace.store)
