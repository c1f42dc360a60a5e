"""Sums and rows of weights that are computed once for a release, for all processes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.derived_arrays import DerivedArrays
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.sums import StoredSum
from daybreak.types import Floats


def load_sum(
    shared: DerivedArrays, kind: str, weights: Floats, compute: Callable[[], StoredSum]
) -> StoredSum:
    """Return a sum from its file, which is written if this is the first process.

    Args:
        shared: Arrays that are computed from a release.
        kind: Kind of the features.
        weights: (n_strategies, n_items) weights of all strategies of the scorer.
        compute: Returns the sum, without low-rank factors.
    """
    name = b"sum %s " % kind.encode() + np.ascontiguousarray(weights).tobytes()
    return _sum_of(shared.load(name, lambda: _arrays_of(compute())))


def find_rows(shared: DerivedArrays | None, strategy: int) -> QuantizedWeights | None:
    """Return the rows of a strategy that a process has kept; None: none has.

    Args:
        shared: Arrays that are computed from a release; None: there are none.
        strategy: Number of the strategy.
    """
    arrays = None if shared is None else shared.find(_name_of_rows(strategy))
    found = None if arrays is None else _sum_of(arrays)
    return found if isinstance(found, QuantizedWeights) else None


def keep_rows(
    shared: DerivedArrays, strategy: int, compute: Callable[[], QuantizedWeights]
) -> QuantizedWeights:
    """Return the rows of a strategy from their file, which is written if there is none.

    Args:
        shared: Arrays that are computed from a release.
        strategy: Number of the strategy.
        compute: Returns all rows.
    """
    name = _name_of_rows(strategy)
    found = _sum_of(shared.load(name, lambda: _arrays_of(compute())))
    return found if isinstance(found, QuantizedWeights) else compute()


def _name_of_rows(strategy: int) -> bytes:
    return b"rows %d" % strategy


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
    return arrays


def _sum_of(arrays: dict[str, np.ndarray[Any, Any]]) -> StoredSum:
    if "data" not in arrays:
        return WeightMatrix(dense=arrays.get("dense"))
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    sparse = sp.csr_array(parts, shape=tuple(arrays["shape"].tolist()))
    if "codes" in arrays:
        codes, units = arrays["codes"], arrays["units"]
        return QuantizedWeights(codes, units, sparse, arrays.get("columns"))
    return WeightMatrix(dense=arrays.get("dense"), sparse=sparse)
