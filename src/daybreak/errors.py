"""Every exception Daybreak raises on purpose.

    DaybreakError
    ├── DataError          the input is wrong: a file, a row, a value
    ├── ConfigError        an option is unknown or out of range
    ├── NotFittedError     something was asked before it learned
    ├── NotFoundError      no such model, store, release or file
    ├── StoreError         the store is locked, damaged or of another version
    ├── FilterError        a filter over items cannot be read
    ├── OutOfTimeError     a training would not fit into the time it was given
    ├── GateRefusedError   a release is worse than the one in service
    ├── ServiceError       a Daybreak service could not be reached, or did not do as asked
    └── MissingExtraError  an optional dependency is not installed

``code`` is the stable, machine-readable name; the command line and the server translate it into
an exit status and an HTTP status. A bug raises a plain Python exception instead.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class DaybreakError(Exception):
    """Base of all errors that a caller may want to catch."""

    code: ClassVar[str] = "error"


class DataError(DaybreakError):
    """The input is wrong; the message says where, which value, and what was expected."""

    code = "bad_data"


class ConfigError(DaybreakError):
    """An option is unknown or has a value out of range."""

    code = "bad_config"


class NotFittedError(DaybreakError):
    """Something was asked for an answer before it learned."""

    code = "not_fitted"


class NotFoundError(DaybreakError):
    """The model, store, release or file that was named does not exist."""

    code = "not_found"


class StoreError(DaybreakError):
    """The store cannot be used: locked, damaged, or written by another version."""

    code = "store"


class FilterError(DaybreakError):
    """A filter over items cannot be read; the message shows the place in its text."""

    code = "bad_filter"


class OutOfTimeError(DaybreakError):
    """A training would not fit into the time it was given."""

    code = "out_of_time"


class GateRefusedError(DaybreakError):
    """A release is significantly worse than the one in service; the message says where."""

    code = "gate_refused"

    def __init__(self, message: str, verdict: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.verdict = verdict
        """Every slice, as plain values."""


class ServiceError(DaybreakError):
    """A service could not be reached, or did not do as asked; see ``daybreak.client``."""

    code = "service"


class MissingExtraError(DaybreakError):
    """An optional dependency is missing; the message is the command that installs it."""

    code = "missing_extra"

    def __init__(self, feature: str, install: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install {install}")
