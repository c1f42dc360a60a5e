"""Texts that are encoded by the workers of an engine, each of which loads the model once."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from daybreak.encoders.base import Encoder, Progress
from daybreak.encoders.loading import load_encoder
from daybreak.engines import Engine, current_engine
from daybreak.errors import ConfigError
from daybreak.types import Floats

MIN_TEXTS_PER_TASK = 64
"""Smallest number of texts for which a worker is asked: the model must be loaded there."""
TASKS_PER_WORKER = 4
"""Tasks of each worker for one list of texts, so that none waits long for the last."""


class TextTask(NamedTuple):
    """Texts of one task, and the model that encodes them."""

    name: str
    """Name of the model; see :func:`.load_encoder`."""
    options: tuple[tuple[str, object], ...]
    hash: str
    """Hash of the model, which that of the worker must have."""
    texts: list[str]


def encode_texts(
    encoder: Encoder, texts: Sequence[str], progress: Progress | None = None
) -> Floats:
    """Return one vector per text, from the engine in use if there is one.

    A worker loads the model by its name, so an encoder that was not loaded by one encodes here;
    so do few texts, and models of servers, which have their own processors.

    Args:
        encoder: The encoder.
        texts: Texts; see :meth:`Encoder.encode`.
        progress: Callback after each task or batch.
    """
    engine = current_engine()
    n_tasks = 0 if engine is None else _count_tasks(engine, len(texts))
    if engine is None or n_tasks < 2 or encoder.loaded_from is None:
        return encoder.encode(texts, progress=progress)
    name, options = encoder.loaded_from
    # Neighbours in length are in different tasks, so that all tasks take about as long.
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    groups = [order[number::n_tasks] for number in range(n_tasks)]
    given = tuple(sorted(options.items()))
    tasks = (
        TextTask(name, given, encoder.hash, [texts[row] for row in group]) for group in groups
    )
    vectors = np.zeros((len(texts), encoder.dim), np.float32)
    done = 0
    for group, rows in zip(groups, engine.map(encode_task, tasks), strict=True):
        vectors[group] = rows
        done += len(group)
        if progress is not None:
            progress(done, len(texts))
    return vectors


def encode_task(task: TextTask) -> Floats:
    """Return the vectors of the texts of a task.

    Args:
        task: Texts and model.

    Raises:
        ConfigError: The model of that name is another one on the machine of the worker.
    """
    encoder = _load(task.name, task.options)
    if encoder.hash != task.hash:
        raise ConfigError(
            f"the text model {task.name!r} has the hash {encoder.hash} where the task runs, "
            f"expected {task.hash}; install the same model on all machines of the cluster"
        )
    return encoder.encode(task.texts)


@lru_cache(maxsize=1)
def _load(name: str, options: tuple[tuple[str, object], ...]) -> Encoder:
    return load_encoder(name, **dict(options))


def _count_tasks(engine: Engine, n_texts: int) -> int:
    if engine.n_shards == 1:
        return 1
    return min(TASKS_PER_WORKER * engine.n_shards, n_texts // MIN_TEXTS_PER_TASK)
