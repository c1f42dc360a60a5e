"""Values that profiles of users and items have in common: skills, genres, cities, topics."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

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
    return match_and_complete_terms(profile_terms, item_terms)[0]


def match_and_complete_terms(
    profile_terms: Sequence[str], item_terms: Sequence[str]
) -> tuple[CommonTerms, list[str]]:
    """Return the pairs of :func:`match_terms`, and terms that only items have so far.

    No user has named them, but profiles have their columns: the first applicant who knows
    *rust* finds the jobs that ask for it.

    Args:
        profile_terms: Terms of the columns of profiles.
        item_terms: Terms of the columns of the content block ``attributes``.

    Example:
        >>> shop = ["skills=java", "skills=rust", "city=rome"]
        >>> common, untold = match_and_complete_terms(["Skills=java"], shop)
        >>> common.content.tolist(), untold
        ([0], ['Skills=rust'])
    """
    pairs: list[tuple[int, int]] = []
    untold: set[str] = set()
    for values, other_values in _iter_common_columns(profile_terms, item_terms):
        shared = [value for value in values if value in other_values]
        pairs += [(values[value], other_values[value]) for value in shared]
        name = profile_terms[next(iter(values.values()))].partition("=")[0]
        untold |= {f"{name}={value}" for value in other_values if value not in values}
    return CommonTerms.of(sorted(pairs)), sorted(untold)


def _iter_common_columns(
    profile_terms: Sequence[str], item_terms: Sequence[str]
) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Yield the positions of the values of a column of profiles, and of one of items."""
    items = _columns_by_name(item_terms)
    for name, values in _columns_by_name(profile_terms).items():
        for other, other_values in items.items():
            n_common = sum(value in other_values for value in values)
            is_enough = n_common >= max(MIN_COMMON_VALUES, MIN_COMMON_SHARE * len(values))
            if name == other or is_enough:
                yield values, other_values


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
