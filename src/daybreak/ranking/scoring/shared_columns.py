"""Columns of changed items that one worker of a server has computed, for the others.

All workers of a server need the weights of each new or changed item, which cost products with
the weights of all training items. The worker that stores an item writes its columns into a
file, where the others find them when they follow; what they do not find they compute.

Start with :meth:`SharedColumns.linear_models`.
"""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np

from daybreak.data.dataset import Items
from daybreak.data.mapped_arrays import Array
from daybreak.data.sparse_rows import make_csr
from daybreak.models import LinearModel, LinearScorer
from daybreak.models.base import InductiveModel, NewItemModel
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.updates import concat_items

log = logging.getLogger(__name__)

MAX_SHARED_ITEMS = 64
"""Largest number of items of one change whose columns are shared."""
MAX_AGE_S = 10.0
"""Age from which files are removed; other workers follow within a second [s]."""
DIGEST_BYTES = 32
"""Size of the checksum before the arrays of a file."""

Columns: TypeAlias = dict[int, LinearScorer]
"""Linear functions of one item, by the number of the strategy."""


class SharedColumns:
    """Files with columns of changed items, named by release, item and content.

    A file begins with the checksum of its arrays; a damaged one counts as missing. Files may be
    deleted at any time.

    Args:
        folder: Folder of the workers of one server.
        state: What identifies the files of the release.
    """

    def __init__(self, folder: Path, state: bytes) -> None:
        self._folder = folder
        self._state = hashlib.sha256(state).digest()
        self._removed_at = 0.0

    def linear_models(self, fitted: FittedStrategies, items: Items) -> tuple[LinearScorer, ...]:
        """Return :meth:`.FittedStrategies.linear_models`, with columns of other workers.

        Args:
            fitted: The strategies of the release.
            items: New and changed items.
        """
        shared = [n for n, model in enumerate(fitted.models) if is_shared(model)]
        if not shared or len(items) > MAX_SHARED_ITEMS:
            return fitted.linear_models(items)
        paths = [self._folder / self._name_of(items, row) for row in range(len(items))]
        found = [_read_columns(path, shared) for path in paths]
        missing = [row for row, columns in enumerate(found) if columns is None]
        if missing:
            others = items if len(missing) == len(items) else items.take(np.array(missing))
            models = [fitted.models[n] for n in shared]
            computed = [model.linear_scorer(fitted.train_items, others) for model in models]
            for position, row in enumerate(missing):
                one = [linear.take(np.array([position])) for linear in computed]
                columns = dict(zip(shared, one, strict=True))
                self._write(paths[row], columns)
                found[row] = columns
        joined = {n: concat_items([columns[n] for columns in found if columns]) for n in shared}
        return tuple(
            joined[n] if n in joined else model.linear_scorer(fitted.train_items, items)
            for n, model in enumerate(fitted.models)
        )

    def _name_of(self, items: Items, row: int) -> str:
        """Return the name of the file of an item, of the release, its id and its content."""
        digest = hashlib.sha256(self._state)
        digest.update(items.ids.ids[row].encode())
        digest.update(b"\0" + items.created_at[row : row + 1].tobytes())
        for block in items.blocks:
            one = block.take(np.array([row])).matrix
            parts = (one,) if isinstance(one, np.ndarray) else (one.indices, one.data)
            digest.update(block.name.encode())
            for part in parts:
                digest.update(f"{part.dtype}{part.shape}".encode())
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def _write(self, path: Path, columns: Columns) -> None:
        """Write the columns of an item, if none of them is a product of factors."""
        from safetensors.numpy import save  # noqa: PLC0415 - only needed when writing

        if any(linear.weights.left is not None for linear in columns.values()):
            return
        arrays = {
            f"{n}.{name}": array
            for n, linear in columns.items()
            for name, array in _to_arrays(linear).items()
        }
        draft = path.with_name(f"{path.name}-{uuid4().hex[:8]}")
        try:
            self._folder.mkdir(exist_ok=True)
            self._remove_old_files()
            content = save(arrays)
            draft.write_bytes(hashlib.sha256(content).digest() + content)
            draft.replace(path)
        except OSError as error:
            log.debug("columns in %s are not shared: %s", self._folder, error)
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _remove_old_files(self) -> None:
        """Remove files that all workers have had time to read, and what was left half."""
        now = time.time()
        if now - self._removed_at < MAX_AGE_S:
            return
        self._removed_at = now
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another worker has removed it
                if now - path.stat().st_mtime > MAX_AGE_S:
                    path.unlink()


def is_shared(model: LinearModel[Any, Any]) -> bool:
    """Return whether the columns of a model are shared: they are made of content by products.

    Nothing but the release, the item and its content decides them.
    """
    if isinstance(model, NewItemModel):
        return True
    return isinstance(model, InductiveModel) and model.feature_kind == "history"


def _to_arrays(linear: LinearScorer) -> dict[str, Array]:
    """Return the linear function of one item as arrays; see :func:`_from_arrays`."""
    arrays = {"bias": linear.bias, "scored": linear.scored}
    dense, sparse = linear.weights.full_dense(), linear.weights.sparse
    if dense is not None:
        arrays["dense"] = dense
    if sparse is not None:
        arrays |= {"starts": sparse.indptr, "data": sparse.data, "columns": sparse.indices}
    return arrays


def _from_arrays(arrays: Mapping[str, Array]) -> LinearScorer:
    sparse = None
    if "starts" in arrays:
        starts = arrays["starts"]
        shape = (len(starts) - 1, len(arrays["bias"]))
        sparse = make_csr(arrays["data"], arrays["columns"], starts, shape)
    weights = WeightMatrix(dense=arrays.get("dense"), sparse=sparse)
    return LinearScorer(weights, arrays["bias"], arrays["scored"])


def _read_columns(path: Path, strategies: Sequence[int]) -> Columns | None:
    """Return the columns of a file; None if there is none, or it is damaged."""
    from safetensors.numpy import load  # noqa: PLC0415 - not needed by one process alone

    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, content = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if digest != hashlib.sha256(content).digest():
        return None
    arrays: dict[int, dict[str, Array]] = {n: {} for n in strategies}
    for key, array in load(content).items():
        number, _, name = key.partition(".")
        arrays[int(number)][name] = array
    return {n: _from_arrays(parts) for n, parts in arrays.items()}
