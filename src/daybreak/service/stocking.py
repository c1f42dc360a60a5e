"""The catalogue of a recommender: items come, change and go without a training."""

from collections.abc import Sequence
from typing import Any, Self

from daybreak.service.changed import changed_rows
from daybreak.service.inputs import as_frame, check_ids
from daybreak.service.keeping import Keeping


class Stocking(Keeping):
    """The part of a recommender that changes its catalogue."""

    def add_items(self, items: Any) -> Self:
        """Add items to the catalogue; they are candidates in the next answer.

        Ids that are there already are passed over; columns that the training did not see are
        kept, but tell nothing.

        Args:
            items: Frame of ``item_id`` and the columns of the catalogue.
        """
        self._shelf = self._need().with_items(as_frame(items, "item_id"))
        return self

    def update_items(self, items: Any) -> Self:
        """Take a catalogue as it is now: add what is new, replace what has changed.

        What was learned of an item's events stays; a column that a row does not have is empty.
        Items that are not named stay as they are.

        Args:
            items: As for :meth:`add_items`.
        """
        shelf, frame = self._need(), as_frame(items, "item_id")
        changed = changed_rows(shelf.catalogue.frame, frame)
        self._shelf = shelf.with_items(changed, replace_known=True).with_items(frame)
        return self

    def remove_items(self, ids: Sequence[str]) -> Self:
        """Take items out of the catalogue: no candidates until they are added or updated again.

        Args:
            ids: Of items; unknown ones are passed over.
        """
        self._shelf = self._need().without_items(check_ids(ids, "ids") or [])
        return self
