"""Commands about who may use the server: ``keys create``, ``keys list``, ``keys revoke``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines

if TYPE_CHECKING:
    from daybreak.server.keys import Key, Keys

KeyRole = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="What it may do: read, write or admin.")
]
KeyName = Annotated[str, typer.Option("--name", help="Who has it, in words.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]


def create(
    role: KeyRole = "read",
    name: KeyName = "",
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Make a key for the server, and show it this once."""
    with _keys(store) as keys:
        key, text = keys.create(role, name)
    if json:
        show_json({**_told(key), "key": text})
    else:
        show_lines([f"{key.role} key {key.id}, shown this once: {text}"])


def list_(store: options.Store = None, *, json: options.Json = False) -> None:
    """List the keys that are in force, without their secrets."""
    import time

    import polars as pl

    with _keys(store) as keys:
        found = [_told(key) for key in keys.all()]
    if json:
        show_json({"keys": found})
        return
    for row in found:
        made = time.gmtime(row["created_at"])
        row["created_at"] = time.strftime("%Y-%m-%d %H:%M UTC", made)
    columns = dict.fromkeys(("id", "role", "name", "created_at"), pl.String)
    show_frame(pl.DataFrame(found, schema=columns))


def revoke(id_: KeyId, store: options.Store = None, *, json: options.Json = False) -> None:
    """Let a key open nothing any more; running servers notice within seconds."""
    with _keys(store) as keys:
        key = keys.revoke(id_)
    if json:
        show_json({"revoked": _told(key)})
    else:
        show_lines([f"revoked {key.role} key {key.id}"])


@contextmanager
def _keys(store: str | None) -> "Iterator[Keys]":
    from daybreak.server.keys import Keys

    with options.shop(create=True, store=store) as shop:
        yield Keys(shop.store.journal)


def _told(key: "Key") -> dict[str, Any]:
    return {"id": key.id, "role": key.role, "name": key.name, "created_at": key.created_at}
