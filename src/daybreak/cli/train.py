"""Commands that learn and measure: ``train``, ``compare``, ``evaluate``.

The command that makes a small text encoder of a big one: ``distil``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import (
    EXIT_STATUSES,
    print_message,
    show_frame,
    show_json,
    show_lines,
    show_progress,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from daybreak.evaluation import Report


SliceOption = Annotated[
    list[str] | None,
    typer.Option("--slice", metavar="NAME", help="A slice to measure; repeatable, else all."),
]
ColdItemsOption = Annotated[
    str,
    typer.Option(metavar="HOW", help="Items that play the new ones: random, or newest."),
]


StartOption = Annotated[
    str | None,
    typer.Option(metavar="RELEASE", help="Go on from a release: an id, a folder, or active."),
]
KeepWeightsOption = Annotated[
    bool,
    typer.Option("--keep-weights", help="With --start: keep its weights, simulate nothing."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Put it into use even if it is found to be worse.")
]
NoGateOption = Annotated[
    bool, typer.Option("--no-gate", help="Do not compare with the release in use.")
]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Time for the training; with it the costly strategies compete too.",
    ),
]
SearchOption = Annotated[
    bool,
    typer.Option("--search", help="With --budget: look for better options of strategies."),
]
ReleaseArgument = Annotated[str, typer.Argument(help="A release: an id, a folder, or active.")]


def train(
    strategy: options.StrategyOption = None,
    start: StartOption = None,
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    budget: BudgetOption = None,
    *,
    search: SearchOption = False,
    keep_weights: KeepWeightsOption = False,
    force: ForceOption = False,
    no_gate: NoGateOption = False,
    json: options.JsonOption = False,
) -> None:
    """Learn from the store and put the release into use, unless it is worse."""
    from daybreak.errors import GateRefusedError
    from daybreak.service.benchmarking.summary import candidates_table, training_table
    from daybreak.service.training.fit import TrainingBudget
    from daybreak.service.workspace import TrainOptions

    terms = TrainOptions(
        not no_gate, force, start, keep_weights, TrainingBudget(budget, search)
    )
    try:
        with (
            options.open_workspace(store=store, encoder=encoder, seed=seed) as shop,
            show_progress("reading the store") as work,
        ):
            training = shop.train(strategy or "auto", work.start, terms)
    except GateRefusedError as error:
        _show_verdict(error.verdict, as_json=json)
        raise
    verdict = None if training.verdict is None else training.verdict.to_dict()
    if json:
        show_json({"release": training.release, "measured": training.measured, "gate": verdict,
                   "notes": training.notes, "seconds": training.seconds})  # fmt: skip
        return
    show_frame(training_table(training.measured), "NDCG@10 in simulated cold starts")
    show_frame(candidates_table(training.measured), "Strategies")
    if verdict is not None:
        _show_verdict(verdict, as_json=False)
    show_lines([f"note: {note}" for note in training.notes])
    show_lines([f"release {training.release.id} is in use"])
    print_message(f"trained in {training.seconds:.1f} s; next: daybreak recommend USER")


def compare(
    old: ReleaseArgument,
    new: ReleaseArgument,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Compare two releases on the data in the store; status 9 if NEW is worse."""
    with (
        options.open_workspace(store=store) as shop,
        show_progress("reading the store") as work,
    ):
        verdict = shop.compare_releases(new, old, work.start)
    _show_verdict(verdict.to_dict(), as_json=json)
    if not verdict.passed:
        raise typer.Exit(EXIT_STATUSES["gate_refused"])


def evaluate(
    *,
    strategy: options.StrategyOption = None,
    slice_: SliceOption = None,
    cold_items: ColdItemsOption = "random",
    k: options.KOption = None,
    html: options.HtmlOption = None,
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Hide users and items, and ask as if they were new."""
    from daybreak.service.benchmarking.summary import evaluation_table

    with (
        options.open_workspace(store=store, encoder=encoder, seed=seed, k=k) as shop,
        show_progress("hiding users and items") as work,
    ):
        report = shop.evaluate(
            strategy or (), slices=slice_, cold_items=cold_items, progress=work.update
        )
    if html is not None:
        _write_report(html, report)
    if json:
        import json as codec

        show_json(codec.loads(report.to_json()))
        return
    show_lines([report.table(), ""])
    show_frame(evaluation_table(report), f"NDCG@{report.k} with 95 % intervals")


def _show_verdict(verdict: "Mapping[str, Any]", *, as_json: bool) -> None:
    from daybreak.service.benchmarking.summary import gate_table

    if as_json:
        show_json({"gate": verdict})
        return
    if verdict["slices"]:
        show_frame(gate_table(verdict), "NDCG@10 of the new release against the one before")
    show_lines([f"note: {note}" for note in verdict["notes"]])


def _write_report(path: Path, report: "Report") -> None:
    from daybreak.errors import ConfigError
    from daybreak.evaluation.html import write_html

    try:
        write_html(report, path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    print_message(f"wrote {path}")


ItemsFileArgument = Annotated[
    Path, typer.Argument(metavar="ITEMS", help="A file of items, or a folder.")
]
TeacherOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="The big text model: an id, a folder, or URL#MODEL."),
]
OutOption = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Where the small one is written.")
]
DimOption = Annotated[int, typer.Option(min=1, help="Length of its vectors.")]


def distil(
    items: ItemsFileArgument,
    *,
    teacher: TeacherOption,
    out: OutOption,
    dim: DimOption = 256,
    column: options.ColumnOption = None,
    json: options.JsonOption = False,
) -> None:
    """Make a small fast text model of a big one, for texts like these."""
    from daybreak.service.training.distill import distil_catalogue_encoder as teach

    options.load_settings()
    sources = options.build_sources(
        [items] if items.is_dir() else None,
        None if items.is_dir() else {"items": items},
        column,
    )
    with show_progress("asking the teacher") as work:
        made = teach(
            sources,
            teacher,
            out,
            dim=dim,
            progress=lambda done, n: work.update(done, n, "asking the teacher"),
        )
    if json:
        show_json({"folder": made.folder, "texts_per_s": made.texts_per_s, **made.facts})
        return
    show_lines(
        [
            f"{made.folder}: {dim} numbers a text, {made.texts_per_s:,.0f} texts/s",
            f"cosine to the teacher on texts held out: {made.facts['fidelity']:.3f}",
        ]
    )
    print_message(f"next: daybreak train --encoder {out}")
