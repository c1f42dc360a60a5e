"""JSON files that are not one object a line: arrays, envelopes and indented objects.

A file is read in blocks and its values one by one, so that memory does not grow with the file.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from daybreak.data.column_aliases import TABLE_ROLES
from daybreak.data.columns import has_known_names
from daybreak.data.readers.text import MAX_LINE_CHARS
from daybreak.errors import DataError

MAX_VALUES_PER_BATCH = 20_000
"""Number of values that are returned together."""
_DECODER = json.JSONDecoder()
_GAP = re.compile(r"[\s,\ufeff]*")
_SPACE = re.compile(r"[\s\ufeff]*")
_COLON = re.compile(r"[\s:]*")
_END_OF_LIST = "]"
_OPEN_ENDS = ("[", "{", ",")
"""Ends of a first line after which its value goes on."""
MAX_ENVELOPE_DEPTH = 2
"""Number of objects around the object that has the array."""


class JsonValueReader:
    """Reads the values of a JSON text one by one.

    Args:
        file: Name of the file in messages.
        blocks: The text in blocks.

    Example:
        >>> blocks = ['{"page": 1, "data": [{"a": 1}, {"a"', ": 2}]}"]
        >>> list(JsonValueReader("shop.json", blocks).batches())
        [([{'a': 1}, {'a': 2}], [1, 2])]
    """

    def __init__(self, file: str, blocks: Iterable[str]) -> None:
        self.file = file
        self._blocks = iter(blocks)
        self._text = ""
        self._at = 0
        self._line = 1

    def batches(self) -> Iterator[tuple[list[Any], list[int]]]:
        """Yield values with their numbers, from 1.

        The values are those of the array of the file: the file itself, or the first array of
        objects in its outer object. Without an array they are the objects of the file.

        Raises:
            DataError: The text is not JSON, or a value is longer than ``MAX_LINE_CHARS``.
        """
        ends_with_bracket = self._enter_array()
        values: list[Any] = []
        number = 0
        while self._skip(_GAP):
            if ends_with_bracket and self._text[self._at] == _END_OF_LIST:
                break
            values.append(self._next_value())
            number += 1
            if len(values) == MAX_VALUES_PER_BATCH:
                yield values, [*range(number - len(values) + 1, number + 1)]
                values = []
        else:
            if ends_with_bracket:
                raise self._error("it breaks off within the array")
        if values:
            yield values, [*range(number - len(values) + 1, number + 1)]

    def is_envelope(self) -> bool:
        """Return whether the text is an object with an array of objects."""
        self._skip(_SPACE)
        return self._peek() == "{" and self._find_array()

    def _enter_array(self) -> bool:
        """Move to the first value of the array; return whether there is an array."""
        self._skip(_SPACE)
        if self._peek() == "[":
            self._at += 1
            return True
        if self._peek() != "{":
            raise self._error("expected an array or an object")
        start = self._at
        found = self._find_array()
        if not found:
            self._at = start
        return found

    def _find_array(self, depth: int = 0) -> bool:
        """Look for an array of objects among the values of an object; enter it.

        An object with ids is no envelope: its lists are its own.
        """
        self._at += 1
        while self._skip(_GAP, keep=True) and self._peek() == '"':
            key = self._next_value(keep=True)
            self._skip(_COLON, keep=True)
            if any(has_known_names([key], role) for role in TABLE_ROLES):
                return False
            if self._peek() == "[" and self._begins_with_object():
                return True
            if self._peek() != "{" or depth == MAX_ENVELOPE_DEPTH:
                self._next_value(keep=True)
            elif self._find_array(depth + 1):
                return True
        self._at += 1
        return False

    def _begins_with_object(self) -> bool:
        """Enter an array if its first value is an object; return whether it is."""
        start = self._at
        self._at += 1
        if self._skip(_SPACE, keep=True) and self._peek() == "{":
            return True
        self._at = start
        return False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, gap: re.Pattern[str], *, keep: bool = False) -> bool:
        """Move over a gap; return whether there is text after it."""
        while True:
            self._at = gap.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return True
            if not self._read_on(keep=keep):
                return False

    def _next_value(self, *, keep: bool = False) -> Any:
        """Return the next value; reads on if it is not complete."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._error("it is nested too deeply") from None
            except ValueError as error:
                too_long = len(self._text) - self._at > MAX_LINE_CHARS
                if too_long or not self._read_on(keep=keep):
                    raise self._error(str(error).split(":")[0].lower()) from None
            else:
                is_open_number = end == len(self._text) and not isinstance(
                    value, str | dict | list
                )
                if is_open_number and self._read_on(keep=keep):
                    continue
                self._at = end
                return value

    def _read_on(self, *, keep: bool) -> bool:
        """Add a block to the text; forget what has been read unless it is to be kept."""
        block = next(self._blocks, "")
        if not block:
            return False
        if not keep:
            self._line += self._text.count("\n", 0, self._at)
            self._text, self._at = self._text[self._at :], 0
        self._text += block
        return True

    def _error(self, reason: str) -> DataError:
        line = self._line + self._text.count("\n", 0, self._at)
        return DataError(
            f"{self.file} is not valid JSON near line {line:,}: {reason}; expected one object "
            "a line, an array of objects, or an object with such an array"
        )


def is_json_lines(start: str) -> bool:
    r"""Return whether a text has one JSON object a line.

    Args:
        start: Beginning of the text, at least its first line unless that is very long.

    Example:
        >>> texts = ('{"a": 1}\n{"a": 2}', '[{"a": 1}]', '{\n"a": 1}', '{"b": [{"a": 1}]}')
        >>> [is_json_lines(text) for text in texts]
        [True, False, False, False]
    """
    text = start.lstrip("\ufeff \t\r\n")
    first, _, rest = text.partition("\n")
    if text.startswith("[") or first.rstrip().endswith(_OPEN_ENDS):
        return False
    if rest.strip():
        return True
    try:
        return not JsonValueReader("", [first]).is_envelope()
    except DataError:
        return len(first) < MAX_LINE_CHARS
