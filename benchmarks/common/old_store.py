"""A store as the first release wrote it."""

import sqlite3
from pathlib import Path

from benchmarks.common.paths import ROOT

FIRST_RELEASE = ROOT / "tests" / "store" / "first_release.sql"


def write_old_store(path: Path, n_events: int) -> Path:
    """Write a store of the oldest version with events of ``old-0``, ``old-1``, ...; once."""
    if path.exists():
        return path
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part)
    connection.executescript(FIRST_RELEASE.read_text("utf-8"))
    rows = ((n.to_bytes(16, "big"), f"old-{n}", f"i{n % 77}") for n in range(n_events))
    connection.executemany("INSERT INTO events (key, user_id, item_id) VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    part.rename(path)
    return path
