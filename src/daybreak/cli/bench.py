"""The command that lets every strategy compete: ``bench``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json, show_lines
from daybreak.cli.progress import working
from daybreak.cli.status import tell

if TYPE_CHECKING:
    from daybreak.data import Tables
    from daybreak.service.leaderboard import Leaderboard

Data = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="A folder with events, items and users.")
]
Demo = Annotated[bool, typer.Option("--demo", help="A part of the gift shop that comes along.")]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategy", metavar="NAME", help="Only this strategy; repeatable."),
]
Auto = Annotated[
    bool, typer.Option("--auto", help="The blend of all competes too; takes a while.")
]
Repeats = Annotated[
    int | None,
    typer.Option(min=1, help="How often users and items are hidden at random."),
]
Page = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with pictures.")
]
Pictures = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Write the pictures as curves.svg and bars.svg."),
]


def bench(
    *,
    data: Data = None,
    demo: Demo = False,
    strategy: Strategies = None,
    auto: Auto = False,
    positive: options.Positive = None,
    repeats: Repeats = None,
    html: Page = None,
    pictures: Pictures = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Let every strategy learn alone, and show what each is worth and costs."""
    import os

    # Read by networks when they are first used: one thread each, as for everybody.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from daybreak.service.entrants import entrants
    from daybreak.service.leaderboard import Terms, compete

    settings = options.settings(encoder=encoder, seed=seed)
    rules = options.rules(positive, None, None, None)
    with working("reading the data") as work:
        contestants = entrants(strategy or (), auto=auto, say=work.say)
        name, tables = _tables(data, demo=demo)
        often = 1 if demo and repeats is None else repeats
        terms = Terms(settings.encoder, rules, settings.seed, often)
        board = compete(name, tables, contestants, terms, work.say)
    _write(board, html, pictures)
    if json:
        show_json(board.plain())
    else:
        _show(board)


def _tables(folder: Path | None, *, demo: bool) -> "tuple[str, Tables]":
    from daybreak.errors import ConfigError
    from daybreak.service.leaderboard_data import DEMO, demo_tables, folder_tables

    if (folder is None) is not demo:
        raise ConfigError("give either --data FOLDER or --demo")
    return (DEMO, demo_tables()) if folder is None else (folder.name, folder_tables(folder))


def _show(board: "Leaderboard") -> None:
    from daybreak.service.leaderboard_page import facts_in_words

    show_lines([f"{board.name}: {'; '.join(facts_in_words(board))}", ""])
    table = board.table()
    if not any(table["note"]):
        table = table.drop("note")
    show_frame(table, "NDCG@10 of each strategy alone, hidden users and items; and its cost")


def _write(board: "Leaderboard", page: Path | None, folder: Path | None) -> None:
    from daybreak.errors import ConfigError
    from daybreak.service.leaderboard_files import write_page, write_pictures

    try:
        written = write_page(board, page) if page is not None else []
        written += write_pictures(board, folder) if folder is not None else []
    except OSError as error:
        where = error.filename or page or folder
        raise ConfigError(f"{str(where)!r} cannot be written: {error.strerror}") from error
    for path in written:
        tell(f"wrote {path}")
