"""Commands that learn and measure: ``train``, ``compare``, ``evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines
from daybreak.cli.progress import working
from daybreak.cli.status import STATUS, tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from daybreak.evaluation import Report

Slice = Annotated[
    list[str] | None,
    typer.Option("--slice", metavar="NAME", help="A slice to measure; repeatable, else all."),
]
ColdItems = Annotated[
    str,
    typer.Option(metavar="HOW", help="Items that play the new ones: random, or newest."),
]


Start = Annotated[
    str | None,
    typer.Option(metavar="RELEASE", help="Go on from a release: an id, a folder, or active."),
]
KeepWeights = Annotated[
    bool,
    typer.Option("--keep-weights", help="With --start: keep its weights, simulate nothing."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Put it into use even if it is found to be worse.")
]
NoGate = Annotated[
    bool, typer.Option("--no-gate", help="Do not compare with the release in use.")
]
Budget = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Time for the training; with it the costly strategies compete too.",
    ),
]
Search = Annotated[
    bool,
    typer.Option("--search", help="With --budget: look for better options of strategies."),
]
Named = Annotated[str, typer.Argument(help="A release: an id, a folder, or active.")]


def train(
    strategy: options.Strategies = None,
    start: Start = None,
    store: options.Store = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    budget: Budget = None,
    *,
    search: Search = False,
    keep_weights: KeepWeights = False,
    force: Force = False,
    no_gate: NoGate = False,
    json: options.Json = False,
) -> None:
    """Learn from the store and put the release into use, unless it is worse."""
    from daybreak.errors import GateRefusedError
    from daybreak.service.learning import Effort
    from daybreak.service.shop import Terms
    from daybreak.service.summary import candidates_table, training_table

    terms = Terms(not no_gate, force, start, keep_weights, Effort(budget, search))
    try:
        with (
            options.shop(store=store, encoder=encoder, seed=seed) as shop,
            working("reading the store") as work,
        ):
            training = shop.train(strategy or "auto", work.say, terms)
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
    tell(f"trained in {training.seconds:.1f} s; next: daybreak recommend USER")


def compare(
    old: Named,
    new: Named,
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Compare two releases on the data in the store; status 9 if NEW is worse."""
    with options.shop(store=store) as shop, working("reading the store") as work:
        verdict = shop.compare(new, old, work.say)
    _show_verdict(verdict.to_dict(), as_json=json)
    if not verdict.passed:
        raise typer.Exit(STATUS["gate_refused"])


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


def _show_verdict(verdict: "Mapping[str, Any]", *, as_json: bool) -> None:
    from daybreak.service.summary import verdict_table

    if as_json:
        show_json({"gate": verdict})
        return
    if verdict["slices"]:
        show_frame(verdict_table(verdict), "NDCG@10 of the new release against the one before")
    show_lines([f"note: {note}" for note in verdict["notes"]])


def _write(path: Path, report: "Report") -> None:
    from daybreak.errors import ConfigError
    from daybreak.evaluation.html import write_html

    try:
        write_html(report, path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    tell(f"wrote {path}")
