"""A bounded delta on frozen vectors as a method of fine-tuning."""

import shutil
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from daybreak.encoders import MappedTextEncoder, TextMap
from daybreak.errors import MissingExtraError
from daybreak.service.finetuning.closed_form import write_map
from daybreak.service.finetuning.folders import TRAINING_FOLDER
from daybreak.service.finetuning.methods import (
    FinetunedEncoder,
    FinetuningMethod,
    FinetuningTask,
    methods,
)
from daybreak.service.finetuning.networks import (
    build_examples,
    fingerprint,
    schedule_of,
    training_facts,
)

STEPS_PER_STEP = 4
"""Steps of a delta for each step that is asked for: they cost a hundredth."""


@methods.register("delta")
class DeltaFinetuning(FinetuningMethod):
    """A small linear change of the vectors, trained on an objective; the model stays frozen.

    It works with every encoder, as the closed form does, and needs torch for its training only.
    """

    summary: ClassVar = "a bounded linear change of the vectors of a frozen model"

    def fit(self, task: FinetuningTask) -> FinetunedEncoder:
        """Train the delta; see :meth:`FinetuningMethod.fit`."""
        if find_spec("torch") is None:
            raise MissingExtraError("training a delta", "'daybreak[deep]'")
        from daybreak.nets.finetuning.delta import DeltaAdapter, DeltaModel  # noqa: PLC0415
        from daybreak.nets.finetuning.objectives import objectives  # noqa: PLC0415
        from daybreak.nets.finetuning.training import (  # noqa: PLC0415 - needs torch
            CheckpointPlace,
            Finetuning,
        )
        from daybreak.nets.training import torch_seed  # noqa: PLC0415

        options, trial = task.options, task.trial
        objective_class = objectives[options.objective]
        examples = build_examples(trial)
        texts = list(dict.fromkeys(text for row in examples.texts for text in row))
        with torch_seed(options.seed):
            model = DeltaModel(task.base.encode(texts), texts)
        schedule = schedule_of(options, STEPS_PER_STEP)
        training = Finetuning(
            model, DeltaAdapter(), partial(objective_class, examples), schedule
        )

        def text_map() -> TextMap:
            matrix = model.matrix().detach().numpy().copy()
            return TextMap(np.zeros(model.dim, np.float32), matrix, 1.0)

        record = training.run(
            lambda: trial.validate(MappedTextEncoder(text_map(), task.base), options.goal),
            CheckpointPlace(task.folder / TRAINING_FOLDER, fingerprint(task)),
            lambda done, total: task.progress(done, total, f"training, {options.objective}"),
        )
        found = text_map()

        def save(facts: Mapping[str, Any]) -> None:
            write_map(task, found, facts)
            shutil.rmtree(task.folder / TRAINING_FOLDER, ignore_errors=True)

        encoder = MappedTextEncoder(found, task.base)
        return FinetunedEncoder(encoder, save, training_facts(options, record))
