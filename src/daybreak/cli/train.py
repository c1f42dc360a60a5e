"""The commands ``train``, ``compare``, ``evaluate`` and ``distil``."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.language import message
from daybreak.cli.output import EXIT_STATUSES, print_message, show_json, show_lines
from daybreak.cli.progress import show_progress
from daybreak.cli.reports import show_report
from daybreak.cli.tables import show_frame
from daybreak.cli.training_plan import show_training_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daybreak import Report
    from daybreak.service.release_training import TrainingResult
    from daybreak.service.training.distill import JudgementPlan
    from daybreak.service.workspace import Workspace

AloneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        metavar="NAME",
        help="Strategy to evaluate alone, in addition; repeatable.",
    ),
]
SliceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="NAME",
        help="Slice or group (young, young_5, ...) to evaluate; repeatable. Default: all.",
    ),
]
ColdItemsOption = Annotated[
    str,
    typer.Option(metavar="CHOICE", help="Choice of the held-out items: random or newest."),
]


StartOption = Annotated[
    str | None,
    typer.Option(metavar="RELEASE", help="Release to start from: an id, a folder or active."),
]
KeepWeightsOption = Annotated[
    bool,
    typer.Option(
        "--keep-weights",
        help="With --start: keep its blend weights and skip the simulated cold starts.",
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option("--force", help="Activate the release even if it is significantly worse."),
]
NoGateOption = Annotated[
    bool,
    typer.Option("--no-gate", help="Skip the gate: do not compare with the active release."),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Time limit of the training; enables the slow strategies.",
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Largest memory of the training, such as 2GB; what it changes is told.",
    ),
]
PlanOption = Annotated[
    bool,
    typer.Option(
        "--plan",
        help="Only say what would be learned, and how much time and memory it would take.",
    ),
]
ObjectiveOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the weights are fitted for: cold_start, or next for single next events.",
    ),
]
SearchOption = Annotated[
    bool,
    typer.Option("--search", help="With --budget: tune the options of the strategies."),
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="Store, folder, file, release or domain=NAME to learn from; repeatable. Default: "
        "those of the training before.",
    ),
]
NoSourcesOption = Annotated[
    bool,
    typer.Option("--no-sources", help="Do without the sources of the training before."),
]
OldReleaseArgument = Annotated[
    str,
    typer.Argument(metavar="OLD", help="Release to compare with: an id, a folder or active."),
]
NewReleaseArgument = Annotated[
    str, typer.Argument(metavar="NEW", help="Release to evaluate: an id, a folder or active.")
]


KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep",
        help="Evaluate all slices but young shops, and keep the results with the active "
        "release for the web page.",
    ),
]
ShopCurveOption = Annotated[
    bool,
    typer.Option(
        "--shop-curve",
        help="Only measure the shop when it has learned from its first users, and keep the "
        "curve with the active release for the web page.",
    ),
]


def train(
    strategy: options.StrategyOption = None,
    start: StartOption = None,
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    budget: BudgetOption = None,
    *,
    memory: MemoryOption = None,
    plan: PlanOption = False,
    popularity: options.PopularityOption = None,
    objective: ObjectiveOption = "cold_start",
    search: SearchOption = False,
    source: SourceOption = None,
    no_sources: NoSourcesOption = False,
    keep_weights: KeepWeightsOption = False,
    force: ForceOption = False,
    no_gate: NoGateOption = False,
    engine: options.EngineOption = None,
    json: options.JsonOption = False,
) -> None:
    """Train on the store; activate the release unless it is significantly worse."""
    from daybreak.errors import GateRefusedError
    from daybreak.service.release_training import TrainOptions
    from daybreak.service.training.fit import TrainingBudget

    train_options = TrainOptions(
        not no_gate,
        force,
        start,
        keep_weights,
        TrainingBudget(budget, search),
        popularity,
        objective,
        _choose_sources(source, without=no_sources),
        engine,
    )
    settings = dict[str, Any](store=store, encoder=encoder, seed=seed, memory=memory)
    if plan:
        with options.open_workspace(**settings) as workspace:
            planned = workspace.plan(strategy or "auto", train_options)
        show_training_plan(planned, as_json=json)
        return
    try:
        with (
            options.open_workspace(**settings) as workspace,
            show_progress("reading the store") as progress,
        ):
            training = workspace.train(strategy or "auto", progress.start, train_options)
    except GateRefusedError as error:
        _show_verdict(error.verdict, as_json=json)
        raise
    _show_training(training, as_json=json)


def _show_training(training: "TrainingResult", *, as_json: bool) -> None:
    """Print what a training measured, and what it made."""
    from daybreak.service.benchmarking.summary import candidates_table, training_table

    verdict = None if training.verdict is None else training.verdict.to_dict()
    if as_json:
        show_json({"release": training.release, "measured": training.measured, "gate": verdict,
                   "notes": training.notes, "seconds": training.seconds})  # fmt: skip
        return
    show_frame(training_table(training.measured), "NDCG@10 in simulated cold starts")
    show_frame(candidates_table(training.measured), "Strategies")
    if verdict is not None:
        _show_verdict(verdict, as_json=False)
    show_lines([f"note: {note}" for note in training.notes])
    show_lines([f"release {training.release.id} is active"])
    print_message(f"trained in {training.seconds:.1f} s; next: daybreak recommend USER")


def _choose_sources(sources: list[str] | None, *, without: bool) -> tuple[str, ...] | None:
    """Return the sources that were named; None: those that the store remembers."""
    from daybreak.errors import ConfigError

    if sources and without:
        raise ConfigError("--source and --no-sources exclude each other")
    if without:
        return ()
    return None if sources is None else tuple(sources)


def compare(
    old: OldReleaseArgument,
    new: NewReleaseArgument,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Compare two releases on the data in the store; exit status 9 if the new one is worse."""
    with (
        options.open_workspace(store=store) as workspace,
        show_progress("reading the store") as progress,
    ):
        verdict = workspace.compare_releases(new, old, progress.start)
    _show_verdict(verdict.to_dict(), as_json=json)
    if not verdict.passed:
        raise typer.Exit(EXIT_STATUSES["gate_refused"])


