"""Sums of weights that several processes of one machine map from the same files.

The workers of a server answer with the same sums of the same release. Written to files once,
they take memory once: the system gives all processes the same pages.
"""

import logging
import os
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.mapped_arrays import MIN_MAPPED_BYTES, read_arrays
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.sums import StoredSum
from daybreak.types import Floats

log = logging.getLogger(__name__)

MAX_SHARED_RELEASES = 5
"""Releases whose sums are kept; the files of older ones are removed [releases]."""
FOLDER_PREFIX = "sums-"
"""Beginning of the name of the folder of a release."""


class SharedSums:
    """Sums of the weights of one release, in a folder that only the workers of a server use.

    Args:
        folder: Folder of the server, which only its user may read.
        release: Id of the release. Sums of scorers whose items have changed since are not
            shared.
    """

    def __init__(self, folder: Path, release: str) -> None:
        digest = blake2b(release.encode(), digest_size=12).hexdigest()
        self._folder = folder / f"{FOLDER_PREFIX}{digest}"

    def add(self, kind: str, weights: Floats, compute: Callable[[], StoredSum]) -> StoredSum:
        """Return a sum from its file, which is written if this is the first process.

        A sum that cannot be written or read is computed for this process alone.

        Args:
            kind: Kind of the features.
            weights: (n_strategies, n_items) weights of all strategies of the scorer.
            compute: Returns the sum, without low-rank factors.
        """
        key = blake2b(kind.encode(), digest_size=16)
        key.update(np.ascontiguousarray(weights).tobytes())
        path = self._folder / f"{key.hexdigest()}.safetensors"
        computed: StoredSum | None = None
        try:
            if not path.is_file():
                computed = compute()
                if _size_bytes(computed) < MIN_MAPPED_BYTES:
                    return computed
                self._write(path, computed)
            return _read(path)
        except (OSError, ValueError, LookupError) as error:
            log.warning("sums of weights are not shared: %s", error)
            return compute() if computed is None else computed

    def _write(self, path: Path, matrix: StoredSum) -> None:
        """Write a file that nobody changes later; of several processes the first one writes it.

        Raises:
            OSError: It cannot be written.
        """
        from safetensors.numpy import save_file  # noqa: PLC0415 - only needed when sharing

        self._make_folder()
        draft = path.with_suffix(f".{os.getpid()}.new")
        try:
            save_file(_arrays_of(matrix), draft)
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was faster; its file is mapped
        finally:
            draft.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        """Make the folder of the release, and remove those of all but the latest releases.

        Processes that have mapped a file keep it.
        """
        if self._folder.is_dir():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        folders = self._folder.parent.glob(f"{FOLDER_PREFIX}*")
        for folder in sorted(folders, key=_time_of, reverse=True)[MAX_SHARED_RELEASES:]:
            shutil.rmtree(folder, ignore_errors=True)


def _arrays_of(matrix: StoredSum) -> dict[str, np.ndarray[Any, Any]]:
    arrays: dict[str, np.ndarray[Any, Any]]
    if isinstance(matrix, QuantizedWeights):
        sparse = matrix.rest
        arrays = {"codes": matrix.codes, "units": matrix.units}
        arrays |= {} if matrix.columns is None else {"columns": matrix.columns}
    else:
        sparse = matrix.sparse
        arrays = {} if matrix.dense is None else {"dense": matrix.dense}
    if sparse is not None:
        one = sp.csr_array(sparse)
        arrays |= {"data": one.data, "indices": one.indices, "indptr": one.indptr}
        arrays["shape"] = np.array(one.shape, dtype=np.int64)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _read(path: Path) -> StoredSum:
    arrays = read_arrays(path, mapped=True, maps_integers=True)
    if "data" not in arrays:
        return WeightMatrix(dense=arrays["dense"])
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    sparse = sp.csr_array(parts, shape=tuple(arrays["shape"].tolist()))
    if "codes" in arrays:
        codes, units = arrays["codes"], arrays["units"]
        return QuantizedWeights(codes, units, sparse, arrays.get("columns"))
    return WeightMatrix(dense=arrays.get("dense"), sparse=sparse)


def _size_bytes(matrix: StoredSum) -> int:
    return sum(array.nbytes for array in _arrays_of(matrix).values())


def _time_of(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
