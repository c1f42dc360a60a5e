"""Filters over the items of a catalogue: SQL conditions, evaluated for all items at once."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import polars as pl

from daybreak.errors import FilterError
from daybreak.ranking.facets import Facets
from daybreak.types import Mask

REMEMBERED = 32_000_000
"""Bytes of answers that are kept."""
MOST = 1_000
"""Answers that are kept, however small they are: their texts take room, too."""


class Filters:
    """Answers filters over one catalogue, and keeps the answers.

    Args:
        facets: The columns of the catalogue.

    Example:
        >>> shop = Facets(pl.DataFrame({"price": [3.0, 20.0, None]}))
        >>> Filters(shop).mask("price < 10 or price is null")
        array([ True, False,  True])
    """

    def __init__(self, facets: Facets) -> None:
        self.facets = facets
        self._kept: OrderedDict[Hashable, Mask] = OrderedDict()
        self._lock = Lock()

    def mask(self, text: str, at: float | None = None) -> Mask:
        """Return (n_items,) whether each item fits; what is unknown does not fit.

        Args:
            text: The filter.
            at: What ``now()`` is, epoch seconds, counted in whole ones; None: now.

        Raises:
            FilterError: It cannot be read, or asks for what is not there.
        """
        second = int(time.time() if at is None else at) if asks_the_time(text) else None
        return self._mask((text, second), lambda: evaluate(text, self.facets, second or 0))

    def having(self, name: str, values: tuple[str, ...]) -> Mask:
        """Return (n_items,) whether a column has one of some texts; see :meth:`mask`."""
        return self._mask((name, values), lambda: self.facets.need(name).has_any(values))

    def _mask(self, key: Hashable, find: Callable[[], Mask]) -> Mask:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = find()
        found.flags.writeable = False
        with self._lock:
            self._kept[key] = found
            room = min(MOST, REMEMBERED // max(1, len(self.facets)))
            while len(self._kept) > room:
                self._kept.popitem(last=False)
        return found


def asks_the_time(text: str) -> bool:
    """Say whether what fits a filter depends on when it is asked."""
    from sqlglot import exp  # noqa: PLC0415 - slow to import, and needed by filters alone

    from daybreak.ranking.filter_text import read_filter  # noqa: PLC0415

    return any(
        isinstance(node, exp.CurrentTimestamp | exp.CurrentDate)
        or (isinstance(node, exp.Anonymous) and node.name.lower() == "now")
        for node in read_filter(text).walk()
    )


def evaluate(text: str, facets: Facets, now: float) -> Mask:
    """Return (n_items,) whether each item fits a filter; see :meth:`Filters.mask`."""
    from daybreak.ranking.filter_compiler import Compiler  # noqa: PLC0415 - as above
    from daybreak.ranking.filter_text import read_filter  # noqa: PLC0415

    compiler = Compiler(text, facets, now)
    condition = compiler.condition(read_filter(text))
    rows = pl.Series("", range(len(facets)), dtype=pl.UInt32).to_frame()
    frame = rows.with_columns(a.values.alias(name) for name, a in compiler.used.items())
    try:
        for step in compiler.steps:
            frame = frame.with_columns(step)
        fits = frame.with_columns(condition.fill_null(value=False).alias("fits"))["fits"]
    except pl.exceptions.PolarsError as error:
        raise FilterError(f"the filter cannot be evaluated: {error}") from error
    mask: Mask = fits.to_numpy().copy()
    return mask
