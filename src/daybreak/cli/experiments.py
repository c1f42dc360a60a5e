"""The commands of the group ``experiments``."""

import json as json_codec
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines
from daybreak.cli.tables import show_frame
from daybreak.errors import ConfigError, DataError, NotFoundError

if TYPE_CHECKING:
    from daybreak.service.experiments import ExperimentManager, ExperimentReport

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the experiment.")]
VariantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        metavar="NAME[=RELEASE]",
        help="Variant, on the active or another release; repeatable. The first is the control.",
    ),
]
ShadowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--shadow",
        metavar="NAME[=RELEASE]",
        help="Shadow variant: computed for each request, never shown; repeatable.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="VARIANT.NAME=JSON",
        help="Setting of a variant, as in new.rules.diversity=0.3; repeatable.",
    ),
]
MetricOption = Annotated[
    str, typer.Option(metavar="NAME", help="Primary metric: ctr, conversion or satisfaction.")
]
EffectOption = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="Smallest difference that matters, above 0. Default: 0.01; for conversion: 0.002.",
    ),
]
ShareOption = Annotated[
    float,
    typer.Option(metavar="SHARE", help="Share of users that take part, above 0, at most 1."),
]
WindowOption = Annotated[
    float | None,
    typer.Option(
        "--window",
        metavar="HOURS",
        help="Time after a recommendation during which events count. Default: 24.",
    ),
]
ScenarioOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Scenario of the requests that take part. Default: all."),
]
UnitOption = Annotated[
    str, typer.Option(metavar="UNIT", help="Randomization unit: user or session.")
]
FileOption = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="JSON file with the plan, in place of the options above; -: stdin.",
    ),
]
DaysOption = Annotated[
    float,
    typer.Option(metavar="DAYS", help="Length of the reported time span, which ends now."),
]
EveryOption = Annotated[
    float,
    typer.Option(
        "--every",
        metavar="HOURS",
        help="Length of one period; the report has one row for each.",
    ),
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
    start: Annotated[
        bool, typer.Option("--start", help="Start the experiment immediately.")
    ] = False,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Create an experiment that compares releases or settings."""
    plan = read_plan(file) if file else parse_plan(variant or (), shadow or (), change or ())
    if not file:
        plan |= {"metric": metric, "effect": effect, "share": share, "unit": unit}
        plan |= {"scenario": scenario, "attribution": {"window_h": window} if window else {}}
    with _open_experiments(store) as experiments:
        experiment = experiments.create(plan | {"id": id})
        _show_plans([experiments.start(id) if start else experiment], json=json)


def start(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Start an experiment; its variants cannot be changed afterwards."""
    with _open_experiments(store) as experiments:
        _show_plans([experiments.start(id)], json=json)


def stop(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Stop an experiment permanently."""
    with _open_experiments(store) as experiments:
        _show_plans([experiments.stop(id)], json=json)


def change(
    id: IdArgument,
    share: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share of users that take part, above 0, at most 1."
        ),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Note that is stored with the experiment."),
    ] = None,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Change the share of users that take part, or the note."""
    given = {"share": share, "note": note}
    with _open_experiments(store) as experiments:
        changed = {name: value for name, value in given.items() if value is not None}
        _show_plans([experiments.change(id, changed)], json=json)


def delete(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Delete an experiment that is not running."""
    with _open_experiments(store) as experiments:
        experiments.delete(id)
    if json:
        show_json({"deleted": id})
    else:
        show_lines([f"deleted {id}"])


def list_(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """List all experiments."""
    with _open_experiments(store) as experiments:
        plans = experiments.list()
        if json:
            show_json({"experiments": [plan.to_dict() for plan in plans]})
        elif plans:
            _show_plans(plans, json=False)
        else:
            show_lines(["no experiments; create one with: daybreak experiments create"])


def report(
    id: IdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Report the results of an experiment so far; the intervals are valid at any time."""
    with _open_experiments(store) as experiments:
        result = experiments.report(id)
    if json:
        show_json(result.to_dict())
    else:
        _show_report(result)


def online(
    days: DaysOption = 30.0,
    every: EveryOption = 24.0,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Report clicks, conversions, satisfaction and coverage over time."""
    import time

    now = time.time()
    with _open_experiments(store) as experiments:
        result = experiments.online(now - days * 86400, until=now, every_h=every)
    if json:
        show_json(result.to_dict())
    else:
        from daybreak.service.experiments.tables import online_table

        show_frame(online_table(result), "Online metrics over time")


@contextmanager
def _open_experiments(store: str | None) -> "Iterator[ExperimentManager]":
    """Open the experiments of a store."""
    with options.open_workspace(store=store) as workspace:
        yield workspace.experiments()


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


def parse_plan(
    variants: Sequence[str], shadows: Sequence[str], changes: Sequence[str]
) -> dict[str, Any]:
    """Return the variants of a plan, as plain values.

    Args:
        variants: ``NAME`` or ``NAME=RELEASE``; the first variant is the control.
        shadows: Variants that are computed but not shown, in the same form.
        changes: Request fields that a variant sets, as ``VARIANT.NAME=JSON``; a dot in the name
            addresses a field of an object.

    Raises:
        ConfigError: A text does not have its form, or names an unknown variant.

    Example:
        >>> parse_plan(["now", "new"], [], ["new.rules.diversity=0.3"])["variants"][1]
        {'name': 'new', 'release': None, 'ask': {'rules': {'diversity': 0.3}}, 'shadow': False}
    """
    rows = [_parse_variant(text, shadow=False) for text in variants]
    rows += [_parse_variant(text, shadow=True) for text in shadows]
    by_name = {row["name"]: row for row in rows}
    for text in changes:
        place, _, value = text.partition("=")
        name, _, path = place.partition(".")
        if name not in by_name or not path or not value:
            raise ConfigError(
                f"--set must look like VARIANT.NAME=JSON, as in {next(iter(by_name), 'new')}"
                f".explore=true, got {text!r:.80}; variants: {', '.join(by_name) or 'none'}"
            )
        _set_nested(by_name[name]["ask"], path.split("."), _parse_json(value, text))
    return {"variants": rows}


def read_plan(file: str) -> dict[str, Any]:
    """Return a plan from a file of JSON; ``-`` is stdin.

    Raises:
        NotFoundError: There is no such file.
        DataError: The file does not contain a JSON object.
    """
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        plan = json_codec.loads(text)
    except OSError as error:
        raise NotFoundError(f"the plan {file!r} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"the plan {file!r} is not valid JSON: {error}") from error
    if not isinstance(plan, dict):
        raise DataError(f"the plan {file!r} must be a JSON object, got {plan!r:.60}")
    return plan


def _parse_variant(text: str, *, shadow: bool) -> dict[str, Any]:
    name, _, release = text.partition("=")
    return {"name": name, "release": release or None, "ask": {}, "shadow": shadow}


def _set_nested(row: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        row = row.setdefault(name, {})
        if not isinstance(row, dict):
            raise ConfigError(f"--set: {name!r} is {row!r:.60} already, so it has no {last!r}")
    row[last] = value


def _parse_json(value: str, text: str) -> Any:
    try:
        return json_codec.loads(value)
    except ValueError as error:
        raise ConfigError(
            f'{text!r:.80} must end in JSON, such as true, 3 or "a text": {error}'
        ) from error
