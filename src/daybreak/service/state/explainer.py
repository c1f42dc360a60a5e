"""Explanations in words: a sentence of a language model, checked, or that of the template."""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from daybreak.errors import DaybreakError
from daybreak.language_models import (
    CompletionFault,
    LanguageModel,
    Prompt,
    read_prompt,
    unsupported_parts,
)
from daybreak.language_models.facts import blank_names
from daybreak.language_models.prompts import check_language
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.sentences import Fact, list_facts, template_sentence

log = logging.getLogger(__name__)

MAX_SENTENCE_CHARS = 400
"""Longest accepted sentence of a model [characters]."""
MAX_NAME_CHARS = 120
"""Longest name that a model is given [characters]."""
MAX_SENTENCE_TOKENS = 120
"""Longest answer of a model [tokens]."""
_UNTOLD_KINDS = frozenset({"dislike", "new", "popular", "history"})
"""Kinds of facts that name nothing, or that a model may turn into their opposite."""
_CHOICE = (
    r"(?:chose|choose|picked?|liked?|loved?|enjoy(?:ed)?|watched|read|bought|played|heard)"
)
_NEW_CLAUSE = r"(?:recommend|suggest|show|because|since|so|therefore)"
_ITEM, _CHOSEN = "\x01", "\x02"
"""What stands for the recommended item and for an item of the reasons in a sentence."""
_RECOMMENDS_CHOSEN = re.compile(
    rf"\b(?:recommend|suggest|show)\w*(?:\b(?:and|or|both|also|to|for|you|the|these)\b"
    rf"|[\s,:“”‘’\"'{_ITEM}])*{_CHOSEN}"
    rf"|{_CHOSEN}[\s”’\"']*(?:is|are|was|were)\s+(?:recommended|suggested|shown)"
    rf"|推荐[\s给为你您的了和与及、“”《》「」\"'{_ITEM}]*{_CHOSEN}"
    rf"|{_CHOSEN}[\s”》」\"']*[被是]推荐"
)
_CHOICE_ZH = r"(?:选过|选择了|选择过|选了|看过|看了|读过|买过|买了|听过|玩过|用过|喜欢|喜欢过)"


@dataclass(frozen=True)
class ExplanationSentence:
    """Why an item is recommended, in words."""

    text: str
    source: Literal["model", "template"]


class SentenceWriter:
    """Writes one sentence for each recommended item.

    A sentence of the model is used only if every word of it is a connecting word or a part of a
    whole name, attribute or number of the reasons, and if it neither says that the user chose
    the recommended item nor recommends what the user chose. Otherwise, without a model, after
    an error of it and after the time limit, the template writes.

    Args:
        model: Language model; None: the template writes.
        language: ``en`` or ``zh``.
        limit_s: Time after which the model is not asked for further items [s]; None: no limit.

    Example:
        >>> cup = RecommendationReason("event", "cup", "Tea cup", 0.5)
        >>> SentenceWriter().write("Tea pot", [cup])
        ExplanationSentence(text='Because you chose Tea cup.', source='template')
        >>> from daybreak.testing.language_models import ScriptedLanguageModel
        >>> says = '{"sentence": "Tea pot is recommended since you chose Tea cup."}'
        >>> SentenceWriter(ScriptedLanguageModel([says])).write("Tea pot", [cup]).source
        'model'
    """

    def __init__(
        self,
        model: LanguageModel | None = None,
        language: str = "en",
        *,
        limit_s: float | None = None,
    ) -> None:
        self.model = model
        self.language = check_language(language)
        self._end = None if limit_s is None else time.monotonic() + limit_s

    def write(
        self, item_title: str, reasons: Sequence[RecommendationReason]
    ) -> ExplanationSentence:
        """Return the sentence for one item.

        Args:
            item_title: Title of the recommended item.
            reasons: Its reasons, the most important first.
        """
        facts = list_facts(reasons, self.language)
        told = [fact for fact in facts if fact.kind not in _UNTOLD_KINDS]
        text = self._ask(item_title, told) if told else None
        if text is not None:
            return ExplanationSentence(text, "model")
        return ExplanationSentence(template_sentence(reasons, self.language), "template")

    def _ask(self, item_title: str, facts: Sequence[Fact]) -> str | None:
        """Return the checked sentence of the model; None: there is none."""
        from daybreak.language_models.answers import SentenceAnswer  # noqa: PLC0415 - pydantic

        if self.model is None or (self._end is not None and time.monotonic() > self._end):
            return None
        try:
            prompt = explanation_prompt(item_title, facts, self.language)
            answer = self.model.complete(prompt, SentenceAnswer, max_tokens=MAX_SENTENCE_TOKENS)
        except DaybreakError as error:
            log.warning("explanations are written by the template: %s", error)
            self.model = None
            return None
        if answer.value is None:
            return None
        sentence = answer.value.sentence.strip()
        if not is_supported(sentence, item_title, facts, self.language):
            self.model.usage.count_fault(CompletionFault.UNSUPPORTED)
            return None
        return sentence


