"""Filters over the items of a catalogue: SQL conditions, evaluated for all items at once."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import polars as pl

from daybreak.errors import FilterError
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.types import Mask

MAX_CACHE_BYTES = 32_000_000
"""Bytes of answers that are kept."""
MAX_CACHED_MASKS = 1_000
"""Answers that are kept, however small they are: their texts take room, too."""


class FilterEngine:
    """Answers filters over one catalogue, and keeps the answers.

    Args:
        facets: The columns of the catalogue.

    Example:
        >>> shop = FilterColumns(pl.DataFrame({"price": [3.0, 20.0, None]}))
        >>> FilterEngine(shop).mask("price < 10 or price is null")
        array([ True, False,  True])
    """

    def __init__(self, columns: FilterColumns) -> None:
        self.columns = columns
        self._cache: OrderedDict[Hashable, Mask] = OrderedDict()
        self._lock = Lock()

    def mask(self, text: str, at: float | None = None) -> Mask:
        """Return (n_items,) whether each item fits; what is unknown does not fit.

        Args:
            text: The filter.
            at: What ``now()`` is, epoch seconds, counted in whole ones; None: now.

        Raises:
            FilterError: It cannot be read, or asks for what is not there.
        """
        second = int(time.time() if at is None else at) if uses_now(text) else None
        return self._cached_mask(
            (text, second), lambda: evaluate_filter(text, self.columns, second or 0)
        )

    def mask_any_of(self, name: str, values: tuple[str, ...]) -> Mask:
        """Return (n_items,) whether a column has one of some texts; see :meth:`mask`."""
        return self._cached_mask(
            (name, values), lambda: self.columns.require(name).has_any(values)
        )

    def _cached_mask(self, key: Hashable, find: Callable[[], Mask]) -> Mask:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = find()
        found.flags.writeable = False
        with self._lock:
            self._cache[key] = found
            room = min(MAX_CACHED_MASKS, MAX_CACHE_BYTES // max(1, len(self.columns)))
            while len(self._cache) > room:
                self._cache.popitem(last=False)
        return found


def uses_now(text: str) -> bool:
    """Say whether what fits a filter depends on when it is asked."""
    from sqlglot import exp  # noqa: PLC0415 - slow to import, and needed by filters alone

    from daybreak.ranking.filters.parser import parse_filter  # noqa: PLC0415

    return any(
        isinstance(node, exp.CurrentTimestamp | exp.CurrentDate)
        or (isinstance(node, exp.Anonymous) and node.name.lower() == "now")
        for node in parse_filter(text).walk()
    )


def evaluate_filter(text: str, columns: FilterColumns, now: float) -> Mask:
    """Return (n_items,) whether each item fits a filter; see :meth:`FilterEngine.mask`."""
    from daybreak.ranking.filters.compiler import FilterCompiler  # noqa: PLC0415 - as above
    from daybreak.ranking.filters.parser import parse_filter  # noqa: PLC0415

    compiler = FilterCompiler(text, columns, now)
    condition = compiler.compile_condition(parse_filter(text))
    rows = pl.Series("", range(len(columns)), dtype=pl.UInt32).to_frame()
    frame = rows.with_columns(a.values.alias(name) for name, a in compiler.used_columns.items())
    try:
        for step in compiler.precomputed:
            frame = frame.with_columns(step)
        fits = frame.with_columns(condition.fill_null(value=False).alias("fits"))["fits"]
    except pl.exceptions.PolarsError as error:
        raise FilterError(f"the filter cannot be evaluated: {error}") from error
    mask: Mask = fits.to_numpy().copy()
    return mask
