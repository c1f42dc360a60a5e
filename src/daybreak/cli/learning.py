"""Commands that learn and measure: ``train``, ``evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines
from daybreak.cli.progress import working
from daybreak.cli.status import tell

if TYPE_CHECKING:
    from daybreak.evaluation import Report

Slice = Annotated[
    list[str] | None,
    typer.Option("--slice", metavar="NAME", help="A slice to measure; repeatable, else all."),
]
ColdItems = Annotated[
    str,
    typer.Option(metavar="HOW", help="Items that play the new ones: random, or newest."),
]


def train(
    strategy: options.Strategies = None,
    store: options.Store = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    *,
    json: options.Json = False,
) -> None:
    """Learn from the store and put the release into use."""
    from daybreak.service.summary import training_table

    with (
        options.shop(store=store, encoder=encoder, seed=seed) as shop,
        working("reading the store") as work,
    ):
        training = shop.train(strategy or "auto", progress=work.say)
    if json:
        show_json({"release": training.release, "measured": training.measured,
                   "notes": training.notes, "seconds": training.seconds})  # fmt: skip
        return
    show_frame(training_table(training.measured), "NDCG@10 in simulated cold starts")
    show_lines([f"note: {note}" for note in training.notes])
    show_lines([f"release {training.release.id} is in use"])
    tell(f"trained in {training.seconds:.1f} s; next: daybreak recommend USER")


def evaluate(
    *,
    strategy: options.Strategies = None,
    slice_: Slice = None,
    cold_items: ColdItems = "random",
    k: options.K = None,
    html: options.Html = None,
    store: options.Store = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Hide users and items, and ask as if they were new."""
    from daybreak.service.summary import overview

    with (
        options.shop(store=store, encoder=encoder, seed=seed, k=k) as shop,
        working("hiding users and items") as work,
    ):
        report = shop.evaluate(
            strategy or (), slices=slice_, cold_items=cold_items, progress=work.step
        )
    if html is not None:
        _write(html, report)
    if json:
        import json as codec

        show_json(codec.loads(report.to_json()))
        return
    show_lines([report.table(), ""])
    show_frame(overview(report), f"NDCG@{report.k} with 95 % intervals")


def _write(path: Path, report: "Report") -> None:
    from daybreak.errors import ConfigError
    from daybreak.evaluation.html import write_html

    try:
        write_html(report, path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    tell(f"wrote {path}")
