"""Words of the text columns of items."""

from collections.abc import Mapping, Sequence

from daybreak.data.fields import ContentField, TextColumns
from daybreak.encoders.lexical import tokenize_all
from daybreak.encoders.word_forms import split_unspaced_words


def tokenize_text_columns(
    fields: Sequence[ContentField], columns: TextColumns
) -> dict[str, list[list[str]]]:
    """Return the words of each item by text column, unspaced ones also in pieces.

    Args:
        fields: Columns of the catalogue.
        columns: The items.
    """
    return {
        field.name: [
            split_unspaced_words(row)
            for row in tokenize_all(columns.plain(field.name).fill_null(""))
        ]
        for field in fields
        if field.role == "text" and field.name in columns
    }


def join_columns(words: Mapping[str, list[list[str]]], n: int) -> list[list[str]]:
    """Return the words of all text columns of each of ``n`` items.

    Args:
        words: Words of each item by text column.
        n: Number of items.

    Example:
        >>> join_columns({"title": [["tea"], ["rum"]], "about": [["hot"], []]}, 2)
        [['tea', 'hot'], ['rum']]
    """
    rows = zip(*words.values(), strict=True) if words else ((),) * n
    return [[word for words in row for word in words] for row in rows]
