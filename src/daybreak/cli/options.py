"""Options that several commands share, spelt once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from daybreak.config import Settings
    from daybreak.data import EventRules, TableRole
    from daybreak.service.ingest.files import Sources
    from daybreak.service.workspace import Workspace
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of text.")
]
StoreOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Store of data and releases, as a URL or path."),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Text model: an id, a folder, auto, or none."),
]
SeedOption = Annotated[
    int | None, typer.Option(min=0, help="Seed of everything that is random.")
]
KOption = Annotated[int | None, typer.Option("-k", "--k", min=1, help="Length of the list.")]
HtmlOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the report, with pictures.")
]
StrategyOption = Annotated[
    list[str] | None,
    typer.Option("--strategy", metavar="NAME", help="A strategy of the line-up; repeatable."),
]
PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES]", help="A folder, or files of events, items and users."),
]
EventsFileOption = Annotated[Path | None, typer.Option("--events", help="File of events.")]
ItemsFileOption = Annotated[Path | None, typer.Option("--items", help="File of items.")]
UsersFileOption = Annotated[Path | None, typer.Option("--users", help="File of users.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OURS=THEIRS",
        help="What a column of the files is called, as in user_id=Kunde; repeatable.",
    ),
]
PositiveOption = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that speak for an item: 'rating>=4'.")
]
NegativeOption = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that speak against it: 'rating<3'.")
]
SeenEventsOption = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that say nothing: 'view'.")
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", metavar="TYPE=NUMBER", help="How much a type of event counts; repeatable."
    ),
]
EncodingOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of text files; else recognised.")
]


def load_settings(**flags: Any) -> "Settings":
    """Return the settings in force, and hand threads and cache to those who read them."""
    import os

    from daybreak.config import build_settings, resolve_settings

    chosen = build_settings(resolve_settings(flags))
    for name, value in (("DAYBREAK_THREADS", chosen.threads), ("DAYBREAK_CACHE", chosen.cache)):
        os.environ.pop(name, None)
        if value:
            os.environ[name] = str(value)
    return chosen


@contextmanager
def open_workspace(*, create: bool = False, **flags: Any) -> "Iterator[Workspace]":
    """Open the store of the settings in force."""
    from daybreak.service.workspace import Workspace

    with Workspace(load_settings(**flags), create=create) as opened:
        yield opened


def build_sources(
    paths: Sequence[Path] | None,
    named: "dict[TableRole, Path | None] | None" = None,
    column: Sequence[str] | None = None,
    rules: "EventRules | None" = None,
    encoding: str | None = None,
) -> "Sources":
    """Return the files to read, with what was said about them."""
    from daybreak.service.ingest.files import Sources, find_files, parse_columns

    columns = parse_columns(column or [], "--column")
    return Sources(find_files(paths or [], named, columns), columns, rules, encoding)


def parse_event_rules(
    positive: str | None, negative: str | None, seen: str | None, weight: Sequence[str] | None
) -> "EventRules | None":
    """Return the rules for events; None when nothing was said."""
    from daybreak.data import EventRules
    from daybreak.errors import ConfigError
    from daybreak.service.ingest.files import parse_pairs

    try:
        weights = {
            name: float(value) for name, value in parse_pairs(weight or [], "--weight").items()
        }
    except ValueError as error:
        raise ConfigError(f"--weight must look like TYPE=NUMBER: {error}") from error
    said = EventRules(positive, negative, seen, weights)
    return None if said == EventRules() else said
