"""Search of rows by parts of their ids and titles, as somebody types."""

from collections.abc import Callable

import polars as pl

TextsFn = Callable[[], tuple[list[int], list[str]]]
"""Returns numbers of rows and their texts: the id, then titles, one in each line."""


class RowSearch:
    r"""Finds texts that have all words of a query; case and accents do not count.

    Texts are folded once; a change of the rows clears them. Thread-safe: what is kept is
    replaced by one assignment.

    Example:
        >>> texts = lambda: ([7, 8, 9], ["a1\nRed cake stand", "a2\nCafé cup", "cup\n"])
        >>> search = RowSearch()
        >>> search.find("cake re", texts), search.find("CAFE", texts), search.find("cup", texts)
        ([7], [8], [9, 8])
    """

    def __init__(self) -> None:
        self._folded: pl.DataFrame | None = None

    def clear(self) -> None:
        """Forget the texts: they have changed."""
        self._folded = None

    def find(self, query: str, read_texts: TextsFn) -> list[int]:
        """Return the numbers of the rows that match, the closest first.

        An equal id or title comes first, then those that begin with the query, then those of
        which a word does, then the others; equally close ones are in order of their number.

        Args:
            query: Words.
            read_texts: Called if the texts have changed.
        """
        folded = self._folded
        if folded is None:
            numbers, texts = read_texts()
            frame = pl.DataFrame(
                {"number": numbers, "text": texts}, {"number": pl.Int64, "text": pl.String}
            )
            folded = self._folded = frame.with_columns(_fold(pl.col("text")))
        phrase = pl.select(_fold(pl.lit(query.strip()))).item()
        text = pl.col("text")
        found = folded.lazy().filter(
            *(text.str.contains(word, literal=True) for word in phrase.split())
        )
        bounded = pl.format("\n{}\n", text)
        distance = (
            pl.when(bounded.str.contains(f"\n{phrase}\n", literal=True))
            .then(pl.lit(0))
            .when(bounded.str.contains(f"\n{phrase}", literal=True))
            .then(pl.lit(1))
            .when(pl.format(" {}", text).str.contains(f" {phrase}", literal=True))
            .then(pl.lit(2))
            .otherwise(pl.lit(3))
        )
        return found.sort(distance.cast(pl.Int8), "number").collect()["number"].to_list()


def _fold(text: pl.Expr) -> pl.Expr:
    """Return text in lower case without accents."""
    return text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
