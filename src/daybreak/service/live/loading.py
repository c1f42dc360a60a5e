"""From a release on disk to a scene; one that cannot be loaded never takes a place."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from daybreak.data import Tables
from daybreak.errors import DaybreakError
from daybreak.service.live.beginning import beginning
from daybreak.service.live.scene import Scene
from daybreak.service.release import read_release
from daybreak.store import Release

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Faulty:
    """A release that could not be loaded."""

    release: str
    reason: str


def load(release: str, folder: Path, tables: Tables) -> Scene:
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
    scene = Scene.of(release, learned, catalogue.frame, tables)
    scene.warm_up()
    return scene


def newest_loadable(
    releases: Iterable[Release], place: Callable[[Release], Path], tables: Tables
) -> tuple[Scene, list[Faulty]]:
    """Return the release in use, else the newest that can be loaded, else a beginning.

    Args:
        releases: The newest first.
        place: Where a release lies.
        tables: Everything in the store.

    Returns:
        The scene, which says in its notes what is not as it should be, and what is faulty.
    """
    faulty: list[Faulty] = []
    ordered = sorted(releases, key=lambda release: not release.active)
    for release in ordered:
        try:
            scene = load(release.id, place(release), tables)
        except DaybreakError as error:
            log.error("release %s cannot be loaded: %s", release.id, error)
            faulty.append(Faulty(release.id, str(error)))
            continue
        return _noted(scene, faulty), faulty
    return _noted(beginning(tables), faulty), faulty


def _noted(scene: Scene, faulty: list[Faulty]) -> Scene:
    notes = tuple(
        f"release {one.release} cannot be used ({one.reason}); "
        f"{scene.release or 'no release'} is in use instead"
        for one in faulty
    )
    return scene.with_notes((*scene.notes, *notes))
