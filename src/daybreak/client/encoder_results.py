"""Results of the methods for fine-tuned encoders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EncoderInfo:
    """A fine-tuned encoder, in short."""

    id: str
    created_at: float = 0.0
    """Time, epoch [s]."""
    ended_at: float | None = None
    """Time, epoch [s]; None: not finished."""
    method: str = ""
    objective: str = ""
    base: str = ""
    """Name of the encoder that was fine-tuned."""
    verdict: str | None = None
    """``helps``, ``tie`` or ``hurts``; None: not finished."""
    gain: tuple[float, ...] | None = None
    """Difference of NDCG@10 on hidden items, low and high end of its 95 % interval."""
    used: bool = False
    """Whether trainings of the service use it."""


@dataclass(frozen=True)
class EncoderList:
    """Fine-tuned encoders, the newest first."""

    encoders: tuple[EncoderInfo, ...]


@dataclass(frozen=True)
class EncoderCard(EncoderInfo):
    """A fine-tuned encoder, with everything that was measured."""

    sentence: str = ""
    """The verdict in words."""
    slices: tuple[Mapping[str, Any], ...] = ()
    """``slice``, ``strategy``, ``queries``, NDCG@10 ``original`` and ``tuned``, ``gain``."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Data, selected options, and what they were selected by."""
    card: str = ""
    """The page about the encoder, as Markdown."""
    seconds: float | None = None
    """Cost [s]."""
