"""Rejects: rows and values of the input that are not used, and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice

import polars as pl

from daybreak.deprecation import RenamedAttribute

MAX_KEPT_REJECTS = 1_000
"""Maximum number of rejects of an import whose details are kept; all are counted."""

MAX_VALUE_CHARS = 60
"""Maximum length of a value in a reject [characters]."""

REPLACED_BY_LATER = "comes again; the later row is used"
"""End of the reason of rows whose id has a later row: nothing of them is missing."""


def is_replaced(reason: str) -> bool:
    """Return whether the reason of a reject is that a later row of the same id is used."""
    return reason.endswith(REPLACED_BY_LATER)


@dataclass(frozen=True)
class Reject:
    """One row or value of the input that is not used."""

    file: str
    """Name of the file, or of the frame."""
    row: int
    """Line number in a text file, row number in a Parquet file or frame, from 1."""
    reason: str
    column: str = ""
    """Source column; empty: the whole row."""
    value: str = ""
    """The rejected value, shortened."""
    row_kept: bool = False
    """True: only this value is dropped; the row is loaded."""

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.reason}" + (f" ({self.value})" if self.value else "")


class Rejects:
    """The rejects of one import: all are counted by reason, the first ``limit`` are kept.

    Example:
        >>> rejects = Rejects()
        >>> rejects.add(Reject("events.csv", 7, "value is not a number", "rating", "'good'"))
        >>> len(rejects), rejects.counts, str(rejects.rows[0])[:18]
        (1, {'value is not a number': 1}, 'events.csv, row 7,')
    """

    def __init__(self, limit: int = MAX_KEPT_REJECTS) -> None:
        self.limit = limit
        self._rows: list[Reject] = []
        self._counts: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._reasons: Counter[tuple[str, str, bool]] = Counter()

    def add(self, reject: Reject) -> None:
        """Count one reject and keep it if the limit is not reached."""
        self.extend(reject, [reject.row], [reject.value])

    def extend(self, template: Reject, rows: Iterable[int], values: Iterable[object]) -> None:
        """Add a copy of ``template`` for each row, with its row number and value."""
        n_free = self.limit - len(self._rows)
        pairs = zip(rows, values, strict=True)
        kept = [
            replace(template, row=row, value=shorten_value(value))
            for row, value in islice(pairs, n_free)
        ]
        self._rows += kept
        n = len(kept) + sum(1 for _ in pairs)
        self._counts[template.reason] += n
        self._reasons[template.file, template.reason, template.row_kept] += n
        if not template.row_kept:
            self._dropped[template.file] += n

    def merge(self, other: "Rejects") -> None:
        """Add the rejects of another import."""
        self._rows += other._rows[: self.limit - len(self._rows)]
        self._counts += other._counts
        self._dropped += other._dropped
        self._reasons += other._reasons

    @property
    def rows(self) -> tuple[Reject, ...]:
        """The first ``limit`` rejects, in the order in which they were found."""
        return tuple(self._rows)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rejects by reason, the most frequent first; not bounded by ``limit``."""
        return dict(self._counts.most_common())

    def count_dropped(self, file: str | None = None) -> int:
        """Return the number of rows that are not loaded, of one file or of all files."""
        return self._dropped.total() if file is None else self._dropped[file]

    def count_refused(self, file: str) -> int:
        """Return the number of rows of a file that are lost: not loaded, and not replaced."""
        return sum(
            n
            for (name, reason, row_kept), n in self._reasons.items()
            if name == file and not row_kept and not is_replaced(reason)
        )

    def count_reason(self, file: str, reason: str, *, kept: bool) -> int:
        """Return the number of rejects of a file whose reason begins with a text.

        Args:
            file: Name of the file.
            reason: Beginning of the reason.
            kept: Whether those are counted whose row is loaded, or those whose row is not.
        """
        return sum(
            n
            for (name, text, row_kept), n in self._reasons.items()
            if name == file and row_kept == kept and text.startswith(reason)
        )

    def summary(self, n_examples: int = 3) -> str:
        """Return the reasons with their numbers, and the first rejects, for a message."""
        counts = "; ".join(f"{reason}: {n:,}" for reason, n in self.counts.items())
        examples = "; ".join(str(row) for row in self._rows[:n_examples])
        return f"{counts}; such as {examples}" if examples else counts

    def frame(self) -> pl.DataFrame:
        """Return ``rows`` as a frame: file, row, reason, column, value, row_kept."""
        kinds = [pl.String, pl.Int64, pl.String, pl.String, pl.String, pl.Boolean]
        schema = dict(zip(Reject.__dataclass_fields__, kinds, strict=True))
        return pl.DataFrame([asdict(row) for row in self._rows], schema=schema)

    def __len__(self) -> int:
        return self._counts.total()

    def __repr__(self) -> str:
        """Return one line with the number of rejects by reason."""
        counts = ", ".join(f"{count:,} {reason}" for reason, count in self.counts.items())
        return f"Rejects({counts})"

    def _repr_html_(self) -> str:
        """Return the kept rejects as a table, for notebooks."""
        return f"<b>{len(self):,} rejects</b>{self.frame()._repr_html_()}"

    dropped = RenamedAttribute("count_dropped")


def shorten_value(value: object) -> str:
    """Return a value as one short printable line."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else repr(value)
    text = text[: MAX_VALUE_CHARS + 1].encode("utf-8", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text if len(text) <= MAX_VALUE_CHARS else text[:MAX_VALUE_CHARS] + "…"
