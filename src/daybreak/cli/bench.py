"""The command ``bench``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.language import message
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daybreak.data import Tables
    from daybreak.service.benchmarking.knock_outs import KnockOutRow
    from daybreak.service.benchmarking.leaderboard import Leaderboard

DataOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder with events, items and users.")
]
DemoOption = Annotated[
    bool, typer.Option("--demo", help="Use a part of the bundled gift shop data.")
]
StrategiesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy", metavar="NAME", help="Strategy to evaluate; repeatable. Default: all."
    ),
]
AutoOption = Annotated[
    bool,
    typer.Option("--auto", help="Also evaluate the blend of the default strategies (slow)."),
]
RepeatsOption = Annotated[
    int | None,
    typer.Option(min=1, help="Number of random splits. Default: up to 3; with --demo: 1."),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Also write the results, with plots, as an HTML page."
    ),
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Folder for the plots curves.svg and bars.svg."),
]

KnockOutsOption = Annotated[
    bool,
    typer.Option(
        "--knock-outs",
        help="Instead: measure pictures and sounds of new items as they are, left out, and "
        "replaced by ones that say nothing.",
    ),
]


def bench(
    *,
    data: DataOption = None,
    demo: DemoOption = False,
    strategy: StrategiesOption = None,
    auto: AutoOption = False,
    knock_outs: KnockOutsOption = False,
    positive: options.PositiveOption = None,
    repeats: RepeatsOption = None,
    html: HtmlOption = None,
    pictures: PicturesOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Benchmark each strategy alone: quality, training time and memory."""
    import os

    # Neural strategies read this at their first use: one thread each, as for all strategies.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from daybreak.service.benchmarking.knock_outs import run_knock_outs
    from daybreak.service.benchmarking.leaderboard import (
        BenchmarkOptions,
        run_leaderboard,
        select_learners,
    )

    settings = options.load_settings(encoder=encoder, seed=seed)
    rules = options.parse_event_rules(positive, None, None, None)
    with show_progress("reading the data") as progress:
        learners = select_learners(strategy or (), auto=auto, progress=progress.start)
        name, tables = _load_tables(data, demo=demo)
        n_repeats = 1 if demo and repeats is None else repeats
        bench_options = BenchmarkOptions(settings.encoder, rules, settings.seed, n_repeats)
        if knock_outs:
            rows = run_knock_outs(name, tables, bench_options, progress.start)
            _show_knock_outs(name, rows, as_json=json)
            return
        board = run_leaderboard(name, tables, learners, bench_options, progress.start)
    _write_files(board, html, pictures)
    if json:
        show_json(board.to_dict())
    else:
        _show_leaderboard(board)


def _show_knock_outs(name: str, rows: "Sequence[KnockOutRow]", *, as_json: bool) -> None:
    """Print the knock-outs."""
    from daybreak.service.benchmarking.knock_outs import knock_out_table

    if as_json:
        show_json({"data": name, "knock_outs": [row.to_dict() for row in rows]})
        return
    show_frame(knock_out_table(rows), "NDCG@10 of new items, differences to left out (95 %)")


def _load_tables(folder: Path | None, *, demo: bool) -> "tuple[str, Tables]":
    from daybreak.data import read_folder
    from daybreak.errors import ConfigError
    from daybreak.service.benchmarking.leaderboard import DEMO_NAME, read_demo_tables

    if (folder is None) is not demo:
        raise ConfigError("give either --data FOLDER or --demo")
    return (
        (DEMO_NAME, read_demo_tables())
        if folder is None
        else (folder.name, read_folder(folder).tables)
    )


def _show_leaderboard(board: "Leaderboard") -> None:
    from daybreak.service.benchmarking.leaderboard_report import describe_metadata

    show_lines([f"{board.name}: {'; '.join(describe_metadata(board))}", ""])
    table = board.table()
    if not any(table["note"]):
        table = table.drop("note")
    show_frame(table, "NDCG@10 of each strategy alone on hidden users and items, and its cost")


def _write_files(board: "Leaderboard", page: Path | None, folder: Path | None) -> None:
    from daybreak.errors import ConfigError
    from daybreak.service.benchmarking.leaderboard_report import (
        write_leaderboard_page,
        write_leaderboard_pictures,
    )

    try:
        written = write_leaderboard_page(board, page) if page is not None else []
        written += write_leaderboard_pictures(board, folder) if folder is not None else []
    except OSError as error:
        where = error.filename or page or folder
        raise ConfigError(f"{str(where)!r} cannot be written: {error.strerror}") from error
    for path in written:
        print_message(message("wrote", path=path))
