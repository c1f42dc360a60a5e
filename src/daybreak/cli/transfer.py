"""The commands ``match``, ``transfer`` and ``pretrain``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress
from daybreak.cli.tables import show_frame

SourceOption = Annotated[
    list[str],
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="Store, folder, file, release or domain=NAME of the target to learn from; "
        "repeatable.",
    ),
]
TargetOption = Annotated[
    str,
    typer.Option(
        metavar="TARGET", help="Store, folder or file of the shop that is to get better lists."
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(metavar="RELEASE", help="Folder for the release, if the target is no store."),
]
PretrainOutOption = Annotated[
    Path, typer.Option(metavar="RELEASE", help="Folder for the release.")
]
TitlesArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="File with titles, or - for stdin.")
]
DatasetsArgument = Annotated[
    list[str],
    typer.Argument(metavar="DATASETS", help="Folders, files or stores to learn from."),
]


def match(
    titles: TitlesArgument,
    *,
    store: options.StoreOption = None,
    json: options.JsonOption = False,
) -> None:
    """Match a list of titles from elsewhere to the catalogue, to be confirmed."""
    with options.open_workspace(store=store) as workspace:
        matches = workspace.match_titles(_read_text(titles))
    if json:
        show_json({"matches": matches.to_dicts()})
        return
    show_frame(matches, "Items of the titles; check those below 0.9")
    print_message("next: daybreak recommend --event ITEM, for each that is right")


def _read_text(name: str) -> str:
    from daybreak.errors import DataError, NotFoundError

    if name == "-":
        return sys.stdin.read()
    if not Path(name).is_file():
        raise NotFoundError(f"there is no file {name!r} with titles")
    try:
        return Path(name).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name!r} is not UTF-8; save it as UTF-8 ({error})") from error


def transfer(
    *,
    source: SourceOption,
    target: TargetOption,
    out: OutOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Train with other shops or domains as sources; exit status 13 if one is refused."""
    from daybreak.service.transferring import transfer as transfer_to

    settings = options.load_settings(encoder=encoder, seed=seed)
    with show_progress("reading the tables") as progress:
        result = transfer_to(source, target, settings, out=out, progress=progress.start)
    if json:
        show_json(
            {
                "release": result.release,
                "sources": list(result.sources),
                "refused": list(result.refused),
                "slices": list(result.slices),
                "notes": list(result.notes),
                "seconds": result.seconds,
            }
        )
    else:
        if result.slices:
            title = "NDCG@10 of simulated new users, without and with each source"
            show_frame(result.table(), title)
        show_lines([f"note: {note}" for note in result.notes])
        print_message(
            f"trained in {result.seconds:.1f} s; release: {result.release or 'not saved'}"
        )
    result.check()


def pretrain(
    datasets: DatasetsArgument,
    *,
    out: PretrainOutOption,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    json: options.JsonOption = False,
) -> None:
    """Train one release over several data sets, for shops that start without events."""
    from daybreak.service.transferring import pretrain as pretrain_on

    settings = options.load_settings(encoder=encoder, seed=seed)
    with show_progress("reading the data sets") as progress:
        result = pretrain_on(datasets, out, settings, progress=progress.start)
    if json:
        show_json(
            {
                "release": result.release,
                "notes": list(result.notes),
                "seconds": result.seconds,
            }
        )
        return
    show_lines([f"note: {note}" for note in result.notes])
    print_message(f"trained in {result.seconds:.1f} s; next: daybreak transfer --source {out}")
