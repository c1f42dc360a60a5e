"""Commands that take care of the store: upgrade, dump, restore."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines, show_progress

DumpFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the dump.")]
VectorsOption = Annotated[
    bool, typer.Option("--vectors", help="Write vectors too; else they are computed again.")
]


def upgrade(*, store: options.StoreOption = None, json: options.JsonOption = False) -> None:
    """Bring the store of an older release to this one; a file is copied before."""
    from daybreak.store import upgrade_store

    with show_progress("upgrading"):
        done = upgrade_store(options.load_settings(store=store).store)
    if json:
        show_json({"before": done.before, "after": done.after, "backup": done.backup})
    elif done.before == done.after:
        show_lines([f"version {done.after}: nothing to do"])
    else:
        show_lines([f"version {done.before} is now version {done.after}"])
        if done.backup:
            print_message(f"the file as it was: {done.backup}; delete it when all is well")


def dump(
    file: DumpFileArgument,
    *,
    vectors: VectorsOption = False,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Write everything in the store to one file."""
    from daybreak.store import dump as write

    with options.open_workspace(store=store) as shop, show_progress("writing"):
        counts = write(shop.store, file, vectors=vectors)
    _show_counts(counts, json)


def restore(
    file: DumpFileArgument,
    *,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Read a dump into a new store: all of it, or nothing."""
    from daybreak.store import restore as read

    with options.open_workspace(create=True, store=store) as shop, show_progress("reading"):
        counts = read(file, shop.store)
    _show_counts(counts, json)


def _show_counts(counts: Mapping[str, int], json: bool) -> None:
    if json:
        show_json({"rows": dict(counts)})
    else:
        show_lines([f"{number:,} {name}" for name, number in counts.items()] or ["nothing"])
