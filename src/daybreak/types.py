"""Array aliases used in signatures; the shape is given where they are used."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Sparse: TypeAlias = Any
"""A ``scipy.sparse.csr_array``; scipy ships no types."""
