"""Lists for all users of a store, written to a file in bounded memory.

Users are answered in chunks by an engine. A worker loads the release once; the chunks are
written as they come. Start reading at :func:`write_answers`.
"""

import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from daybreak.config import Settings
from daybreak.engines import Engine, open_engine
from daybreak.errors import (
    ConfigError,
    DataError,
    NextStep,
    NotFoundError,
    UnknownIdWarning,
)
from daybreak.ranking.reranking.rules import check_unknown_items
from daybreak.service.recommender import Recommender
from daybreak.service.releases.release import existing_folder, find_release, releases_root
from daybreak.service.workspace import Workspace
from daybreak.store import Store, open_store

CHUNK_USERS = 1_000
"""Users whose lists one task computes; it bounds the memory of an answer."""
WRITERS: dict[str, Callable[[pl.LazyFrame, Path], Any]] = {
    ".parquet": pl.LazyFrame.sink_parquet,
    ".csv": pl.LazyFrame.sink_csv,
    ".ndjson": pl.LazyFrame.sink_ndjson,
    ".jsonl": pl.LazyFrame.sink_ndjson,
}
"""Writers of a stream of frames, by the ending of the file."""


@dataclass(frozen=True)
class BatchOptions:
    """What is asked for all users."""

    engine: str = "serial"
    """Engine that answers; see :func:`.open_engine`."""
    recommend: dict[str, Any] = field(default_factory=dict)
    """Options of :meth:`.Recommender.recommend`, such as ``rules``."""
    chunk_users: int = CHUNK_USERS
    """Users of a task."""


@dataclass(frozen=True)
class BatchAnswers:
    """What has been written."""

    users: int
    """Number of users."""
    rows: int
    """Number of rows of all lists."""
    release: str
    """Id of the release that answered."""


class AnswerTask(NamedTuple):
    """The users of one chunk, and all that a worker must know."""

    settings: Settings
    release: str
    """Id of the release; its folder may have to be fetched."""
    users: list[str]
    recommend: dict[str, Any]


def write_answers(
    workspace: Workspace,
    out: Path,
    options: BatchOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BatchAnswers:
    """Write the lists of all users with events or a profile, and replace the file.

    The lists are those of :meth:`.Recommender.recommend` with titles, ordered by the id of the
    user. The file appears when all lists are in it.

    Args:
        workspace: The store, whose active release answers.
        out: File that ends with ``.parquet``, ``.csv``, ``.ndjson`` or ``.jsonl``.
        options: What is asked, and where it is computed.
        progress: Called with the number of answered users and of all users after each chunk.

    Raises:
        ConfigError: The ending of the file or an option is unknown.
        DataError: The store has no users, or the file cannot be written.
        NotFoundError: Nothing has been trained.
    """
    options = options or BatchOptions()
    if out.suffix.lower() not in WRITERS:
        raise ConfigError(f"the file must end with {', '.join(WRITERS)}, got {out.name!r}")
    with open_engine(options.engine) as engine:
        release = workspace.store.active_release()
        if release is None:
            raise NotFoundError("nothing has been trained yet", next_step=NextStep.TRAIN)
        existing_folder(releases_root(workspace.settings.store), release)
        users = known_users(workspace)
        recommend = {"k": workspace.settings.k, **options.recommend}
        size = options.chunk_users
        tasks = (
            AnswerTask(workspace.settings, release.id, users[start : start + size], recommend)
            for start in range(0, len(users), size)
        )
        with closing(_count(_answers(engine, tasks), size, len(users), progress)) as frames:
            rows = _write(frames, out)
    return BatchAnswers(len(users), rows, release.id)


def known_users(workspace: Workspace) -> list[str]:
    """Return the ids of the users with events or a profile, in ascending order.

    Raises:
        DataError: There are none.
    """
    ids = workspace.store.user_ids()
    if not ids:
        raise DataError("the store has no users")
    return ids


def answer_users(task: AnswerTask) -> pl.DataFrame:
    """Return the lists of some users; the release is loaded the first time.

    Only the events of these users are read.

    Args:
        task: The users, and the release.
    """
    worker = _load(task.settings, task.release)
    tables = worker.store.people_tables(task.users)
    recommender = worker.catalogue.with_people(tables, worker.items_with_events)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownIdWarning)  # the same for every chunk
        return recommender.recommend(task.users, titles=True, **task.recommend)


class _Worker(NamedTuple):
    """What a process that answers has opened."""

    store: Store
    catalogue: Recommender
    """Recommender without users."""
    items_with_events: frozenset[int]
    """Rows of items that have a positive event only since the training."""


_opened: list[_Worker] = []
"""Stores of this process that are to be closed."""


@lru_cache(maxsize=1)
def _load(settings: Settings, release: str) -> _Worker:
    store = open_store(settings.store)
    folder = find_release(store, releases_root(settings.store), release)
    recommender = Recommender.load(folder)
    recommender.load_tables(store.catalogue_tables())
    recommender.unknown_items = check_unknown_items(settings.unknown_items)
    recommender.candidates_above = settings.candidates_above
    worker = _Worker(store, recommender, _new_items_with_events(store, recommender))
    _opened.append(worker)
    return worker


def _new_items_with_events(store: Store, recommender: Recommender) -> frozenset[int]:
    state = recommender.state
    is_new = ~(state.ranker.is_known & state.ranker.has_events)
    ids = [str(id_) for id_ in state.ranker.ids.filter(pl.Series(is_new))]
    kinds = store.kinds_of_items(ids)
    signs = state.event_rules.signs_of_kinds([(kind, value) for _, kind, value in kinds])
    chosen = [item for (item, *_), sign in zip(kinds, signs, strict=True) if sign > 0]
    rows = state.catalogue.items.ids.rows(chosen)
    return frozenset(rows[rows >= 0].tolist())


def _answers(engine: Engine, tasks: Iterator[AnswerTask]) -> Iterator[pl.DataFrame]:
    try:
        yield from engine.map(answer_users, tasks)
    finally:
        _load.cache_clear()  # of this process, if it has answered
        while _opened:
            _opened.pop().store.close()


def _count(
    frames: Iterator[pl.DataFrame],
    size: int,
    n_users: int,
    progress: Callable[[int, int], None] | None,
) -> Generator[pl.DataFrame, None, None]:
    """Yield the frames, and report after each how many users have been answered."""
    for number, frame in enumerate(frames, 1):
        if progress is not None:
            progress(min(number * size, n_users), n_users)
        yield frame


def _write(frames: Iterator[pl.DataFrame], out: Path) -> int:
    """Write the frames as they come; return the number of rows.

    Raises:
        DataError: The file cannot be written.
    """
    first = next(frames)
    rows = 0

    def source(*_: Any) -> Iterator[pl.DataFrame]:
        nonlocal rows
        for frame in chain([first], frames):
            rows += frame.height
            yield frame

    part = out.with_name(f".{out.name}.part")
    try:
        stream = register_io_source(source, schema=first.schema)
        WRITERS[out.suffix.lower()](stream, part)
        part.replace(out)
    except OSError as error:
        raise DataError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return rows
