"""The commands ``items delete``, ``users delete`` and ``events delete``."""

from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines

ItemsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of items.")]
UsersArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of users.")]
EventIdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of events.")
]
OfUserOption = Annotated[
    str | None, typer.Option("--user", metavar="ID", help="Delete the events of this user.")
]
OnItemOption = Annotated[
    str | None, typer.Option("--item", metavar="ID", help="Delete the events on this item.")
]


def items(
    ids: ItemsArgument, *, store: options.StoreOption = None, json: options.JsonOption = False
) -> None:
    """Delete items and their events; later events do not bring them back into lists."""
    with options.open_workspace(store=store) as workspace:
        deleted = workspace.delete_items(ids)
    _show_deleted("items", deleted, len(set(ids)), as_json=json)


def users(
    ids: UsersArgument, *, store: options.StoreOption = None, json: options.JsonOption = False
) -> None:
    """Erase users everywhere: profiles, events and logged recommendations."""
    with options.open_workspace(store=store) as workspace:
        deleted = workspace.delete_users(ids)
    _show_deleted("users", deleted, len(set(ids)), as_json=json)


def events(
    ids: EventIdsArgument = None,
    *,
    user: OfUserOption = None,
    item: OnItemOption = None,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Delete events: by id, all of a user, of an item, or of both."""
    with options.open_workspace(store=store) as workspace:
        deleted = workspace.delete_events(ids or (), user=user, item=item)
    _show_deleted("events", deleted, None, as_json=json)


def _show_deleted(table: str, deleted: int, given: int | None, *, as_json: bool) -> None:
    """Print the number of deleted rows; a message tells of ids that the store does not have."""
    if as_json:
        show_json({"deleted": deleted})
    else:
        show_lines([f"{deleted:,} {table} deleted"])
    if given is not None and deleted < given:
        print_message(f"{given - deleted:,} of the {given:,} ids are not in the store")
