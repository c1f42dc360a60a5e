"""Tell the encoding of a text file from its first bytes."""

import codecs
import re
from dataclasses import dataclass

from daybreak.errors import ConfigError, DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 26, 27}) + b"\x7f"

_WINDOW = 65_536


@dataclass(frozen=True)
class Encoding:
    """A codec of Python and what it is called in a note (empty: nothing worth noting)."""

    codec: str
    label: str = ""


def detect_encoding(sample: bytes, file: str) -> Encoding:
    """Return the encoding of a text that begins with ``sample``.

    Raises:
        DataError: The bytes are not text in any encoding that is recognised.

    Example:
        >>> detect_encoding("größe".encode("latin-1"), "a.csv").label
        'Windows-1252 (Western European)'
    """
    for mark, codec, label in _BOMS:
        if sample.startswith(mark):
            return Encoding(codec, label)
    if wide := _wide(sample):
        return wide
    _refuse_binary(sample, file)
    if _mostly_utf8(sample):
        return Encoding("utf-8")
    if _is_chinese(sample):
        return Encoding("gb18030", "GB18030 (GBK)")
    return _western(sample, file)


def named_encoding(name: str) -> Encoding:
    """Return the encoding a caller asked for.

    Raises:
        ConfigError: Python has no codec of that name.
    """
    try:
        return Encoding(codecs.lookup(name).name)
    except LookupError:
        raise ConfigError(f"no encoding named {name!r}; try utf-8, gb18030, cp1252") from None


def _wide(sample: bytes) -> Encoding | None:
    """UTF-16 without a mark: every other byte of the first ASCII letters is zero."""
    even, odd = sample[0:16:2], sample[1:16:2]
    if len(odd) < 4:
        return None
    if not any(odd) and all(even):
        return Encoding("utf-16-le", "UTF-16")
    if not any(even) and all(odd):
        return Encoding("utf-16-be", "UTF-16")
    return None


def _refuse_binary(sample: bytes, file: str) -> None:
    for start in range(0, len(sample), _WINDOW):
        part = sample[start : start + _WINDOW]
        control = len(part) - len(part.translate(None, _CONTROL))
        if control > 4 + 0.005 * len(part):
            raise DataError(
                f"{file} is not text: {control:,} control characters in {len(part):,} bytes "
                f"from byte {start:,} on; expected CSV, TSV, JSON Lines or Parquet"
            )


def _mostly_utf8(sample: bytes) -> bool:
    """A few bad bytes in a UTF-8 file cost their rows, not the file."""
    text = sample[:-4].decode("utf-8", "replace") if len(sample) > 4096 else _whole(sample)
    bad = text.count("\ufffd")
    return not bad or bad <= 0.1 * sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))


def _whole(sample: bytes) -> str:
    return sample.decode("utf-8", "replace")


def _is_chinese(sample: bytes) -> bool:
    """Whether nearly all that is not ASCII are everyday characters of GB 2312."""
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(sample)
    except UnicodeDecodeError:
        return False
    other = [c for c in text if c > "\x7f"]
    return sum(map(_is_everyday, set(other))) >= 0.8 * len(set(other))


def _is_everyday(character: str) -> bool:
    code = character.encode("gb18030")
    return len(code) == 2 and 0xA1 <= code[0] <= 0xD7 and code[1] >= 0xA1


def _western(sample: bytes, file: str) -> Encoding:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} is not UTF-8, UTF-16, GB18030 or Windows-1252 text "
            f"(byte {error.start:,}); name its encoding with encoding='NAME' "
            "or convert the file to UTF-8"
        ) from None
    return Encoding("cp1252", "Windows-1252 (Western European)")
