"""The plan of a training in the library, and its bound on memory."""

from typing import Any

import polars as pl

from daybreak.data import EventRules
from daybreak.data.importing import ColumnChoices
from daybreak.encoders import Encoder
from daybreak.errors import DataError
from daybreak.memory import parse_memory_size
from daybreak.service.inputs.frames import ReadingChoices, as_tables
from daybreak.service.interviewing import InterviewingRecommender
from daybreak.service.training.encoder_choice import EncoderChoice, choose_encoder
from daybreak.service.training.fit import TrainingBudget
from daybreak.service.training.plan import TrainingPlan, plan_training


class PlanningRecommender(InterviewingRecommender):
    """Base of :class:`Recommender`: says before a training what it takes."""

    rules: EventRules | None
    budget_s: float | None
    search: bool
    _memory: str | int | None = None

    @property
    def memory(self) -> str | int | None:
        """Largest memory of the process while it trains, as given; None: no bound."""
        return self._memory

    @memory.setter
    def memory(self, value: str | int | None) -> None:
        if value is not None:
            parse_memory_size(value)
        self._memory = value

    @property
    def budget(self) -> TrainingBudget:
        """Bounds on the time and the memory of a training."""
        n_bytes = None if self._memory is None else parse_memory_size(self._memory)
        return TrainingBudget(self.budget_s, self.search, n_bytes)

    def plan(
        self,
        data: Any = None,
        items: Any = None,
        users: Any = None,
        *,
        columns: ColumnChoices | None = None,
        date_format: str | None = None,
    ) -> TrainingPlan:
        """Return what :meth:`fit` would learn, and how much time and memory it would take.

        Args:
            data: As for :meth:`fit`.
            items: As for :meth:`fit`.
            users: As for :meth:`fit`.
            columns: As for :meth:`fit`.
            date_format: As for :meth:`fit`.

        Raises:
            DataError: An input cannot be read, or there are no items.
            MemoryLimitError: No training keeps to ``memory``.

        Example:
            >>> from daybreak.service.recommender import Recommender
            >>> events = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["tea", "tea"]})
            >>> plan = Recommender(encoder="none", strategies="popular").plan(events)
            >>> plan.n_users, plan.n_sold, plan.learned
            (2, 1, ('popular',))
        """
        form = ReadingChoices(columns, date_format)
        tables, rules, *_ = as_tables(data, items, users, self.rules, form)
        if not tables.items.height:
            raise DataError("there are no items; give events, or a catalogue as items=")
        encoder, _ = self._load_text_encoder(tables.items)
        return plan_training(
            tables,
            self.strategies,
            rules,
            self.budget.memory_bytes,
            0 if encoder is None else encoder.dim,
        )

    def _load_text_encoder(self, items: pl.DataFrame) -> tuple[Encoder | None, tuple[str, ...]]:
        if isinstance(self.encoder, Encoder):
            self._encoder_name = None
            return self.encoder, ()
        encoder = self.encoder
        choice = (
            encoder if isinstance(encoder, EncoderChoice) else choose_encoder(encoder, items)
        )
        self._encoder_name = choice.name
        return choice.encoder, choice.notes
