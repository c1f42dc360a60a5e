"""Train with other shops and domains as sources, and say which of them are of use.

:func:`transfer` trains on a store or on files; :func:`pretrain` joins several data sets into
one release that others start from.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import ConfigError, SourceRefusedError
from daybreak.service.inputs.equal_items import match_items
from daybreak.service.inputs.frames import as_tables
from daybreak.service.output_folders import check_output_folder
from daybreak.service.recommender import Recommender
from daybreak.service.release_training import TrainOptions, train_release
from daybreak.service.releases.release import has_release
from daybreak.service.source_inputs import (
    columns_by_import,
    default_source_names,
    read_if_folder,
)
from daybreak.store import open_store
from daybreak.types import Progress, ignore_progress


@dataclass(frozen=True)
class TransferResult:
    """A training with sources: the verdict on each of them, and where the release is."""

    sources: tuple[str, ...]
    """Names of the sources"""
    slices: tuple[dict[str, Any], ...]
    """With and without each source, by bridge and number of known events; empty where the
    target has no events to measure it"""
    notes: tuple[str, ...]
    release: str
    """Id of the release of a store, or its folder; empty: it was not saved"""
    seconds: float = field(compare=False)

    @property
    def refused(self) -> tuple[str, ...]:
        """Names of the sources that were measured and are not used."""
        measured = {one["source"] for one in self.slices}
        used = {one["source"] for one in self.slices if one["used"]}
        return tuple(name for name in self.sources if name in measured - used)

    def check(self) -> None:
        """Raise an error if a source was refused.

        Raises:
            SourceRefusedError: A source does not help; the release does without it.
        """
        if self.refused:
            listed = ", ".join(self.refused)
            raise SourceRefusedError(
                f"{listed}: no help in simulated cold starts; the release does not use it"
            )

    def table(self) -> pl.DataFrame:
        """Return one row for each source, bridge and number of known events."""
        rows = [
            {
                "source": one["source"],
                "bridge": one["bridge"],
                "events": one["events"],
                "queries": one["queries"],
                "without": one["without"],
                "with": one["with"],
                "gain": "{:+.4f} ({:+.4f} to {:+.4f})".format(*one["gain"]),
                "verdict": one["verdict"],
                "used": "yes" if one["used"] else "no",
            }
            for one in self.slices
        ]
        return pl.DataFrame(rows)


def transfer(
    sources: Sequence[str],
    target: str,
    settings: Settings,
    *,
    out: Path | None = None,
    progress: Progress = ignore_progress,
) -> TransferResult:
    """Train on a target with sources.

    The release of a store becomes the active one, and the users of the store get what they
    chose in the sources; that of files is written to ``out``.

    Args:
        sources: Stores, folders, files, releases, or domains of the target's data.
        target: URL or file of a store, or a folder or file of tables.
        settings: Encoder and seed.
        out: Folder for the release, if the target is no store.
        progress: Called with the name of each step.

    Raises:
        ConfigError: The target is a store and ``out`` is given, or ``out`` has other files.
        DataError: A table cannot be read.
    """
    started = time.perf_counter()
    if is_store(target):
        if out is not None:
            raise ConfigError("the release of a store is kept next to it; leave out the folder")
        return _transfer_to_store(sources, target, settings, progress, started)
    if out is not None:
        check_output_folder(out, has_release)
    model = Recommender(encoder=settings.encoder, seed=settings.seed)
    with columns_by_import(target):
        model.fit(read_if_folder(target), sources=list(sources), progress=progress)
    if out is not None:
        model.save(out)
    return _result(model, sources, "" if out is None else str(out), started)


def is_store(target: str) -> bool:
    """Return whether the name of a target is that of a store.

    Example:
        >>> is_store("sqlite:///shop.db"), is_store("shop.db"), is_store("shop")
        (True, True, False)
    """
    return "://" in target or target.endswith(".db")


def _transfer_to_store(
    sources: Sequence[str], target: str, settings: Settings, progress: Progress, started: float
) -> TransferResult:
    url = target if "://" in target else f"sqlite:///{target}"
    with open_store(url) as store:
        options = TrainOptions(gate=False, sources=tuple(sources))
        chosen = Settings(store=url, encoder=settings.encoder, seed=settings.seed)
        result = train_release(store, chosen, options, progress=progress)
    return TransferResult(
        tuple(result.source_names),
        tuple(result.measured.get("sources", ())),
        result.notes,
        result.release.id,
        time.perf_counter() - started,
    )


def _result(
    model: Recommender, sources: Sequence[str], release: str, started: float
) -> TransferResult:
    return TransferResult(
        model.source_names,
        tuple(model.report.get("sources", ())),
        model.notes,
        release,
        time.perf_counter() - started,
    )


def pretrain(
    datasets: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    progress: Progress = ignore_progress,
) -> TransferResult:
    """Train one release over several data sets, which other shops can start from.

    People and items of different data sets are kept apart. The release has the content of all
    items and what goes with what, and no data of single users.

    Args:
        datasets: Folders, files or stores, at least one.
        out: Folder for the release.
        settings: Encoder and seed.
        progress: Called with the name of each step.

    Raises:
        ConfigError: There is no data set, one is named twice, or ``out`` has other files.
        DataError: A table cannot be read.
    """
    started = time.perf_counter()
    if not datasets:
        raise ConfigError("pretraining needs at least one data set")
    check_output_folder(out, has_release)
    progress("reading the data sets")
    names = default_source_names(datasets)
    tables = join_datasets(list(zip(names, map(read_dataset, datasets), strict=True)))
    model = Recommender(encoder=settings.encoder, seed=settings.seed)
    model.fit(tables, progress=progress)
    model.save(out)
    return _result(model, (), str(out), started)


def read_dataset(name: str) -> Tables:
    """Return the tables of a store, a folder or a file.

    Args:
        name: URL or file of a store, or a folder or file of tables.
    """
    if is_store(name):
        with open_store(name) as store:
            return store.tables()
    with columns_by_import(name):
        return as_tables(read_if_folder(name), None, None, None).tables


def join_datasets(datasets: Sequence[tuple[str, Tables]]) -> Tables:
    """Return the tables of several shops as those of one.

    An item of an earlier shop that a later one sells as well is one item.

    Args:
        datasets: Name and tables of each.

    Example:
        >>> one = Tables.of(pl.DataFrame({"user_id": ["1"], "item_id": ["7"]}))
        >>> joined = join_datasets([("a", one), ("b", one)])
        >>> joined.items["item_id"].to_list(), joined.users["user_id"].to_list()
        (['a/7', 'b/7'], ['a/1', 'b/1'])
    """
    items, users, events = [], [], []
    for name, tables in datasets:
        prefix = pl.lit(f"{name}/")
        items.append(tables.items.with_columns((prefix + pl.col("item_id")).alias("item_id")))
        users.append(tables.users.select((prefix + pl.col("user_id")).alias("user_id")))
        named = [(prefix + pl.col(key)).alias(key) for key in ("user_id", "item_id")]
        events.append(tables.events.with_columns(named))
    for later in range(1, len(items)):
        for earlier in range(later):
            same = match_items(items[earlier], items[later]).ids
            events[later] = events[later].with_columns(pl.col("item_id").replace(same))
            items[later] = items[later].filter(~pl.col("item_id").is_in(list(same)))
    joined = pl.concat([_as_texts(frame) for frame in items], how="diagonal_relaxed")
    return Tables.of(pl.concat(events), joined, pl.concat(users))


def _as_texts(items: pl.DataFrame) -> pl.DataFrame:
    """Return items whose columns have types that those of other shops can be joined to."""
    return items.with_columns(
        pl.col(name).cast(pl.String)
        for name, kind in items.schema.items()
        if not kind.is_numeric() and not kind.is_nested()
    )