def evaluate(
    *,
    strategy: AloneOption = None,
    slice_: SliceOption = None,
    cold_items: ColdItemsOption = "random",
    k: options.KOption = None,
    source: SourceOption = None,
    no_sources: NoSourcesOption = False,
    html: options.HtmlOption = None,
    shop_curve: ShopCurveOption = False,
    keep: KeepOption = False,
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Evaluate on held-out users, items and events, and compare with baselines."""
    from daybreak.service.benchmarking.summary import evaluation_table

    if shop_curve or keep:
        with options.open_workspace(store=store, encoder=encoder, seed=seed) as workspace:
            sources = _choose_sources(source, without=no_sources)
            _measure(workspace, sources, by_size=shop_curve, as_json=json)
        return
    with (
        options.open_workspace(store=store, encoder=encoder, seed=seed, k=k) as workspace,
        show_progress("hiding users and items") as progress,
    ):
        report = workspace.evaluate(
            strategy or (),
            _choose_sources(source, without=no_sources),
            slices=slice_,
            cold_items=cold_items,
            progress=progress.update,
        )
    if html is not None:
        _write_report(html, report)
    if json:
        import json as codec

        show_json(codec.loads(report.to_json()))
        return
    show_report(report)
    show_frame(evaluation_table(report), f"NDCG@{report.k} with 95 % intervals")


def _measure(
    workspace: "Workspace", sources: "Sequence[str] | None", *, by_size: bool, as_json: bool
) -> None:
    """Measure the active release, by size of the shop or by slice, and keep the results."""
    from daybreak.service.benchmarking.summary import shop_curve_table, slices_table

    with show_progress("hiding users and items") as progress:
        if by_size:
            curve = workspace.measure_shop(progress=progress.update, sources=sources)
            values, table = curve.to_dict(), shop_curve_table(curve)
        else:
            evaluation = workspace.evaluate_release(progress=progress.update, sources=sources)
            values, table = evaluation.to_dict(), slices_table(evaluation.slices)
    if as_json:
        show_json(values)
        return
    show_frame(table, f"NDCG@{values['k']} with 95 % intervals")
    if values.get("sources"):
        show_lines([f"sources: {', '.join(values['sources'])}"])
    show_lines([one["sentence"] for one in values.get("drift", ())])
    show_lines([f"note: {note}" for note in values["notes"]])


def _show_verdict(verdict: "Mapping[str, Any]", *, as_json: bool) -> None:
    from daybreak.service.benchmarking.summary import gate_table

    if as_json:
        show_json({"gate": verdict})
        return
    if verdict["slices"]:
        show_frame(gate_table(verdict), "NDCG@10 of the new release and of the active one")
    show_lines([f"note: {note}" for note in verdict["notes"]])


def _write_report(path: Path, report: "Report") -> None:
    from daybreak.errors import ConfigError
    from daybreak.evaluation.html import write_html

    try:
        write_html(report, path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    print_message(message("wrote", path=path))


ItemsFileArgument = Annotated[
    Path, typer.Argument(metavar="ITEMS", help="File with items, or a folder.")
]
TeacherOption = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Text encoder of the teacher: an id, a folder or URL#MODEL."
    ),
]
OutOption = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Folder for the distilled encoder (the student).")
]
DimOption = Annotated[
    int,
    typer.Option(
        min=1, help="Dimension of the student's vectors, at most that of the teacher."
    ),
]


JudgementsOption = Annotated[
    str,
    typer.Option(
        "--judgements",
        metavar="NUMBER_OR_FILE",
        help="Number of pairs of items whose similarity the language model of the settings "
        "judges, as a second teacher; 0: none. Or a file of JSON lines with judgements of both "
        "kinds, similarity and ranking.",
    ),
]
RankingsOption = Annotated[
    int,
    typer.Option(
        "--rankings",
        min=0,
        help="Number of times that the language model says which of three items is closest to "
        "another one, each asked in two orders; 0: never.",
    ),
]
PromptLanguageOption = Annotated[
    str,
    typer.Option("--language", metavar="LANGUAGE", help="Language of the prompts: en or zh."),
]
AnswerStoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Store that keeps the answers of the language model, so that a second run does "
        "not ask again. Default: none.",
    ),
]


def distil(
    items: ItemsFileArgument,
    *,
    teacher: TeacherOption,
    out: OutOption,
    dim: DimOption = 256,
    judgements: JudgementsOption = "0",
    rankings: RankingsOption = 0,
    language: PromptLanguageOption = "en",
    store: AnswerStoreOption = None,
    column: options.ColumnOption = None,
    json: options.JsonOption = False,
) -> None:
    """Distil a large text encoder into a small, fast one for the texts of a catalogue."""
    from daybreak.service.training.distill import distil_catalogue_encoder

    sources = options.build_sources(
        [items] if items.is_dir() else None,
        None if items.is_dir() else {"items": items},
        column,
    )
    with (
        _open_plan(judgements, rankings, language, store) as plan,
        show_progress("encoding with the teacher") as progress,
    ):
        result = distil_catalogue_encoder(
            sources,
            teacher,
            out,
            dim=dim,
            plan=plan,
            progress=lambda done, n: progress.update(done, n, "encoding with the teacher"),
        )
    if json:
        show_json({"folder": result.folder, "texts_per_s": result.texts_per_s, **result.facts})
        return
    show_lines(
        [
            f"{result.folder}: {dim} dimensions, {result.texts_per_s:,.0f} texts/s",
            f"cosine similarity to the teacher, held-out texts: {result.facts['fidelity']:.3f}",
            *result.describe_judgements(),
        ]
    )
    print_message(f"next: daybreak train --encoder {out}")


@contextmanager
def _open_plan(
    judgements: str, n_rankings: int, language: str, store: str | None
) -> "Iterator[JudgementPlan]":
    """Open the language model and the store of its answers, if judgements are asked for."""
    from daybreak.errors import ConfigError
    from daybreak.service.language import open_language_model
    from daybreak.service.training.distill import JudgementPlan

    is_number = judgements.lstrip("+-").isdecimal()
    n_pairs, file = (int(judgements), None) if is_number else (0, Path(judgements))
    if n_pairs < 0:
        raise ConfigError(f"--judgements must be a file or at least 0, got {n_pairs}")
    settings = options.load_settings()
    if not (n_pairs or n_rankings):
        yield JudgementPlan(file=file)
    elif store is None:
        model = open_language_model(settings)
        yield JudgementPlan(model, n_pairs, n_rankings, language, file)
    else:
        with options.open_workspace(store=store) as workspace:
            model = open_language_model(settings, workspace.store)
            yield JudgementPlan(model, n_pairs, n_rankings, language, file)
