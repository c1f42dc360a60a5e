"""Texts of reasons: what a reason says to a person, instead of ids and names of models."""

from collections.abc import Callable

NEW_TO_EVERYBODY = "not chosen by anybody yet"
"""Title of what holds for everybody, for an item without events."""
POPULAR, UNPOPULAR = "popular with everybody", "less popular than other items"
"""Titles of what holds for everybody, for other items."""
RECENT, PAST = "published recently", "older items are chosen less often"
"""Titles of the same, where it is due to the age of the item."""
COMMON_TITLES = frozenset({NEW_TO_EVERYBODY, POPULAR, UNPOPULAR, RECENT, PAST})


def format_term(term: str) -> str:
    """Return an attribute term as words: ``price=..6`` as ``price up to 6``.

    Example:
        >>> [format_term(term) for term in ("genre=western", "price=..6", "age=31..36", "tea")]
        ['genre: western', 'price up to 6', 'age 31 to 36', 'tea']
        >>> format_term("item_year=2000..")
        'item year from 2000'
    """
    name, equals, value = term.partition("=")
    if not equals:
        return term
    label = name.replace("_", " ")
    low, dots, high = value.partition("..")
    if not dots:
        return f"{label}: {value}"
    if low and high:
        return f"{label} {low} to {high}"
    if low or high:
        return f"{label} from {low}" if low else f"{label} up to {high}"
    return label


def quote_text(text: str) -> str:
    """Return what a user said in quotation marks.

    Example:
        >>> quote_text("cake stand")
        "'cake stand'"
    """
    return f"'{text}'"


def title_of(kind: str, name: str, *, is_new: bool, value: float) -> str:
    """Return the title of a reason that is not an item.

    Args:
        kind: Kind of the reason.
        name: Its name.
        is_new: Whether the explained item has no events.
        value: Contribution to the score.
    """
    if kind in {"profile", "attribute"}:
        return format_term(name)
    if (kind, name) == ("strategy", "age"):
        return RECENT if value >= 0 else PAST
    if (kind, name) == ("strategy", "everybody"):
        if is_new:
            return NEW_TO_EVERYBODY
        return POPULAR if value >= 0 else UNPOPULAR
    return "all that you chose" if kind == "history" else name


_PHRASES: dict[tuple[str, bool], Callable[[str], str]] = {
    ("event", True): "because you chose {}".format,
    ("event", False): "other than {}, which you chose".format,
    ("dislike", True): "other than {}, which you disliked".format,
    ("dislike", False): "because you disliked {}".format,
    ("text", True): "matches {}".format,
    ("text", False): "does not match {}".format,
    ("attribute", True): "your taste in {}".format,
    ("attribute", False): "your taste in {}".format,
    ("word", True): "your taste in {}".format,
    ("word", False): "your taste in {}".format,
    ("strategy", True): "the same for everybody: {}".format,
    ("strategy", False): "the same for everybody: {}".format,
    ("level", True): "constant of {}".format,
    ("level", False): "constant of {}".format,
    ("profile", True): "liked by people with {}".format,
    ("profile", False): "less liked by people with {}".format,
}
"""Phrase by kind and by whether the reason speaks for the item."""
_PHRASES_OF_OTHERS: dict[tuple[str, bool], Callable[[str], str]] = {
    ("event", True): "chose {}".format,
    ("event", False): "chose {}, which is different".format,
    ("dislike", True): "disliked {}, which is different".format,
    ("dislike", False): "disliked {}".format,
    ("text", True): "says {}".format,
    ("text", False): "says {}, which does not match".format,
    ("attribute", True): "taste in {}".format,
    ("attribute", False): "taste in {}".format,
    ("word", True): "taste in {}".format,
    ("word", False): "taste in {}".format,
}
"""The same for reasons about a user; other phrases are those of ``_PHRASES``."""


def phrase_of(
    kind: str,
    title: str,
    value: float,
    *,
    is_disliked: bool = False,
    of_others: bool = False,
) -> str:
    """Return what a reason says, as a part of a sentence.

    Args:
        kind: Kind of the reason.
        title: Its title.
        value: Contribution to the score.
        is_disliked: Whether the reason is an item that the user disliked.
        of_others: Whether the text is about the user, and not to the user.

    Example:
        >>> phrase_of("event", "Tea cup", 0.5), phrase_of("text", "cake stand", 0.8)
        ('because you chose Tea cup', "matches 'cake stand'")
        >>> phrase_of("event", "Rum", -0.5, is_disliked=True)
        'because you disliked Rum'
        >>> phrase_of("event", "Tea cup", 0.5, of_others=True)
        'chose Tea cup'
    """
    if kind in {"text", "word"}:
        title = quote_text(title)
    if title in COMMON_TITLES:
        return title
    key = ("dislike" if kind == "event" and is_disliked else kind, value >= 0)
    phrase = _PHRASES.get(key)
    if of_others:
        phrase = _PHRASES_OF_OTHERS.get(key, phrase)
    return title if phrase is None else phrase(title)
