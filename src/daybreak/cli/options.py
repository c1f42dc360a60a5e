"""Options that several commands share, and the objects that are built from them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from daybreak.config import Settings
    from daybreak.data import EventRules, TableRole
    from daybreak.data.formats import ValueFormats
    from daybreak.service.ingest.files import Sources
    from daybreak.service.workspace import Workspace
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of text.")
]
StoreOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Store of data and releases, as a URL or a path."),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Text encoder: an id, a folder, auto (a packaged one) or none (words only).",
    ),
]
SeedOption = Annotated[int | None, typer.Option(min=0, help="Random seed.")]
UnknownItemsOption = Annotated[
    str | None,
    typer.Option(
        "--unknown-items",
        metavar="MODE",
        help="Whether lists may have items that only events know, and not the catalogue: "
        "exclude or recommend.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE",
        help="Where tasks run: processes, processes:N, serial, ray or ray://HOST:PORT.",
    ),
]
KOption = Annotated[
    int | None, typer.Option("-k", "--k", min=1, help="Number of results per list.")
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the report, with plots, as an HTML page."),
]
PopularityOption = Annotated[
    float | None,
    typer.Option(
        metavar="0..1",
        min=0.0,
        max=1.0,
        help="From 0, lists show the taste of a history most clearly, to 1, they have what is "
        "chosen most often.",
    ),
]
StrategyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        metavar="NAME",
        help="Strategy to use instead of the default ones; repeatable.",
    ),
]
PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES]", help="Folder or files with events, items and users."),
]
DataArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILES]",
        help="Folder or files with events, items and users. Default: the store.",
    ),
]
EventsFileOption = Annotated[
    Path | None, typer.Option("--events", metavar="FILE", help="File with events.")
]
ItemsFileOption = Annotated[
    Path | None, typer.Option("--items", metavar="FILE", help="File with items.")
]
UsersFileOption = Annotated[
    Path | None, typer.Option("--users", metavar="FILE", help="File with users.")
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="COLUMN=NAME",
        help="Name of a column in the files, as in user_id=Kunde; repeatable.",
    ),
]
PositiveOption = Annotated[
    str | None,
    typer.Option(metavar="RULE", help="Rule for positive events, such as 'rating>=4'."),
]
NegativeOption = Annotated[
    str | None,
    typer.Option(metavar="RULE", help="Rule for negative events, such as 'rating<3'."),
]
SeenEventsOption = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help="Rule for neutral events, which only mark an item as seen, such as 'view'.",
    ),
]
ExcludingEventsOption = Annotated[
    str | None,
    typer.Option(
        "--excludes",
        metavar="TYPES",
        help="Types of events that keep their item out of later lists, such as "
        "'purchase, return', or none. Default: all but impressions and views.",
    ),
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="TYPE=NUMBER",
        help="Weight of an event type, above 0; repeatable. Default: 1.",
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Encoding of text files, such as shift-jis. Default: detected."
    ),
]
DateFormatOption = Annotated[
    str | None,
    typer.Option(
        "--date-format",
        metavar="FORMAT",
        help="Form of the dates: day-first, month-first, year-first, spreadsheet, epoch, or a "
        "pattern such as '%d.%m.%Y %H:%M'. Default: each column decides.",
    ),
]
DecimalOption = Annotated[
    str | None,
    typer.Option(
        metavar="MARK",
        help="Decimal mark of numbers, a comma or a point. Default: each column decides.",
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Reject events whose time or value cannot be read."),
]


def load_settings(**flags: Any) -> "Settings":
    """Return the effective settings; export some to the environment."""
    import os

    from daybreak.config import build_settings, resolve_settings

    settings = build_settings(resolve_settings(flags))
    for name, value in (
        ("DAYBREAK_THREADS", settings.threads),
        ("DAYBREAK_CACHE", settings.cache),
        ("DAYBREAK_MEDIA_URLS", settings.media_urls),
        ("DAYBREAK_PICTURE_ENCODER", settings.picture_encoder),
    ):
        os.environ.pop(name, None)
        if value:
            os.environ[name] = str(value)
    return settings


@contextmanager
def open_workspace(*, create: bool = False, **flags: Any) -> "Iterator[Workspace]":
    """Open the workspace of the effective settings."""
    from daybreak.service.workspace import Workspace

    with Workspace(load_settings(**flags), create=create) as opened:
        yield opened


def build_sources(
    paths: Sequence[Path] | None,
    named: "dict[TableRole, Path | None] | None" = None,
    column: Sequence[str] | None = None,
    rules: "EventRules | None" = None,
    encoding: str | None = None,
    formats: "ValueFormats | None" = None,
) -> "Sources":
    """Return the files to read, with their columns, event rules, encoding and formats."""
    from daybreak.service.ingest.files import Sources, find_files, parse_columns

    columns = parse_columns(column or [], "--column")
    files = find_files(paths or [], named, columns, encoding)
    return Sources(files, columns, rules, encoding, formats)


def parse_formats(
    date_format: str | None, decimal: str | None, *, strict: bool = False
) -> "ValueFormats":
    """Return the forms of dates and numbers."""
    from daybreak.data.formats import ValueFormats

    return ValueFormats.of(date_format, decimal, strict=strict)


def parse_event_rules(
    positive: str | None,
    negative: str | None,
    seen: str | None,
    weight: Sequence[str] | None,
    excludes: str | None = None,
) -> "EventRules | None":
    """Return the event rules, None if no option is given."""
    from daybreak.data import EventRules
    from daybreak.errors import ConfigError
    from daybreak.service.ingest.files import parse_pairs

    try:
        weights = {
            name: float(value) for name, value in parse_pairs(weight or [], "--weight").items()
        }
    except ValueError as error:
        raise ConfigError(f"--weight must look like TYPE=NUMBER: {error}") from error
    rules = EventRules(positive, negative, seen, weights, excludes)
    return None if rules == EventRules() else rules
