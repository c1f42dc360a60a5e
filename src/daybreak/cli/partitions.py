"""Events from many Parquet files: ``daybreak import --partitions SOURCE``."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress

if TYPE_CHECKING:
    from daybreak.data.partitions import PartitionOptions

PartitionsOption = Annotated[
    str | None,
    typer.Option(
        "--partitions",
        metavar="SOURCE",
        help="Folder or s3://BUCKET/PREFIX with Parquet files of events, read part by part; "
        "without other files.",
    ),
]


def import_parts(
    source: str,
    read: "PartitionOptions",
    store: str | None,
    rejects: Path | None,
    unsuitable: Mapping[str, object],
    *,
    json: bool,
) -> None:
    """Store the events of all Parquet files of a source, and tell how many there are.

    Args:
        source: Value of ``--partitions``.
        read: How the files are read.
        store: Value of ``--store``.
        rejects: Value of ``--rejects``.
        unsuitable: Values of options that say something about other files, by name.
        json: Whether to print JSON.

    Raises:
        ConfigError: An option says something about other files.
    """
    from daybreak.errors import ConfigError
    from daybreak.service.ingest.files import write_rejects
    from daybreak.service.partitions import import_partitions

    given = [name for name, value in unsuitable.items() if value]
    if given:
        raise ConfigError(
            f"--partitions reads events alone; use {', '.join(given)} in a command of its own"
        )
    with (
        options.open_workspace(create=True, store=store) as workspace,
        show_progress("reading") as progress,
    ):
        found = import_partitions(workspace, source, read, progress.start)
    if rejects is not None:
        write_rejects(found.rejects, rejects)
    if json:
        show_json(
            {
                "files": found.files,
                "read": {"events": found.read},
                "new": {"events": found.new},
                "rejects": found.rejects.counts,
            }
        )
        return
    show_lines(
        [f"{found.files:,} files: {found.read:,} events read, {found.new:,} new in the store"]
    )
    if len(found.rejects):
        print_message(f"{len(found.rejects):,} rejects")
