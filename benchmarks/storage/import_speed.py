"""Speed of reading and storing events.

    python -m benchmarks.storage.import_speed --out FILE

Events are made from a seed; each format is read once after a warm-up. Times are wall-clock
seconds; the load average shows whether other work ran (1.0 is this program alone).
"""

import argparse
import gzip
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from daybreak.data import ImportResult, Tables, read_tables
from daybreak.rng import create_generator
from daybreak.store import open_store


def make_events(n: int) -> pl.DataFrame:
    """Return ``n`` events of n/160 users on 4,000 items with ratings and times."""
    rng = create_generator(0, "import speed")
    return pl.DataFrame(
        {
            "user_id": rng.integers(0, max(n // 160, 1), n),
            "item_id": (4_000 * rng.random(n) ** 2).astype(int),
            "rating": rng.integers(1, 6, n),
            "timestamp": 1_500_000_000 + rng.integers(0, 10**8, n),
        }
    )


def write_files(events: pl.DataFrame, folder: Path) -> dict[str, Path]:
    """Write the same events in every format."""
    text = events.write_csv()
    iso = events.with_columns(pl.from_epoch("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    lines = text.splitlines(keepends=True)
    bad = "".join(line if n % 100 else line[:-8] + "x\n" for n, line in enumerate(lines, 1))
    contents = {
        "CSV": ("a.csv", text.encode()),
        "CSV, gzip": ("b.csv.gz", gzip.compress(text.encode(), 6)),
        "CSV, every field quoted": ("c.csv", events.write_csv(quote_style="always").encode()),
        "CSV, ISO 8601 times": ("d.csv", iso.write_csv().encode()),
        "CSV, 1 % bad times": ("e.csv", bad.encode()),
        "MovieLens ::": ("f.dat", text.partition("\n")[2].replace(",", "::").encode()),
        "JSON Lines": ("g.jsonl", events.write_ndjson().encode()),
    }
    paths = {}
    for name, (file, data) in contents.items():
        paths[name] = folder / file
        paths[name].write_bytes(data)
    paths["Parquet"] = folder / "h.parquet"
    events.write_parquet(paths["Parquet"])
    return paths


def timed(action: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds an action takes, and what it returns."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def measure(n: int, folder: Path) -> Iterator[tuple[str, float, str]]:
    """Yield (name, seconds, remark) of every step."""
    events = make_events(n)
    for name, path in write_files(events, folder).items():
        seconds, result = timed(partial(read_tables, path))
        assert isinstance(result, ImportResult)
        yield f"read {name}", seconds, f"{len(result.rejects):,} rejects"
    tables = read_tables(events).tables
    yield from measure_store(tables, folder / "shop.db")


def measure_store(tables: Tables, path: Path) -> Iterator[tuple[str, float, str]]:
    """Yield the steps of writing and reading a store."""
    with open_store(path) as store:
        for name in ("write to an empty SQLite store", "write the same again"):
            seconds, written = timed(lambda: store.write(tables))
            yield name, seconds, f"{getattr(written, 'events', 0):,} new events"
        seconds, _ = timed(store.tables)
        yield "read from the store", seconds, f"{path.stat().st_size / 1e6:.0f} MB"


def main() -> None:
    """Print the table, and write it to the file if one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        read_tables(make_events(1_000))
        rows = list(measure(options.events, Path(folder)))
    lines = [
        "# Import speed",
        "",
        f"{options.events:,} events, {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, polars {pl.__version__}, "
        f"load average {os.getloadavg()[0]:.1f} at the end. "
        "Made by `python -m benchmarks.storage.import_speed --out "
        "benchmarks/results/import_speed.md`.",
        "",
        "| step | seconds | events per second | |",
        "| --- | ---: | ---: | --- |",
        *(f"| {w} | {s:.2f} | {options.events / s:,.0f} | {r} |" for w, s, r in rows),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
