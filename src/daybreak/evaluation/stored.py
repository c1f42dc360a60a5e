"""A report as JSON and back, exact to the last bit.

Values by user are packed (float64, zlib, base64), because a report of many users has millions
of them and a comparison needs every one.
"""

import base64
import json
import math
import zlib
from typing import Any

import numpy as np

from daybreak.errors import DataError
from daybreak.evaluation.cells import Cell, SliceInfo
from daybreak.evaluation.intervals import Interval
from daybreak.types import Doubles

FORMAT = "daybreak report 1"


def dump(
    k: int, slices: tuple[SliceInfo, ...], cells: tuple[Cell, ...], notes: tuple[str, ...]
) -> str:
    """Return the parts of a report as JSON text."""
    return json.dumps(
        {
            "format": FORMAT,
            "k": k,
            "notes": list(notes),
            "slices": [
                {"name": s.name, "protocol": s.protocol, "counts": dict(s.counts)}
                for s in slices
            ],
            "cells": [_cell_out(cell) for cell in cells],
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def parse(text: str) -> dict[str, Any]:
    """Return the parts of a report by name.

    Raises:
        DataError: The text is no report, or of another version.
    """
    try:
        raw = json.loads(text)
        if raw["format"] != FORMAT:
            raise DataError(f"expected {FORMAT!r}, got {raw['format']!r}; evaluate again")
        return {
            "k": int(raw["k"]),
            "notes": tuple(raw["notes"]),
            "slices": tuple(SliceInfo(**info) for info in raw["slices"]),
            "cells": tuple(_cell_in(cell) for cell in raw["cells"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise DataError(f"this is no stored report ({error}); evaluate again") from error


def _cell_out(cell: Cell) -> dict[str, Any]:
    return {
        "slice": cell.slice,
        "system": cell.system,
        "values": {
            name: [None if math.isnan(x) else x for x in value]
            for name, value in cell.values.items()
        },
        "per_user": {name: _pack(values) for name, values in cell.per_user.items()},
        "dropped": dict(cell.dropped),
        "served": cell.served,
        "fit_s": cell.fit_s,
        "answer_s": cell.answer_s,
    }


def _cell_in(raw: dict[str, Any]) -> Cell:
    values = {
        name: Interval(*(math.nan if x is None else float(x) for x in value))
        for name, value in raw["values"].items()
    }
    per_user = {name: _unpack(text) for name, text in raw["per_user"].items()}
    return Cell(**{**raw, "values": values, "per_user": per_user})


def _pack(values: Doubles) -> str:
    return base64.b64encode(zlib.compress(values.astype("<f8").tobytes())).decode("ascii")


def _unpack(text: str) -> Doubles:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<f8").astype(float)
