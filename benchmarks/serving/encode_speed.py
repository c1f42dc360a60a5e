"""Speed of the text encoders, and their agreement with 32-bit weights and with purchases.

    python -m benchmarks.serving.encode_speed --data DIR [--data DIR ...] [--out FILE.md]

A data folder has ``items.csv.gz`` (item_id, title, maybe description) and
``interactions.csv.gz`` (user_id, item_id).
"""

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import polars as pl
from scipy import sparse

from benchmarks.common.paths import RESULTS
from daybreak.encoders import DEFAULT_MODEL, MULTILINGUAL_MODEL, Encoder, load_encoder
from daybreak.errors import DaybreakError

REFERENCE = "MiniLM fp32"
PROTOCOL = """
Texts are titles, with the description where the data have one; the first {texts} items by the
hash of their id. *texts/CPU-s*: texts per second of processor time with one thread. *texts/s*:
texts per second of wall-clock time with all threads, which other work on the machine reduces.
Both are measured after a warm-up and without a cache. *cosine* and *top-10* compare with
{reference}: mean cosine of the two vectors of a text, and share of its ten nearest texts that
stay the same. *co-bought* is the relevant quality: the mean cosine of the purchases (common
users) of an item with at least five buyers and the items of its ten nearest texts; *by chance*:
the same with any other item.
"""


@dataclass(frozen=True)
class EncodingSpeed:
    """One row of the table."""

    encoder: str
    load_s: float
    per_cpu_s: float
    per_s: float
    rows: np.ndarray


def encoder_factories() -> dict[str, Callable[[int | None], Encoder]]:
    """Return functions that load each encoder with a number of threads."""
    return {
        REFERENCE: lambda n: load_encoder(DEFAULT_MODEL, threads=n),
        "MiniLM int8": lambda n: load_encoder(DEFAULT_MODEL, threads=n, precision="int8"),
        "USE multilingual": lambda n: load_encoder(MULTILINGUAL_MODEL, threads=n),
    }


def measure(texts: list[str]) -> Iterator[EncodingSpeed]:
    """Yield a row for every installed encoder; print which are missing."""
    for name, make in encoder_factories().items():
        try:
            make(1)  # computes missing 8-bit weights
        except DaybreakError as error:
            print(f"{name} is left out: {error}")
            continue
        started = process_time()
        alone = make(1)
        load_s = process_time() - started
        alone.encode(texts[:32])
        started = process_time()
        rows = alone.encode(texts)
        per_cpu_s = len(texts) / (process_time() - started)
        all_cores = make(None)
        all_cores.encode(texts[:32])
        started = perf_counter()
        all_cores.encode(texts)
        yield EncodingSpeed(
            name, load_s, per_cpu_s, len(texts) / (perf_counter() - started), rows
        )


def nearest(rows: np.ndarray) -> np.ndarray:
    """Return the numbers of the ten nearest other rows."""
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1, kind="stable")[:, :10]


def read(folder: Path, n_texts: int) -> tuple[list[str], np.ndarray]:
    """Return the texts, and the (n_items, n_items) purchase cosines; NaN rows of rare items."""
    items = pl.read_csv(folder / "items.csv.gz", infer_schema_length=0)
    items = items.sort(pl.col("item_id").hash(seed=0), "item_id").head(n_texts)
    columns = [name for name in ("title", "description") if name in items.columns]
    texts = items.select(pl.concat_str(columns, separator=". ", ignore_nulls=True)).to_series()
    events = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=0)
    places = items.select("item_id", column=pl.int_range(pl.len()))
    pairs = events.select("user_id", "item_id").unique().join(places, on="item_id")
    users = pairs["user_id"].rank("dense").to_numpy() - 1
    ones = np.ones(len(pairs), np.float32)
    bought = sparse.csr_array((ones, (users, pairs["column"].to_numpy())))
    bought = sparse.csr_array(bought, shape=(bought.shape[0], len(items)))
    counts = np.asarray(bought.sum(axis=0))
    cosine = (bought.T @ bought).toarray() / np.sqrt(np.outer(counts, counts).clip(1))
    cosine[counts < 5] = np.nan
    np.fill_diagonal(cosine, np.nan)
    return texts.to_list(), cosine


def table(folder: Path, n_texts: int) -> Iterator[str]:
    """Yield the lines of one data set's table."""
    texts, cosine = read(folder, n_texts)
    lengths = np.mean([len(text) for text in texts])
    yield f"## {folder.name}: {len(texts)} texts of {lengths:.0f} characters on average"
    yield ""
    yield "| encoder | load CPU-s | texts/CPU-s | texts/s | cosine | top-10 | co-bought |"
    yield "|---|---|---|---|---|---|---|"
    yield f"| by chance | | | | | | {np.nanmean(cosine):.4f} |"
    reference = None
    for line in measure(texts):
        reference = line if line.encoder == REFERENCE else reference
        near = nearest(line.rows)
        quality = np.nanmean(np.take_along_axis(cosine, near, axis=1))
        yield (
            f"| {line.encoder} | {line.load_s:.2f} | {line.per_cpu_s:,.0f} | {line.per_s:,.0f} "
            f"| {describe_agreement(line.rows, near, reference)} | {quality:.4f} |"
        )
    yield ""


def describe_agreement(
    rows: np.ndarray, near: np.ndarray, reference: EncodingSpeed | None
) -> str:
    """Return mean cosine and share of common neighbours; dashes without comparable vectors."""
    if reference is None:
        return "– | –"
    pairs = zip(near, nearest(reference.rows), strict=True)
    common = np.mean([len({*mine} & {*theirs}) / 10 for mine, theirs in pairs])
    if rows.shape != reference.rows.shape:
        return f"– | {common:.2f}"
    return f"{(rows * reference.rows).sum(axis=1).mean():.4f} | {common:.2f}"


def machine() -> str:
    """Return the date, the kind of processor and its load."""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    cores = f"{os.cpu_count()} cores, {platform.machine()}, {load}"
    return f"{datetime.now(UTC):%Y-%m-%d}; {cores}; Python {platform.python_version()}"


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=RESULTS / "encode_speed.md")
    options = parser.parse_args()
    named = " ".join(f"--data DIR/{folder.name}" for folder in options.data)
    lines = ["# Text encoders", "", machine(), ""]
    lines += [
        f"Command: `python -m benchmarks.serving.encode_speed {named} --texts {options.texts}`"
    ]
    lines += [PROTOCOL.format(texts=options.texts, reference=REFERENCE)]
    for folder in options.data:
        for line in table(folder, options.texts):
            print(line, flush=True)
            lines.append(line)
    options.out.write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
