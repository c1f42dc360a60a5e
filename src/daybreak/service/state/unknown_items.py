"""Ids that the catalogue does not have: one rule for all calls.

A question about one item (similar to it, its audience, its score) has no answer:
:func:`require_item` raises. Of a list of items the known ones are answered, and
:func:`unknown_items_note` names the others: in Python as a warning, over HTTP in ``notes``, on
the command line as a message. The same holds for items of a history that comes with a request,
and for items to exclude.
"""

import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeAlias

from daybreak.errors import NextStep, NotFoundError, UnknownIdWarning
from daybreak.service.state.catalogue import Catalogue
from daybreak.types import Mask

MAX_COMPARED_IDS = 10_000
"""Largest catalogue in which the nearest id is looked for [items]."""
MAX_COMPARED_CHARS = 100
"""Longest id for which the nearest id is looked for [characters]."""
MIN_LIKENESS = 0.7
"""Smallest ratio of matching characters of an id that is named as the nearest one."""
CANDIDATES = "items are unknown and left out"
"""Note on unknown items that were asked about."""
HISTORY = "items of the history are unknown and left out"
"""Note on unknown items of events that came with a request."""
EXCLUDED = "items to exclude are unknown"
"""Note on unknown items that were to be left out."""
REMOVED = "items to remove are unknown"
"""Note on unknown items that were to leave the catalogue."""
IGNORED = "items of events are unknown, and their events are ignored"
"""Note on unknown items of events that were to be stored."""
UNLISTED = (
    "items of events are not in the catalogue; their events are kept, and the items are "
    "recommended when the catalogue has them"
)
"""Note on unknown items of events that are stored."""
NamedItems: TypeAlias = Iterable[tuple[str, Iterable[str]]]
"""Lists of ids, each with what they were given as."""
MAX_NAMED_IDS = 5
"""Largest number of ids that a note names."""


def require_item(
    catalogue: Catalogue,
    item: str,
    *,
    trained: Mask | None = None,
    next_step: NextStep | None = NextStep.DESCRIBE_ITEM,
) -> int:
    """Return the row of an item.

    Args:
        catalogue: Catalogue to look in.
        item: Id of the item.
        trained: (n_items,) items that the models know. If it is given, an item that nothing but
            later events name is unknown: a typing error in one event makes no item.
        next_step: What the caller can do if there is no such item.

    Raises:
        NotFoundError: The item is not in the catalogue, or was deleted; the message names the
            id and the nearest one.
    """
    row = catalogue.row(item)
    is_there = row >= 0 and row not in catalogue.deleted_rows
    if is_there and (trained is None or trained[row] or not catalogue.is_unlisted(row)):
        return row
    n_items = len(catalogue.items) - len(catalogue.deleted_rows)
    near = nearest_id(catalogue, item)
    hint = "" if near is None else f"; the nearest id is {near!r:.80}"
    raise NotFoundError(
        f"no item {item!r:.80} in the catalogue of {n_items:,} items{hint}", next_step=next_step
    )


def unknown_items(catalogue: Catalogue, ids: Iterable[str]) -> list[str]:
    """Return the ids that are not in the catalogue or were deleted, each once."""
    rows = ((id_, catalogue.row(id_)) for id_ in dict.fromkeys(ids))
    return [id_ for id_, row in rows if row < 0 or row in catalogue.deleted_rows]


def unknown_items_note(unknown: list[str], n_ids: int, what: str = CANDIDATES) -> str:
    """Return a note that names unknown ids.

    Args:
        unknown: The unknown ids, at least one.
        n_ids: Number of ids that were given.
        what: What they were given as: ``CANDIDATES`` or another constant of this module.

    Example:
        >>> unknown_items_note(["te001"], 3)
        "1 of 3 items are unknown and left out: 'te001'"
        >>> unknown_items_note(["te001"], 3, HISTORY)
        "1 of 3 items of the history are unknown and left out: 'te001'"
    """
    named = ", ".join(f"{id_!r:.80}" for id_ in unknown[:MAX_NAMED_IDS])
    others = f" and {len(unknown) - MAX_NAMED_IDS} more" * (len(unknown) > MAX_NAMED_IDS)
    return f"{len(unknown)} of {n_ids} {what}: {named}{others}"


def notes_on_unknown_items(catalogue: Catalogue, lists: NamedItems) -> tuple[str, ...]:
    """Return a note for each list of ids that names some the catalogue does not have.

    Args:
        catalogue: Catalogue to look in.
        lists: What the ids were given as, and the ids.
    """
    notes = []
    for what, ids in lists:
        given = list(dict.fromkeys(ids))
        unknown = unknown_items(catalogue, given)
        if what in {HISTORY, REMOVED, IGNORED}:  # what is known of a deleted item still counts
            unknown = [id_ for id_ in unknown if catalogue.row(id_) < 0]
        if unknown:
            notes.append(unknown_items_note(unknown, len(given), what))
    return tuple(notes)


def notes_on_unlisted_items(
    catalogue: Catalogue, trained: Mask, ids: Iterable[str]
) -> tuple[str, ...]:
    """Return a note that names items of events that nothing else names, if there are any.

    Items that were sold before the training and have left the catalogue are none of them, nor
    are deleted items, whose late events are ordinary.

    Args:
        catalogue: Catalogue to look in.
        trained: (n_items,) items that the models know.
        ids: Items of the events.
    """
    if not catalogue.is_given or catalogue.unknown_items == "recommend":
        return ()
    given = {id_: catalogue.row(id_) for id_ in ids}
    unknown = [
        id_
        for id_, row in given.items()
        if row < 0
        or (
            not trained[row]
            and row not in catalogue.deleted_rows
            and catalogue.is_unlisted(row)
        )
    ]
    return (unknown_items_note(unknown, len(given), UNLISTED),) if unknown else ()


def warn_of_unknown_items(catalogue: Catalogue, lists: NamedItems, stacklevel: int) -> None:
    """Warn of the ids that are not in the catalogue, if there are any.

    Args:
        catalogue: Catalogue to look in.
        lists: What the ids were given as, and the ids.
        stacklevel: Number of calls up to the code of the user, this one excluded.
    """
    for note in notes_on_unknown_items(catalogue, lists):
        warnings.warn(note, UnknownIdWarning, stacklevel=stacklevel + 1)


def nearest_id(catalogue: Catalogue, item: str) -> str | None:
    """Return the id of the catalogue that resembles an unknown one most.

    None if nothing resembles it, or if the comparison would take long.
    """
    ids = catalogue.items.ids.ids
    if len(ids) > MAX_COMPARED_IDS or len(item) > MAX_COMPARED_CHARS:
        return None
    candidates = [
        id_
        for row, id_ in enumerate(ids)
        if len(id_) <= MAX_COMPARED_CHARS and row not in catalogue.deleted_rows
    ]
    return next(iter(get_close_matches(item, candidates, 1, MIN_LIKENESS)), None)
