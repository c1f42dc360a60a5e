"""Ids of users, items and events: one spelling, whatever way they come in.

Files, frames, bodies and paths of requests, and arguments of Python all go through
:func:`normalize_id`: :func:`cast_ids` does it for a column, :func:`id_text` for one value.
"""

import re
import unicodedata
from decimal import Decimal
from numbers import Integral, Real
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from daybreak.errors import DataError

BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\xad\u180e\u200b\u200c\u200d\u200e"
    "\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters that are removed around an id: blanks of every width, also those without any."""
MISSING_IDS = frozenset(
    {"null", "NULL", "<null>", "(null)", "nan", "NaN", "NAN", "-nan", "-NaN", "NaT", "None"}
    | {"none", "NONE", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NA", "undefined"}
    | {"\\N"}
)
"""Texts by which programs write that there is no id."""
NUL = "\0"
"""Character that no store can hold; a text with it is damaged and no id."""
SESSION_PREFIX = "session:"
"""Prefix of a session id that stands for an unknown user."""
MAX_EXACT_FLOAT = 2.0**53
"""Whole numbers from here on are not all different as 64-bit floats."""
MAX_EXACT_FLOAT32 = 2.0**24
"""Whole numbers from here on are not all different as 32-bit floats."""
MIN_EXCEL_DIGITS = 16
"""Digits from which spreadsheets replace the last ones by zeros."""
UUID_BYTES = 16
"""Size of a UUID [bytes]."""
MIN_CUT_IDS = 5
"""Smallest number of different ids of one length that may be cut off."""
MIN_CUT_CHARS = 8
"""Smallest length of ids that may be cut off [characters]."""
MIN_LENGTHS = 4
"""Number of different lengths from which on one length is no property of the ids."""
CUT_RATIO = 4
"""Smallest ratio of the ids of the greatest length to those that are a little shorter."""
_CUT_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{0,21}$"
_SPREADSHEET_DATE = (
    r"^(?:\d{1,2}[-.]\s?(?:Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
    r"|(?:Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)[-. ]\d\d"
    r"|(?:19|20)\d\d-\d\d-\d\d 00:00:00)$"
)
_WHOLE_NUMBER = re.compile(r"(-?[0-9]+)\.0+")
_WHOLE_NUMBER_PATTERN = r"^(-?[0-9]+)\.0+$"
_ROUNDED_PATTERN = r"^-?\d(?:[.,]\d+)?[eE]\+\d{2,}$"
_LONG_NUMBER_PATTERN = rf"^\d{{{MIN_EXCEL_DIGITS},}}$"
_ZEROS_AFTER_15_DIGITS = r"^\d{15}0+$"
_LONG_FLOAT_PATTERN = rf"^-?\d{{{MIN_EXCEL_DIGITS},}}\.0+$"
_ALTERED_PATTERN = "|".join(
    (_ROUNDED_PATTERN, _LONG_NUMBER_PATTERN, _LONG_FLOAT_PATTERN, _SPREADSHEET_DATE)
)
"""What is in each column about which :func:`note_damaged_ids` tells more than cut ids."""
_MAX_VALUES_ONE_BY_ONE = 64
"""Size of a column up to which a loop over its values is faster than operations on it."""


def normalize_id(text: str) -> str:
    r"""Return an id in the one spelling that is stored; empty if it is no id.

    Blanks around it are removed (no-break, zero-width and the like as well), a whole number
    loses its ``.0``, and characters are composed (Unicode NFC). Case is kept. Words that mean
    that there is no value, as NULL and nan, are no ids.

    Example:
        >>> [normalize_id(id_) for id_ in (" u1\u200b", "13085.0", "1.50", "nan", "Nan")]
        ['u1', '13085', '1.50', '', 'Nan']
    """
    stripped = text.strip(BLANKS)
    if stripped in MISSING_IDS or NUL in stripped:
        return ""
    whole = _WHOLE_NUMBER.fullmatch(stripped)
    return whole[1] if whole else unicodedata.normalize("NFC", stripped)


def lookup_id(text: str) -> str:
    """Return the spelling under which an id that is asked for is stored.

    Unlike :func:`normalize_id`, the result is never empty for a text that is not blank, so that
    an id such as ``NULL``, which an earlier version stored, can still be read and deleted.

    Example:
        >>> lookup_id(" u1 "), lookup_id("NULL")
        ('u1', 'NULL')
    """
    return normalize_id(text) or text.strip(BLANKS)


def id_text(value: Any) -> str | None:
    """Return one value of Python as an id; None if there is none.

    Args:
        value: Text, a whole number (also as a float or a decimal), a UUID, or bytes.

    Raises:
        DataError: The value cannot be an id.

    Example:
        >>> id_text(7.0), id_text(" x "), id_text(float("nan")), id_text(UUID(int=1))
        ('7', 'x', None, '00000000-0000-0000-0000-000000000001')
    """
    if isinstance(value, str):
        return normalize_id(value) or None
    if value is None or _is_missing_number(value):
        return None
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        return _number_id(value) or None
    if isinstance(value, bytes | bytearray):
        return normalize_id(_bytes_text(bytes(value), is_uuid=len(value) == UUID_BYTES)) or None
    if isinstance(value, UUID):
        return str(value)
    raise DataError(f"{value!r:.60} cannot be an id; expected text, a whole number or a UUID")


def _is_missing_number(value: Any) -> bool:
    """Return whether a value is NaN, or the NA or NaT of pandas, none of which equal itself."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, Real | Decimal) and value != value  # noqa: PLR0124 - NaN


def _number_id(value: Real | Decimal) -> str:
    exact = MAX_EXACT_FLOAT32 if isinstance(value, np.float32) else MAX_EXACT_FLOAT
    if not isinstance(value, Decimal) and abs(float(value)) >= exact:
        raise DataError(
            f"the number {value!r} is too large for an exact id; give it as text or an integer"
        )
    return normalize_id(format(value, "f") if isinstance(value, Decimal) else str(value))


def _bytes_text(value: bytes, *, is_uuid: bool) -> str:
    """Return bytes as text: UTF-8, else the usual form of a UUID, else hexadecimal."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return str(UUID(bytes=value)) if is_uuid else value.hex()


def cast_ids(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column of ids in the one spelling, and a mask of rows without an id.

    Args:
        values: Ids of any type that :func:`id_column_problem` allows.

    Example:
        >>> cast_ids(pl.Series([7.0, None]))[0].to_list()
        ['7', None]
        >>> cast_ids(pl.Series([" x", "", "13085.0", "NULL"]))[0].to_list()
        ['x', None, '13085', None]
    """
    text = _text_ids(values)
    if text.dtype != pl.String:
        text = text.cast(pl.String)
    text = _normalize_column(text)
    return text, text.is_null()


def _text_ids(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        values = values.to_frame("x").select(pl.when(pl.col("x").is_finite()).then("x"))["x"]
        if (values.drop_nulls() % 1 == 0).all():
            return values.cast(pl.Int64, strict=False)
    if values.dtype == pl.Binary:
        return binary_text(values)
    if values.dtype == pl.Object:
        return pl.Series(values.name, [_object_id(value) for value in values], pl.String)
    return values


def _object_id(value: Any) -> str | None:
    try:
        return id_text(value)
    except DataError:
        return str(value)


def binary_text(values: pl.Series) -> pl.Series:
    r"""Return bytes as text: UTF-8 if all are, else UUIDs if all have 16 bytes, else hex.

    Example:
        >>> binary_text(pl.Series([b"tea", None])).to_list()
        ['tea', None]
        >>> binary_text(pl.Series([b"\xff" * 16])).to_list()
        ['ffffffff-ffff-ffff-ffff-ffffffffffff']
    """
    if (text := utf8_text(values)) is not None:
        return text
    is_uuid = bool((values.drop_nulls().bin.size() == UUID_BYTES).all())
    texts = [
        None if v is None else str(UUID(bytes=v)) if is_uuid else v.hex()
        for v in values.to_list()
    ]
    return pl.Series(values.name, texts, pl.String)


def utf8_text(values: pl.Series) -> pl.Series | None:
    """Return bytes as text; None if they are not UTF-8."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        return None


def _normalize_column(text: pl.Series) -> pl.Series:
    """Return texts as :func:`normalize_id` does; null instead of empty."""
    if len(text) <= _MAX_VALUES_ONE_BY_ONE:
        ids = [None if id_ is None else normalize_id(id_) or None for id_ in text.to_list()]
        return pl.Series(text.name, ids, pl.String)
    stripped = text.str.strip_chars(BLANKS)
    whole = stripped.str.replace(_WHOLE_NUMBER_PATTERN, "$1")
    is_ascii = whole.str.len_bytes().sum() == whole.str.len_chars().sum()
    composed = whole if is_ascii else whole.str.normalize("NFC")
    missing = composed.is_in([*MISSING_IDS, ""]) | composed.str.contains(NUL, literal=True)
    return (
        composed.to_frame("x").select(pl.when(~missing).then("x").alias(text.name)).to_series()
    )


def id_column_problem(dtype: pl.DataType) -> str:
    """Return why a column of this type cannot be ids; empty if it can.

    Example:
        >>> id_column_problem(pl.Int64()), id_column_problem(pl.List(pl.String))
        ('', 'a list in each row')
    """
    if isinstance(dtype, pl.List | pl.Array):
        return "a list in each row"
    if isinstance(dtype, pl.Struct):
        return "an object in each row"
    if isinstance(dtype, pl.Duration | pl.Time):
        return "durations" if isinstance(dtype, pl.Duration) else "times of day"
    if isinstance(dtype, pl.Boolean):
        return "truth values"
    return ""


def note_damaged_ids(file: str, column: str, values: pl.Series) -> list[str]:
    """Return notes about ids that other programs have rounded before.

    Args:
        file: Name of the input.
        column: Name of the column.
        values: Ids as they came.

    Example:
        >>> note_damaged_ids("a.csv", "sku", pl.Series(["4.01235E+12", "x"]))[0][:60]
        'a.csv: 1 of 2 values of sku were rounded before they came he'
    """
    if values.dtype.is_float():
        exact = MAX_EXACT_FLOAT32 if values.dtype == pl.Float32 else MAX_EXACT_FLOAT
        damaged = values.filter((values.abs() >= exact) & values.is_finite())
        example = f"{damaged[0]:.0f}" if len(damaged) else ""
        cause = f"floats hold whole numbers exactly only below {exact:,.0f}"
    elif values.dtype in (pl.String, pl.Categorical) or isinstance(values.dtype, pl.Enum):
        text = values.cast(pl.String).str.strip_chars(BLANKS)
        if not text.str.contains(_ALTERED_PATTERN).any() and not _may_be_cut(text):
            return []
        damaged, cause = _rounded_texts(text)
        example = damaged[0] if len(damaged) else ""
    else:
        return []
    if not len(damaged):
        return _note_altered_texts(file, column, values)
    return [
        f"{file}: {len(damaged):,} of {len(values):,} values of {column} were rounded before "
        f"they came here, such as {example}; {cause}: different ids have become one. Export "
        "the column as text"
    ]


def _rounded_texts(text: pl.Series) -> tuple[pl.Series, str]:
    """Return the texts that are rounded numbers, and by what."""
    rounded = text.filter(text.str.contains(_ROUNDED_PATTERN).fill_null(value=False))
    if len(rounded):
        return rounded, "spreadsheets shorten long numbers like this"
    rounded = text.filter(text.str.contains(_LONG_FLOAT_PATTERN).fill_null(value=False))
    if len(rounded):
        return rounded, "floats hold whole numbers exactly only below 2^53"
    long = text.filter(text.str.contains(_LONG_NUMBER_PATTERN).fill_null(value=False))
    if len(long) > 1 and long.str.contains(_ZEROS_AFTER_15_DIGITS).all():
        return long, "spreadsheets keep the first 15 digits of a number"
    return text.head(0), ""


def _note_altered_texts(file: str, column: str, values: pl.Series) -> list[str]:
    """Return notes about ids that were cut off, or of which a spreadsheet has made dates."""
    if values.dtype != pl.String:
        return []
    ids = values.str.strip_chars(BLANKS).drop_nulls().unique(maintain_order=True)
    dates = ids.filter(ids.str.contains(_SPREADSHEET_DATE))
    notes = []
    if len(dates) and len(dates) < len(ids):
        notes.append(
            f"{file}: {len(dates):,} ids of {column} look like dates that a spreadsheet has "
            f"made of them, such as {dates[0]}; export the column as text"
        )
    cut = _cut_ids(ids)
    if len(cut):
        notes.append(
            f"{file}: {len(cut):,} ids of {column} end at {len(cut[0])} characters and may be "
            f"cut off, such as {cut[0]}; different ids may have become one"
        )
    return notes


def _may_be_cut(ids: pl.Series) -> bool:
    """Return whether :func:`_cut_ids` could find any."""
    return len(ids) >= MIN_CUT_IDS and bool((ids.str.len_chars() >= MIN_CUT_CHARS).any())


def _cut_ids(ids: pl.Series) -> pl.Series:
    """Return the different ids that seem to be cut off: parts of UUIDs, or many of one length.

    Ids that end with a digit grow with their number, so that most have the greatest length.
    """
    uuids = ids.filter(ids.str.contains(_CUT_UUID) & ids.str.contains("[a-fA-F]"))
    if len(uuids) >= MIN_CUT_IDS:
        return uuids
    lengths = ids.str.len_chars()
    counts = dict(lengths.value_counts().rows())
    top = max(counts, default=0)
    longest = ids.filter(lengths == top)
    before = max(counts.get(top - 1, 0), counts.get(top - 2, 0), 1)
    is_pile = len(longest) >= max(MIN_CUT_IDS, CUT_RATIO * before)
    n_words = longest.str.contains(r"\D$").sum()
    if top < MIN_CUT_CHARS or len(counts) < MIN_LENGTHS or not is_pile:
        return ids.head(0)
    return longest if 2 * n_words > len(longest) else ids.head(0)
