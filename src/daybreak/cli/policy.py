"""The commands ``policy show``, ``policy set``, ``policy preview`` and ``policy reset``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines
from daybreak.cli.recommend import parse_boost
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak.service.serving.policy import PolicyManager, ShopPolicy

WhereOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILTER",
        help="Filter that the items of every list must match; '': none.",
    ),
]
BoostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--boost",
        metavar="FACTOR:FILTER",
        help="Boost of every list, as in '2:price < 10'; repeatable. The boosts before are "
        "replaced.",
    ),
]
NoBoostsOption = Annotated[bool, typer.Option("--no-boosts", help="Remove all boosts.")]
RetrainOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="When to retrain: auto, off, or conditions as in every=12h,events=0.2.",
    ),
]
RetentionOption = Annotated[
    float | None,
    typer.Option(
        "--retention",
        metavar="DAYS",
        min=0,
        help="Age at which events and logged recommendations are deleted; 0: never.",
    ),
]


def show(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """Show the rules of all lists, when to retrain, and how long events are kept."""
    with _open_policy(store) as manager:
        _show(manager.current, as_json=json)


def set_(
    store: options.StoreOption = None,
    *,
    where: WhereOption = None,
    boost: BoostOption = None,
    no_boosts: NoBoostsOption = False,
    retrain: RetrainOption = None,
    retention: RetentionOption = None,
    json: options.JsonOption = False,
) -> None:
    """Change the policy; what no option names stays, and servers follow within seconds."""
    with _open_policy(store) as manager:
        policy = _with_rules(manager.current, where, boost, without_boosts=no_boosts)
        if retrain is not None:
            policy = replace(policy, retrain=retrain)
        if retention is not None:
            policy = replace(policy, retention_days=retention)
        manager.put(policy)
        _show(manager.current, as_json=json)


def preview(
    store: options.StoreOption = None,
    *,
    where: WhereOption = None,
    boost: BoostOption = None,
    no_boosts: NoBoostsOption = False,
    json: options.JsonOption = False,
) -> None:
    """Show which items the rules would hide or move after such a change; change nothing."""
    import polars as pl

    with _open_policy(store) as manager:
        policy = _with_rules(manager.current, where, boost, without_boosts=no_boosts)
        effects = manager.preview(policy)
    if json:
        show_json({"rules": effects})
        return
    rows = [
        {
            "rule": "hides" if one.factor is None else f"x {one.factor:g}",
            "filter": one.filter,
            "items": one.n_items,
            "first": ", ".join(one.item_ids),
        }
        for one in effects
    ]
    columns = {"rule": pl.String, "filter": pl.String, "items": pl.Int64, "first": pl.String}
    show_frame(pl.DataFrame(rows, schema=columns))


def reset(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """Remove the policy: no rules; retraining and retention as each server was started."""
    with _open_policy(store) as manager:
        manager.reset()
        _show(manager.current, as_json=json)


@contextmanager
def _open_policy(store: str | None) -> "Iterator[PolicyManager]":
    with options.open_workspace(store=store) as workspace:
        yield workspace.policy()


def _with_rules(
    policy: "ShopPolicy",
    where: str | None,
    boosts: list[str] | None,
    *,
    without_boosts: bool,
) -> "ShopPolicy":
    """Return a policy with the rules that options name."""
    from daybreak.errors import ConfigError

    if boosts and without_boosts:
        raise ConfigError("--boost and --no-boosts exclude each other")
    if where is not None:
        policy = replace(policy, where=where)
    if boosts or without_boosts:
        policy = replace(policy, boosts=tuple(map(parse_boost, boosts or ())))
    return policy


def _show(policy: "ShopPolicy", *, as_json: bool) -> None:
    if as_json:
        show_json(policy.to_dict())
        return
    days, started = policy.retention_days, "as the server was started"
    kept = f"{days:g} days" if days else "forever"
    show_lines(
        [
            f"filter of every list: {policy.where or 'none'}",
            *(f"boost of every list: {exp(b.value):g}:{b.where}" for b in policy.boosts),
            f"retraining: {policy.retrain or started}",
            f"events are kept: {started if days is None else kept}",
        ]
    )
