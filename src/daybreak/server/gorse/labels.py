"""gorse's labels, any JSON, as columns of ours and back."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from daybreak.errors import DataError

PREFIX = "labels"
BETWEEN = "|"
"""Between values of a list that was imported from a file."""
DEEPEST = 8
"""Objects in objects."""


def columns_of(labels: Any) -> dict[str, Any]:
    """Return labels as columns: a list is ``labels``, a key of an object ``labels_KEY``.

    The names are those that importing a dump of gorse gives. Lists stay lists of text, or of
    numbers if all are.

    Raises:
        DataError: Objects lie deeper in objects than anybody means.

    Example:
        >>> columns_of({"genre": ["tea", "green"], "maker": {"city": "Uji"}, "price": 4})
        {'labels_genre': ['tea', 'green'], 'labels_maker_city': 'Uji', 'labels_price': 4}
        >>> columns_of(["tea", "green"])
        {'labels': ['tea', 'green']}
    """
    return dict(_columns(labels, PREFIX, 0))


def _columns(labels: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise DataError(f"Labels must not be nested deeper than {DEEPEST} levels")
    if isinstance(labels, Mapping):
        for key, value in labels.items():
            yield from _columns(value, f"{name}_{key}", depth + 1)
    elif isinstance(labels, list):
        if labels:
            yield name, labels if all(map(_is_number, labels)) else list(map(_text, labels))
    elif labels is not None:
        yield name, labels


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def labels_of(columns: Mapping[str, Any]) -> Any:
    """Return columns as labels; None without any. A text with ``|`` is an imported list.

    Example:
        >>> labels_of({"labels_genre": "tea|green", "labels_price": 4, "brand": "Acme"})
        {'genre': ['tea', 'green'], 'price': 4, 'brand': 'Acme'}
        >>> labels_of({"labels": "tea|green"})
        ['tea', 'green']
    """
    known = {name: _split(value) for name, value in columns.items() if value is not None}
    if set(known) == {PREFIX}:
        only = known[PREFIX]
        return only if isinstance(only, list) else [only]
    return {name.removeprefix(f"{PREFIX}_"): value for name, value in known.items()} or None


def _split(value: Any) -> Any:
    return value.split(BETWEEN) if isinstance(value, str) and BETWEEN in value else value