def explanation_prompt(item_title: str, facts: Sequence[Fact], language: str) -> Prompt:
    """Return the prompt that asks for a sentence."""
    data = {
        "item": item_title[:MAX_NAME_CHARS],
        "reasons": [fact.clause[: 2 * MAX_NAME_CHARS] for fact in facts],
    }
    return read_prompt("explain", language).fill(data)


def is_supported(
    sentence: str, item_title: str, facts: Sequence[Fact], language: str = "en"
) -> bool:
    """Return whether a sentence says nothing but what the facts say.

    Args:
        sentence: Sentence of a model.
        item_title: Title of the recommended item.
        facts: What is known.
        language: ``en`` or ``zh``.

    Example:
        >>> fact = Fact("event", "you chose Tea cup", ("Tea cup",))
        >>> is_supported("Tea pot is similar to Tea cup.", "Tea pot", [fact])
        True
        >>> is_supported("Because you chose Tea pot and Tea cup.", "Tea pot", [fact])
        False
        >>> is_supported("We recommend Tea cup.", "Tea pot", [fact])
        False
    """
    if len(sentence) > MAX_SENTENCE_CHARS or "\n" in sentence:
        return False
    folded = sentence.casefold()
    names = [name for fact in facts for name in fact.names]
    if not any(name.casefold() in folded for name in names):
        return False
    rest = blank_names(sentence, names)
    if item_title not in names and _claims_choice(rest, item_title.casefold(), language):
        return False
    chosen = [name for fact in facts if fact.kind == "event" for name in fact.names]
    if _recommends_chosen(folded, item_title.casefold(), chosen):
        return False
    clauses = [fact.clause for fact in facts]
    return not unsupported_parts(sentence, [*clauses, item_title, *names], language)


def _claims_choice(folded: str, item_title: str, language: str) -> bool:
    """Return whether a sentence says that the user chose the recommended item."""
    if not item_title:
        return False
    title = re.escape(item_title) + (r"(?![^\W_])" if item_title[-1].isascii() else "")
    pattern = (
        rf"{_CHOICE_ZH}[“”《》「」'\"、，和与及了一个款 ]{{0,10}}{title}"
        if language == "zh"
        else rf"\b{_CHOICE}(?:\s+(?!{_NEW_CLAUSE})\w+){{0,3}}\s+[“'\"]*{title}"
    )
    return re.search(pattern, folded) is not None


def _recommends_chosen(folded: str, item_title: str, chosen: Sequence[str]) -> bool:
    """Return whether a sentence recommends an item of the reasons, not the recommended one."""
    names = {name.casefold() for name in chosen if name.strip()} - {item_title}
    if not names:
        return False
    # The longest name first: "Alien" must not be found in "Alien 3".
    every = sorted({item_title, *names} - {""}, key=len, reverse=True)
    marked = re.sub(
        "|".join(map(re.escape, every)),
        lambda found: _ITEM if found.group() == item_title else _CHOSEN,
        folded,
    )
    return _RECOMMENDS_CHOSEN.search(marked) is not None
