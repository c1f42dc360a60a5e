"""The commands ``import``, ``describe`` and ``validate``."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.language import translate
from daybreak.cli.output import (
    EXIT_FINDINGS,
    print_message,
    show_findings,
    show_json,
    show_lines,
)
from daybreak.cli.partitions import PartitionsOption, import_parts
from daybreak.cli.progress import show_progress

if TYPE_CHECKING:
    from daybreak.data import ImportResult, TableRole
    from daybreak.data.formats import ValueFormats
    from daybreak.service.ingest.files import Sources
    from daybreak.store import WriteResult


MAX_SHOWN_REJECTS = 5
"""Maximum number of rejected rows that are printed; ``--rejects`` writes the kept ones."""

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show the column mapping only; write nothing.")
]
RejectsOption = Annotated[
    Path | None,
    typer.Option(
        "--rejects", metavar="FILE", help="CSV file for the rejected rows, at most 1,000."
    ),
]
MaxRejectedOption = Annotated[
    float,
    typer.Option(
        "--max-rejected",
        metavar="0..1",
        min=0.0,
        max=1.0,
        help="Largest share of the rows of a table that may be rejected; if more are, nothing "
        "is stored.",
    ),
]


ReplaceOption = Annotated[
    str | None,
    typer.Option(
        "--replace",
        metavar="TABLE",
        help="items: the file is the whole catalogue; items that it does not have leave it and "
        "keep their events.",
    ),
]
ReplaceItemsOption = Annotated[
    bool, typer.Option("--replace-items", help="The same as --replace items.")
]


def import_(
    paths: options.PathsArgument = None,
    *,
    events: options.EventsFileOption = None,
    items: options.ItemsFileOption = None,
    users: options.UsersFileOption = None,
    column: options.ColumnOption = None,
    positive: options.PositiveOption = None,
    negative: options.NegativeOption = None,
    seen: options.SeenEventsOption = None,
    weight: options.WeightOption = None,
    excludes: options.ExcludingEventsOption = None,
    encoding: options.EncodingOption = None,
    date_format: options.DateFormatOption = None,
    decimal: options.DecimalOption = None,
    strict: options.StrictOption = False,
    max_rejected: MaxRejectedOption = 0.1,
    rejects: RejectsOption = None,
    replace: ReplaceOption = None,
    replace_items: ReplaceItemsOption = False,
    partitions: PartitionsOption = None,
    store: options.StoreOption = None,
    dry_run: DryRunOption = False,
    json: options.JsonOption = False,
) -> None:
    """Import files into the store and list rejected rows."""
    whole_catalogue = replace_items or _names_items(replace)
    rules = options.parse_event_rules(positive, negative, seen, weight, excludes)
    files: dict[TableRole, Path | None]
    files = {"events": events, "items": items, "users": users}
    formats = options.parse_formats(date_format, decimal, strict=strict)
    if partitions is not None:
        from daybreak.data.partitions import PartitionOptions
        from daybreak.service.ingest.files import parse_columns

        columns = parse_columns(column or [], "--column")
        read = PartitionOptions(columns, rules, formats, max_rejected)
        others: dict[str, Any] = {"FILES": paths, "--replace-items": whole_catalogue}
        others |= {f"--{role}": file for role, file in files.items()} | {
            "--encoding": encoding,
            "--dry-run": dry_run,
        }
        import_parts(partitions, read, store, rejects, others, json=json)
        return
    sources = options.build_sources(paths, files, column, rules, encoding, formats)
    if dry_run or not json:
        _show_mappings(sources, as_json=json)
    if dry_run:
        return
    with (
        options.open_workspace(create=True, store=store) as workspace,
        show_progress(translate("reading")),
    ):
        result = sources.read()
        _write_rejects(result, rejects)
        written = workspace.write_import(result, max_rejected, replace_items=whole_catalogue)
    _show_import(result, written, rejects, as_json=json)


def describe(
    paths: options.DataArgument = None,
    column: options.ColumnOption = None,
    store: options.StoreOption = None,
    *,
    date_format: options.DateFormatOption = None,
    decimal: options.DecimalOption = None,
    json: options.JsonOption = False,
) -> None:
    """Describe the data in files or in the store."""
    from daybreak import data

    formats = options.parse_formats(date_format, decimal)
    facts = data.describe(_load_tables(paths, column, store, formats))
    if json:
        show_json(facts)
    else:
        show_lines(format_facts(facts))


def validate(
    paths: options.DataArgument = None,
    column: options.ColumnOption = None,
    positive: options.PositiveOption = None,
    negative: options.NegativeOption = None,
    seen: options.SeenEventsOption = None,
    store: options.StoreOption = None,
    *,
    date_format: options.DateFormatOption = None,
    decimal: options.DecimalOption = None,
    strict: options.StrictOption = False,
    json: options.JsonOption = False,
) -> None:
    """Check files or the store; exit status 1 if a check fails."""
    from daybreak import data

    rules = options.parse_event_rules(positive, negative, seen, None)
    if paths:
        formats = options.parse_formats(date_format, decimal, strict=strict)
        findings = data.validate(_read_files(paths, column, formats, rules))
    else:
        with options.open_workspace(store=store) as workspace:
            findings = workspace.check_data(rules)
    show_findings(findings, as_json=json)
    if any(finding.level == "FAIL" for finding in findings):
        raise typer.Exit(EXIT_FINDINGS)


def _read_files(
    paths: options.DataArgument,
    column: options.ColumnOption,
    formats: "ValueFormats",
    rules: Any = None,
) -> "ImportResult":
    sources = options.build_sources(paths, None, column, rules, formats=formats)
    with show_progress(translate("reading")):
        return sources.read()


def _load_tables(
    paths: options.DataArgument,
    column: options.ColumnOption,
    store: options.StoreOption,
    formats: "ValueFormats",
) -> Any:
    if not paths:
        with options.open_workspace(store=store) as workspace:
            return workspace.tables
    result = _read_files(paths, column, formats)
    if len(result.rejects):
        print_message(f"{len(result.rejects):,} rejects; list them with: daybreak validate")
    return result.tables


def _show_mappings(sources: "Sources", *, as_json: bool) -> None:
    """Print which column of each file is read as which column of the tables."""
    mappings = sources.preview_columns()
    if as_json:
        tables = {
            role: {
                "file": sources.inputs.opened[role].file,
                "convention": mapping.convention,
                "columns": {column.target: column.source for column in mapping.used},
                "not_used": mapping.unused,
            }
            for role, mapping in mappings.items()
        }
        show_json({"tables": tables})
    else:
        opened = sources.inputs.opened
        show_lines([f"{opened[role].file}: {mapping}" for role, mapping in mappings.items()])


def _names_items(replace: str | None) -> bool:
    """Return whether the items are to be replaced.

    Raises:
        ConfigError: Another table is named.
    """
    from daybreak.errors import ConfigError

    if replace not in (None, "items"):
        raise ConfigError(f"--replace can name items only, got {replace!r}")
    return replace is not None


def _write_rejects(result: "ImportResult", target: Path | None) -> None:
    """Write the rejected rows to a file, also of an import that is refused because of them."""
    if target is not None:
        from daybreak.service.ingest.files import write_rejects

        write_rejects(result.rejects, target)


def _show_import(
    result: "ImportResult", written: "WriteResult", target: Path | None, *, as_json: bool
) -> None:
    """Print the rows that were read, that are new in the store, and that were rejected."""
    if as_json:
        show_json(
            {
                "read": result.rows_read,
                "new": {n: getattr(written, n) for n in ("items", "users", "events")},
                "left": written.items_left,
                "rejects": result.rejects.counts,
                "rejected_rows": result.rejects.frame().head(MAX_SHOWN_REJECTS),
                "rejects_file": target,
                "notes": result.notes,
                "rules": result.rules.resolve(result.tables.events).describe(),
            }
        )
        return
    show_lines(list(_import_lines(result, written)))
    _print_rejects(result, target)


def _import_lines(result: "ImportResult", written: "WriteResult") -> Iterator[str]:
    for role, rows in result.rows_read.items():
        left = f", {written.items_left:,} left the catalogue" * bool(
            role == "items" and written.items_left
        )
        yield f"{role}: {rows:,} read, {getattr(written, role):,} new in the store{left}"
    if result.tables.events.height:
        from daybreak.data.event_signs import sign_notes

        rules = result.rules.resolve(result.tables.events)
        yield rules.describe()
        yield from sign_notes(result.tables.events, rules)
    yield from (f"note: {note}" for note in result.notes)


def _print_rejects(result: "ImportResult", target: Path | None) -> None:
    if not len(result.rejects):
        return
    for reject in result.rejects.rows[:MAX_SHOWN_REJECTS]:
        print_message(str(reject))
    counts = "; ".join(f"{reason}: {n:,}" for reason, n in result.rejects.counts.items())
    where = f"written to {target}" if target else "list them with --rejects FILE"
    if len(result.rejects) > result.rejects.limit:
        where += f", the first {result.rejects.limit:,}"
    print_message(f"{len(result.rejects):,} rejects ({counts}); {where}")


def format_facts(facts: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return nested facts as ``name: value`` lines.

    Example:
        >>> format_facts({"users": 1200, "time": {"known": 0.5}})
        ['users: 1,200', 'time known: 0.5']
    """
    lines = []
    for name, value in facts.items():
        label = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            lines += format_facts(value, f"{label} ")
        else:
            lines.append(f"{label}: {_format_fact(name, value)}")
    return lines


def _format_fact(name: str, value: Any) -> str:
    if value is None:
        return "unknown"
    if name in {"first", "last"}:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
