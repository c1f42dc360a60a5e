"""The exceptions that Daybreak raises.

    DaybreakError
    ├── DataError          the input is wrong: a file, a row, a value
    ├── TooManyRejectsError  more rows of a table are rejected than allowed
    ├── ConfigError        an option is unknown or out of range
    ├── NotFittedError     a model or recommender is used before it is fitted
    ├── NotFoundError      no such model, store, release or file
    ├── StoreError         the store is locked, damaged or of another version
    ├── FilterError        an item filter is invalid
    ├── OutOfTimeError     a training would exceed its time limit
    ├── MemoryLimitError   a training would exceed its bound on memory
    ├── GateRefusedError   a release is worse than the active one
    ├── SourceRefusedError a source of a training does not help
    ├── OutOfBudgetError   a request to a language model would exceed the budget of tokens
    ├── BusyError          another long operation is running
    ├── NoGainError        a fine-tuned encoder is not better than the original
    ├── ServiceError       a request to a Daybreak service failed
    └── MissingExtraError  an optional dependency is not installed

``code`` is a stable, machine-readable name: the command line and the server translate it into
an exit status and an HTTP status. ``next_step`` states what the caller can do about the error;
the command line translates it into a command or an option, with the values of ``parameters``.
A bug raises a plain Python exception instead.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, ClassVar

MAX_COMPARED_NAME_CHARS = 80
"""Largest part of an unknown name that is compared with known ones [characters]."""


class NextStep(StrEnum):
    """What a caller can do about an error, independent of how Daybreak was called."""

    IMPORT_DATA = "import_data"
    """Import data, or choose another store."""
    CHOOSE_STORE = "choose_store"
    """Choose another store."""
    UPGRADE_STORE = "upgrade_store"
    """Upgrade the store; parameter ``store``: its URL or file."""
    TRAIN = "train"
    """Train a release."""
    TRAIN_WITH_ENCODER = "train_with_encoder"
    """Train a release with a text encoder."""
    ASSIGN_TABLES = "assign_tables"
    """State which file holds the events, the items and the users."""
    MAP_COLUMN = "map_column"
    """State which column of the input to read; parameter ``column``: the missing column."""
    CHOOSE_DATE_FORMAT = "choose_date_format"
    """State the order of day and month, or the pattern of dates."""
    ACCEPT_REJECTS = "accept_rejects"
    """Mend the input, or load the valid rows nevertheless."""
    DESCRIBE_ITEM = "describe_item"
    """Describe the item with a text instead of its id."""
    CREATE_EXPERIMENT = "create_experiment"
    """Create an experiment."""
    FORCE_RELEASE = "force_release"
    """Put the release into service although it is worse."""
    CHOOSE_SOURCES = "choose_sources"
    """Name the sources of the training, or train without them."""
    IMPORT_SOURCE = "import_source"
    """Import the tables of a source into a store; parameters ``source``, ``column``."""
    ALLOW_MEMORY = "allow_memory"
    """Allow more memory, or train fewer strategies; parameter ``needed``: enough memory."""


class DaybreakError(Exception):
    """Base class of all errors of Daybreak.

    Args:
        message: What is wrong: where, which value, and what was expected.
        next_step: What the caller can do about it; None if the message says all.
        **parameters: Values that the next step needs, by name.

    Example:
        >>> error = DataError("the store is empty", next_step=NextStep.IMPORT_DATA)
        >>> str(error), error.code, error.next_step.value
        ('the store is empty', 'bad_data', 'import_data')
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str = "", *, next_step: NextStep | None = None, **parameters: str
    ) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.parameters = parameters


class DataError(DaybreakError):
    """The input is wrong; the message says where, which value, and what was expected."""

    code = "bad_data"


class TooManyRejectsError(DaybreakError):
    """More rows of a table are rejected than allowed; the message names the first reasons."""

    code = "too_many_rejects"


class ConfigError(DaybreakError):
    """An option is unknown or has a value out of range."""

    code = "bad_config"


class NotFittedError(DaybreakError):
    """A model or a recommender is used before it is fitted."""

    code = "not_fitted"


class NotFoundError(DaybreakError):
    """The model, store, release, item or file does not exist."""

    code = "not_found"


class StoreError(DaybreakError):
    """The store cannot be used: locked, damaged, or written by another version."""

    code = "store"


class FilterError(DaybreakError):
    """An item filter is invalid; the message shows the position in its text."""

    code = "bad_filter"


class OutOfTimeError(DaybreakError):
    """A training would exceed its time limit."""

    code = "out_of_time"


class MemoryLimitError(DaybreakError):
    """A training would exceed its bound on memory; it has not started."""

    code = "out_of_memory"


class GateRefusedError(DaybreakError):
    """A release is significantly worse than the active one; the message names the slices."""

    code = "gate_refused"

    def __init__(self, message: str, verdict: Mapping[str, Any]) -> None:
        super().__init__(message, next_step=NextStep.FORCE_RELEASE)
        self.verdict = verdict
        """Result of every slice, as plain values."""


class SourceRefusedError(DaybreakError):
    """Another shop or domain does not help a target; the training does without it."""

    code = "source_refused"


class BusyError(DaybreakError):
    """Another long operation is running, and only one may run at a time."""

    code = "busy"


class OutOfBudgetError(DaybreakError):
    """A request to a language model would exceed the budget of its job; it was not sent."""

    code = "out_of_budget"


class NoGainError(DaybreakError):
    """A fine-tuned encoder is not significantly better than the original one."""

    code = "no_gain"


class ServiceError(DaybreakError):
    """A request to a Daybreak service failed; see ``daybreak.client``."""

    code = "service"


class UnknownIdWarning(UserWarning):
    """Some ids of a list are not in the catalogue; the others are answered."""


class UnusedAttributeWarning(UserWarning):
    """Some attributes of a profile were not seen in training; the others are used."""


class UnreadTextWarning(UserWarning):
    """A text, or a part of it, has no effect on a list, or cannot be met.

    Nothing of it is known to the catalogue or its text model; or it has a bound, such as a
    price, that the catalogue has no column for, or that too few items meet.
    """


class RejectedRowsWarning(UserWarning):
    """Some rows or values of the data are not used; the others are trained on."""


class MissingExtraError(DaybreakError):
    """An optional dependency is missing; the message is the command that installs it."""

    code = "missing_extra"

    def __init__(self, feature: str, install: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install {install}")


def unknown_name_message(
    kind: str, name: str, known: Iterable[str], aliases: Iterable[str] = ()
) -> str:
    """Return the message about a name that does not exist, with the nearest one and all others.

    Args:
        kind: What the name stands for, such as ``field``.
        name: The unknown name.
        known: Names that exist.
        aliases: Other names that are accepted; they are named only if they are the nearest.

    Example:
        >>> unknown_name_message("field", "filtr", ["filter", "n", "user_id"])
        "unknown field 'filtr'; did you mean 'filter'? Allowed: filter, n, user_id"
    """
    names = list(known)
    near = get_close_matches(name[:MAX_COMPARED_NAME_CHARS], [*names, *aliases], 1)
    hint = f"; did you mean {near[0]!r}? Allowed" if near else "; allowed"
    return f"unknown {kind} {name!r:.80}{hint}: {', '.join(names)}"
