"""The commands ``recommend``, ``similar``, ``audience`` and ``explain``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from daybreak.cli import batch, options
from daybreak.cli.language import message, translate, translate_value
from daybreak.cli.output import print_message, print_messages, show_json
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    import polars as pl

    from daybreak import Boost, Quota, Rules


WhereOption = Annotated[
    str | None,
    typer.Option(metavar="FILTER", help="Filter that items must match, such as 'price < 10'."),
]
CategoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        "--categories",
        metavar="NAME",
        help="Category of the items; repeatable (one of the categories must match).",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="ITEM", help="Id of an item to exclude; repeatable."),
]
BoostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--boost",
        metavar="FACTOR:FILTER",
        help="Factor above 0 for items that match a filter, as in '2:price < 10'; repeatable.",
    ),
]
DiversityOption = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Diversity of the list; 0: order by score. Default: 0."),
]
NoveltyOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Preference for items that few users have chosen, among the best; 0: order by "
        "score. Default: 0.",
    ),
]
AtMostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--at-most",
        metavar="N:COLUMN",
        help="Maximum number of items per value of a column, as in 2:brand; repeatable.",
    ),
]
AtLeastOption = Annotated[
    list[str] | None,
    typer.Option(
        "--at-least",
        metavar="N:FILTER",
        help="Minimum number of items that match a filter, as in '1:price < 5'; repeatable.",
    ),
]
DistinctOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column whose values may occur only once in a list, such as title.",
    ),
]


class OrderOptions(NamedTuple):
    """Values of the options that reorder a list; None: not given."""

    diversity: float | None
    novelty: float | None
    at_most: Sequence[str] | None
    at_least: Sequence[str] | None
    distinct: str | None


def parse_list_rules(
    where: str | None,
    category: Sequence[str] | None,
    exclude: Sequence[str] | None,
    boost: Sequence[str] | None,
    order: OrderOptions,
    exclude_event: Sequence[str] | None = None,
) -> "Rules | None":
    """Return the rules of a list, None if no option is given.

    Args:
        where: Filter expression.
        category: Categories of which an item must have one.
        exclude: Ids of items to exclude.
        boost: Boosts as ``FACTOR:FILTER``.
        order: Values of the options that reorder a list.
        exclude_event: The only types of events that exclude their items.
    """
    from daybreak import Rules

    rules = Rules(
        where=where or "",
        categories=tuple(category or ()),
        exclude=tuple(exclude or ()),
        boosts=tuple(parse_boost(text) for text in boost or ()),
        diversity=order.diversity or 0.0,
        novelty=order.novelty or 0.0,
        quotas=(
            *(_parse_quota(text, "--at-most") for text in order.at_most or ()),
            *(_parse_quota(text, "--at-least") for text in order.at_least or ()),
        ),
        distinct=order.distinct,
        exclude_events=None if exclude_event is None else tuple(exclude_event),
    )
    return None if rules == Rules() else rules


def parse_boost(text: str) -> "Boost":
    """Return a boost that an option names as ``FACTOR:FILTER``.

    Raises:
        ConfigError: The text has another form, or the factor is not above 0.
    """
    from daybreak import Boost

    factor, where = _split_number(text, "--boost", "FACTOR:FILTER")
    return Boost(where, factor=factor)


def _parse_quota(text: str, option: str) -> "Quota":
    from daybreak import Quota
    from daybreak.errors import ConfigError

    is_maximum = option == "--at-most"
    number, what = _split_number(text, option, "N:COLUMN" if is_maximum else "N:FILTER")
    if not number.is_integer():
        raise ConfigError(f"{option} needs a whole number before the colon, got {text!r}")
    if is_maximum:
        return Quota(each=what, at_most=int(number))
    return Quota(what, at_least=int(number))


def _split_number(text: str, option: str, form: str) -> tuple[float, str]:
    from daybreak.errors import ConfigError

    number, separator, rest = text.partition(":")
    try:
        return float(number if separator and rest.strip() else ""), rest.strip()
    except ValueError as error:
        raise ConfigError(f"{option} must look like {form}, got {text!r}") from error


UsersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[USER]...", help="Ids of users, known or unknown. Default: one new user."
    ),
]
UserIdOption = Annotated[
    list[str] | None,
    typer.Option("--user-id", metavar="ID", help="Id of a user, as USER; repeatable."),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--text", "--profile", metavar="TEXT", help="What the user says, in words."),
]
AttributeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute",
        metavar="NAME=VALUE",
        help="Attribute of the user, as in country=France; repeatable.",
    ),
]
EventOption = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        metavar="ITEM",
        help="Id of an item that the user has just chosen; repeatable.",
    ),
]
ItemsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--items",
        metavar="ITEM",
        help="Id of an item to rank; repeatable. Default: the whole catalogue.",
    ),
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Add the reasons for each row.")]
ExplainTextOption = Annotated[
    str | None,
    typer.Option(
        "--explain-text",
        metavar="LANGUAGE",
        help="Add a sentence for each row, in en or zh; by the language model of the settings, "
        "if there is one.",
    ),
]
ImageOption = Annotated[
    Path | None, typer.Option(help="File of a picture to compare with.", metavar="FILE")
]
ExcludeSeenOption = Annotated[
    bool | None,
    typer.Option(
        "--exclude-seen/--no-exclude-seen",
        " /--seen",
        help="Whether to leave out items that the user has. Default: the rule of the shop.",
        show_default=False,
    ),
]
ExcludingEventOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-event",
        "--exclude-events",
        metavar="TYPE",
        help="The only type of events that exclude their items; repeatable. Default: the rule "
        "of the shop.",
    ),
]
ItemArgument = Annotated[str | None, typer.Argument(metavar="[ITEM]", help="Id of an item.")]
TextOption = Annotated[
    str | None,
    typer.Option(
        "--text", metavar="TEXT", help="Description of an item in words, in place of an id."
    ),
]


def recommend(
    users: UsersArgument = None,
    *,
    user_id: UserIdOption = None,
    profile: ProfileOption = None,
    attribute: AttributeOption = None,
    event: EventOption = None,
    items: ItemsOption = None,
    where: WhereOption = None,
    category: CategoryOption = None,
    exclude: ExcludeOption = None,
    boost: BoostOption = None,
    diversity: DiversityOption = None,
    novelty: NoveltyOption = None,
    at_most: AtMostOption = None,
    at_least: AtLeastOption = None,
    distinct: DistinctOption = None,
    k: options.KOption = None,
    store: options.StoreOption = None,
    explain: ExplainOption = False,
    explain_text: ExplainTextOption = None,
    exclude_seen: ExcludeSeenOption = None,
    exclude_event: ExcludingEventOption = None,
    popularity: options.PopularityOption = None,
    unknown_items: options.UnknownItemsOption = None,
    everybody: batch.AllOption = False,
    out: batch.OutOption = None,
    engine: options.EngineOption = None,
    json: options.JsonOption = False,
) -> None:
    """Recommend items to known users, new users or a user who is described in words."""
    from daybreak.service.ingest.files import parse_pairs
    from daybreak.service.state.profiles import ANONYMOUS_USER_ID, AdHocProfile

    profile_given = AdHocProfile(
        profile, parse_pairs(attribute or [], "--attribute"), event or ()
    )
    order = OrderOptions(diversity, novelty, at_most, at_least, distinct)
    rules = parse_list_rules(where, category, exclude, boost, order, exclude_event)
    named = [*(users or ()), *(user_id or ())]
    described = bool(named or profile_given != AdHocProfile() or explain or explain_text)
    batch.check_batch_options(out, everybody=everybody, named=described)
    lists: dict[str, Any] = {"items": items, "exclude_seen": exclude_seen, "rules": rules}
    lists["popularity"] = popularity
    with options.open_workspace(store=store, k=k, unknown_items=unknown_items) as workspace:
        if out is not None:
            batch.write_lists(workspace, out, engine, lists, json=json)
            return
        answer = workspace.recommend(
            named or [ANONYMOUS_USER_ID],
            profile_given,
            explain="text" if explain_text else explain,
            language=explain_text or "en",
            **lists,
        )
        notes = workspace.notes
    _show_lists(answer, notes, as_json=json)


def _show_lists(answer: "pl.DataFrame", notes: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json({"recommendations": answer, "notes": notes})
        return
    print_messages(notes)
    _show_grouped(answer, "user_id")


def similar(
    item: ItemArgument = None,
    text: TextOption = None,
    image: ImageOption = None,
    where: WhereOption = None,
    k: options.KOption = None,
    store: options.StoreOption = None,
    *,
    explain: ExplainOption = False,
    json: options.JsonOption = False,
) -> None:
    """Find items similar to an item, to a text or to a picture."""
    with options.open_workspace(store=store, k=k) as workspace:
        answer = workspace.similar_items(item, text, image, where=where or "", explain=explain)
        described = text if image is None else image.name
        label = described if item is None else workspace.item_label(item)
        notes = workspace.notes
    if json:
        show_json({"items": answer, "notes": notes})
    else:
        print_messages(notes)
        _show_grouped(answer, "query", f"Similar to {label}")


def audience(
    item: ItemArgument = None,
    text: TextOption = None,
    k: options.KOption = None,
    store: options.StoreOption = None,
    *,
    explain: ExplainOption = False,
    json: options.JsonOption = False,
) -> None:
    """Find the known users with the highest scores for an item."""
    with options.open_workspace(store=store, k=k) as workspace:
        answer = workspace.find_audience(item, text, explain=explain)
        label = text if item is None else workspace.item_label(item)
        notes = workspace.notes
    if json:
        show_json({"users": answer, "notes": notes})
    else:
        print_messages(notes)
        show_frame(_format_reasons(answer), f"Users for {label}")


def explain(
    user: Annotated[
        str, typer.Argument(metavar="USER", help="Id of a user, known or unknown.")
    ],
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of an item.")],
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Explain the score of an item for a user as a sum of contributions."""
    with options.open_workspace(store=store) as workspace:
        reasons = workspace.explain(user, item)
        label = workspace.item_label(item)
        notes = workspace.notes
    total = float(reasons["value"].sum())
    if json:
        found = {"user_id": user, "item_id": item, "score": total, "reasons": reasons}
        show_json({**found, "notes": notes})
        return
    print_messages(notes)
    shown = reasons.select("kind", "text", "name", "value")
    show_frame(shown, f"Score of {label} for {user}: {total:.3f}")


def _show_grouped(frame: "pl.DataFrame", key: str, title: str = "") -> None:
    """Print one table per user or query; the reasons of an item become one text.

    Args:
        frame: Rows of all tables.
        key: Column of the user or query.
        title: Title of the table of a query.
    """
    if not frame.height:
        print_message(message("nothing_to_show"))
    frame = _format_reasons(frame)
    for (name,), part in frame.group_by([key], maintain_order=True):
        known = "user_temperature" in part.columns
        heading = title or str(name)
        if known:
            warmth = translate_value(part["user_temperature"][0])
            heading = message("for_user", name=translate(str(name)), temperature=warmth)
        show_frame(part.drop(key, "user_temperature", strict=False), heading)


def _format_reasons(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Return a frame whose reasons are one text for each row, if it has reasons."""
    if "reasons" not in frame.columns:
        return frame
    from daybreak.service.benchmarking.summary import format_reasons

    return format_reasons(frame)
