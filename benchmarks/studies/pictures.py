"""New films with text, with pictures, with trailers, and with all of them; and knock-outs.

    python -m benchmarks.studies.pictures --shared SHARED --work WORK [--repeats N]

``SHARED/data/mlsmall_mm`` holds films, ratings and posters; see its README for the sources.
"""

import argparse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common.paths import RESULTS
from daybreak.data import EventRules, Tables, read_folder
from daybreak.data.media.pictures import keep_picture
from daybreak.data.media.refusals import RefusedMediaError
from daybreak.encoders import Encoder
from daybreak.estimates import bootstrap, paired_bootstrap
from daybreak.rng import create_generator
from daybreak.service.benchmarking.knock_outs import (
    LIST_LENGTH,
    draw_noise_picture,
    rank_new_items,
)
from daybreak.service.inputs.dataset import DatasetConfig
from daybreak.service.training.encoder_choice import choose_encoder

TEXT = ("title", "categories", "description")
TRAILER = tuple(f"trailer_f{number}" for number in range(1, 8))
CONTENTS: dict[str, tuple[str, ...]] = {
    "text": TEXT,
    "nothing: lists by chance": (),
    "title alone": ("title",),
    "title and pictures": ("title", "image"),
    "pictures": ("image",),
    "trailers": TRAILER,
    "pictures and trailers": ("image", *TRAILER),
    "text and pictures": (*TEXT, "image"),
    "text, pictures and trailers": (*TEXT, "image", *TRAILER),
    "text and one picture for all": (*TEXT, "one"),
    "text and pictures of other films": (*TEXT, "other"),
    "text and pixels of noise": (*TEXT, "noise"),
}
"""Columns of each kind of content; the last three are knock-outs."""
KNOCK_OUTS = ("one", "other", "noise")
"""Columns with pictures that say nothing about the film."""
STRATEGIES = {"content/ridge": "content_ridge", "content/ease": "content_ease"}
REFERENCE = "text"
OTHER_REFERENCES = {"title and pictures": "title alone"}
"""Content that is compared with other content than the text."""
PROTOCOL = """Data: the {films:,} films of mlsmall_mm with a poster, {events:,} ratings of at
least 3.5 by {users:,} people. A fifth of the films is hidden, by the hash of its id, and all of
them are ranked for each person with ratings of hidden and of other films; NDCG@{k}. Repeats:
{repeats}, each with other hashes; their lists are pooled. Weights of columns and pictures are
learned from the ratings of the other films only. Intervals: 95 %, bootstrap over lists;
*difference*: to *text* (of *title and pictures* to *title alone*), paired; `*`: differs from 0.
*weight*: mean learned weight of pictures in the similarity of films. Trailers are seven numbers
of each trailer (shot length, colour, motion, light), known for {trailers:,} of the
films, read as ranges of numbers."""


@dataclass(frozen=True, eq=False)
class Films:
    """Films with posters, and the ratings of them."""

    tables: Tables
    encoder: Encoder | None


def main() -> None:
    """Measure all kinds of content and write the table."""
    args = _arguments()
    folder = args.shared / "data" / "mlsmall_mm"
    if not folder.is_dir():
        raise SystemExit(f"skipped: there is no {folder}; see benchmarks/README.md, the data")
    films = load_films(folder)
    values: dict[tuple[str, str], np.ndarray] = {}
    weights: dict[str, list[float]] = {}
    for content, columns in CONTENTS.items():
        parts = [
            _measure_once(films, content, columns, repeat, args.work)
            for repeat in range(args.repeats)
        ]
        weights[content] = [float(part["weight"]) for part in parts]
        for name in STRATEGIES:
            values[content, name] = np.concatenate([part[name] for part in parts])
            mean = round(float(values[content, name].mean()), 4)
            print(content, name, mean, weights[content], flush=True)
    args.out.write_text("\n".join(_page(films, values, weights, args)) + "\n", "utf-8")
    print(f"wrote {args.out}")


