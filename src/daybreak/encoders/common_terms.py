"""Values that profiles of users and items have in common: skills, genres, cities, topics."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from daybreak.data.common_terms import CommonTerms

MIN_COMMON_VALUES = 3
"""Minimum number of common values of two columns with different names; ``yes`` and ``no`` are
in many columns that say nothing about each other."""
MIN_COMMON_SHARE = 0.5
"""Minimum share of the values of a profile column that are in a catalogue column of another
name."""


def match_terms(profile_terms: Sequence[str], item_terms: Sequence[str]) -> CommonTerms:
    """Return the pairs of terms of profiles and items that say the same.

    Terms are ``column=value``. Columns with the same name share their values; columns with
    different names do if enough of their values are the same. Numbers are no common values: an
    age of 30 is no price of 30.

    Args:
        profile_terms: Terms of the columns of profiles.
        item_terms: Terms of the columns of the content block ``attributes``.

    Example:
        >>> people = ["likes=tea", "likes=cake", "likes=rum", "sex=f", "news=yes"]
        >>> shop = ["tags=cake", "tags=rum", "tags=tea", "tags=new", "organic=yes"]
        >>> found = match_terms(people, shop)
        >>> [(people[p], shop[c]) for p, c in zip(found.profile, found.content, strict=True)]
        [('likes=tea', 'tags=tea'), ('likes=cake', 'tags=cake'), ('likes=rum', 'tags=rum')]
    """
    profile, items = _columns_by_name(profile_terms), _columns_by_name(item_terms)
    pairs: list[tuple[int, int]] = []
    for name, values in profile.items():
        for other, other_values in items.items():
            common = [value for value in values if value in other_values]
            is_enough = len(common) >= max(MIN_COMMON_VALUES, MIN_COMMON_SHARE * len(values))
            if common and (name == other or is_enough):
                pairs += [(values[value], other_values[value]) for value in common]
    return CommonTerms.of(sorted(pairs))


def _columns_by_name(terms: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return the position of each value by column; without numbers."""
    columns: dict[str, dict[str, int]] = defaultdict(dict)
    for position, term in enumerate(terms):
        name, _, value = term.partition("=")
        if not _is_number(value):
            columns[name.casefold()][value.casefold()] = position
    return columns


def _is_number(value: str) -> bool:
    return not any(character.isalpha() for character in value)
