"""Where the arrays are kept that are computed from a release when it is opened."""

import os
from pathlib import Path

from daybreak.data.derived_arrays import DerivedArrays
from daybreak.ranking.scoring.shared_columns import SharedColumns
from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.releases.release import read_release, reported_damage
from daybreak.service.state.serving_state import ServingState


def open_derived(folder: Path, fallback: Path | None = None) -> DerivedArrays | None:
    """Return the arrays that are computed from a release; they are beside its folder.

    Args:
        folder: Folder of the release.
        fallback: Where they are if the folder of the releases cannot be written; None: each
            process computes them.

    Returns:
        None if they have no place, or the release has no checksums, as those before 0.3.
    """
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        return None
    state = manifest.read_bytes()
    beside = DerivedArrays(folder, state)
    if beside.folder.is_dir() or os.access(folder.parent, os.W_OK):
        return beside
    return None if fallback is None else DerivedArrays(folder, state, fallback)


def open_columns(folder: Path, place: Path | None) -> SharedColumns | None:
    """Return where the workers of a server share weights of changed items of a release.

    Args:
        folder: Folder of the release.
        place: Folder of the workers; None: there is one process.

    Returns:
        None for one process, or if the release has no checksums.
    """
    manifest = folder / MANIFEST_FILE
    if place is None or not manifest.is_file():
        return None
    return SharedColumns(place / "columns", manifest.read_bytes())


def derive_arrays(folder: Path) -> None:
    """Compute and keep what a server computes when it opens a release.

    Args:
        folder: Folder of the release.

    Raises:
        NotFoundError: There is no release in the folder, or its text model is not installed.
        DataError: The release is damaged, or of another version.
    """
    shared = open_derived(folder)
    if shared is None:
        return
    trained, catalogue, _ = read_release(folder, remember=True, for_few_answers=True)
    with reported_damage(folder):
        ServingState.from_release(trained, catalogue.frame, shared=shared).precompute()
