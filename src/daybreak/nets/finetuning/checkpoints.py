"""Checkpoints of a fine-tuning in one file, from which it continues after an interruption."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from daybreak.errors import ConfigError, DataError

CHECKPOINT_FILE = "checkpoint.safetensors"
_ADAM_PARTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class TrainingRecord:
    """How far a fine-tuning is, and what its checks have found."""

    step: int = 0
    """Number of steps that are done"""
    checks: tuple[tuple[int, float], ...] = ()
    """Step and validation score of each check"""

    @property
    def best_step(self) -> int:
        """Step of the check with the best score, the first of equal ones; 0 without a check."""
        return max(self.checks, key=lambda check: check[1])[0] if self.checks else 0

    @property
    def n_checks_since_best(self) -> int:
        """Number of checks after the best one."""
        steps = [step for step, _ in self.checks]
        return len(steps) - 1 - steps.index(self.best_step) if steps else 0


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that a fine-tuning needs to continue."""

    record: TrainingRecord
    weights: Mapping[str, Tensor]
    """Trained weights by name, as they are"""
    best: Mapping[str, Tensor]
    """Trained weights by name, at the best check"""
    moments: Mapping[str, Mapping[str, Tensor]]
    """State of the optimiser by name of the weights"""


def write_checkpoint(folder: Path, checkpoint: Checkpoint, fingerprint: str) -> None:
    """Write a checkpoint; an earlier one is replaced only when the new one is complete.

    Args:
        folder: Folder of checkpoints.
        checkpoint: State of the training.
        fingerprint: Names the data and the options; another training refuses the file.
    """
    from safetensors.torch import save_file  # noqa: PLC0415 - used when training only

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"weights/{name}": value for name, value in checkpoint.weights.items()}
    tensors |= {f"best/{name}": value for name, value in checkpoint.best.items()}
    for name, parts in checkpoint.moments.items():
        tensors |= {f"adam/{part}/{name}": parts[part] for part in _ADAM_PARTS}
    plain = {"fingerprint": fingerprint, "record": json.dumps(asdict(checkpoint.record))}
    draft = folder / f".{CHECKPOINT_FILE}"
    copies = {name: value.detach().clone().contiguous() for name, value in tensors.items()}
    save_file(copies, str(draft), metadata=plain)
    draft.replace(folder / CHECKPOINT_FILE)


def read_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """Return the checkpoint of a folder; None: there is none.

    Args:
        folder: Folder of checkpoints.
        fingerprint: That of the training that wants to continue.

    Raises:
        ConfigError: The checkpoint is that of other data or other options.
        DataError: The file is damaged.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - used when training only

    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            plain = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        found = plain["fingerprint"]
        record = json.loads(plain["record"])
        checks = tuple((int(step), float(score)) for step, score in record["checks"])
        done = TrainingRecord(int(record["step"]), checks)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(
            f"the checkpoint {path} is damaged ({error}); delete it to train from the beginning"
        ) from error
    if found != fingerprint:
        raise ConfigError(
            f"{path} is from a training with other data or options; delete it, or choose a new "
            "folder"
        )
    return Checkpoint(
        done, _part(tensors, "weights/"), _part(tensors, "best/"), _moments(tensors)
    )


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _moments(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    found: dict[str, dict[str, Tensor]] = {}
    for part in _ADAM_PARTS:
        for name, value in _part(tensors, f"adam/{part}/").items():
            found.setdefault(name, {})[part] = value
    return found


def adam_moments(
    optimiser: torch.optim.Optimizer, weights: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """Return the state of an optimiser by name of the weights.

    Args:
        optimiser: AdamW.
        weights: Trained weights by name.
    """
    return {
        name: {part: optimiser.state[weight][part] for part in _ADAM_PARTS}
        for name, weight in weights.items()
        if weight in optimiser.state
    }
