"""The commands ``keys create``, ``keys list`` and ``keys revoke``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak.service.api_keys import ApiKey, ApiKeyStore

RoleOption = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="Role of the key: read, write or admin.")
]
NameOption = Annotated[str, typer.Option("--name", help="Description of the key's owner.")]
KeyIdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the key, as shown by `keys list`.")
]


def create(
    role: RoleOption = "read",
    name: NameOption = "",
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Create an API key and print it once."""
    with _open_keys(store) as keys:
        key, text = keys.create(role, name)
    if json:
        show_json({**_key_fields(key), "key": text})
    else:
        show_lines([f"{key.role} key {key.id}, printed only once: {text}"])


def list_(store: options.StoreOption = None, *, json: options.JsonOption = False) -> None:
    """List the valid API keys without their secrets."""
    import time

    import polars as pl

    with _open_keys(store) as keys:
        found = [_key_fields(key) for key in keys.all()]
    if json:
        show_json({"keys": found})
        return
    for row in found:
        created = time.gmtime(row["created_at"])
        row["created_at"] = time.strftime("%Y-%m-%d %H:%M UTC", created)
    columns = dict.fromkeys(("id", "role", "name", "created_at"), pl.String)
    show_frame(pl.DataFrame(found, schema=columns))


def revoke(
    id_: KeyIdArgument, store: options.StoreOption = None, *, json: options.JsonOption = False
) -> None:
    """Revoke an API key; running servers apply it within seconds."""
    with _open_keys(store) as keys:
        key = keys.revoke(id_)
    if json:
        show_json({"revoked": _key_fields(key)})
    else:
        show_lines([f"revoked {key.role} key {key.id}"])


@contextmanager
def _open_keys(store: str | None) -> "Iterator[ApiKeyStore]":
    from daybreak.service.api_keys import ApiKeyStore

    with options.open_workspace(create=True, store=store) as workspace:
        yield ApiKeyStore(workspace.store)


def _key_fields(key: "ApiKey") -> dict[str, Any]:
    return {"id": key.id, "role": key.role, "name": key.name, "created_at": key.created_at}
