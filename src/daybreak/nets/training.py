"""The training loop that all networks share."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from daybreak.deadline import report_progress
from daybreak.types import Floats, Rows, Sparse

FINE_TUNING_EPOCH_SHARE = 0.3
"""Share of the epochs that further training takes at most."""
FINE_TUNING_RATE_SHARE = 0.3
"""Share of the learning rate it begins with."""
FINE_TUNING_PATIENCE_EPOCHS = 2
"""Epochs without gain after which it stops."""


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast a network is trained."""

    epochs: int
    batch: int
    rate: float = 1e-3
    """Learning rate at the start; it falls to 0 along half a cosine."""
    decay: float = 0.0
    """Weight decay of AdamW."""
    patience: int = 0
    """Epochs without a better validation score after which it stops; 0: never."""
    keep_initial: bool = False
    """Whether the weights before the first epoch may stay the best."""

    def for_fine_tuning(self) -> "TrainingConfig":
        """Return the plan of a training that goes on from an earlier one."""
        return replace(
            self,
            epochs=int(np.ceil(FINE_TUNING_EPOCH_SHARE * self.epochs)),
            rate=FINE_TUNING_RATE_SHARE * self.rate,
            patience=FINE_TUNING_PATIENCE_EPOCHS,
            keep_initial=True,
        )


@dataclass(frozen=True, eq=False)
class WarmStartArrays:
    """What an earlier training left, brought to the rows of today."""

    arrays: Mapping[str, Floats]
    held_out: Rows
    """Rows to judge further training by; see :func:`fine_tune`."""


LossFunction = Callable[[Tensor, float], Tensor]
"""From row numbers and the share of the training that is done to a scalar."""


@contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """Draw from a seed inside, and leave the numbers that others draw as they were.

    One thread computes: sums then do not depend on the number of cores, and trainings that
    run side by side do not wait for each other at every step.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # Nothing known of anybody: a layer without inputs is meant.
        warnings.filterwarnings("ignore", "Initializing zero-element", UserWarning)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def draw_seed(rng: np.random.Generator) -> int:
    """Return a seed for torch."""
    return int(rng.integers(2**31))


def train(
    net: nn.Module,
    n_rows: int,
    loss: LossFunction,
    config: TrainingConfig,
    score: Callable[[], float] | None = None,
) -> None:
    """Minimise a loss over rows in random batches, in place; call it inside :func:`torch_seed`.

    With a validation score the best weights are kept, and training stops when they stay the
    best for ``plan.patience`` epochs.

    Raises:
        OutOfTimeError: It would take longer than :func:`daybreak.deadline.allowed` allows.
    """
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.rate, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(config.epochs, 1))
    best = _BestWeights(net, config.patience) if score is not None else None
    if best is not None and score is not None and config.keep_initial:
        net.eval()
        best.should_stop(score())
    report_progress(0.0)
    for epoch in range(config.epochs if n_rows else 0):
        net.train()
        for rows in torch.split(torch.randperm(n_rows), config.batch):
            optimiser.zero_grad(set_to_none=True)
            value = loss(rows, epoch / config.epochs)
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
        report_progress((epoch + 1) / config.epochs)
        net.eval()
        if best is not None and score is not None and best.should_stop(score()):
            break
    net.eval()
    if best is not None:
        best.restore()


def fine_tune(
    net: nn.Module,
    n_rows: int,
    loss: LossFunction,
    config: TrainingConfig,
    warm_start: WarmStartArrays | None,
    score: Callable[[], float] | None = None,
) -> None:
    """Go on from an earlier training: shorter and slower, and never to the worse.

    Some rows are left out; the weights that tell them best are kept, those before the first
    epoch among them. Nothing is trained when nobody can judge. Without an earlier training this
    is :func:`train`.

    Args:
        net: Begun with what the earlier training left.
        n_rows: Rows there are.
        loss: Told of shares above 1, so that nothing is warmed up again.
        plan: Of a training from nothing.
        earlier: With the rows that are left out.
        score: Higher is better; default: less of the loss on what is left out.
    """
    if warm_start is None:
        train(net, n_rows, loss, config)
        return
    rest = torch.from_numpy(np.setdiff1d(np.arange(n_rows), warm_start.held_out))
    held = torch.from_numpy(warm_start.held_out)
    judged = score or validation_score(loss, held, config.batch)
    shorter = config.for_fine_tuning() if len(held) else replace(config, epochs=0)
    train(net, len(rest), lambda rows, share: loss(rest[rows], 1 + share), shorter, judged)


def validation_score(loss: LossFunction, held_out: Tensor, batch: int) -> Callable[[], float]:
    """Return a function that tells minus the mean loss on rows, with the same draws always."""
    seed = int(torch.randint(2**31, ()))

    def score() -> float:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            parts = [
                float(loss(rows, 1.0)) * len(rows) for rows in torch.split(held_out, batch)
            ]
        return -sum(parts) / max(len(held_out), 1)

    return score


def copy_into(parameter: Tensor, values: Floats) -> None:
    """Copy an array into a parameter, or a part of one.

    Raises:
        RuntimeError: Their shapes differ.
    """
    parameter.data.copy_(torch.from_numpy(np.array(values, order="C")))


class _BestWeights:
    """The best weights so far."""

    def __init__(self, net: nn.Module, patience: int) -> None:
        self._net = net
        self._left = self._patience = patience
        self._score = -np.inf
        self._weights: dict[str, Tensor] = {}

    def should_stop(self, score: float) -> bool:
        """Note a score; return whether it is time to stop."""
        if score > self._score:
            self._score, self._left = score, self._patience
            state = self._net.state_dict()
            self._weights = {name: value.detach().clone() for name, value in state.items()}
            return False
        self._left -= 1
        return self._patience > 0 and self._left <= 0

    def restore(self) -> None:
        if self._weights:
            self._net.load_state_dict(self._weights)


def to_array(tensor: Tensor) -> Floats:
    """Return a tensor as a float32 array of its own."""
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))


def log_popularity(counts: np.ndarray[Any, Any]) -> Floats:
    """Return (n_items,) where biases start: how often each is chosen, known without any query.

    One event is credited to every item, so that none is impossible.

    Example:
        >>> np.exp(log_popularity(np.array([0, 2]))).round(4)
        array([0.25, 0.75], dtype=float32)
    """
    counts = counts + 1
    return np.asarray(np.log(counts / max(float(counts.sum()), 1.0)), dtype=np.float32)


def dense_rows(matrix: Sparse, rows: Tensor) -> Tensor:
    """Return rows of a CSR matrix as a dense float32 tensor."""
    return torch.from_numpy(matrix[rows.numpy()].toarray().astype(np.float32))
