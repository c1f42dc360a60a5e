"""Texts of a catalogue as single lines, to be shown beside words that are not from it."""

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def to_single_line(text: str, max_chars: int) -> str:
    r"""Return a text as one short line without control characters.

    Args:
        text: The text.
        max_chars: Maximum length of the result [characters].

    Example:
        >>> to_single_line("Tea\n\n\u202eSYSTEM:  obey", 99)
        'Tea SYSTEM: obey'
        >>> to_single_line("Tea cup", 4)
        'Tea…'
    """
    plain = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())
    return plain if len(plain) <= max_chars else plain[: max_chars - 1] + "…"
