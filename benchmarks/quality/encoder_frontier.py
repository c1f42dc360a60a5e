"""Speed and quality of large text encoders and of the small ones distilled from them.

    python -m benchmarks.quality.encoder_frontier --shared DIR [--data NAME ...] \
        [--teacher NAME ...] [--prefix TEXT] [--teachers-only]

A teacher is the name of a model or a folder. Models that were trained with a prefix, such as
``query: `` of the e5 models, get it by ``--prefix``.

``DIR/NAME/`` holds a table of items and one of events, or ``DIR/data/NAME/`` does. Vectors are
kept in the cache (DAYBREAK_CACHE) and not computed again after an interruption.
"""

import argparse
import hashlib
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common.paths import IMAGES, RESULTS
from daybreak.data import EventRules, read_folder
from daybreak.data.dataset import ContentBlock, Dataset, Items, Queries
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.base import l2_normalize
from daybreak.encoders.item_meaning import item_texts
from daybreak.errors import DaybreakError
from daybreak.estimates import paired_bootstrap
from daybreak.evaluation.plots import GRID_COLOUR, MUTED_COLOUR, SERIES_COLOURS, TEXT_COLOUR
from daybreak.metrics import ndcg
from daybreak.models import models
from daybreak.ranked_lists import top_k
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.transfer.distil_encoder import distil_encoder
from daybreak.types import Floats

ENGLISH = ("all-MiniLM-L6-v2", "all-mpnet-base-v2")
TEACHERS = {"anime_zh_dev": ("use-multilingual-v3",)}
DATA = ("gift_shop", "ml100k", "ml1m", "anime_zh_dev")
DIMS = (64, 128, 256, 512)
LIST_LENGTH, HIDDEN_FRACTION, MAX_USERS = 10, 0.2, 3000
WITHOUT = "no text model"
HEADS = (
    *("encoder", "dim", "texts/CPU-s", "speed", "cosine"),
    *("alone", "kept", "all blocks", "kept"),
)
PROTOCOL = """
A fifth of the items that have events is hidden, by the hash of the item's id; every measurement
is repeated {repeats} times with other hashes and the lists of all repeats are pooled. Strategy:
`content_ridge`. Test users: up to {users} users with events on visible and on hidden items. All
hidden items are ranked, nothing is sampled; NDCG@{k}. *alone*: the vectors are the only content
of an item. *all blocks*: with words and attributes, as in the product. The small encoders were
distilled from the texts of the **visible items only**, so the texts of hidden items are new to
them, like those of future items. *dim* is the length of a vector; a shorter vector consists of
the first numbers of the longest.

*texts/CPU-s*: item texts per second of processor time, with one thread, after a warm-up and
without a cache; median of three runs. *speed* and *kept*: relative to the teacher. *cosine*:
similarity to the vectors of the teacher for texts held out, after subtraction of their mean.
`*`: differs from the teacher, 95 % paired bootstrap over users; a user in two repeats counts as
two.
"""


class PrefixedEncoder(Encoder):
    """An encoder of texts that each start with the same words.

    Args:
        encoder: Encoder of the whole texts.
        prefix: Start of each text.
    """

    def __init__(self, encoder: Encoder, prefix: str) -> None:
        self.encoder, self.prefix = encoder, prefix
        self.tolerance = encoder.tolerance

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def hash(self) -> str:
        """Hash of the encoder and the prefix."""
        key = f"{self.prefix}{self.encoder.hash}".encode()
        return hashlib.blake2b(key, digest_size=16).hexdigest()

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self.encoder.encode([f"{self.prefix}{text}" for text in texts])


@dataclass(frozen=True)
class Teachers:
    """The encoders that are compared."""

    names: tuple[str, ...]
    """Names of models, or folders."""
    prefix: str = ""
    """Start of each text."""
    with_students: bool = True
    """Whether small encoders are distilled from them."""

    def load(self, name: str) -> Encoder:
        """Return the encoder of a name."""
        encoder = load_encoder(name, threads=1)
        return PrefixedEncoder(encoder, self.prefix) if self.prefix else encoder