def load_films(folder: Path) -> Films:
    """Return the films with posters, the posters as pictures, and knock-outs of them."""
    read = read_folder(folder).tables
    posters: dict[str, str] = {}
    with zipfile.ZipFile(folder / "posters.zip") as archive:
        for name in archive.namelist():
            try:
                posters[Path(name).stem] = keep_picture(archive.read(name))
            except RefusedMediaError as error:
                print(name, error)
    rows = read.items.filter(pl.col("item_id").is_in(list(posters)))
    events = read.events.filter(
        pl.col("item_id").is_in(rows["item_id"].to_list()) & (pl.col("value") >= 3.5)
    )
    rows = rows.filter(pl.col("item_id").is_in(events["item_id"].unique().to_list()))
    pictures = [posters[id_] for id_ in rows["item_id"]]
    rng = create_generator(0, "knock-outs")
    others = [pictures[row] for row in rng.permutation(len(pictures))]
    columns = {"image": pictures, "one": pictures[:1] * len(pictures), "other": others}
    columns["noise"] = [draw_noise_picture(rng) for _ in pictures]
    items = rows.with_columns(pl.Series(name, column) for name, column in columns.items())
    encoder = choose_encoder("auto", items.select("item_id", *TEXT)).encoder
    return Films(
        Tables.of(events.with_columns(value=None, event_type=None), items, read.users), encoder
    )


def _measure_once(
    films: Films, content: str, columns: tuple[str, ...], repeat: int, work: Path
) -> dict[str, np.ndarray]:
    """Return the result of one repeat; a stopped run continues where it ended."""
    file = work / f"{content.replace(', ', ' ').replace(' ', '_')}_{repeat}.npz"
    if not file.is_file():
        found, weight = measure(films, columns, repeat)
        work.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part.npz")
        np.savez(draft, weight=np.array(weight), **found)
        draft.rename(file)
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def measure(
    films: Films, columns: tuple[str, ...], repeat: int
) -> tuple[dict[str, np.ndarray], float]:
    """Return the NDCG of all lists by strategy, and the learned weight of pictures."""
    items = films.tables.items.select("item_id", *columns)
    items = items.rename({name: "image" for name in KNOCK_OUTS if name in columns})
    tables = Tables.of(films.tables.events, items, films.tables.users)
    config = DatasetConfig(encoder=films.encoder, rules=EventRules(), fields=None, seed=0)
    lists = rank_new_items(tables, config, list(STRATEGIES.values()), repeat)
    found = {name: lists.ndcg[model] for name, model in STRATEGIES.items()}
    return found, round(float(lists.block_weights.get("picture", 0.0)), 4)


def _page(
    films: Films,
    values: dict[tuple[str, str], np.ndarray],
    weights: dict[str, list[float]],
    args: argparse.Namespace,
) -> Iterator[str]:
    items = films.tables.items
    yield "# Pictures and trailers of new films\n"
    options = f"--shared SHARED --work WORK --repeats {args.repeats}"
    yield f"Command: `python -m benchmarks.studies.pictures {options}`\n"
    yield (
        PROTOCOL.format(
            films=items.height,
            events=films.tables.events.height,
            users=films.tables.events["user_id"].n_unique(),
            k=LIST_LENGTH,
            repeats=args.repeats,
            trailers=items[TRAILER[0]].drop_nulls().len(),
        )
        + "\n"
    )
    yield "| content | strategy | NDCG | interval | difference | weight |"
    yield "|---|---|---:|---|---|---:|"
    for (content, strategy), one in values.items():
        mean = bootstrap(one)
        other = values[OTHER_REFERENCES.get(content, REFERENCE), strategy]
        gain = paired_bootstrap(one, other)
        difference = f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        difference += "*" if gain.differs else ""
        has_pictures = "picture" in content or "pixel" in content
        cells = (
            content,
            f"`{strategy}`",
            f"{mean.mean:.4f}",
            f"{mean.low:.4f} to {mean.high:.4f}",
            "" if content == REFERENCE else difference,
            f"{np.mean(weights[content]):.2f}" if has_pictures else "",
        )
        yield f"| {' | '.join(cells)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--work", type=Path, required=True, help="folder of finished repeats")
    parser.add_argument("--out", type=Path, default=RESULTS / "pictures.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
