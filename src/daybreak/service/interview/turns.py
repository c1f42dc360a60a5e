"""The questions and answers of an interview as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from daybreak.errors import ConfigError, DataError
from daybreak.ranking.reranking.rules import ItemOffsets, Rules

MAX_QUESTIONS = 5
"""Maximum number of questions of an interview."""
MAX_CHOICES = 12
"""Maximum number of choices of a question."""
MAX_ANSWER_CHARS = 1_000
"""Maximum length of an answer in words [characters]."""
MAX_ID_CHARS = 1_000
"""Maximum length of the name of a choice [characters]."""
QuestionKind: TypeAlias = Literal["items", "attribute", "open"]
Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
QUESTION_KINDS: tuple[QuestionKind, ...] = ("items", "attribute", "open")


@dataclass(frozen=True)
class InterviewChoice:
    """One answer that a question offers."""

    id: str
    """Id of the item, or value of the attribute."""
    label: str
    """Name for display."""
    chance: float = 0.0
    """Probability that the user chooses it."""


@dataclass(frozen=True)
class InterviewQuestion:
    """A question with the answers that it offers; an answer in words is always possible."""

    kind: QuestionKind
    """``items`` (which do you know and like?), ``attribute`` (which values do you like?) or
    ``open`` (what would you like?)."""
    name: str
    """Attribute of the items; empty for other questions."""
    text: str
    """The question in words."""
    choices: tuple[InterviewChoice, ...] = ()
    gain: float = 0.0
    """Expected improvement of the list [DCG@10]."""
    source: str = "template"
    """Who worded it: ``template`` or ``model``."""

    def answered(
        self, text: str = "", chosen: Sequence[str] = (), rejected: Sequence[str] = ()
    ) -> "InterviewTurn":
        """Return the turn of an answer to this question.

        Args:
            text: The answer in the user's own words.
            chosen: Ids of choices that the user likes.
            rejected: Ids of choices that the user does not want.
        """
        shown = tuple(choice.id for choice in self.choices)
        return InterviewTurn(self.kind, self.name, shown, tuple(chosen), tuple(rejected), text)


@dataclass(frozen=True)
class InterviewTurn:
    """A question that was asked, and its answer.

    An answer without words and without a choice is "none of these", or skips the question.

    Example:
        >>> InterviewTurn("items", shown=("heat", "alien"), chosen=("alien",)).is_skipped
        False
        >>> InterviewTurn("items", shown=("heat",)).is_skipped
        True
    """

    kind: QuestionKind
    name: str = ""
    shown: tuple[str, ...] = ()
    """Ids of the choices that the question offered."""
    chosen: tuple[str, ...] = ()
    """Ids of the choices that the user likes."""
    rejected: tuple[str, ...] = ()
    """Ids of the choices that the user does not want."""
    text: str = ""
    """The answer in the user's own words."""

    def __post_init__(self) -> None:
        """Check the sizes."""
        if self.kind not in QUESTION_KINDS:
            kinds = ", ".join(QUESTION_KINDS)
            raise DataError(f"the kind of a question must be one of {kinds}, got {self.kind!r}")
        for name in ("shown", "chosen", "rejected"):
            object.__setattr__(self, name, _check_names(name, getattr(self, name)))
        for name, limit in (("text", MAX_ANSWER_CHARS), ("name", MAX_ID_CHARS)):
            _check_text(name, getattr(self, name), limit)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "InterviewTurn":
        """Return a turn from plain values.

        Raises:
            DataError: A field is unknown, or a value is invalid.
        """
        try:
            return cls(**dict(plain))
        except TypeError as error:
            raise DataError(f"an answer of an interview is not valid: {error}") from error

    @property
    def is_skipped(self) -> bool:
        """Whether the answer says nothing."""
        return not (self.chosen or self.rejected or self.text.strip())


