"""Names of attributes in profiles of requests, in any notation.

Columns of files are recognised in every notation; so are the attributes of requests:
``Segment`` and ``SEGMENT`` are ``segment``. :func:`unused_names_note` names those that no
training has seen.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from daybreak.data.column_aliases import COLUMN_ALIASES
from daybreak.data.columns import to_snake_case
from daybreak.errors import unknown_name_message
from daybreak.service.inputs.frames import TEXT_COLUMN

MAX_NAMED_ATTRIBUTES = 5
"""Largest number of unused attributes that the notes of a list name."""


def match_names(
    names: Iterable[str], known: Collection[str], *, has_text: bool = True
) -> dict[str, str]:
    """Return the known name that each given name stands for; unknown names stay as they are.

    A name that is known exactly as it is comes first. No two names get the same known name.

    Args:
        names: Names of attributes, each once.
        known: Names that exist.
        has_text: Whether the other names of the column ``text`` stand for it, as in files.

    Example:
        >>> match_names(["Segment", " AGE", "size", "Bio"], ["segment", "age"])
        {'Segment': 'segment', ' AGE': 'age', 'size': 'size', 'Bio': 'text'}
    """
    given = list(names)
    free = {_letters(name): name for name in known if name not in given}
    if has_text and TEXT_COLUMN not in given:
        aliases = COLUMN_ALIASES["users"][TEXT_COLUMN]
        free = {_letters(alias): TEXT_COLUMN for alias in aliases if alias not in known} | free
    matched: dict[str, str] = {}
    for name in given:
        wanted = name if name in known else free.get(_letters(name), name)
        matched[name] = name if wanted in matched.values() else wanted
    return matched


def _letters(name: str) -> str:
    """Return a name in lower case without the marks between its words."""
    return to_snake_case(name).replace("_", "")


def with_known_names(
    row: Mapping[str, Any], known: Collection[str], *, has_text: bool = True
) -> Mapping[str, Any]:
    """Return attributes with the names that are known; see :func:`match_names`.

    Example:
        >>> with_known_names({"Segment": "pro"}, ["segment"])
        {'segment': 'pro'}
    """
    if all(name in known for name in row):
        return row
    matched = match_names(row, known, has_text=has_text)
    return {new: row[old] for old, new in matched.items()}


def unused_names_notes(names: Iterable[str], used: Collection[str]) -> tuple[str, ...]:
    """Return a note for each attribute of a profile that no strategy can use.

    Args:
        names: Names of attributes, as they are known.
        used: Names of the attributes that the training has seen.

    Example:
        >>> unused_names_notes(["segmnt", "text"], ["segment"])[0]
        "not used: unknown attribute 'segmnt'; did you mean 'segment'? Allowed: segment, text"
    """
    allowed = sorted({*used, TEXT_COLUMN})
    unknown = [name for name in names if name not in allowed][:MAX_NAMED_ATTRIBUTES]
    return tuple(
        f"not used: {unknown_name_message('attribute', name, allowed)}" for name in unknown
    )
