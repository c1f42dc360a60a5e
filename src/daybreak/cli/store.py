"""The commands ``store upgrade``, ``store dump`` and ``store restore``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.language import translate
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress

DumpFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Dump file.")]
VectorsOption = Annotated[
    bool, typer.Option("--vectors", help="Include the text vectors, which can be recomputed.")
]


def upgrade(*, store: options.StoreOption = None, json: options.JsonOption = False) -> None:
    """Upgrade a store of an older version; a store in a file is backed up first."""
    from daybreak.service.backup import upgrade_store

    with show_progress("upgrading"):
        done = upgrade_store(options.load_settings(store=store).store)
    if json:
        show_json({"before": done.before, "after": done.after, "backup": done.backup})
    elif done.before == done.after:
        show_lines([f"version {done.after}: nothing to do"])
    else:
        show_lines([f"version {done.before} is now version {done.after}"])
        if done.backup:
            print_message(
                f"backup of the old file: {done.backup}; delete it once the new store works"
            )


def dump(
    file: DumpFileArgument,
    *,
    vectors: VectorsOption = False,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Dump the store to one file."""
    from daybreak.service.backup import dump_workspace

    with options.open_workspace(store=store) as workspace, show_progress("writing"):
        counts = dump_workspace(workspace, file, vectors=vectors)
    _show_counts(counts, json)


def restore(
    file: DumpFileArgument,
    *,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Restore a dump into an empty store, completely or not at all."""
    from daybreak.service.backup import restore_workspace

    with (
        options.open_workspace(create=True, store=store) as workspace,
        show_progress(translate("reading")),
    ):
        counts = restore_workspace(workspace, file)
    _show_counts(counts, json)


def _show_counts(counts: Mapping[str, int], json: bool) -> None:
    if json:
        show_json({"rows": dict(counts)})
    else:
        show_lines([f"{number:,} {name}" for name, number in counts.items()] or ["nothing"])
