"""Releases in memory: loading, activating, rolling back, and following the store.

Start reading at :class:`ReleaseManager`.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, RLock
from typing import Any
from weakref import ref

from daybreak.data import Tables
from daybreak.deprecation import warn_deprecated
from daybreak.errors import ConfigError, DaybreakError, NotFoundError
from daybreak.memory import paused_collections, trim_heaps
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.releases.derived import open_columns, open_derived
from daybreak.service.releases.map_file import read_map
from daybreak.service.releases.measurement_files import read_evaluation, read_shop_curve
from daybreak.service.releases.release import (
    in_serving_order,
    read_release,
    read_report,
    release_folder,
    reported_damage,
)
from daybreak.service.serving.fallback import needs_rebuild, untrained_state
from daybreak.service.serving.row_cache import RowCache
from daybreak.service.state.candidate_lists import CANDIDATES_ABOVE
from daybreak.service.state.item_map import ItemMap
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.serving_state import ServingState
from daybreak.store import Release, Store
from daybreak.store.base import Changes
from daybreak.types import UnknownItems

log = logging.getLogger(__name__)

MIN_RECOUNT_INTERVAL_S = 5.0
"""Shortest time between two counts of popularity [s]."""
MAX_RECOUNT_CPU_SHARE = 0.05
"""Largest share of one processor that counting popularity may take; also that of writing out
rows of weights."""
MAX_ITEMS_REBUILT_AT_ONCE = 1_000
"""Largest catalogue whose untrained state is rebuilt during a write."""
MIN_CHANGED_SHARE = 1 / 16
"""Share of changed items above which they are compacted."""
MIN_CHANGED_ITEMS = 256
"""Number of changed items up to which they are not compacted."""
MAX_LOADED_RELEASES = 4
"""Largest number of releases in memory: the active one and those of experiments. One more can
be there for trials."""


@dataclass(frozen=True)
class FailedRelease:
    """A release that could not be loaded."""

    release: str
    reason: str


@dataclass(frozen=True)
class RowCaches:
    """Current attributes of items and users."""

    items: RowCache
    users: RowCache


class ReleaseManager:
    """Keeps the states of releases up to date with the store; thread-safe.

    Readers take :attr:`current` once and use it for a whole request. A change takes the update
    lock, makes a new state, and replaces the old one by a single assignment.

    Args:
        store: Store that is followed.
        folder: Folder that contains the releases; None: the store is not a file.
        unknown_items: Whether items that are not in the catalogue are recommended.
        derived_folder: Folder for what is computed from releases whose own folder cannot be
            written; None: each process computes it.
        candidates_above: Number of items from which lists are made of candidates; 0: never.
    """

    def __init__(
        self,
        store: Store,
        folder: Path | None,
        unknown_items: UnknownItems = "exclude",
        derived_folder: Path | None = None,
        candidates_above: int = CANDIDATES_ABOVE,
    ) -> None:
        self._derived_folder = derived_folder
        self._unknown_items = unknown_items
        self._candidates_above = candidates_above
        self._store = store
        self._folder = folder
        self._update_lock = RLock()
        self._load_lock = Lock()
        self._recounted = self._rows_written = (0.0, 0.0)
        self._has_new_events = self._has_changed_items = False
        self._previous: list[str] = []
        self._kept_releases: set[str] = set()
        self._trial_release = ""
        self._loading_releases: set[str] = set()
        cursor, tables, state = self._open(store.releases())
        state = self._with_settings(state)
        self._states = {state.release: state}
        self._cursor = cursor
        self.current = state
        """State of the active release."""
        self.row_caches = _row_caches(tables)
        self.loaded_at = time.time()
        self.sync()

    def state_of(self, release: str) -> ServingState | None:
        """Return the state of a release; None if it is not in memory."""
        return self._states.get(release)

    def states(self) -> list[ServingState]:
        """Return the states of all releases in memory."""
        return list(self._states.values())

    def sync(self, up_to: int | None = None) -> None:
        """Apply everything that any process has written to the store since the last call.

        Args:
            up_to: Cursor of a write that must be applied when the call returns. If another
                thread has applied it, there is nothing to do. None: all present writes.

        Raises:
            StoreError: The store cannot be read; the states stay as they are.
        """
        if self._has_applied(up_to):
            return
        with self._update_lock:
            if self._has_applied(up_to):
                return
            changes = self._store.changes(self._cursor)
            if not changes.complete:
                self._reload_all()
            elif changes.cursor != self._cursor:
                self._apply_changes(changes)
                self._cursor = changes.cursor
                if (
                    needs_rebuild(self.current)
                    and len(self.row_caches.items) <= MAX_ITEMS_REBUILT_AT_ONCE
                ):
                    self._rebuild_untrained()

    def _has_applied(self, cursor: int | None) -> bool:
        return cursor is not None and 0 <= cursor <= self._cursor

    def recount_if_due(self) -> None:
        """Recount popularity if there are new events and the last count is long enough ago."""
        last, took = self._recounted
        now = time.monotonic()
        if not self._has_new_events or now - last < max(
            MIN_RECOUNT_INTERVAL_S, took / MAX_RECOUNT_CPU_SHARE
        ):
            return
        self.recount_popularity()
        self._recounted = (time.monotonic(), time.monotonic() - now)

    def recount_popularity(self) -> None:
        """Recount popularity from all events."""
        with self._update_lock:
            self._has_new_events = False
            for state in list(self._states.values()):
                self._replace_state(state.with_recounted_popularity())
        if needs_rebuild(self.current, growth=1.0):
            self._rebuild_untrained()

    def write_out_rows_if_due(self) -> None:
        """Write out rows of low-rank weights that lists have needed, some at a time."""
        last, took = self._rows_written
        now = time.monotonic()
        if now - last < took / MAX_RECOUNT_CPU_SHARE:
            return
        for state in self.states():
            first = state.scorers[0]
            first.products.fill(first.shared)
        self._rows_written = (time.monotonic(), time.monotonic() - now)

    def compact(self) -> None:
        """Compact the scorers of releases in which many items have changed, to bound memory.

        Requests and writes continue meanwhile.
        """
        for release in list(self._states):
            self._compact_release(release)

    def return_memory(self) -> bool:
        """Give back what changed items have left behind; return whether there were any.

        A change reads pages of the files of a release, and its matrices, each a little larger
        than the one before, leave gaps in the heaps: 500 MB after 500 changes of 10,000 items.
        """
        if not self._has_changed_items:
            return False
        self._has_changed_items = False
        for state in self.states():
            state.drop_pages()
        trim_heaps()
        return True

    def check_active_release(self) -> None:
        """Activate the release that another process has made active.

        A release that cannot be loaded is listed in :attr:`failed` and not tried again.
        """
        active = self._store.active_release()
        if active is None or active.id in {
            self.current.release,
            *(f.release for f in self.failed),
        }:
            return
        try:
            self._activate(active.id, write=False)
        except DaybreakError as error:
            log.error("cannot load release %s: %s", active.id, error)

    def all(self) -> list[Release]:
        """Return all releases, the newest first; ``active`` marks the one of this process."""
        current = self.current.release
        return [
            replace(release, active=release.id == current) for release in self._store.releases()
        ]

    def __call__(self) -> list[Release]:
        """Deprecated form of :meth:`all`."""
        warn_deprecated("RecommenderService.releases()", "RecommenderService.releases.all()")
        return self.all()

    def activate(self, id: str) -> str:
        """Activate a release in every process; requests continue to be answered.

        Args:
            id: Id of the release.

        Returns:
            Id of the release.

        Raises:
            NotFoundError: There is no such release.
            DataError: The release is damaged; the current one stays.
        """
        return self._activate(id, write=True).release

    def rollback(self) -> str:
        """Activate the previous release; return its id.

        Raises:
            NotFoundError: There is none.
        """
        current = self.current.release
        previous = next((r for r in reversed(self._previous) if r and r != current), None)
        if previous is None:
            created = {release.id: release.created_at for release in self._store.releases()}
            at = created.get(current, float("inf"))
            older = [
                id_
                for id_, created_at in created.items()
                if id_ != current and created_at <= at
            ]
            previous = older[0] if older else None
        if previous is None:
            raise NotFoundError("there is no earlier release to go back to")
        self._previous = [r for r in self._previous if r not in {previous, current}]
        return self.activate(previous)

    def report(self, id: str) -> dict[str, Any]:
        """Return what the training of a release reports; see :func:`read_report`.

        ``shop_curve`` is the warm-up curve of the shop, and ``evaluation`` an evaluation by
        slice; None: it was not measured.

        Args:
            id: Id of the release.

        Raises:
            NotFoundError: There is no such release.
            DataError: The release is damaged.
        """
        folder = self.release_folder(self._find_release(id))
        measured = {
            "shop_curve": read_shop_curve(folder),
            "evaluation": read_evaluation(folder),
        }
        plain = {name: one and one.to_dict() for name, one in measured.items()}
        return {**read_report(folder), **plain}

    def require(self, id: str) -> None:
        """Raise if there is no such release.

        Args:
            id: Id of the release.

        Raises:
            NotFoundError: There is no such release.
        """
        self._find_release(id)

    def keep_loaded(self, releases: Sequence[str]) -> None:
        """Keep these releases in memory in addition to the active one, and drop all others.

        A release that cannot be loaded is listed in :attr:`failed`.
        """
        self._kept_releases = set(releases[: MAX_LOADED_RELEASES - 1])
        failed = {failure.release for failure in self.failed}
        for release in releases[: MAX_LOADED_RELEASES - 1]:
            if release not in self._states and release not in failed:
                try:
                    with self._load_lock:
                        self._load_and_register(self._find_release(release))
                except DaybreakError as error:
                    log.error("cannot load release %s: %s", release, error)
                    self.failed.append(FailedRelease(release, str(error)))
        self._unload_unused(set())

    def load_for_trial(self, release: str) -> ServingState:
        """Return the state of any release; it stays in memory until the next trial of another.

        Args:
            release: Id of the release.

        Raises:
            NotFoundError: There is no such release.
            DataError: The release is damaged.
        """
        with self._load_lock:
            state = self._states.get(release)
            if state is None:
                state = self._load_and_register(self._find_release(release))
                self._trial_release = release
                self._unload_unused(set())
            return state

    def release_folder(self, release: Release) -> Path:
        """Return the folder of a release: next to the store, so that both can be moved."""
        return release_folder(self._folder, release)

    def stored_map(self, state: ServingState) -> ItemMap | None:
        """Return the map of a release as its training stored it; None: it has none."""
        stored = self._store.release(state.release) if state.release else None
        item_map = None if stored is None else read_map(self.release_folder(stored))
        if item_map is None:
            return None
        is_beginning = state.catalogue.items.ids.ids[: len(item_map.ids)] == item_map.ids.ids
        return item_map if is_beginning else None

    @property
    def cursor(self) -> int:
        """Position in the change feed of the store up to which changes are applied."""
        return self._cursor

    def _open(self, releases: Sequence[Release]) -> tuple[int, Tables, ServingState]:
        """Return the cursor, the tables of the store, and the first state that can be used.

        The store is read while files of the release are read and its text model is loaded.
        """
        with paused_collections(), ThreadPoolExecutor(1, "opening") as pool:
            reading = pool.submit(self._read_store)
            state, self.failed = load_first_usable(
                releases,
                self.release_folder,
                lambda: reading.result()[1],
                self._derived_folder,
            )
            cursor, tables = reading.result()
        return cursor, tables, state

    def _read_store(self) -> tuple[int, Tables]:
        """Return the cursor and all tables of the store; later writes follow as changes."""
        cursor = self._store.changes(-1).cursor
        return cursor, self._store.tables()

    def _find_release(self, release: str) -> Release:
        stored = self._store.release(release)
        if stored is None:
            known = ", ".join(other.id for other in self._store.releases()) or "none"
            raise NotFoundError(f"no release {release!r}; known: {known}")
        return stored

    def _load_and_register(self, release: Release) -> ServingState:
        """Load a release and keep it up to date from now on."""
        if self._folder is None:
            raise ConfigError("releases need a folder, and this store has none")
        cursor, tables = self._read_store()
        folder = self.release_folder(release)
        state = load_state(release.id, folder, lambda: tables, self._derived_folder)
        return self._register(state, cursor)

    def _register(self, state: ServingState, cursor: int) -> ServingState:
        with self._update_lock:
            self.sync()
            changes = self._store.changes(cursor)
            state = state.with_changes(changes) if changes.complete else state
            state = self._with_settings(state)
            self._states = {**self._states, state.release: state}
            return state

    def _activate(self, release: str, *, write: bool) -> ServingState:
        """Activate a release; the previous one answers until the new one is ready."""
        with self._load_lock:
            self._loading_releases = {release}
            try:
                return self._replace_current(release, write=write)
            finally:
                self._loading_releases = set()

    def _replace_current(self, release: str, *, write: bool) -> ServingState:
        stored = self._find_release(release)
        try:
            state = self._states.get(release) or self._load_and_register(stored)
        except DaybreakError as error:
            self.failed = [f for f in self.failed if f.release != release]
            self.failed.append(FailedRelease(release, str(error)))
            raise
        if write:
            self._store.put_release(replace(stored, active=True))
        with self._update_lock:
            previous, self.current = self.current, self._states[state.release]
            self.loaded_at = time.time()
        self.failed = [f for f in self.failed if f.release != release]
        if previous.release != release:
            self._previous = [r for r in self._previous if r != release]
            self._previous.append(previous.release)
        self._unload_unused({release})
        return self.current

    def _unload_unused(self, needed: set[str]) -> None:
        with self._update_lock:
            needed = {
                *needed,
                *self._kept_releases,
                *self._loading_releases,
                self._trial_release,
                self.current.release,
            }
            self._states = {r: s for r, s in self._states.items() if r in needed}

    def _with_settings(self, state: ServingState) -> ServingState:
        state = state.with_unknown_items(self._unknown_items)
        return state.with_candidates_above(self._candidates_above)

    def _replace_state(self, state: ServingState) -> None:
        state = self._with_settings(state)
        self._states = {**self._states, state.release: state}
        if self.current.release == state.release:
            self.current = state

    def _compact_release(self, release: str) -> None:
        """Replace the first scorer step by step, unless another thread replaces it.

        No variable refers to a replaced scorer, so that its memory is freed at once.
        """
        state = self._states.get(release)
        if state is None or not _needs_compaction(state.scorer):
            return
        last, changed = ref(state.scorers[0]), state.scorers[1]
        steps = state.scorer.compaction_steps()
        del state
        for first in steps:
            if not self._replace_first_scorer(release, last, first):
                return
            last = ref(first)
        with self._update_lock:
            state = self._states.get(release)
            if state is not None and state.scorers[:2] == (last(), changed):
                self._replace_state(state.with_scorer(state.scorer.without_changed()))

    def _replace_first_scorer(self, release: str, last: "ref[Scorer]", first: Scorer) -> bool:
        """Replace the first scorer if it is still the last one; return whether it was."""
        with self._update_lock:
            state = self._states.get(release)
            if state is None or state.scorers[0] is not last():
                return False
            self._replace_state(state.with_scorer(state.scorer.with_first_scorer(first)))
            return True

    def _apply_changes(self, changes: Changes) -> None:
        items, users = self.row_caches.items, self.row_caches.users
        items.remove(changes.items_gone)
        users.remove(changes.users_gone)
        tables = changes.tables
        changed = replace(
            changes, tables=replace(tables, items=items.changed_rows(tables.items))
        )
        for state in list(self._states.values()):
            self._replace_state(state.with_changes(changed))
        self._has_new_events = True
        self._has_changed_items |= changed.tables.items.height > 0
        items.put(changed.tables.items)
        users.put(tables.users)

    def _rebuild_untrained(self) -> None:
        """Rebuild the untrained state from the whole store."""
        cursor, tables = self._read_store()
        state = replace(untrained_state(tables), notes=self.current.notes)
        with self._update_lock:
            if not self.current.release:
                self._replace_state(self._register(state, cursor))

    def _reload_all(self) -> None:
        """Reload all releases: the change feed no longer reaches back far enough."""
        cursor, tables = self._read_store()
        for name, state in list(self._states.items()):
            release = self._store.release(name)
            if release is None:
                fresh = untrained_state(tables)
            else:
                fresh = load_state(
                    name,
                    self.release_folder(release),
                    lambda: tables,
                    self._derived_folder,
                )
            self._replace_state(replace(fresh, notes=state.notes))
        self.row_caches = _row_caches(tables)
        self._cursor = cursor


def load_state(
    release: str,
    folder: Path,
    tables: Callable[[], Tables],
    derived_folder: Path | None = None,
) -> ServingState:
    """Load a release and bring it up to date with a store.

    Args:
        release: Id of the release.
        folder: Folder of the release.
        tables: Returns all tables of the store, once the release has been read.
        derived_folder: See :class:`ReleaseManager`.

    Raises:
        NotFoundError: There is no release in the folder, or its text model is not installed.
        DataError: The release is damaged, or of another version.
    """
    shared = open_derived(folder, derived_folder)
    with ThreadPoolExecutor(1, "checking") as pool:
        if shared is not None:
            shared.check_files(pool)
        trained, catalogue, _ = read_release(folder, remember=True)
        every = tables()
        with reported_damage(folder):
            state = ServingState.from_tables(release, trained, catalogue.frame, every, shared)
            state.precompute()
    return replace(state, columns=open_columns(folder, derived_folder))


def load_first_usable(
    releases: Iterable[Release],
    folder_of: Callable[[Release], Path],
    tables: Callable[[], Tables],
    derived_folder: Path | None = None,
) -> tuple[ServingState, list[FailedRelease]]:
    """Return the first release that can be loaded, else an untrained state.

    Args:
        releases: Releases; see :func:`in_serving_order`.
        folder_of: Returns the folder of a release.
        tables: Returns all tables of the store.
        derived_folder: See :class:`ReleaseManager`.

    Returns:
        The state, whose notes name the releases that cannot be loaded, and these releases.
    """
    failed: list[FailedRelease] = []
    for release in in_serving_order(releases):
        try:
            state = load_state(release.id, folder_of(release), tables, derived_folder)
        except DaybreakError as error:
            log.error("cannot load release %s: %s", release.id, error)
            failed.append(FailedRelease(release.id, str(error)))
            continue
        return _with_failure_notes(state, failed), failed
    return _with_failure_notes(untrained_state(tables()), failed), failed


def _with_failure_notes(state: ServingState, failed: list[FailedRelease]) -> ServingState:
    notes = tuple(
        f"release {failure.release} cannot be used (see the status or the log); "
        f"{state.release or 'no release'} is in use instead"
        for failure in failed
    )
    return replace(state, notes=(*state.notes, *notes))


def _row_caches(tables: Tables) -> RowCaches:
    return RowCaches(RowCache("item_id", tables.items), RowCache("user_id", tables.users))


def _needs_compaction(scorer: PartitionedScorer) -> bool:
    return scorer.n_changed() > max(MIN_CHANGED_ITEMS, MIN_CHANGED_SHARE * len(scorer.rows[0]))