@dataclass(frozen=True)
class InterviewRequest:
    """The turns of an interview so far, and how it goes on."""

    turns: tuple[InterviewTurn, ...] = ()
    language: Language = "en"
    """Language of the questions, ``en`` or ``zh``; answers may be in any."""
    n_choices: int = 6
    """Number of choices of a question."""
    max_questions: int = MAX_QUESTIONS
    """Number of questions after which the interview ends."""
    ask_attributes: bool = True
    """Whether questions may be about attributes of items."""
    undo: int = 0
    """Number of latest turns that are taken back."""
    use_model: bool = False
    """Whether the language model of the settings words questions and reads answers."""

    @classmethod
    def of(
        cls, turns: "Sequence[InterviewTurn | Mapping[str, Any]]" = (), **options: Any
    ) -> "InterviewRequest":
        """Return a request whose turns may be plain values.

        Raises:
            ConfigError: An option is unknown or out of range.
            DataError: An answer is invalid.
        """
        if isinstance(turns, str | Mapping) or not isinstance(turns, Sequence):
            raise DataError(f"the answers of an interview must be a list, got {turns!r:.80}")
        read = tuple(
            turn if isinstance(turn, InterviewTurn) else InterviewTurn.from_dict(turn)
            for turn in turns
        )
        try:
            return cls(read, **options)
        except TypeError as error:
            raise ConfigError(f"an option of an interview is not valid: {error}") from error

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.language not in LANGUAGES:
            languages = " or ".join(LANGUAGES)
            raise ConfigError(f"the language must be {languages}, got {self.language!r}")
        _check_number("n_choices", self.n_choices, 1, MAX_CHOICES)
        _check_number("max_questions", self.max_questions, 0, MAX_QUESTIONS)
        _check_number("undo", self.undo, 0, MAX_QUESTIONS)
        if not isinstance(self.use_model, bool):
            raise ConfigError(f"use_model must be true or false, got {self.use_model!r:.80}")
        if len(self.turns) > MAX_QUESTIONS:
            raise ConfigError(
                f"an interview has at most {MAX_QUESTIONS} answers, got {len(self.turns)}"
            )
        kept = self.turns[: max(len(self.turns) - self.undo, 0)]
        object.__setattr__(self, "turns", tuple(kept))
        object.__setattr__(self, "undo", 0)


@dataclass(frozen=True)
class AnswerReading:
    """What one answer says, in items and attributes of the catalogue."""

    liked: tuple[str, ...] = ()
    """Ids of items."""
    disliked: tuple[str, ...] = ()
    wanted: tuple[tuple[str, str], ...] = ()
    """Attributes and values."""
    unwanted: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """Words of the answer that stand for neither of these, as a wish."""
    is_none: bool = False
    """Whether the answer is "none of these", or nothing."""
    source: str = "choice"
    """Who read it: ``choice`` (nothing was to be read), ``rules`` or ``model``."""


@dataclass(frozen=True)
class InterviewStep:
    """What was understood so far, and the next question."""

    question: InterviewQuestion | None
    """None: the interview is over."""
    turns: tuple[InterviewTurn, ...]
    """The turns that count."""
    readings: tuple[AnswerReading, ...]
    """What each of them says."""
    understood: AnswerReading
    """All of it together; a later answer counts where two contradict each other."""
    excluded: tuple[str, ...] = field(default=(), repr=False)
    """Items that lists must not contain: unwanted ones, and those with unwanted values."""
    offsets: tuple[ItemOffsets, ...] = field(default=(), repr=False)
    """What wanted values add to the scores of items."""

    @property
    def text(self) -> str:
        """Wishes in the user's own words, for the profile of a request."""
        return self.understood.text

    def rules(self, rules: Rules | None = None) -> Rules:
        """Return rules of a list with what the answers want and rule out.

        Args:
            rules: Further rules of the list.
        """
        base = rules or Rules()
        return replace(
            base,
            exclude=(*base.exclude, *self.excluded),
            offsets=(*base.offsets, *self.offsets),
        )

    @property
    def n_questions(self) -> int:
        """Number of questions that were answered or skipped."""
        return len(self.turns)


def _check_names(name: str, values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, list | tuple):
        raise DataError(f"{name} of an answer must be a list of texts, got {values!r:.80}")
    if len(values) > MAX_CHOICES:
        raise DataError(f"{name} of an answer has at most {MAX_CHOICES} ids, got {len(values)}")
    for value in values:
        _check_text(name, value, MAX_ID_CHARS)
    return tuple(values)


def _check_text(name: str, value: Any, limit: int) -> None:
    if not isinstance(value, str):
        raise DataError(f"{name} of an answer must be text, got {value!r:.80}")
    if len(value) > limit:
        raise DataError(
            f"{name} of an answer has at most {limit:,} characters, got {len(value):,}"
        )


def _check_number(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{name} must be from {low} to {high}, got {value!r:.80}")
