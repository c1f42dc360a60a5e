"""Evaluation of filters: SQL conditions over all items of a catalogue at once."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import polars as pl

from daybreak.errors import FilterError
from daybreak.ranking.filters.columns import FilterColumns
from daybreak.types import Mask

MAX_CACHE_BYTES = 32_000_000
"""Default size of the cached results of one engine."""
MAX_CACHED_MASKS = 1_000
"""Maximum number of cached results; it bounds the memory of the filter texts."""


class FilterEngine:
    """Evaluates filters over one catalogue and caches the results; thread-safe.

    Args:
        columns: Columns of the catalogue.
        max_cache_bytes: Maximum size of the cached results.

    Example:
        >>> columns = FilterColumns(pl.DataFrame({"price": [3.0, 20.0, None]}))
        >>> FilterEngine(columns).mask("price < 10 or price is null")
        array([ True, False,  True])
    """

    def __init__(
        self, columns: FilterColumns, *, max_cache_bytes: int = MAX_CACHE_BYTES
    ) -> None:
        self.columns = columns
        self._cache: OrderedDict[Hashable, Mask] = OrderedDict()
        n_bytes_per_mask = max(1, len(columns))
        self._max_masks = min(MAX_CACHED_MASKS, max_cache_bytes // n_bytes_per_mask)
        self._lock = Lock()

    def mask(self, text: str, at: float | None = None) -> Mask:
        """Return the (n_items,) mask of the items that match a filter.

        An item for which the condition is unknown (NULL) does not match.

        Args:
            text: Filter expression.
            at: Value of ``now()`` in epoch seconds, rounded down to whole seconds; default: the
                current time.

        Raises:
            FilterError: The filter is invalid or uses an unknown column.
        """
        second = int(time.time() if at is None else at) if uses_now(text) else None
        return self._cached_mask(
            (text, second), lambda: evaluate_filter(text, self.columns, second or 0)
        )

    def mask_any_of(self, name: str, values: tuple[str, ...]) -> Mask:
        """Return the (n_items,) mask of the items with any of the values in a column."""
        return self._cached_mask(
            (name, values), lambda: self.columns.require(name).has_any(values)
        )

    def _cached_mask(self, key: Hashable, compute: Callable[[], Mask]) -> Mask:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        mask = compute()
        mask.flags.writeable = False
        with self._lock:
            self._cache[key] = mask
            while len(self._cache) > self._max_masks:
                self._cache.popitem(last=False)
        return mask


def uses_now(text: str) -> bool:
    """Return whether the result of a filter depends on the current time."""
    from sqlglot import exp  # noqa: PLC0415 - slow to import, needed by filters only

    from daybreak.ranking.filters.parser import parse_filter  # noqa: PLC0415

    return any(
        isinstance(node, exp.CurrentTimestamp | exp.CurrentDate)
        or (isinstance(node, exp.Anonymous) and node.name.lower() == "now")
        for node in parse_filter(text).walk()
    )


def evaluate_filter(text: str, columns: FilterColumns, now: float) -> Mask:
    """Return the (n_items,) mask of matching items without a cache.

    Args:
        text: Filter expression.
        columns: Columns of the catalogue.
        now: Current time in epoch seconds.
    """
    from daybreak.ranking.filters.compiler import FilterCompiler  # noqa: PLC0415 - as above
    from daybreak.ranking.filters.parser import parse_filter  # noqa: PLC0415

    compiler = FilterCompiler(text, columns, now)
    condition = compiler.compile_condition(parse_filter(text))
    rows = pl.Series("", range(len(columns)), dtype=pl.UInt32).to_frame()
    frame = rows.with_columns(a.values.alias(name) for name, a in compiler.used_columns.items())
    try:
        for step in compiler.precomputed:
            frame = frame.with_columns(step)
        matches = frame.with_columns(condition.fill_null(value=False).alias("fits"))["fits"]
    except pl.exceptions.PolarsError as error:
        raise FilterError(f"the filter cannot be evaluated: {error}") from error
    mask: Mask = matches.to_numpy().copy()
    return mask
