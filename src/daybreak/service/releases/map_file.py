"""The map of the catalogue in the folder of a release.

It is derived from the catalogue of the release and not part of its manifest: a release without
a map, or with a damaged one, is complete, and a service lays its catalogue out again.
"""

import json
import logging
from pathlib import Path

import numpy as np

from daybreak.data.mapped_arrays import read_arrays
from daybreak.data.vocabulary import Vocabulary
from daybreak.errors import DataError
from daybreak.service.state.item_map import ItemMap

log = logging.getLogger(__name__)

MAP_FILE = "map.safetensors"
"""Places of the items of a release."""
FORMAT_VERSION = 1
"""Version of the format."""


def write_map(folder: Path, item_map: ItemMap) -> None:
    """Write the map of a release into its folder.

    Args:
        folder: Folder of the release.
        item_map: Map of the catalogue of the release.

    Raises:
        DataError: The file cannot be written.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed when saving
    from safetensors.numpy import save_file  # noqa: PLC0415 - only needed when saving

    arrays = {
        "format": np.array([FORMAT_VERSION]),
        "ids": np.frombuffer(json.dumps(item_map.ids.ids).encode(), dtype=np.uint8),
        "places": item_map.places,
        "landmarks": item_map.landmarks,
        "landmark_vectors": item_map.landmark_vectors,
        **{f"directions.{n}": one for n, one in enumerate(item_map.directions)},
    }
    draft = folder / f"{MAP_FILE}.new"
    try:
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, draft)
        draft.replace(folder / MAP_FILE)
    except (OSError, SafetensorError) as error:
        draft.unlink(missing_ok=True)
        raise DataError(f"the map of {folder} cannot be written: {error}") from error


def read_map(folder: Path) -> ItemMap | None:
    """Read the map of a release.

    Args:
        folder: Folder of the release.

    Returns:
        The map; None if there is none, or none that can be used.
    """
    if not (folder / MAP_FILE).is_file():
        return None
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed when loading

    try:
        return _read(folder / MAP_FILE)
    except (OSError, LookupError, ValueError, DataError, SafetensorError) as error:
        log.warning("the map in %s is not used: %r", folder, error)
        return None


def _read(path: Path) -> ItemMap:
    arrays = read_arrays(path)
    if arrays["format"].tolist() != [FORMAT_VERSION]:
        raise DataError(f"{path} has another format")
    places, vectors = arrays["places"], arrays["landmark_vectors"]
    ids = Vocabulary(json.loads(arrays["ids"].tobytes()))
    n_directions = sum(name.startswith("directions.") for name in arrays)
    directions = tuple(arrays[f"directions.{n}"] for n in range(n_directions))
    landmarks = arrays["landmarks"]
    if places.shape != (len(ids), 2) or len(landmarks) != len(vectors):
        raise DataError(f"{path} has arrays of other shapes")
    if len(landmarks) and not 0 <= landmarks.min() <= landmarks.max() < len(ids):
        raise DataError(f"{path} has unknown landmarks")
    return ItemMap(ids, places, directions, landmarks, vectors)
