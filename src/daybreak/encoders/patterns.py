"""Regular expressions of tables of words, compiled when they are first used.

The tables are long, and most processes read no sentence: compiled at import, they would make
every start slower.
"""

import re
from functools import cache


@cache
def pattern_of(words: str, *, any_case: bool = True) -> re.Pattern[str]:
    """Return the pattern of a regular expression; the same one for the same text.

    Args:
        words: Regular expression, a constant: patterns are kept for ever.
        any_case: Whether upper and lower case are alike.

    Example:
        >>> bool(pattern_of("tea|coffee").match("Tea")), pattern_of("tea") is pattern_of("tea")
        (True, True)
    """
    return re.compile(words, re.IGNORECASE if any_case else 0)
