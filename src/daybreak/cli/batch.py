"""Lists for all users, written to a file: ``daybreak recommend --all --out FILE``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress

if TYPE_CHECKING:
    from daybreak.service.workspace import Workspace

AllOption = Annotated[
    bool,
    typer.Option("--all", help="Answer all users with events or a profile, into --out."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="With --all: file for the lists; .parquet, .csv, .ndjson or .jsonl.",
    ),
]
BATCH_ENGINE = "processes"
"""Engine that answers all users unless another one is named."""


def check_batch_options(out: Path | None, *, everybody: bool, named: bool) -> None:
    """Check that ``--all`` and ``--out`` are given together, and without users.

    Args:
        out: Value of ``--out``.
        everybody: Value of ``--all``.
        named: Whether users, or something about a user, are named as well.

    Raises:
        ConfigError: One of them is missing, or users are named.
    """
    from daybreak.errors import ConfigError

    if everybody != (out is not None):
        missing = "--out FILE" if everybody else "--all"
        raise ConfigError(f"--all and --out belong together; {missing} is missing")
    if everybody and named:
        raise ConfigError("--all answers all users of the store; do not name or describe any")


def write_lists(
    workspace: "Workspace",
    out: Path,
    engine: str | None,
    recommend: dict[str, Any],
    *,
    json: bool,
) -> None:
    """Write the lists of all users, and tell how many there are.

    Args:
        workspace: The store.
        out: The file.
        engine: Value of ``--engine``.
        recommend: Options of the lists.
        json: Whether to print JSON.
    """
    from daybreak.service.batch_answers import BatchOptions, write_answers

    with show_progress("reading the store") as progress:
        written = write_answers(
            workspace,
            out,
            BatchOptions(engine or BATCH_ENGINE, recommend),
            lambda done, total: progress.update(done, total, "answering users"),
        )
    if json:
        show_json(
            {
                "file": str(out),
                "users": written.users,
                "rows": written.rows,
                "release": written.release,
            }
        )
        return
    show_lines([f"{written.users:,} users, {written.rows:,} rows: {out}"])
    print_message(f"answered by release {written.release}")
