"""The training loop of all networks: :func:`train` from scratch, :func:`fine_tune` further."""

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
"""Share of the epochs that fine-tuning takes, at most."""
FINE_TUNING_RATE_SHARE = 0.3
"""Share of the learning rate that fine-tuning starts with."""
FINE_TUNING_PATIENCE_EPOCHS = 2
"""Epochs without a better score before fine-tuning stops [epochs]."""


@dataclass(frozen=True)
class TrainingConfig:
    """Length and speed of a training."""

    epochs: int
    batch: int
    """Rows in one step."""
    rate: float = 1e-3
    """Initial learning rate; it decreases to 0 along half a cosine."""
    decay: float = 0.0
    """Weight decay of AdamW."""
    patience: int = 0
    """Epochs without a better validation score before the training stops; 0: never."""
    keep_initial: bool = False
    """Whether the initial weights are kept if no epoch has a better score."""

    def for_fine_tuning(self) -> "TrainingConfig":
        """Return the configuration of a training that continues an earlier one."""
        return replace(
            self,
            epochs=int(np.ceil(FINE_TUNING_EPOCH_SHARE * self.epochs)),
            rate=FINE_TUNING_RATE_SHARE * self.rate,
            patience=FINE_TUNING_PATIENCE_EPOCHS,
            keep_initial=True,
        )


@dataclass(frozen=True, eq=False)
class WarmStartArrays:
    """Arrays of an earlier training, aligned with the present data."""

    arrays: Mapping[str, Floats]
    held_out: Rows
    """Rows that score the fine-tuning; see :func:`fine_tune`."""


LossFunction = Callable[[Tensor, float], Tensor]
"""Function of row numbers and of the share of the training that is done; returns a scalar."""


@contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """Seed torch inside the context, and restore its random state afterwards.

    Torch uses one thread inside: sums then do not depend on the number of cores, and parallel
    trainings do not wait for each other.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # A layer without inputs is intended when the data have no profiles or no content.
        warnings.filterwarnings("ignore", "Initializing zero-element", UserWarning)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def draw_seed(rng: np.random.Generator) -> int:
    """Return a seed for torch, drawn from ``rng``."""
    return int(rng.integers(2**31))


def train(
    net: nn.Module,
    n_rows: int,
    loss: LossFunction,
    config: TrainingConfig,
    score: Callable[[], float] | None = None,
) -> None:
    """Minimise a loss over rows in random batches, in place; call it inside :func:`torch_seed`.

    With a validation score the best weights are kept, and the training stops when the score
    does not improve for ``config.patience`` epochs.

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
    """Continue an earlier training, with fewer epochs and a lower learning rate.

    The held-out rows are not trained on; the weights with the best score on them are kept,
    possibly the initial ones. Without held-out rows the network is not trained. Without a warm
    start this function is :func:`train`.

    Args:
        net: Network with the weights of the earlier training.
        n_rows: Number of rows.
        loss: Loss function; its share of the training is above 1, past any warm-up.
        config: Configuration of a training from scratch.
        warm_start: Arrays of the earlier training and the held-out rows, or None.
        score: Validation score, higher is better; default: minus the loss on held-out rows.
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
    """Return a function for minus the mean loss on rows, always with the same draws."""
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
    """The weights with the best validation score."""

    def __init__(self, net: nn.Module, patience: int) -> None:
        self._net = net
        self._left = self._patience = patience
        self._score = -np.inf
        self._weights: dict[str, Tensor] = {}

    def should_stop(self, score: float) -> bool:
        """Record a score; return whether the training should stop."""
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
    """Return a copy of a tensor as a float32 array."""
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))


def log_popularity(counts: np.ndarray[Any, Any]) -> Floats:
    """Return (n_items,) initial biases: the logarithm of the share of events of each item.

    One event is added to every item, so that all shares are positive.

    Example:
        >>> np.exp(log_popularity(np.array([0, 2]))).round(4)
        array([0.25, 0.75], dtype=float32)
    """
    counts = counts + 1
    return np.asarray(np.log(counts / max(float(counts.sum()), 1.0)), dtype=np.float32)


def dense_rows(matrix: Sparse, rows: Tensor) -> Tensor:
    """Return rows of a CSR matrix as a dense float32 tensor."""
    return torch.from_numpy(matrix[rows.numpy()].toarray().astype(np.float32))
