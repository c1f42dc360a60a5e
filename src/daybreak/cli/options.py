"""Options that several commands share, spelt once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from daybreak.config import Settings
    from daybreak.data import EventRules, Role
    from daybreak.service.importing import Sources
    from daybreak.service.shop import Shop

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Store = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Store of data and releases, as a URL or path."),
]
Encoder = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Text model: an id, a folder, auto, or none."),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of everything that is random.")]
K = Annotated[int | None, typer.Option("-k", "--k", min=1, help="Length of the list.")]
Html = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the report, with pictures.")
]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategy", metavar="NAME", help="A strategy of the line-up; repeatable."),
]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES]", help="A folder, or files of events, items and users."),
]
EventsFile = Annotated[Path | None, typer.Option("--events", help="File of events.")]
ItemsFile = Annotated[Path | None, typer.Option("--items", help="File of items.")]
UsersFile = Annotated[Path | None, typer.Option("--users", help="File of users.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OURS=THEIRS",
        help="What a column of the files is called, as in user_id=Kunde; repeatable.",
    ),
]
Positive = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that speak for an item: 'rating>=4'.")
]
Negative = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that speak against it: 'rating<3'.")
]
Seen = Annotated[
    str | None, typer.Option(metavar="RULE", help="Events that say nothing: 'view'.")
]
Weight = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", metavar="TYPE=NUMBER", help="How much a type of event counts; repeatable."
    ),
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of text files; else recognised.")
]


def settings(**flags: Any) -> "Settings":
    """Return the settings in force, and hand threads and cache to those who read them."""
    import os

    from daybreak.config import effective, settings_of

    chosen = settings_of(effective(flags))
    for name, value in (("DAYBREAK_THREADS", chosen.threads), ("DAYBREAK_CACHE", chosen.cache)):
        os.environ.pop(name, None)
        if value:
            os.environ[name] = str(value)
    return chosen


@contextmanager
def shop(*, create: bool = False, **flags: Any) -> "Iterator[Shop]":
    """Open the store of the settings in force."""
    from daybreak.service.shop import Shop

    with Shop(settings(**flags), create=create) as opened:
        yield opened


def sources(
    paths: Sequence[Path] | None,
    named: "dict[Role, Path | None] | None" = None,
    column: Sequence[str] | None = None,
    rules: "EventRules | None" = None,
    encoding: str | None = None,
) -> "Sources":
    """Return the files to read, with what was said about them."""
    from daybreak.service.importing import Sources, find_files, parse_columns

    columns = parse_columns(column or [])
    return Sources(find_files(paths or [], named, columns), columns, rules, encoding)


def rules(
    positive: str | None, negative: str | None, seen: str | None, weight: Sequence[str] | None
) -> "EventRules | None":
    """Return the rules for events; None when nothing was said."""
    from daybreak.data import EventRules
    from daybreak.errors import ConfigError
    from daybreak.service.importing import parse_pairs

    try:
        weights = {
            name: float(value) for name, value in parse_pairs(weight or [], "--weight").items()
        }
    except ValueError as error:
        raise ConfigError(f"--weight must look like TYPE=NUMBER: {error}") from error
    said = EventRules(positive, negative, seen, weights)
    return None if said == EventRules() else said
