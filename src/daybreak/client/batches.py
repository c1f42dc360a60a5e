"""Many rows in parts, and one account of them all."""

from dataclasses import replace

from daybreak.client.results import Accepted

CHUNK = 1_000
"""Rows of one request."""
NOTHING = Accepted(0)


def joined(before: Accepted, part: Accepted, start: int) -> Accepted:
    """Return the account of two parts; rejected rows are counted from the first.

    Example:
        >>> from daybreak.client.results import Rejected
        >>> both = joined(Accepted(999), Accepted(8, rejected=(Rejected(3, "no id"),)), 1_000)
        >>> both.accepted, both.rejected[0].row
        (1007, 1003)
    """
    rejected = tuple(replace(one, row=one.row + start) for one in part.rejected)
    return Accepted(
        before.accepted + part.accepted,
        before.duplicates + part.duplicates,
        before.rejected + rejected,
    )
