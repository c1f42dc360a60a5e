"""Fine-tuning of a text transformer, with early stopping and checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from daybreak.nets.finetuning.adapters import Adapter
from daybreak.nets.finetuning.checkpoints import (
    Checkpoint,
    TrainingRecord,
    adam_moments,
    read_checkpoint,
    write_checkpoint,
)
from daybreak.nets.finetuning.objectives.base import Objective
from daybreak.nets.finetuning.transformer import TextModel
from daybreak.nets.training import torch_seed
from daybreak.rng import create_generator

WARM_UP_SHARE = 0.1
"""Share of the steps in which the learning rate rises from 0."""
MAX_GRADIENT_NORM = 1.0
WEIGHT_DECAY = 0.01


@dataclass(frozen=True)
class FinetuningSchedule:
    """Length and speed of a fine-tuning."""

    steps: int = 400
    """Steps, at most"""
    batch: int = 32
    """Pairs in a step, or as many texts in other forms"""
    check_every: int = 50
    """Steps between two checks on the validation items, each with a checkpoint"""
    patience: int = 3
    """Checks without a better score before the training stops"""
    rate: float | None = None
    """Largest learning rate; None: that of the adapter"""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class CheckpointPlace:
    """Where checkpoints are kept, and what they belong to."""

    folder: Path
    fingerprint: str
    """Names the data and the options"""


class Finetuning:
    """One fine-tuning of a model, in place.

    Each step draws its batch and its dropout from the seed and its own number only, so a
    training that was interrupted and continued ends with the same weights.

    Args:
        model: Model to train.
        adapter: Chooses the weights; it must not have prepared the model yet.
        create_objective: Makes the objective for the prepared model.
        schedule: Length and speed.
    """

    def __init__(
        self,
        model: TextModel,
        adapter: Adapter,
        create_objective: Callable[[TextModel], Objective],
        schedule: FinetuningSchedule,
    ) -> None:
        self.model, self.adapter, self.schedule = model, adapter, schedule
        with torch_seed(schedule.seed):
            adapter.prepare(model)
            self.objective = create_objective(model)
        self.weights: dict[str, Tensor] = {
            f"{prefix}/{name}": weight
            for prefix, module in (("model", model), ("objective", self.objective))
            for name, weight in module.named_parameters()
            if weight.requires_grad
        }
        self.rate = schedule.rate or adapter.rate
        self.optimiser = torch.optim.AdamW(
            self.weights.values(), lr=self.rate, weight_decay=WEIGHT_DECAY
        )
        self.record = TrainingRecord()
        self.best = self._copy()

    def run(
        self,
        score: Callable[[], float],
        place: CheckpointPlace | None = None,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> TrainingRecord:
        """Train until no check is better, and leave the best weights in the model.

        The untrained model is checked first: if no check is better, it stays as it was.

        Args:
            score: Returns the validation score of the model as it is, more is better.
            place: Folder of checkpoints, from which an interrupted training continues; None:
                no checkpoints.
            report: Called with the number of done and of all steps.

        Raises:
            ConfigError: The checkpoint belongs to another training.
            DataError: The checkpoint is damaged.
        """
        if place is not None:
            self._restore(read_checkpoint(place.folder, place.fingerprint))
        with torch_seed(self.schedule.seed):
            while not self._is_done():
                step = self.record.step
                report(step, self.schedule.steps)
                is_new = not self.record.checks or self.record.checks[-1][0] < step
                if is_new and step % self.schedule.check_every == 0:
                    self._check(score, place)
                    continue
                self._step(step)
            if self.record.checks[-1][0] < self.record.step:
                self._check(score, place)
        self._put(self.best)
        self.adapter.merge(self.model)
        self.model.eval()
        return self.record

    def _is_done(self) -> bool:
        if self.record.step >= self.schedule.steps:
            return bool(self.record.checks)
        return self.record.n_checks_since_best >= self.schedule.patience

    def _check(self, score: Callable[[], float], place: CheckpointPlace | None) -> None:
        step = self.record.step
        self.model.eval()
        self.record = TrainingRecord(step, (*self.record.checks, (step, score())))
        if self.record.best_step == step:
            self.best = self._copy()
        if place is not None:
            moments = adam_moments(self.optimiser, self.weights)
            state = Checkpoint(self.record, self.weights, self.best, moments)
            write_checkpoint(place.folder, state, place.fingerprint)

    def _step(self, step: int) -> None:
        torch.manual_seed(self.schedule.seed * 1_000_003 + step)
        rng = create_generator(self.schedule.seed, f"step {step} of fine-tuning")
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * self._rate_share(step)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.objective.loss(self.model, self.schedule.batch, rng)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.weights.values(), MAX_GRADIENT_NORM)
        self.optimiser.step()
        self.record = TrainingRecord(step + 1, self.record.checks)

    def _rate_share(self, step: int) -> float:
        """Return the share of the learning rate: it rises, then falls to 0 along a line."""
        total = self.schedule.steps
        rising = max(WARM_UP_SHARE * total, 1)
        return min((step + 1) / rising, (total - step) / max(total - rising, 1))

    def _copy(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self.weights.items()}

    @torch.no_grad()
    def _put(self, values: "dict[str, Tensor]") -> None:
        for name, weight in self.weights.items():
            weight.copy_(values[name])

    def _restore(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is None:
            return
        self.record = checkpoint.record
        self._put(dict(checkpoint.weights))
        self.best = dict(checkpoint.best)
        for name, parts in checkpoint.moments.items():
            self.optimiser.state[self.weights[name]] = dict(parts)
