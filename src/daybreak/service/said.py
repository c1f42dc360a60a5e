"""What is said about people at the moment of asking, as frames."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from daybreak.service.inputs import TEXT

SOMEBODY = "somebody new"
"""The user that is asked about when none is named."""


@dataclass(frozen=True)
class Said:
    """Profile and events that a request brings, the same for all of its users.

    Example:
        >>> said = Said(text="I love tea", attributes={"country": "France"}, items=("pot",))
        >>> said.profiles(["ann"]).row(0), said.histories(["ann"]).row(0)
        (('ann', 'France', 'I love tea'), ('ann', 'pot'))
    """

    text: str | None = None
    """What they say about themselves, in their own words."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[str] = ()
    """Items they have just chosen."""

    def profiles(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the profile of each user; None when nothing is said."""
        known = dict(self.attributes) | ({TEXT: self.text} if self.text else {})
        if not known:
            return None
        return pl.DataFrame({"user_id": list(users)}).with_columns(
            pl.lit(value).alias(name) for name, value in known.items()
        )

    def histories(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the events of each user; None when there are none."""
        if not self.items:
            return None
        rows = [(user, item) for user in users for item in self.items]
        return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
