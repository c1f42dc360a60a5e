"""Results of interviews."""

from dataclasses import dataclass, field
from typing import Any

from daybreak.client.results import Recommendations


@dataclass(frozen=True)
class OfferedChoice:
    """One answer that a question offers."""

    id: str
    label: str = ""
    """Name for display: text of the catalogue, as data."""
    chance: float = 0.0
    """Probability that the user chooses it."""


@dataclass(frozen=True)
class AskedQuestion:
    """A question of an interview; an answer in words is always possible.

    Example:
        >>> question = AskedQuestion("items", choices=(OfferedChoice("tea", "Green tea"),))
        >>> question.answered("yes")["shown"], question.answered(chosen=["tea"])["chosen"]
        (['tea'], ['tea'])
    """

    kind: str
    """``items``, ``attribute`` or ``open``."""
    name: str = ""
    """Attribute of the items; empty for other questions."""
    text: str = ""
    choices: tuple[OfferedChoice, ...] = ()
    gain: float = 0.0
    """Expected improvement of the list [DCG@10]."""
    source: str = "template"
    """``template`` or ``model``: who worded it."""

    def answered(
        self, text: str = "", *, chosen: Any = (), rejected: Any = ()
    ) -> dict[str, Any]:
        """Return the turn of an answer, for the next request.

        Args:
            text: The answer in the user's own words.
            chosen: Ids of choices that the user likes.
            rejected: Ids of choices that the user does not want.
        """
        return {
            "kind": self.kind,
            "name": self.name,
            "shown": [choice.id for choice in self.choices],
            "chosen": list(chosen),
            "rejected": list(rejected),
            "text": text,
        }


@dataclass(frozen=True)
class UnderstoodAnswer:
    """What answers say, in items and attributes of the catalogue."""

    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    wanted: tuple[tuple[str, str], ...] = ()
    """Attributes and values."""
    unwanted: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """Words that stand for neither, as a wish."""
    is_none: bool = False
    source: str = ""
    """``choice``, ``rules`` or ``model``: who read the answer."""


@dataclass(frozen=True)
class InterviewAnswer(Recommendations):
    """The next question, what was understood, and the list after the answers so far."""

    question: AskedQuestion | None = None
    """None: the interview is over."""
    turns: tuple[dict[str, Any], ...] = ()
    """The turns that count."""
    understood: UnderstoodAnswer = field(default_factory=UnderstoodAnswer)
    readings: tuple[UnderstoodAnswer, ...] = ()
