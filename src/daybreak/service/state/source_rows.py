"""Rows of a store that belong to the sources of a release: domains that it does not recommend.

A release that was trained with domains of its own store as sources keeps their items out of the
catalogue, and counts events there as source histories.
"""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN
from daybreak.service.inputs.sources import DOMAIN_COLUMN
from daybreak.service.state.profiles import Profiles
from daybreak.service.training.fit import TrainedModel


@dataclass(frozen=True, eq=False)
class SourceRows:
    """Says which items and events of a store belong to the sources of a release.

    Example:
        >>> rows = SourceRows(("food",), Vocabulary(["tea"]), Vocabulary(["pan"]))
        >>> items = pl.DataFrame({"item_id": ["tea", "pan", "new"]})
        >>> rows.own_items(items)["item_id"].to_list()
        ['pan', 'new']
    """

    domains: tuple[str, ...]
    """Values of ``domain`` that are sources; empty: everything belongs to the target"""
    source_ids: Vocabulary
    """Items of the sources"""
    target_ids: Vocabulary
    """Items that the release was trained on"""

    @classmethod
    def of(cls, trained: TrainedModel) -> "SourceRows":
        """Return those of a release.

        Args:
            trained: Models of the release.
        """
        domains = trained.stats.source_domains
        return cls(domains, trained.profile.source_ids, trained.items.ids)

    def own_items(self, items: pl.DataFrame) -> pl.DataFrame:
        """Return the items of the target.

        An item belongs to the domain that it names, else to the one that the training found.

        Args:
            items: Frame of ``item_id`` and, if known, ``domain``.
        """
        if not self.domains:
            return items
        ids = items["item_id"].to_list()
        is_other = pl.Series(
            [one in self.source_ids and one not in self.target_ids for one in ids],
            dtype=pl.Boolean,
        )
        if DOMAIN_COLUMN in items.columns:
            named = items[DOMAIN_COLUMN].cast(pl.String)
            is_other = named.is_in(list(self.domains)).fill_null(is_other)
        return items.filter(~is_other)

    def split_events(
        self, events: pl.DataFrame, catalogue: Collection[str]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the events of the target and those of the sources.

        Args:
            events: Frame of ``user_id, item_id`` and, if known, ``domain``.
            catalogue: Ids of the items of the target.
        """
        ids = events["item_id"].to_list()
        is_other = pl.Series(
            [one in self.source_ids and one not in catalogue for one in ids],
            dtype=pl.Boolean,
        )
        if DOMAIN_COLUMN in events.columns:
            named = events[DOMAIN_COLUMN].cast(pl.String)
            is_other = named.is_in(list(self.domains)).fill_null(is_other)
        return events.filter(~is_other), events.filter(is_other)


def stored_source_items(profiles: Profiles, users: pl.DataFrame) -> pl.DataFrame:
    """Return ``user_id, source_items`` of users, as the profiles have them.

    Args:
        profiles: Profiles, before the users are replaced.
        users: Frame of ``user_id``.
    """
    known = {
        user: profiles.attributes_of(user).get(SOURCE_ITEMS_COLUMN)
        for user in users["user_id"].to_list()
    }
    rows = {user: items for user, items in known.items() if items is not None}
    lists = pl.Series(SOURCE_ITEMS_COLUMN, list(rows.values()), dtype=pl.List(pl.String))
    return pl.DataFrame([pl.Series("user_id", list(rows), dtype=pl.String), lists])
