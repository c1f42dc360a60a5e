"""What commands that look at data print."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daybreak.cli.output import console, show_json, show_lines
from daybreak.cli.status import tell

if TYPE_CHECKING:
    from daybreak.data import Finding, ImportResult
    from daybreak.service.importing import Sources
    from daybreak.store import Written

SHOWN = 5
"""Bad rows printed; the full list goes to a file."""
COLOURS = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red"}


def show_mappings(sources: "Sources", *, as_json: bool, quiet: bool) -> None:
    """Print how the columns of every file would be read."""
    mappings = sources.mappings()
    if as_json:
        tables = {
            role: {
                "file": sources.files[role].name,
                "convention": mapping.convention,
                "columns": {column.target: column.source for column in mapping.used},
                "not_used": mapping.unused,
            }
            for role, mapping in mappings.items()
        }
        show_json({"tables": tables})
    elif not quiet:
        show_lines(
            [f"{sources.files[role].name}: {mapping}" for role, mapping in mappings.items()]
        )


def show_import(
    read: "ImportResult", written: "Written", target: Path | None, *, as_json: bool
) -> None:
    """Print what was loaded, what is new in the store, and what was not used."""
    if target is not None:
        from daybreak.service.importing import write_rejects

        write_rejects(read.rejects, target)
    if as_json:
        show_json(
            {
                "read": read.rows_read,
                "new": {n: getattr(written, n) for n in ("items", "users", "events")},
                "rejects": read.rejects.counts,
                "rejected_rows": read.rejects.frame().head(SHOWN),
                "rejects_file": target,
                "notes": read.notes,
                "rules": read.rules.resolve(read.tables.events).describe(),
            }
        )
        return
    show_lines(list(_import_lines(read, written)))
    _tell_rejects(read, target)


def _import_lines(read: "ImportResult", written: "Written") -> Iterator[str]:
    for role, rows in read.rows_read.items():
        yield f"{role}: {rows:,} read, {getattr(written, role):,} new in the store"
    if read.tables.events.height:
        yield read.rules.resolve(read.tables.events).describe()
    yield from (f"note: {note}" for note in read.notes)


def _tell_rejects(read: "ImportResult", target: Path | None) -> None:
    if not len(read.rejects):
        return
    for reject in read.rejects.rows[:SHOWN]:
        tell(str(reject))
    counts = "; ".join(f"{reason}: {n:,}" for reason, n in read.rejects.counts.items())
    where = f"listed in {target}" if target else "--rejects FILE lists them"
    if len(read.rejects) > read.rejects.limit:
        where += f", the first {read.rejects.limit:,}"
    tell(f"{len(read.rejects):,} problems ({counts}); {where}")


def facts_as_lines(facts: Mapping[str, Any], before: str = "") -> list[str]:
    """Return nested facts as ``name: value`` lines.

    Example:
        >>> facts_as_lines({"users": 1200, "time": {"known": 0.5}})
        ['users: 1,200', 'time known: 0.5']
    """
    lines = []
    for name, value in facts.items():
        label = f"{before}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            lines += facts_as_lines(value, f"{label} ")
        else:
            lines.append(f"{label}: {_fact(name, value)}")
    return lines


def _fact(name: str, value: Any) -> str:
    if value is None:
        return "unknown"
    if name in {"first", "last"}:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show_findings(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    """Print one line for each thing that was checked, and how many are bad."""
    counts = {level: sum(f.level == level for f in findings) for level in COLOURS}
    if as_json:
        show_json({"findings": list(findings), "counts": counts})
        return
    from rich.text import Text

    out = console()
    for finding in findings:
        line = Text(finding.level, style=COLOURS[finding.level])
        line.append(f" {finding.code}: {finding.message}", style="default")
        out.print(line, soft_wrap=True)
    tell(", ".join(f"{n} {level}" for level, n in counts.items()))
