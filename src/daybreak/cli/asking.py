"""Commands that answer: ``recommend``, ``similar``, ``audience``, ``explain``."""

from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options, ruling
from daybreak.cli.output import show_frame, show_json
from daybreak.cli.status import tell

if TYPE_CHECKING:
    import polars as pl

Users = Annotated[
    list[str] | None, typer.Argument(metavar="[USER]...", help="Users, known or not.")
]
Profile = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What they say about themselves, in words.")
]
Attribute = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute", metavar="NAME=VALUE", help="What is known of them; repeatable."
    ),
]
Event = Annotated[
    list[str] | None,
    typer.Option("--event", metavar="ITEM", help="An item just chosen; repeatable."),
]
Items = Annotated[
    list[str] | None,
    typer.Option("--items", metavar="ITEM", help="Rank only these; repeatable."),
]
Explained = Annotated[bool, typer.Option("--explain", help="Say why, item by item.")]
Repeats = Annotated[bool, typer.Option("--seen", help="Keep items they already have.")]
Item = Annotated[str | None, typer.Argument(metavar="[ITEM]", help="An item of the catalogue.")]
Described = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="Words instead of an item.")
]


def recommend(
    users: Users = None,
    *,
    profile: Profile = None,
    attribute: Attribute = None,
    event: Event = None,
    items: Items = None,
    where: ruling.Where = None,
    category: ruling.Category = None,
    exclude: ruling.Exclude = None,
    boost: ruling.Boosts = None,
    diversity: ruling.Diversity = None,
    at_most: ruling.AtMost = None,
    at_least: ruling.AtLeast = None,
    distinct: ruling.Distinct = None,
    k: options.K = None,
    store: options.Store = None,
    explain: Explained = False,
    seen: Repeats = False,
    json: options.Json = False,
) -> None:
    """Recommend to users: known, new, or described in words."""
    from daybreak.service.importing import parse_pairs
    from daybreak.service.said import SOMEBODY, Said

    said = Said(profile, parse_pairs(attribute or [], "--attribute"), event or ())
    order = (diversity, at_most, at_least, distinct)
    rules = ruling.rules(where, category, exclude, boost, order)
    with options.shop(store=store, k=k) as shop:
        answer = shop.recommend(
            users or [SOMEBODY],
            said,
            items=items,
            exclude_seen=not seen,
            explain=explain,
            rules=rules,
        )
    if json:
        show_json({"recommendations": answer})
    else:
        _show_by(answer, "user_id")


def similar(
    item: Item = None,
    text: Described = None,
    k: options.K = None,
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Find items like an item, or like a text."""
    with options.shop(store=store, k=k) as shop:
        answer = shop.similar(item, text)
    if json:
        show_json({"items": answer})
    else:
        _show_by(answer, "query")


def audience(
    item: Item = None,
    text: Described = None,
    k: options.K = None,
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Find who would like an item best, new or not."""
    with options.shop(store=store, k=k) as shop:
        answer = shop.audience(item, text)
    if json:
        show_json({"users": answer})
    else:
        show_frame(answer, f"Who would like {text or item}")


def explain(
    user: Annotated[str, typer.Argument(help="A user, known or not.")],
    item: Annotated[str, typer.Argument(help="An item of the catalogue.")],
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Say in numbers that add up why a user gets an item."""
    with options.shop(store=store) as shop:
        reasons = shop.explain(user, item)
    total = float(reasons["value"].sum())
    if json:
        show_json({"user_id": user, "item_id": item, "score": total, "reasons": reasons})
        return
    show_frame(reasons, f"Why {item} for {user}: {total:.3f}")


def _show_by(answer: "pl.DataFrame", key: str) -> None:
    """Print one table for each user or query; reasons become one line."""
    if not answer.height:
        tell("nothing to show")
    if "reasons" in answer.columns:
        from daybreak.service.summary import reasons_in_words

        answer = reasons_in_words(answer)
    for (name,), part in answer.group_by([key], maintain_order=True):
        known = "user_temperature" in part.columns
        title = f"For {name} ({part['user_temperature'][0]})" if known else str(name)
        show_frame(part.drop(key, "user_temperature", strict=False), title)