@dataclass(frozen=True, eq=False)
class EncoderResult:
    """One encoder on one data set."""

    name: str
    """Name of the teacher."""
    dim: int
    is_teacher: bool
    speed: float
    """Texts per second of processor time."""
    cosine: float | None
    alone: np.ndarray
    """(n_queries,) NDCG with the vectors alone, by repeat and user"""
    all_blocks: np.ndarray
    """(n_queries,) NDCG with words and attributes as well"""


@dataclass(frozen=True, eq=False)
class EncoderData:
    """A data set, its texts, and the content that needs no text model."""

    name: str
    data: Dataset
    texts: list[str]

    def hidden(self, repeat: int) -> np.ndarray:
        """Return a mask of a fifth of the items with events, by the hash of their ids."""
        rows = self.data.train_item_rows
        keys = [f"{repeat} {self.data.items.ids.ids[row]}".encode() for row in rows]
        order = np.argsort([hashlib.blake2b(key).hexdigest() for key in keys])
        marked = np.zeros(len(self.data.items), bool)
        marked[rows[order[: round(HIDDEN_FRACTION * len(rows))]]] = True
        return marked

    def texts_of(self, mask: np.ndarray) -> list[str]:
        """Return the texts of some of the items."""
        return [text for text, wanted in zip(self.texts, mask, strict=True) if wanted]

    def cold_items(
        self, vectors: np.ndarray, hidden: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the NDCG of every user, with the vectors alone and with all blocks."""
        alone, all_blocks = (self.with_vectors(vectors, alone=alone) for alone in (True, False))
        return cold_items(alone, hidden), cold_items(all_blocks, hidden)

    def with_vectors(self, vectors: np.ndarray, *, alone: bool) -> Dataset:
        """Return the data with vectors as the only block, or as one more block."""
        items, kernel = self.data.items, self.data.kernel
        filled = np.asarray(vectors.any(axis=1))
        centred = vectors - vectors[filled].mean(axis=0)
        rows = l2_normalize(np.where(filled[:, None], centred, 0))
        block = ContentBlock("alone" if alone else "meaning", rows)
        only = Items(items.ids, (block,))
        kernel = only.similarity(only) + (0 if alone or kernel is None else kernel)
        both = only if alone else replace(items, blocks=(*items.blocks, block))
        return replace(self.data, items=both, kernel=kernel)


def read(folder: Path) -> EncoderData:
    """Read a data set and encode its content without a text model."""
    tables = read_folder(folder).tables
    reading = DatasetConfig(encoder=None, rules=EventRules(), fields=None, seed=0)
    made = encode_dataset(tables, reading)
    return EncoderData(
        folder.name, made.data, item_texts(made.content.attributes.fields, tables.items)
    )


def cold_items(data: Dataset, hidden: np.ndarray) -> np.ndarray:
    """Return the NDCG of every test user for a ranking of the hidden items."""
    events = data.events
    new = hidden[events.item]
    visible = data.filter_events(~new)
    users = np.intersect1d(events.user[new], events.user[~new])[:MAX_USERS]
    model: Any = models["content_ridge"]()
    model.fit(visible)
    scores = model.score(Queries.for_users(visible, visible.events, users), data.items)
    wanted = sparse.csr_array(
        events.filter(new).to_matrix(data.n_users, len(data.items))[users]
    )
    columns = np.flatnonzero(hidden)
    return ndcg(top_k(scores[:, columns], LIST_LENGTH), sparse.csr_array(wanted[:, columns]))


def speed(encoder: Encoder, texts: list[str]) -> float:
    """Return texts per second of processor time; the median of three."""
    encoder.encode(texts[:8])
    found = []
    for _ in range(3):
        started = process_time()
        encoder.encode(texts)
        found.append(len(texts) / (process_time() - started))
    return float(np.median(found))


def measure(
    shop: EncoderData, name: str, teachers: Teachers, repeats: int
) -> Iterator[EncoderResult]:
    """Yield the row of a teacher, then those of its students."""
    teacher = teachers.load(name)
    cached = CachedEncoder(teacher, FileVectors())
    print(f"{shop.name}: encoding with {name}", flush=True)
    teacher_vectors = cached.encode(shop.texts)
    longest = min(max(DIMS), teacher.dim)
    dims = [dim for dim in DIMS if dim < longest] + [longest]
    if not teachers.with_students:
        dims = []
    values: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {dim: [] for dim in (0, *dims)}
    cosines = []
    for repeat in range(repeats):
        hidden = shop.hidden(repeat)
        vectors = {0: teacher_vectors}
        if dims:
            student = distil_encoder(cached, shop.texts_of(~hidden), dim=longest)
            cosines.append(student.parts.metadata["fidelity"])
            vectors |= {dim: student.shortened(dim).encode(shop.texts) for dim in dims}
        for dim, rows in vectors.items():
            values[dim].append(shop.cold_items(rows, hidden))
            means = [round(float(part.mean()), 4) for part in values[dim][-1]]
            print(shop.name, name, f"repeat {repeat}", dim or "teacher", means, flush=True)
    few = [text for text in shop.texts if text][:: max(1, len(shop.texts) // 100)]
    for dim, parts in values.items():
        alone, all_blocks = (np.concatenate(part) for part in zip(*parts, strict=True))
        texts_per_s = speed(student.shortened(dim), shop.texts) if dim else speed(teacher, few)
        cosine = float(np.mean(cosines)) if dim == longest else None
        yield EncoderResult(
            Path(name).name, dim or teacher.dim, not dim, texts_per_s, cosine, alone, all_blocks
        )


def table(shop: EncoderData, rows: list[EncoderResult], without: np.ndarray) -> Iterator[str]:
    """Yield the lines of one data set."""
    lengths = np.mean([len(text) for text in shop.texts])
    yield f"## {shop.name}: {len(shop.texts)} texts of {lengths:.0f} characters on average"
    yield ""
    yield f"| {' | '.join(HEADS)} |"
    yield f"|---|{'---:|' * (len(HEADS) - 1)}"
    yield f"| {WITHOUT} | | | | | | | {without.mean():.4f} | |"
    for row in rows:
        teacher = next(other for other in rows if other.is_teacher and other.name == row.name)
        cells = [
            f"**{row.name}**" if row.is_teacher else f"distilled from {row.name}",
            str(row.dim),
            f"{row.speed:,.0f}",
            f"{row.speed / teacher.speed:,.0f}×",
            f"{row.cosine:.3f}" if row.cosine is not None else "",
            *compare_with_teacher(row.alone, teacher.alone),
            *compare_with_teacher(row.all_blocks, teacher.all_blocks),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def compare_with_teacher(mine: np.ndarray, teacher: np.ndarray) -> tuple[str, str]:
    """Return the mean, and its ratio to the mean of the teacher."""
    star = "*" if mine is not teacher and paired_bootstrap(mine, teacher).differs else ""
    return f"{mine.mean():.4f}", f"{mine.mean() / teacher.mean():.1%}{star}"


def between(rows: list[EncoderResult]) -> Iterator[str]:
    """Yield a line for each comparison of two teachers on a data set."""
    first, *others = [row for row in rows if row.is_teacher]
    for other in others:
        parts = []
        for what in ("alone", "all_blocks"):
            found = paired_bootstrap(getattr(other, what), getattr(first, what))
            parts.append(f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")
        yield f"{other.name} less {first.name}: alone {parts[0]}, all blocks {parts[1]}."
        yield ""


def draw(results: dict[str, list[EncoderResult]], path: Path) -> None:
    """Draw quality against speed: a panel per data set, a line per teacher."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: Any = {  # matplotlib lists the keys as literals; a dict of text does not match
        "svg.fonttype": "none",
        "svg.hashsalt": "frontier",
        "font.size": 9.5,
        "text.color": TEXT_COLOUR,
        "axes.labelcolor": MUTED_COLOUR,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9.2, 2.9 * -(-len(results) // 2)), layout="constrained")
        axes = figure.subplots(-(-len(results) // 2), min(2, len(results)), squeeze=False)
        for panel, (name, rows) in zip(axes.flat, results.items(), strict=False):
            _panel(panel, name, rows)
        figure.suptitle(
            "★ big encoder   ● distilled from it, by length of the vector   "
            "– – 95 % of the big one   (vectors are all that is known of an item)",
            fontsize=8.5, x=0.01, ha="left", color=MUTED_COLOUR,
        )  # fmt: skip
        for panel in list(axes.flat)[len(results) :]:
            panel.set_visible(False)
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _panel(panel: Any, name: str, rows: list[EncoderResult]) -> None:
    names = list(dict.fromkeys(row.name for row in rows))
    shifts = ((10, -3), (6, 7)) * len(names)  # the names of two teachers next to each other
    for colour, teacher, shift in zip(SERIES_COLOURS, names, shifts, strict=False):
        mine = [row for row in rows if row.name == teacher]
        (big,) = (row for row in mine if row.is_teacher)
        small = sorted((row for row in mine if not row.is_teacher), key=lambda row: row.dim)
        quality = [row.alone.mean() for row in small]
        speeds = [row.speed for row in small]
        panel.plot(speeds, quality, "o-", color=colour, markersize=4, linewidth=1)
        panel.plot(big.speed, big.alone.mean(), "*", color=colour, markersize=13)
        limit = 0.95 * big.alone.mean()
        panel.axhline(limit, color=colour, linewidth=0.8, linestyle=(0, (4, 3)))
        _annotate(panel, teacher, (big.speed, big.alone.mean()), colour, shift)
        for row in (small[0], small[-1]):
            _annotate(panel, str(row.dim), (row.speed, row.alone.mean()), colour, (6, -3))
    panel.set_xscale("log")
    panel.set_title(name, fontsize=10, loc="left")
    panel.set_xlabel("texts per second of one core")
    panel.set_ylabel("NDCG@10, new items")
    panel.grid(color=GRID_COLOUR, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.margins(x=0.22, y=0.2)
    panel.spines[["top", "right"]].set_visible(False)


def _annotate(
    panel: Any, what: str, place: tuple[float, float], colour: str, shift: tuple[int, int]
) -> None:
    panel.annotate(what, place, shift, textcoords="offset points", color=colour, fontsize=8)


def machine() -> str:
    """Return the date, the processor's kind, and the versions that matter."""
    packages = ("numpy", "scipy", "tokenizers", "onnxruntime", "torch", "transformers")
    versions = [f"{package} {_version(package)}" for package in packages]
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    cores = f"{os.cpu_count()} cores, {platform.machine()}, {load}"
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{date}; {cores}; Python {platform.python_version()}, {', '.join(versions)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def run(
    shop: EncoderData, teachers: Teachers, repeats: int
) -> tuple[list[EncoderResult], np.ndarray]:
    """Measure every available teacher, and the strategy without a text model."""
    rows = []
    for name in teachers.names:
        try:
            rows += list(measure(shop, name, teachers, repeats))
        except DaybreakError as error:
            print(f"{name} is left out: {error}", flush=True)
    parts = [cold_items(shop.data, shop.hidden(repeat)) for repeat in range(repeats)]
    return rows, np.concatenate(parts)


def main() -> None:
    """Measure, print, and write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", action="append", metavar="NAME")
    parser.add_argument("--teacher", action="append", metavar="NAME")
    parser.add_argument("--prefix", default="", help="start of each text, as of e5 models")
    parser.add_argument("--teachers-only", action="store_true", help="distil nothing")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "encoder_frontier.md")
    parser.add_argument("--picture", type=Path, default=IMAGES / "encoder_frontier.svg")
    options = parser.parse_args()
    base = options.shared / "data" if (options.shared / "data").is_dir() else options.shared
    lines = ["# Large text encoders and the small ones distilled from them", "", machine(), ""]
    module = "benchmarks.quality.encoder_frontier"
    command = f"python -m {module} --shared DIR --repeats {options.repeats}"
    lines += [f"Command: `{command}`"]
    lines += [PROTOCOL.format(repeats=options.repeats, users=f"{MAX_USERS:,}", k=LIST_LENGTH)]
    results = {}
    for name in options.data or DATA:
        shop = read(base / name)
        names = tuple(options.teacher or TEACHERS.get(name, ENGLISH))
        teachers = Teachers(names, options.prefix, not options.teachers_only)
        rows, without = run(shop, teachers, options.repeats)
        if not rows:
            continue
        results[name] = rows
        lines += [*table(shop, rows, without), *between(rows)]
        print("\n".join(table(shop, rows, without)), flush=True)
        options.out.write_text("\n".join(lines).rstrip() + "\n", "utf-8")
    if not options.teachers_only:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
