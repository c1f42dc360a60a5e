"""A language model that words the questions of an interview and reads its answers.

What it writes is used only if it passes the checks; otherwise the template asks, and the rules
and the text encoder read. The model never chooses what is asked, and it never sees an id.
"""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from daybreak.errors import DaybreakError
from daybreak.language_models import (
    CompletionCache,
    CompletionFault,
    LanguageModel,
    MemoryCompletions,
    Prompt,
    read_prompt,
    unsupported_parts,
)
from daybreak.language_models.base import AnswerT
from daybreak.language_models.instructions import has_instructions
from daybreak.service.interview.offered import OfferedName, fold_name, offered_names
from daybreak.service.interview.reading import AnswerReader, join_readings
from daybreak.service.interview.turns import (
    AnswerReading,
    InterviewQuestion,
    InterviewTurn,
    Language,
)
from daybreak.service.interview.wording import HINTS, field_label, question_template

if TYPE_CHECKING:
    from daybreak.language_models.answers import NamesAnswer

log = logging.getLogger(__name__)

MAX_QUESTION_CHARS = 200
"""Longest accepted question of a model [characters]."""
MAX_QUESTION_MARKS = 2
"""Largest number of question marks: likes and dislikes."""
MAX_QUESTION_TOKENS = 60
"""Longest question of a model [tokens]."""
MAX_READING_TOKENS = 80
"""Longest reading of a model [tokens]."""
MAX_READ_CHARS = 300
"""Longest answer that a model reads; longer ones are read by rules alone [characters]."""
MAX_REMEMBERED_ANSWERS = 1_000
"""Maximum number of answers of a model that are kept in memory."""
_QUESTION_MARKS = ("?", "？")
_QUOTES = re.compile(r"[\"“”‘’「」『』《》]")


def remember_answers() -> MemoryCompletions:
    """Return a memory for the answers of a model.

    Each request of an interview has all turns, so that the model would read each answer again.
    The memory has hashes of prompts and names of the catalogue, and no words of a user.
    """
    return MemoryCompletions(MAX_REMEMBERED_ANSWERS)


@dataclass(eq=False)
class InterviewModel:
    """Words questions and reads answers with a language model.

    After an error of the model and after the time limit, it is not asked again.

    Args:
        model: Language model, with its budget and what may be sent.
        answers: Memory of the answers of earlier requests.
        limit_s: Time after which the model is not asked any more [s]; None: no limit.
    """

    model: LanguageModel
    answers: CompletionCache = field(default_factory=remember_answers)
    limit_s: float | None = None

    def __post_init__(self) -> None:
        """Start the time limit."""
        self._end = None if self.limit_s is None else time.monotonic() + self.limit_s
        self._is_usable = True

    def word(self, question: InterviewQuestion, language: Language) -> str | None:
        """Return a question in the words of the model; None: the template asks.

        Args:
            question: The question as the template words it.
            language: Language of the question.
        """
        from daybreak.language_models.answers import QuestionAnswer  # noqa: PLC0415 - pydantic

        labels = [choice.label for choice in question.choices]
        about = field_label(question.name, language) if question.kind == "attribute" else ""
        if any(has_instructions(text) for text in (about, *labels)):
            return None
        plain = question_template(question.kind, question.name, len(labels), language)
        data = {"question": plain, "about": about, "choices": labels}
        prompt = read_prompt("interview_ask", language).fill(data)
        found = self._ask(prompt, QuestionAnswer, MAX_QUESTION_TOKENS)
        if found is None:
            return None
        text = " ".join(found.question.split())
        if not is_plain_question(text, about, language):
            self.model.usage.count_fault(CompletionFault.UNSUPPORTED)
            return None
        return text if question.kind == "open" else f"{text} {HINTS[language]}"

    def read(
        self, reader: AnswerReader, turn: InterviewTurn, language: Language
    ) -> AnswerReading:
        """Return what an answer says: what the rules read, and what the model adds.

        Args:
            reader: Reads by rules and by the text encoder.
            turn: Question and answer.
            language: Language of the instruction to the model.
        """
        by_rules = reader.read(turn)
        text = turn.text.strip()
        if not reader.has_sentence(turn) or len(text) > MAX_READ_CHARS:
            return by_rules
        if has_instructions(text):
            return by_rules
        offered = offered_names(reader.vocabulary, turn, by_rules)
        read = self._read_names(text, offered, language) if offered else None
        return by_rules if read is None else _added(read, by_rules)

    def _read_names(
        self, text: str, offered: dict[str, OfferedName], language: Language
    ) -> AnswerReading | None:
        """Return the offered names that an answer means; None: the rules read alone."""
        from daybreak.language_models.answers import names_answer_of  # noqa: PLC0415

        names = [name.label for name in offered.values()]
        prompt = read_prompt("interview_read", language).fill({"names": names, "answer": text})
        found = self._ask(prompt, names_answer_of(names), MAX_READING_TOKENS)
        if found is None:
            return None
        if not is_supported_reading(found, names, text):
            self.model.usage.count_fault(CompletionFault.UNSUPPORTED)
            return None
        likes, dislikes = (
            [offered[fold_name(one.name)] for one in given]
            for given in (found.likes, found.dislikes)
        )
        return _to_reading(likes, dislikes)

    def _ask(self, prompt: Prompt, answer: type[AnswerT], max_tokens: int) -> AnswerT | None:
        """Return an answer, from memory where possible; None: there is none."""
        key = prompt.digest(answer.model_json_schema(), max_tokens)
        known = self.answers.completion(self.model.hash, key)
        if known is not None:
            return answer.model_validate_json(known)
        if not self._is_usable or (self._end is not None and time.monotonic() > self._end):
            return None
        try:
            value = self.model.complete(prompt, answer, max_tokens=max_tokens).value
        except DaybreakError as error:
            log.warning("templates ask and rules read: %s", error)
            self._is_usable = False
            return None
        if value is not None:
            self.answers.put_completion(self.model.hash, key, value.model_dump_json())
        return value


