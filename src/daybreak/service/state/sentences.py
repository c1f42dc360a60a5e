"""One sentence from the reasons of a recommendation, in English or Chinese, by template."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daybreak.language_models.prompts import check_language
from daybreak.service.state.explain import QUANTITY, RecommendationReason
from daybreak.service.state.reason_texts import (
    NEW_TO_EVERYBODY,
    POPULAR,
    RECENT,
    format_term,
    phrase_of,
)
from daybreak.service.state.stated_quantities import AS_ASKED

MAX_FACTS = 3
"""Largest number of facts in a sentence."""
MAX_LISTED_TITLES = 2
"""Largest number of items of a history that one fact names."""


@dataclass(frozen=True)
class Fact:
    """One thing that a sentence may say."""

    kind: str
    """Kind of its reasons, ``dislike``, ``new``, ``recent`` or ``popular``."""
    clause: str
    """The fact as a clause, such as ``you chose Tea cup``."""
    names: tuple[str, ...]
    """Names, values and numbers in it."""


_Words = Mapping[str, Callable[[str], str]]
_CLAUSES: Mapping[str, _Words] = {
    "en": {
        "event": "you chose {}".format,
        "dislike": "you disliked {}".format,
        "text": "it matches '{}'".format,
        "quantity": "its {}".format,
        "attribute": "you like {}".format,
        "word": "you like '{}'".format,
        "profile": "people with {} like it".format,
        "history": "it fits what you chose".format,
        "popular": "it is popular with everybody".format,
        "new": "it is new".format,
        "recent": "it was published recently".format,
    },
    "zh": {
        "event": "你选过{}".format,
        "dislike": "你不喜欢{}".format,
        "text": "它符合“{}”".format,
        "quantity": "它的{}".format,
        "attribute": "你喜欢{}".format,
        "word": "你喜欢“{}”".format,
        "profile": "{}的人喜欢它".format,
        "history": "它符合你选过的内容".format,
        "popular": "它受大家欢迎".format,
        "new": "它是新的".format,
        "recent": "它是最近发布的".format,
    },
}
_NO_FACT = {"en": "No single reason stands out.", "zh": "没有单独突出的理由。"}
_AND = {"en": " and ", "zh": "和"}
_QUOTED = {"en": "{}", "zh": "“{}”"}


def template_sentence(reasons: Sequence[RecommendationReason], language: str = "en") -> str:
    """Return what the strongest reasons for an item say, as one sentence.

    Args:
        reasons: Reasons of the item, the most important first.
        language: ``en`` or ``zh``.

    Example:
        >>> cup = RecommendationReason("event", "cup", "Tea cup", 0.5)
        >>> crowd = RecommendationReason("strategy", "everybody", POPULAR, 0.2)
        >>> template_sentence([cup, crowd])
        'Because you chose Tea cup, and it is popular with everybody.'
        >>> template_sentence([cup, crowd], "zh")
        '因为你选过“Tea cup”，它受大家欢迎。'
    """
    clauses = [fact.clause for fact in list_facts(reasons, language)]
    if not clauses:
        return _NO_FACT[check_language(language)]
    if language == "zh":
        return f"因为{'，'.join(clauses)}。"
    return f"Because {', and '.join(clauses)}."


def list_facts(reasons: Sequence[RecommendationReason], language: str = "en") -> list[Fact]:
    """Return the strongest facts that speak for an item.

    Args:
        reasons: Reasons of the item, the most important first.
        language: ``en`` or ``zh``.
    """
    clauses = _CLAUSES[check_language(language)]
    grouped: dict[str, list[RecommendationReason]] = {}
    for reason in reasons:
        kind = _fact_kind(reason)
        if kind in clauses:
            grouped.setdefault(kind, []).append(reason)
    facts = []
    for kind, members in list(grouped.items())[:MAX_FACTS]:
        listed = members[: MAX_LISTED_TITLES if kind in {"event", "dislike"} else 1]
        titles = [_display_title(reason, language) for reason in listed]
        names = tuple(name for reason in listed for name in _names_of(reason, language))
        facts.append(Fact(kind, clauses[kind](_AND[language].join(titles)), names))
    return facts


def _fact_kind(reason: RecommendationReason) -> str:
    """Return the kind of fact of a reason; an empty text: it does not speak for the item."""
    said_of_all = {POPULAR: "popular", NEW_TO_EVERYBODY: "new", RECENT: "recent"}
    if reason.kind == "strategy" and reason.title in said_of_all:
        return said_of_all[reason.title]
    if reason.kind == QUANTITY:
        return QUANTITY if reason.text.endswith(AS_ASKED) else ""
    if reason.value <= 0:
        return ""
    said = phrase_of("event", reason.title, reason.value, is_disliked=True)
    return "dislike" if reason.kind == "event" and reason.text == said else reason.kind


def _display_title(reason: RecommendationReason, language: str) -> str:
    if reason.kind == QUANTITY:
        said = reason.text.removesuffix(AS_ASKED)
        return said if language == "en" else f"{reason.title}符合“{reason.name}”"
    if reason.kind in {"profile", "attribute"}:
        return _term_title(reason.name, language)
    return _QUOTED[language].format(reason.title) if reason.kind == "event" else reason.title


def _term_title(term: str, language: str) -> str:
    """Return an attribute term as words.

    Example:
        >>> _term_title("price=..6", "zh"), _term_title("age=31..36", "zh")
        ('price 不超过 6', 'age 31 至 36')
    """
    name, _, value = term.partition("=")
    low, dots, high = value.partition("..")
    if language == "en" or not dots:
        return format_term(term)
    label = name.replace("_", " ")
    if low and high:
        return f"{label} {low} 至 {high}"
    return f"{label} 不低于 {low}" if low else f"{label} 不超过 {high}"


def _names_of(reason: RecommendationReason, language: str) -> list[str]:
    """Return the names that a sentence with a reason may contain."""
    if reason.kind in {"strategy", "history"}:
        return []
    if reason.kind not in {"profile", "attribute"}:
        return [reason.title]
    name, _, value = reason.name.partition("=")
    parts = [name.replace("_", " "), *value.split("..")]
    return [_term_title(reason.name, language), *(part for part in parts if part)]
