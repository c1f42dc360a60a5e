"""The commands ``demo``, ``config`` and ``doctor``."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.language import choose_language, current_language, message, translate
from daybreak.cli.output import (
    EXIT_FINDINGS,
    NEXT_STEPS,
    create_console,
    print_message,
    show_findings,
    show_json,
)
from daybreak.cli.progress import show_progress
from daybreak.cli.tables import show_frame
from daybreak.errors import NextStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daybreak.config import Settings
    from daybreak.data import Finding
    from daybreak.service.demo import DemoResult


QuickOption = Annotated[
    bool,
    typer.Option(
        "--quick",
        help="Use a part of the data, four strategies and no text encoder; takes seconds.",
    ),
]
DemoStoreOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Store in which data and release are kept. Default: a temporary store.",
    ),
]
ServeOption = Annotated[
    bool,
    typer.Option(
        "--serve",
        help="Afterwards serve the shop on this machine and open its web page, until Ctrl+C.",
    ),
]
ServePortOption = Annotated[
    int, typer.Option(min=0, max=65_535, help="Port of --serve; 0: any free port.")
]
DemoDataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Folder with other data, such as anime with Chinese texts. Default: a gift shop.",
    ),
]
DemoLanguageOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="CODE",
        help="Language of messages and of what the new customer says, en or zh. Default: that "
        "of the system.",
    ),
]
PictureOption = Annotated[
    Path | None,
    typer.Option(
        "--picture", metavar="FILE", help="Also write the warm-up curve as an SVG file."
    ),
]


def demo(
    html: options.HtmlOption = None,
    picture: PictureOption = None,
    store: DemoStoreOption = None,
    seed: options.SeedOption = None,
    *,
    data: DemoDataOption = None,
    lang: DemoLanguageOption = None,
    quick: QuickOption = False,
    serve: ServeOption = False,
    port: ServePortOption = 8000,
    json: options.JsonOption = False,
) -> None:
    """Run the whole workflow on the data of a real shop."""
    if lang is not None:
        choose_language(lang)
    with _demo_store(store, is_served=serve) as url:
        settings = options.load_settings(seed=seed)
        files = ((html, "write_page"), (picture, "write_picture"))
        _run_demo(settings, url, files, data, quick=quick, as_json=json)
        if serve:
            _serve_demo(settings, url, port, quick=quick, as_json=json)


@contextmanager
def _demo_store(store: str | None, *, is_served: bool) -> "Iterator[str | None]":
    """Yield the store of the demo; a temporary one is kept while it is served."""
    if store is not None or not is_served:
        yield store
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="daybreak-", ignore_cleanup_errors=True) as folder:
        yield f"sqlite:///{folder}/demo.db"


def _serve_demo(
    settings: "Settings", url: str | None, port: int, *, quick: bool, as_json: bool
) -> None:
    from dataclasses import replace

    from daybreak.cli.serve import serve_in_browser

    encoder = "none" if quick else settings.encoder
    served = replace(settings, store=url or settings.store, encoder=encoder)
    serve_in_browser(served, port, "try", as_json=as_json)


def _run_demo(
    settings: "Settings",
    store: str | None,
    files: "Sequence[tuple[Path | None, str]]",
    data: Path | None,
    *,
    quick: bool,
    as_json: bool,
) -> None:
    """Run the demo, show its result and write its files.

    Args:
        settings: Encoder and seed.
        store: URL of the store; None: a temporary one.
        files: Paths of files, and methods of the result that write them.
        data: Folder of other data; None: the gift shop.
        quick: Whether to use a part of the data.
        as_json: Whether to print JSON.
    """
    from daybreak.service.demo import choose_demo_data, run_demo

    title = message("demo_quick" if quick else "demo_whole", name=_name_of(data))
    with show_progress(title, counts_steps=False) as progress:
        result = run_demo(
            settings,
            store=store,
            quick=quick,
            progress=progress.start,
            data=choose_demo_data(data, current_language(), quick=quick),
        )
    _show_demo(result, _name_of(data), as_json=as_json)
    for path, method in files:
        if path is not None:
            getattr(result, method)(path)
            print_message(message("wrote", path=path))


def config(
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    k: options.KOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Print each setting and its origin."""
    import polars as pl

    from daybreak.service.doctor import displayed_settings

    settings = displayed_settings({"store": store, "encoder": encoder, "seed": seed, "k": k})
    if json:
        show_json({"settings": settings})
        return
    rows = [(setting.name, str(setting.value), setting.origin) for setting in settings]
    show_frame(pl.DataFrame(rows, ["setting", "value", "from"], orient="row"))


def doctor(
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Check the installation; exit status 1 if a check fails."""
    from daybreak.service.doctor import run_checks

    settings = options.load_settings(store=store, encoder=encoder)
    findings = [_with_next_step(finding) for finding in run_checks(settings)]
    show_findings(findings, as_json=json)
    if any(finding.level == "FAIL" for finding in findings):
        raise typer.Exit(EXIT_FINDINGS)


def _with_next_step(finding: "Finding") -> "Finding":
    """Return a finding whose message ends with the command to run next, where there is one."""
    from dataclasses import replace

    if (finding.level, finding.code) != ("WARN", "store"):
        return finding
    return replace(finding, message=f"{finding.message}; {NEXT_STEPS[NextStep.IMPORT_DATA]}")


def _name_of(data: Path | None) -> str:
    return message("gift_shop") if data is None else data.resolve().name


def _show_demo(demo: "DemoResult", name: str, *, as_json: bool) -> None:
    """Print the evaluation, the training and the example lists of the demo."""
    from daybreak.service.benchmarking.summary import evaluation_table, training_table

    if as_json:
        show_json(
            {
                "imported": demo.imported,
                "report": json.loads(demo.report.to_json()),
                "training": demo.training.measured,
                "answers": demo.answers,
                "seconds": demo.seconds,
            }
        )
        return
    counts = ", ".join(f"{rows:,} {translate(role)}" for role, rows in demo.imported.items())
    out = create_console()
    out.print(f"[bold]{name}[/]: {counts}\n")
    k = demo.report.k
    title = f"Cold-start report: NDCG@{k} [95 % interval] for unseen users and items"
    show_frame(evaluation_table(demo.report), translate(title))
    levels = training_table(demo.training.measured).drop("weights", "prior", "moved")
    title = "NDCG@10 in the simulated cold starts of the training"
    show_frame(levels, translate(title))
    for heading, frame in demo.answers.items():
        show_frame(frame, heading)
    for note in demo.training.notes:
        print_message(note)
    phases = ", ".join(f"{translate(step)} {s:.1f}" for step, s in demo.seconds.items())
    out.print(message("demo_seconds", seconds=sum(demo.seconds.values()), phases=phases))
