"""How a delimited file is laid out, and the result of splitting a block of it."""

from dataclasses import dataclass, field

import polars as pl

from daybreak.types import Rows

RAGGED = "wrong number of fields"
QUOTES = "quotes are not closed or not doubled"
BYTES = "bytes are not valid UTF-8"


@dataclass(frozen=True)
class Layout:
    """How the fields of a file are separated."""

    separator: str
    """One character (``::`` has been replaced before)."""
    quoted: bool
    """Whether double quotes hold fields together."""
    names: tuple[str, ...]


@dataclass
class Split:
    """Records of one block: those that have all fields, and what is wrong with the others."""

    frame: pl.DataFrame
    """All columns are String."""
    rows: Rows
    """(n,) line each record of ``frame`` begins on."""
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    """(line, reason, text) of the records that were not used."""
    blank: int = 0
    """Empty lines; they are no records."""
    rest: str = ""
    """Text of a record that goes on in the next block."""


def ragged(found: int, layout: Layout, text: str) -> str:
    """Say how many fields a record has, and show it."""
    return f"{found} instead of {len(layout.names)}: {text}"
