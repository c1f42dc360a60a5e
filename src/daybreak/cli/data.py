"""Commands that look at data: ``import``, ``describe``, ``validate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options, reading
from daybreak.cli.output import show_json, show_lines
from daybreak.cli.progress import working
from daybreak.cli.status import FINDINGS, tell

if TYPE_CHECKING:
    from daybreak.data import ImportResult, Role

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show how columns are read.")]
RejectsFile = Annotated[
    Path | None, typer.Option("--rejects", metavar="FILE", help="Write bad rows to a CSV file.")
]


def import_(
    paths: options.Paths = None,
    *,
    events: options.EventsFile = None,
    items: options.ItemsFile = None,
    users: options.UsersFile = None,
    column: options.Column = None,
    positive: options.Positive = None,
    negative: options.Negative = None,
    seen: options.Seen = None,
    weight: options.Weight = None,
    encoding: options.Encoding = None,
    rejects: RejectsFile = None,
    store: options.Store = None,
    dry_run: DryRun = False,
    json: options.Json = False,
) -> None:
    """Read files into the store and list bad rows."""
    rules = options.rules(positive, negative, seen, weight)
    files: dict[Role, Path | None]
    files = {"events": events, "items": items, "users": users}
    sources = options.sources(paths, files, column, rules, encoding)
    reading.show_mappings(sources, as_json=json and dry_run, quiet=json and not dry_run)
    if dry_run:
        return
    with options.shop(create=True, store=store) as shop, working("reading"):
        read = sources.read()
        written = shop.write(read)
    reading.show_import(read, written, rejects, as_json=json)


def describe(
    paths: options.Paths = None,
    column: options.Column = None,
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Say what files, or else the store, hold."""
    from daybreak.data import describe as facts_of

    facts = facts_of(_tables(paths, column, store))
    if json:
        show_json(facts)
    else:
        show_lines(reading.facts_as_lines(facts))


def validate(
    paths: options.Paths = None,
    column: options.Column = None,
    positive: options.Positive = None,
    negative: options.Negative = None,
    seen: options.Seen = None,
    store: options.Store = None,
    *,
    json: options.Json = False,
) -> None:
    """Check files, or else the store; status 1 if anything fails."""
    from daybreak.data import validate as check

    rules = options.rules(positive, negative, seen, None)
    if paths:
        findings = check(_read(paths, column, rules))
    else:
        with options.shop(store=store) as shop:
            findings = shop.findings(rules)
    reading.show_findings(findings, as_json=json)
    if any(finding.level == "FAIL" for finding in findings):
        raise typer.Exit(FINDINGS)


def _read(paths: options.Paths, column: options.Column, rules: Any = None) -> "ImportResult":
    sources = options.sources(paths, None, column, rules)
    with working("reading"):
        return sources.read()


def _tables(paths: options.Paths, column: options.Column, store: options.Store) -> Any:
    if not paths:
        with options.shop(store=store) as shop:
            return shop.tables
    read = _read(paths, column)
    if len(read.rejects):
        tell(f"{len(read.rejects):,} problems; see: daybreak validate")
    return read.tables
