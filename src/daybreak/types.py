"""Aliases used in signatures; the shape of an array is given where it is used."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Sparse: TypeAlias = Any
"""A ``scipy.sparse.csr_array``; scipy ships no types."""

ExplainMode: TypeAlias = bool | Literal["text"]
"""Whether items have reasons; ``text``: and a sentence."""
UnknownItems: TypeAlias = Literal["exclude", "recommend"]
"""Whether items that only events know may be recommended where there is a catalogue."""
UNKNOWN_ITEMS: tuple[UnknownItems, ...] = get_args(UnknownItems)

Progress: TypeAlias = Callable[[str], None]
"""Called with a description of each step of a long computation."""


def ignore_progress(step: str) -> None:
    """Do nothing: the default of parameters that report progress."""