def is_supported_reading(found: "NamesAnswer", names: Sequence[str], text: str) -> bool:
    """Return whether a reading has offered names only, each with words of the answer.

    The words of a liked and of an unwanted name do not overlap, and no name is read twice.

    Args:
        found: Reading of a model.
        names: Names that were offered.
        text: Answer of the user.

    Example:
        >>> from daybreak.language_models.answers import NamesAnswer
        >>> found = NamesAnswer.model_validate(
        ...     {"likes": [{"words": "hot leaves", "name": "tea"}], "dislikes": []}
        ... )
        >>> is_supported_reading(found, ["tea", "rum"], "I like hot leaves")
        True
        >>> is_supported_reading(found, ["tea", "rum"], "no idea")
        False
    """
    folded, known = fold_name(text), {fold_name(name) for name in names}
    every = [*found.likes, *found.dislikes]
    read = [fold_name(one.name) for one in every]
    quotes = [fold_name(one.words) for one in every]
    n_likes = len(found.likes)
    overlap = any(
        one in other or other in one for one in quotes[:n_likes] for other in quotes[n_likes:]
    )
    is_quoted = all(quote and quote in folded for quote in quotes)
    return is_quoted and not overlap and set(read) <= known and len(set(read)) == len(read)


def is_plain_question(text: str, about: str, language: Language) -> bool:
    """Return whether a text is one question of connecting words and the asked property.

    Args:
        text: Question of a model.
        about: Property that it is about; it may be empty.
        language: Language of the question.

    Example:
        >>> is_plain_question("Which genres do you like?", "genres", "en")
        True
        >>> is_plain_question("Would you like our best tea?", "genres", "en")
        False
    """
    if len(text) > MAX_QUESTION_CHARS or not text.endswith(_QUESTION_MARKS):
        return False
    if sum(map(text.count, _QUESTION_MARKS)) > MAX_QUESTION_MARKS or _QUOTES.search(text):
        return False
    forms = {about, about.removesuffix("s")} - {""}
    names = [*forms, *question_words(language)]
    return not unsupported_parts(text, names, language)


@cache
def question_words(language: Language) -> frozenset[str]:
    """Return the words that a question may use beside the connecting words of sentences.

    Example:
        >>> "which" in question_words("en"), "哪些" in question_words("zh")
        (True, True)
    """
    file = files("daybreak.language_models") / "words" / f"question_{language}.txt"
    return frozenset(file.read_text("utf-8").split())


def _to_reading(likes: list[OfferedName], dislikes: list[OfferedName]) -> AnswerReading:
    return AnswerReading(
        liked=tuple(name.item for name in likes if name.item is not None),
        disliked=tuple(name.item for name in dislikes if name.item is not None),
        wanted=tuple(name.value for name in likes if name.value is not None),
        unwanted=tuple(name.value for name in dislikes if name.value is not None),
    )


def _added(read: AnswerReading, by_rules: AnswerReading) -> AnswerReading:
    """Return both readings together; what the rules read literally is not contradicted."""
    joined = join_readings([read, by_rules])
    named = (joined.liked, joined.disliked, joined.wanted, joined.unwanted)
    says_nothing = not any(named) and not by_rules.text
    return AnswerReading(*named, by_rules.text, says_nothing, "model")
