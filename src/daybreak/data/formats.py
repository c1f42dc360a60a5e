"""Forms of values in the inputs: dates, decimal marks, and what becomes of unreadable ones."""

from dataclasses import dataclass

from daybreak.data.numbers import DecimalMark, check_decimal_mark
from daybreak.data.times import check_date_format


@dataclass(frozen=True)
class ValueFormats:
    """How dates and numbers of the inputs are written; by default each column decides.

    Example:
        >>> ValueFormats.of(date_format="DMY", decimal="comma")
        ValueFormats(date_format='day-first', decimal=',', strict=False)
    """

    date_format: str | None = None
    """One of ``DATE_FORMATS``, or a pattern with %, for all columns of times."""
    decimal: DecimalMark | None = None
    """Decimal mark of all columns of numbers."""
    strict: bool = False
    """Whether an event is rejected if its time or value cannot be read."""

    @classmethod
    def of(
        cls, date_format: str | None = None, decimal: str | None = None, *, strict: bool = False
    ) -> "ValueFormats":
        """Check the formats.

        Raises:
            ConfigError: There is no such date format or decimal mark.
        """
        return cls(check_date_format(date_format), check_decimal_mark(decimal), strict)
