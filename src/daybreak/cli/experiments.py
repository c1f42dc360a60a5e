"""Commands of the group ``experiments``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines

if TYPE_CHECKING:
    from daybreak.service.experiments import ExperimentManager, ExperimentReport

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Name of the experiment.")]
VariantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        metavar="NAME[=RELEASE]",
        help="A variant, of the release in use or another; the first is the yardstick.",
    ),
]
ShadowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--shadow",
        metavar="NAME[=RELEASE]",
        help="A variant that answers beside the others and is never shown.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="VARIANT.NAME=JSON",
        help="What a variant changes: new.explore=true, new.rules.diversity=0.3.",
    ),
]
MetricOption = Annotated[
    str, typer.Option(metavar="NAME", help="What decides: ctr, conversion, satisfaction.")
]
EffectOption = Annotated[
    float | None, typer.Option(metavar="NUMBER", help="Smallest difference that matters.")
]
ShareOption = Annotated[
    float, typer.Option(metavar="SHARE", help="Of all people who take part.")
]
WindowOption = Annotated[
    float | None, typer.Option("--window", metavar="HOURS", help="How long events count.")
]
ScenarioOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only requests of this scenario take part.")
]
UnitOption = Annotated[
    str, typer.Option(metavar="UNIT", help="Who keeps a variant: the user or the session.")
]
FileOption = Annotated[
    str | None,
    typer.Option("--file", metavar="FILE", help="The plan as JSON instead; - reads stdin."),
]
DaysOption = Annotated[float, typer.Option(metavar="DAYS", help="How far back.")]
EveryOption = Annotated[
    float, typer.Option("--every", metavar="HOURS", help="Length of a period.")
]


def create(
    id: IdArgument,
    variant: VariantOption = None,
    shadow: ShadowOption = None,
    change: SetOption = None,
    *,
    metric: MetricOption = "ctr",
    effect: EffectOption = None,
    share: ShareOption = 1.0,
    window: WindowOption = None,
    scenario: ScenarioOption = None,
    unit: UnitOption = "user",
    file: FileOption = None,
    start: Annotated[bool, typer.Option("--start", help="Start it at once.")] = False,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Plan an experiment between releases or settings."""
    from daybreak.cli.experiment_plan import parse_plan, read_plan

    plan = read_plan(file) if file else parse_plan(variant or (), shadow or (), change or ())
    if not file:
        plan |= {"metric": metric, "effect": effect, "share": share, "unit": unit}
        plan |= {"scenario": scenario, "attribution": {"window_h": window} if window else {}}
    with _open_experiments(store) as book:
        made = book.create(plan | {"id": id})
        _show_plans([book.start(id) if start else made], json=json)


def start(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Let an experiment take requests; what it compares is fixed from now on."""
    with _open_experiments(store) as book:
        _show_plans([book.start(id)], json=json)


def stop(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Let an experiment take no more requests, for good."""
    with _open_experiments(store) as book:
        _show_plans([book.stop(id)], json=json)


def change(
    id: IdArgument,
    share: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of all people who take part.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What to remember.")] = None,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Let more or fewer people take part, or write a note; the rest is fixed."""
    given = {"share": share, "note": note}
    with _open_experiments(store) as book:
        changed = {name: value for name, value in given.items() if value is not None}
        _show_plans([book.change(id, changed)], json=json)


def delete(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Forget an experiment that does not run."""
    with _open_experiments(store) as book:
        book.delete(id)
    if json:
        show_json({"deleted": id})
    else:
        show_lines([f"deleted {id}"])


def list_(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """List all experiments."""
    with _open_experiments(store) as book:
        plans = book.list()
        if json:
            show_json({"experiments": [plan.to_dict() for plan in plans]})
        elif plans:
            _show_plans(plans, json=False)
        else:
            show_lines(["no experiments yet; plan one with: daybreak experiments create"])


def report(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Say what came of an experiment, and how sure that is; look as often as you like."""
    with _open_experiments(store) as book:
        found = book.report(id)
    if json:
        show_json(found.to_dict())
    else:
        _show_report(found)


def online(
    days: DaysOption = 30.0,
    every: EveryOption = 24.0,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Say how the service does over time: clicks, conversions, satisfaction, coverage."""
    import time

    now = time.time()
    with _open_experiments(store) as book:
        found = book.online(now - days * 86400, until=now, every_h=every)
    if json:
        show_json(found.to_dict())
    else:
        from daybreak.service.experiments.tables import online_table

        show_frame(online_table(found), "The service over time")


@contextmanager
def _open_experiments(store: str | None) -> "Iterator[ExperimentManager]":
    """Open the experiments of a store."""
    with options.open_workspace(store=store) as shop:
        yield shop.experiments()


def _show_plans(plans: "Any", *, json: bool) -> None:
    """Print experiments: one as an object, several as a table."""
    from daybreak.service.experiments.tables import plan_table

    if json:
        (plan,) = plans
        show_json(plan.to_dict())
    else:
        show_frame(plan_table(plans), "Experiments")


def _show_report(report: "ExperimentReport") -> None:
    from daybreak.service.experiments.tables import (
        difference_table,
        shadow_table,
        variant_table,
    )

    show_lines([report.verdict, ""])
    show_frame(variant_table(report), f"Experiment {report.experiment.id}")
    if report.differences:
        show_frame(
            difference_table(report), f"Against {report.experiment.shown_variants[0].name}"
        )
    if report.shadows:
        show_frame(shadow_table(report), "Shadows")
    show_lines([*(f"note: {note}" for note in report.notes), report.method])
