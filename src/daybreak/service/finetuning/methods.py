"""The contract of the ways of fine-tuning, and what they are given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from daybreak.encoders import Encoder
from daybreak.errors import ConfigError
from daybreak.registry import Registry
from daybreak.service.finetuning.cold_items import (
    COLD_ITEMS_GOAL,
    SIMILAR_GOAL,
    ColdItemTrial,
)

StepProgress = Callable[[int, int, str], None]
"""Called with the number of done and of all steps, and the name of the current one."""


@dataclass(frozen=True)
class FinetuningOptions:
    """How an encoder is fine-tuned.

    Attributes:
        method: Name of a method: ``whitening`` is the closed form.
        seed: Seed of the hidden items and of training.
        objective: Name of what a transformer is trained for; the closed form has one of its
            own.
        steps: Steps of a training, at most.
        goal: What the encoder is selected and judged by: ``cold_items``, with the regressions
            of a release, or ``similar``, lists of similar items without them.
    """

    method: str = "whitening"
    seed: int = 0
    objective: str = "contrastive"
    steps: int = 400
    goal: str = COLD_ITEMS_GOAL

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps must be at least 1, got {self.steps}")
        if self.goal not in {COLD_ITEMS_GOAL, SIMILAR_GOAL}:
            raise ConfigError(
                f"goal must be {COLD_ITEMS_GOAL} or {SIMILAR_GOAL}, got {self.goal!r}"
            )


def ignore_steps(done: int, total: int, task: str) -> None:
    """Do nothing: the default of parameters that report steps."""


@dataclass(frozen=True, eq=False)
class FinetuningTask:
    """What a method works on."""

    trial: ColdItemTrial
    base: Encoder
    """Encoder to fine-tune; it caches its vectors."""
    base_name: str
    """Name that loads the encoder again."""
    options: FinetuningOptions
    folder: Path
    """Folder of the result, for files that a training keeps between interruptions"""
    progress: StepProgress = ignore_steps


@dataclass(frozen=True, eq=False)
class FinetunedEncoder:
    """The result of a method, before it is written."""

    encoder: Encoder
    """Encoder that has not seen any event of the items of the verdict"""
    save: Callable[[Mapping[str, Any]], None]
    """Write the encoder to use, with facts as metadata, to the folder of the task"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON values: selected options and what they were selected by"""


class FinetuningMethod(ABC):
    """A way of fine-tuning; a new one is a file with a registered subclass."""

    summary: ClassVar[str]
    """What it changes, in one line"""

    @abstractmethod
    def fit(self, task: FinetuningTask) -> FinetunedEncoder:
        """Fine-tune on the training items of the trial, selecting on its validation items.

        Args:
            task: Data, base encoder and options.

        Raises:
            DataError: The catalogue has too few texts or events.
            MissingExtraError: The method needs a package.
        """


methods: Registry[FinetuningMethod] = Registry("fine-tuning method")
"""Methods by the name that options take."""
