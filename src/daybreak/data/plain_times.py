"""Times in the forms that programs write, read one by one.

Requests mostly have epoch numbers or ISO 8601. Reading one of them as a column
(:mod:`daybreak.data.times`) takes a thousand times as long.
"""

import re
from datetime import UTC, datetime

from daybreak.data.times import EPOCH_SPANS

_ISO = re.compile(
    r"(?:19[7-9]|20[0-9])[0-9]-(?:0[1-9]|1[0-2])-[0-3][0-9]"
    r"[T ](?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}"
    r"(?:\.[0-9]{3}(?:[0-9]{3})?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
"""Date and time of day from 1970 to 2099 with seconds, and with or without a zone."""
_UNITS_S = (1.0, 1 / 1e3, 1 / 1e6, 1 / 1e9)
"""Units of the numbers in ``EPOCH_SPANS`` [s]. Columns are multiplied by them as well: a
quotient may differ in the last bit, and an event without an id is recognised by all bits."""


def read_plain_number(number: float) -> float | None:
    """Return a number that can only be an epoch, as epoch seconds; None: any other number.

    Example:
        >>> read_plain_number(1.7e9), read_plain_number(1.7e12), read_plain_number(20260501)
        (1700000000.0, 1700000000.0, None)
    """
    for (low, high), unit_s in zip(EPOCH_SPANS, _UNITS_S, strict=True):
        if low < number < high:
            return number * unit_s
    return None


def read_plain_text(text: str) -> float | None:
    """Return an ISO 8601 time with date and seconds as epoch seconds; None: any other text.

    The result is that of :func:`daybreak.data.times.read_times`; UTC without a zone.

    Example:
        >>> read_plain_text("2023-11-14 23:13:20+01:00")
        1700000000.0
        >>> read_plain_text("14.11.2023") is None
        True
    """
    if _ISO.fullmatch(text) is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:  # such as 30 February
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
