"""Commands about who may use the server: ``keys create``, ``keys list``, ``keys revoke``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines

if TYPE_CHECKING:
    from daybreak.server.auth.keys import ApiKey, ApiKeyStore

RoleOption = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="What it may do: read, write or admin.")
]
NameOption = Annotated[str, typer.Option("--name", help="Who has it, in words.")]
KeyIdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]


def create(
    role: RoleOption = "read",
    name: NameOption = "",
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Make a key for the server, and show it this once."""
    with _open_keys(store) as keys:
        key, text = keys.create(role, name)
    if json:
        show_json({**_key_fields(key), "key": text})
    else:
        show_lines([f"{key.role} key {key.id}, shown this once: {text}"])


def list_(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """List the keys that are in force, without their secrets."""
    import time

    import polars as pl

    with _open_keys(store) as keys:
        found = [_key_fields(key) for key in keys.all()]
    if json:
        show_json({"keys": found})
        return
    for row in found:
        made = time.gmtime(row["created_at"])
        row["created_at"] = time.strftime("%Y-%m-%d %H:%M UTC", made)
    columns = dict.fromkeys(("id", "role", "name", "created_at"), pl.String)
    show_frame(pl.DataFrame(found, schema=columns))


def revoke(
    id_: KeyIdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Let a key open nothing any more; running servers notice within seconds."""
    with _open_keys(store) as keys:
        key = keys.revoke(id_)
    if json:
        show_json({"revoked": _key_fields(key)})
    else:
        show_lines([f"revoked {key.role} key {key.id}"])


@contextmanager
def _open_keys(store: str | None) -> "Iterator[ApiKeyStore]":
    from daybreak.server.auth.keys import ApiKeyStore

    with options.open_workspace(create=True, store=store) as shop:
        yield ApiKeyStore(shop.store.journal)


def _key_fields(key: "ApiKey") -> dict[str, Any]:
    return {"id": key.id, "role": key.role, "name": key.name, "created_at": key.created_at}
