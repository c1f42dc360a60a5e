"""From a release on disk to a scene; one that cannot be loaded never takes a place.

Which release answers: loading, swapping, going back, and following the store.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, RLock
from weakref import ref

from daybreak.data import Tables
from daybreak.errors import ConfigError, DaybreakError, NotFoundError
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.service.releases.release import read_release, release_folder
from daybreak.service.serving.fallback import needs_rebuild, untrained_snapshot
from daybreak.service.serving.row_cache import RowCache
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.store import Release, Store
from daybreak.store.base import Changes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailedRelease:
    """A release that could not be loaded."""

    release: str
    reason: str


def load_state(release: str, folder: Path, tables: Tables) -> ReleaseSnapshot:
    """Return a release with everything that is known now.

    Args:
        release: Its id.
        folder: Where it lies.
        tables: Everything in the store.

    Raises:
        NotFoundError: There is no release in the folder, or its text model is not there.
        DataError: It is damaged, or of another version.
    """
    learned, catalogue, _ = read_release(folder)
    scene = ReleaseSnapshot.from_tables(release, learned, catalogue.frame, tables)
    scene.precompute()
    return scene


def load_newest_usable(
    releases: Iterable[Release], folder_of: Callable[[Release], Path], tables: Tables
) -> tuple[ReleaseSnapshot, list[FailedRelease]]:
    """Return the release in use, else the newest that can be loaded, else a beginning.

    Args:
        releases: The newest first.
        folder_of: Where a release lies.
        tables: Everything in the store.

    Returns:
        The scene, which says in its notes what is not as it should be, and what is faulty.
    """
    faulty: list[FailedRelease] = []
    ordered = sorted(releases, key=lambda release: not release.active)
    for release in ordered:
        try:
            scene = load_state(release.id, folder_of(release), tables)
        except DaybreakError as error:
            log.error("release %s cannot be loaded: %s", release.id, error)
            faulty.append(FailedRelease(release.id, str(error)))
            continue
        return _with_failure_notes(scene, faulty), faulty
    return _with_failure_notes(untrained_snapshot(tables), faulty), faulty


def _with_failure_notes(scene: ReleaseSnapshot, faulty: list[FailedRelease]) -> ReleaseSnapshot:
    notes = tuple(
        f"release {one.release} cannot be used ({one.reason}); "
        f"{scene.release or 'no release'} is in use instead"
        for one in faulty
    )
    return scene.with_notes((*scene.notes, *notes))


MIN_RECOUNT_INTERVAL_S = 5.0
"""How often popularity is counted anew while events come [s]."""
MAX_RECOUNT_CPU_SHARE = 0.05
"""Share of one processor that counting popularity may take."""
MAX_ITEMS_REBUILT_AT_ONCE = 1_000
"""Items up to which a beginning is made anew at once."""
MIN_CHANGED_SHARE = 1 / 16
"""Share of the items that changed beyond which they are put in their places."""
MIN_CHANGED_ITEMS = 256
"""Changed items up to which that is not worth it."""
MAX_LOADED_RELEASES = 4
"""Releases in memory: that in use, and those of experiments."""


@dataclass(frozen=True)
class RowCaches:
    """What is stored of items and users now."""

    items: RowCache
    users: RowCache


class ReleaseManager:
    """Scenes of releases, all of them up to date with the store.

    Readers take :attr:`now` and keep it for the whole of a request. Everything that changes a
    scene holds the turn, makes a new scene, and puts it into place by one assignment.

    Args:
        store: What is followed.
        folder: Where the folders of releases lie; None: the store is not a file.
    """

    def __init__(self, store: Store, folder: Path | None) -> None:
        self._store = store
        self._folder = folder
        self._update_lock = RLock()
        self._load_lock = Lock()
        self._recounted = (0.0, 0.0)
        self._has_new_events = False
        self._previous: list[str] = []
        self._kept_releases: set[str] = set()
        self._loading_releases: set[str] = set()
        cursor, tables = self._read_store()
        scene, self.failed = load_newest_usable(store.releases(), self.release_folder, tables)
        self._states = {scene.release: scene}
        self._cursor = cursor
        self.current = scene
        """The scene in use."""
        self.row_caches = _row_caches(tables)
        self.loaded_at = time.time()
        self.sync()

    def state_of(self, release: str) -> ReleaseSnapshot | None:
        """Return the scene of a release; None while it is not in memory."""
        return self._states.get(release)

    def states(self) -> list[ReleaseSnapshot]:
        """Return all that are in memory."""
        return list(self._states.values())

    def sync(self) -> None:
        """Take in all that any process has written to the store since.

        Raises:
            StoreError: It cannot be read; what was taken in before stays.
        """
        with self._update_lock:
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

    def recount_if_due(self) -> None:
        """Count popularity anew if events came, not more often than is worth it."""
        last, took = self._recounted
        now = time.monotonic()
        if not self._has_new_events or now - last < max(
            MIN_RECOUNT_INTERVAL_S, took / MAX_RECOUNT_CPU_SHARE
        ):
            return
        self.recount_popularity()
        self._recounted = (time.monotonic(), time.monotonic() - now)

    def recount_popularity(self) -> None:
        """Count popularity anew."""
        with self._update_lock:
            self._has_new_events = False
            for scene in list(self._states.values()):
                self._replace_state(scene.with_recounted_popularity())
        if needs_rebuild(self.current):
            self._rebuild_untrained()

    def compact(self) -> None:
        """Put changed items in their places, once there are many, so that memory is bounded.

        Requests and writes go on meanwhile; an item that changes again has a wing of its own.
        """
        for release in list(self._states):
            self._compact_release(release)

    def check_active_release(self) -> None:
        """Put a release into use that another process has made active.

        One that cannot be loaded is remembered, and is not tried again.
        """
        active = self._store.active_release()
        if active is None or active.id in {
            self.current.release,
            *(f.release for f in self.failed),
        }:
            return
        try:
            self.activate(active.id, write=False)
        except DaybreakError as error:
            log.error("release %s cannot be used: %s", active.id, error)

    def activate(self, release: str, *, write: bool = True) -> ReleaseSnapshot:
        """Put a release into use; the one before stays until the new one is ready.

        Args:
            release: Its id.
            write: Whether the store shall say so to other processes, too.

        Raises:
            NotFoundError: There is no such release.
            DataError: It is damaged; the one in use stays.
        """
        with self._load_lock:
            self._loading_releases = {release}
            try:
                return self._activate(release, write=write)
            finally:
                self._loading_releases = set()

    def rollback(self) -> ReleaseSnapshot:
        """Put the release of before into use again.

        Raises:
            NotFoundError: There is none.
        """
        mine = self.current.release
        before = next((r for r in reversed(self._previous) if r and r != mine), None)
        if before is None:
            known = {found.id: found.created_at for found in self._store.releases()}
            at = known.get(mine, float("inf"))
            older = [id_ for id_, made in known.items() if id_ != mine and made <= at]
            before = older[0] if older else None
        if before is None:
            raise NotFoundError("there is no earlier release to go back to")
        self._previous = [r for r in self._previous if r not in {before, mine}]
        return self.activate(before)

    def keep_loaded(self, releases: Sequence[str]) -> None:
        """Have these releases in memory beside the one in use; others go.

        One that cannot be loaded is passed over, and listed in :attr:`faulty`.
        """
        self._kept_releases = set(releases[: MAX_LOADED_RELEASES - 1])
        faulty = {one.release for one in self.failed}
        for release in releases[: MAX_LOADED_RELEASES - 1]:
            if release not in self._states and release not in faulty:
                try:
                    with self._load_lock:
                        self._load_and_register(self._find_release(release))
                except DaybreakError as error:
                    log.error("release %s cannot be used: %s", release, error)
                    self.failed.append(FailedRelease(release, str(error)))
        self._unload_unused(set())

    def release_folder(self, release: Release) -> Path:
        """Return where a release lies: beside the store, so that both can be moved."""
        return release_folder(self._folder, release)

    @property
    def cursor(self) -> int:
        """Up to where the store was followed."""
        return self._cursor

    def _read_store(self) -> tuple[int, Tables]:
        """Return everything; what is written meanwhile comes with the next changes."""
        cursor = self._store.changes(-1).cursor
        return cursor, self._store.tables()

    def _find_release(self, release: str) -> Release:
        known = {found.id: found for found in self._store.releases()}
        if release not in known:
            listed = ", ".join(known) or "none"
            raise NotFoundError(f"no release {release!r}; known: {listed}")
        return known[release]

    def _load_and_register(self, release: Release) -> ReleaseSnapshot:
        """Load a release, bring it up to date, and follow the store with it from now on."""
        if self._folder is None:
            raise ConfigError("a store without a folder has no place for releases")
        cursor, tables = self._read_store()
        scene = load_state(release.id, self.release_folder(release), tables)
        return self._register(scene, cursor)

    def _register(self, scene: ReleaseSnapshot, cursor: int) -> ReleaseSnapshot:
        with self._update_lock:
            self.sync()
            changes = self._store.changes(cursor)
            scene = scene.with_changes(changes) if changes.complete else scene
            self._states = {**self._states, scene.release: scene}
            return scene

    def _activate(self, release: str, *, write: bool) -> ReleaseSnapshot:
        found = self._find_release(release)
        try:
            scene = self._states.get(release) or self._load_and_register(found)
        except DaybreakError as error:
            self.failed = [f for f in self.failed if f.release != release]
            self.failed.append(FailedRelease(release, str(error)))
            raise
        if write:
            self._store.put_release(replace(found, active=True))
        with self._update_lock:
            before, self.current = self.current, self._states[scene.release]
            self.loaded_at = time.time()
        self.failed = [f for f in self.failed if f.release != release]
        if before.release != release:
            self._previous = [r for r in self._previous if r != release]
            self._previous.append(before.release)
        self._unload_unused({release})
        return self.current

    def _unload_unused(self, wanted: set[str]) -> None:
        with self._update_lock:
            wanted = {
                *wanted,
                *self._kept_releases,
                *self._loading_releases,
                self.current.release,
            }
            self._states = {r: s for r, s in self._states.items() if r in wanted}

    def _replace_state(self, scene: ReleaseSnapshot) -> None:
        self._states = {**self._states, scene.release: scene}
        if self.current.release == scene.release:
            self.current = scene

    def _compact_release(self, release: str) -> None:
        """Take up each first scorer as it comes, as long as nobody else has put another.

        Nothing here holds a scorer of before: its matrices go as soon as others have come.
        """
        scene = self._states.get(release)
        if scene is None or not _needs_compaction(scene.state.scorer):
            return
        last, wing = ref(scene.state.scorers[0]), scene.state.scorers[1]
        steps = scene.state.scorer.compaction_steps()
        del scene
        for first in steps:
            if not self._replace_first_scorer(release, last, first):
                return
            last = ref(first)
        with self._update_lock:
            scene = self._states.get(release)
            if scene is not None and scene.state.scorers[:2] == (last(), wing):
                self._replace_state(scene.with_scorer(scene.state.scorer.without_changed()))

    def _replace_first_scorer(self, release: str, last: "ref[Scorer]", first: Scorer) -> bool:
        """Put a scorer into the place of the last one, if that is still there."""
        with self._update_lock:
            scene = self._states.get(release)
            if scene is None or scene.state.scorers[0] is not last():
                return False
            self._replace_state(scene.with_scorer(scene.state.scorer.with_first_scorer(first)))
            return True

    def _apply_changes(self, changes: Changes) -> None:
        items, users = self.row_caches.items, self.row_caches.users
        items.remove(changes.items_gone)
        users.remove(changes.users_gone)
        tables = changes.tables
        new = replace(changes, tables=replace(tables, items=items.changed_rows(tables.items)))
        for scene in list(self._states.values()):
            self._replace_state(scene.with_changes(new))
        self._has_new_events = True
        items.put(new.tables.items)
        users.put(tables.users)

    def _rebuild_untrained(self) -> None:
        """Make a beginning again that more is known of."""
        cursor, tables = self._read_store()
        scene = replace(untrained_snapshot(tables), notes=self.current.notes)
        with self._update_lock:
            if not self.current.release:
                self._replace_state(self._register(scene, cursor))

    def _reload_all(self) -> None:
        """Read everything: too much has happened to be told one by one."""
        cursor, tables = self._read_store()
        known = {found.id: found for found in self._store.releases()}
        for name, scene in list(self._states.items()):
            if name in known:
                fresh = load_state(name, self.release_folder(known[name]), tables)
            else:
                fresh = untrained_snapshot(tables)
            self._replace_state(replace(fresh, notes=scene.notes))
        self.row_caches = _row_caches(tables)
        self._cursor = cursor


def _row_caches(tables: Tables) -> RowCaches:
    return RowCaches(RowCache("item_id", tables.items), RowCache("user_id", tables.users))


def _needs_compaction(parts: PartitionedScorer) -> bool:
    return parts.n_changed() > max(MIN_CHANGED_ITEMS, MIN_CHANGED_SHARE * len(parts.rows[0]))
