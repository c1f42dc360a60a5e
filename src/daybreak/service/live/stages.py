"""Which release answers: loading, swapping, going back, and following the store."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, RLock
from weakref import ref

from daybreak.data import Tables
from daybreak.errors import ConfigError, DaybreakError, NotFoundError
from daybreak.ranking.scorer import Scorer
from daybreak.service.live.beginning import beginning, outgrown
from daybreak.service.live.loading import Faulty, load, newest_loadable
from daybreak.service.live.scene import Scene
from daybreak.service.live.sheet import Sheet
from daybreak.service.parts import Parts
from daybreak.store import Release, Store
from daybreak.store.journal import Changes

log = logging.getLogger(__name__)

REFRESH_S = 5.0
"""How often popularity is counted anew while events come [s]."""
SHARE = 0.05
"""Share of one processor that counting popularity may take."""
SMALL = 1_000
"""Items up to which a beginning is made anew at once."""
MOVED = 1 / 16
"""Share of the items that changed beyond which they are put in their places."""
FEW_MOVED = 256
"""Changed items up to which that is not worth it."""
MOST = 4
"""Releases in memory: that in use, and those of experiments."""


@dataclass(frozen=True)
class Known:
    """What is stored of items and users now."""

    items: Sheet
    users: Sheet


class Stages:
    """Scenes of releases, all of them up to date with the store.

    Readers take :attr:`now` and keep it for the whole of a request. Everything that changes a
    scene holds the turn, makes a new scene, and puts it into place by one assignment.

    Args:
        store: What is followed.
        folder: Where the folders of releases lie; None: the store is not a file.
    """

    def __init__(self, store: Store, folder: Path | None) -> None:
        self._store = store
        self._journal = store.journal
        self._folder = folder
        self._turn = RLock()
        self._loading = Lock()
        self._refreshed = (0.0, 0.0)
        self._stale = False
        self._previous: list[str] = []
        self._kept: set[str] = set()
        self._coming: set[str] = set()
        cursor, tables = self._read()
        scene, self.faulty = newest_loadable(store.releases(), self.place, tables)
        self._scenes = {scene.release: scene}
        self._cursor = cursor
        self.now = scene
        """The scene in use."""
        self.known = _known(tables)
        self.loaded_at = time.time()
        self.follow()

    def scene(self, release: str) -> Scene | None:
        """Return the scene of a release; None while it is not in memory."""
        return self._scenes.get(release)

    def scenes(self) -> list[Scene]:
        """Return all that are in memory."""
        return list(self._scenes.values())

    def follow(self) -> None:
        """Take in all that any process has written to the store since.

        Raises:
            StoreError: It cannot be read; what was taken in before stays.
        """
        with self._turn:
            changes = self._journal.changes(self._cursor)
            if not changes.complete:
                self._read_anew()
            elif changes.cursor != self._cursor:
                self._apply(changes)
                self._cursor = changes.cursor
                if outgrown(self.now) and len(self.known.items) <= SMALL:
                    self._begin_anew()

    def refresh(self) -> None:
        """Count popularity anew if events came, not more often than is worth it."""
        last, took = self._refreshed
        now = time.monotonic()
        if not self._stale or now - last < max(REFRESH_S, took / SHARE):
            return
        self.recount()
        self._refreshed = (time.monotonic(), time.monotonic() - now)

    def recount(self) -> None:
        """Count popularity anew."""
        with self._turn:
            self._stale = False
            for scene in list(self._scenes.values()):
                self._put(scene.refreshed())
        if outgrown(self.now):
            self._begin_anew()

    def settle(self) -> None:
        """Put changed items in their places, once there are many, so that memory is bounded.

        Requests and writes go on meanwhile; an item that changes again has a wing of its own.
        """
        for release in list(self._scenes):
            self._settle(release)

    def watch(self) -> None:
        """Put a release into use that another process has made active.

        One that cannot be loaded is remembered, and is not tried again.
        """
        active = next((found for found in self._store.releases() if found.active), None)
        if active is None or active.id in {self.now.release, *(f.release for f in self.faulty)}:
            return
        try:
            self.activate(active.id, write=False)
        except DaybreakError as error:
            log.error("release %s cannot be used: %s", active.id, error)

    def activate(self, release: str, *, write: bool = True) -> Scene:
        """Put a release into use; the one before stays until the new one is ready.

        Args:
            release: Its id.
            write: Whether the store shall say so to other processes, too.

        Raises:
            NotFoundError: There is no such release.
            DataError: It is damaged; the one in use stays.
        """
        with self._loading:
            self._coming = {release}
            try:
                return self._put_into_use(release, write=write)
            finally:
                self._coming = set()

    def rollback(self) -> Scene:
        """Put the release of before into use again.

        Raises:
            NotFoundError: There is none.
        """
        mine = self.now.release
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

    def keep(self, releases: Sequence[str]) -> None:
        """Have these releases in memory beside the one in use; others go.

        One that cannot be loaded is passed over, and listed in :attr:`faulty`.
        """
        self._kept = set(releases[: MOST - 1])
        faulty = {one.release for one in self.faulty}
        for release in releases[: MOST - 1]:
            if release not in self._scenes and release not in faulty:
                try:
                    with self._loading:
                        self._load(self._find(release))
                except DaybreakError as error:
                    log.error("release %s cannot be used: %s", release, error)
                    self.faulty.append(Faulty(release, str(error)))
        self._trim(set())

    def place(self, release: Release) -> Path:
        """Return where a release lies: beside the store, so that both can be moved."""
        return (self._folder or Path()) / release.folder

    @property
    def cursor(self) -> int:
        """Up to where the store was followed."""
        return self._cursor

    def _read(self) -> tuple[int, Tables]:
        """Return everything; what is written meanwhile comes with the next changes."""
        cursor = self._journal.changes(-1).cursor
        return cursor, self._store.tables()

    def _find(self, release: str) -> Release:
        known = {found.id: found for found in self._store.releases()}
        if release not in known:
            listed = ", ".join(known) or "none"
            raise NotFoundError(f"no release {release!r}; known: {listed}")
        return known[release]

    def _load(self, release: Release) -> Scene:
        """Load a release, bring it up to date, and follow the store with it from now on."""
        if self._folder is None:
            raise ConfigError("a store without a folder has no place for releases")
        cursor, tables = self._read()
        scene = load(release.id, self.place(release), tables)
        return self._join(scene, cursor)

    def _join(self, scene: Scene, cursor: int) -> Scene:
        with self._turn:
            self.follow()
            changes = self._journal.changes(cursor)
            scene = scene.with_changes(changes) if changes.complete else scene
            self._scenes = {**self._scenes, scene.release: scene}
            return scene

    def _put_into_use(self, release: str, *, write: bool) -> Scene:
        found = self._find(release)
        try:
            scene = self._scenes.get(release) or self._load(found)
        except DaybreakError as error:
            self.faulty = [f for f in self.faulty if f.release != release]
            self.faulty.append(Faulty(release, str(error)))
            raise
        if write:
            self._store.put_release(replace(found, active=True))
        with self._turn:
            before, self.now = self.now, self._scenes[scene.release]
            self.loaded_at = time.time()
        self.faulty = [f for f in self.faulty if f.release != release]
        if before.release != release:
            self._previous = [r for r in self._previous if r != release]
            self._previous.append(before.release)
        self._trim({release})
        return self.now

    def _trim(self, wanted: set[str]) -> None:
        with self._turn:
            wanted = {*wanted, *self._kept, *self._coming, self.now.release}
            self._scenes = {r: s for r, s in self._scenes.items() if r in wanted}

    def _put(self, scene: Scene) -> None:
        self._scenes = {**self._scenes, scene.release: scene}
        if self.now.release == scene.release:
            self.now = scene

    def _settle(self, release: str) -> None:
        """Take up each first scorer as it comes, as long as nobody else has put another.

        Nothing here holds a scorer of before: its matrices go as soon as others have come.
        """
        scene = self._scenes.get(release)
        if scene is None or not _many_moved(scene.shelf.parts):
            return
        last, wing = ref(scene.shelf.scorers[0]), scene.shelf.scorers[1]
        steps = scene.shelf.parts.settling()
        del scene
        for first in steps:
            if not self._taken_up(release, last, first):
                return
            last = ref(first)
        with self._turn:
            scene = self._scenes.get(release)
            if scene is not None and scene.shelf.scorers[:2] == (last(), wing):
                self._put(scene.with_parts(scene.shelf.parts.without_moved()))

    def _taken_up(self, release: str, last: "ref[Scorer]", first: Scorer) -> bool:
        """Put a scorer into the place of the last one, if that is still there."""
        with self._turn:
            scene = self._scenes.get(release)
            if scene is None or scene.shelf.scorers[0] is not last():
                return False
            self._put(scene.with_parts(scene.shelf.parts.with_first(first)))
            return True

    def _apply(self, changes: Changes) -> None:
        items, users = self.known.items, self.known.users
        items.remove(changes.items_gone)
        users.remove(changes.users_gone)
        tables = changes.tables
        new = replace(changes, tables=replace(tables, items=items.unlike(tables.items)))
        for scene in list(self._scenes.values()):
            self._put(scene.with_changes(new))
        self._stale = True
        items.put(new.tables.items)
        users.put(tables.users)

    def _begin_anew(self) -> None:
        """Make a beginning again that more is known of."""
        cursor, tables = self._read()
        scene = replace(beginning(tables), notes=self.now.notes)
        with self._turn:
            if not self.now.release:
                self._put(self._join(scene, cursor))

    def _read_anew(self) -> None:
        """Read everything: too much has happened to be told one by one."""
        cursor, tables = self._read()
        known = {found.id: found for found in self._store.releases()}
        for name, scene in list(self._scenes.items()):
            if name in known:
                fresh = load(name, self.place(known[name]), tables)
            else:
                fresh = beginning(tables)
            self._put(replace(fresh, notes=scene.notes))
        self.known = _known(tables)
        self._cursor = cursor


def _known(tables: Tables) -> Known:
    return Known(Sheet("item_id", tables.items), Sheet("user_id", tables.users))


def _many_moved(parts: Parts) -> bool:
    return parts.n_moved() > max(FEW_MOVED, MOVED * len(parts.rows[0]))
