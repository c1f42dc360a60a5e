"""Fine-tuning of the transformer itself, on torch, as methods: last layer, LoRA, all layers."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from daybreak.encoders import CachedEncoder, Encoder, MemoryVectors, load_encoder, resolve
from daybreak.encoders.folders import atomic_write
from daybreak.encoders.loading import INT8_FILE, find_onnx_file, has_torch_weights
from daybreak.encoders.onnx_text import quantise
from daybreak.encoders.sentence_folder import read_max_tokens, read_pooling, read_tokenizer
from daybreak.errors import ConfigError, MissingExtraError
from daybreak.service.finetuning.cold_items import ColdItemTrial
from daybreak.service.finetuning.folders import TRAINING_FOLDER, remove_text_map, write_facts
from daybreak.service.finetuning.methods import (
    FinetunedEncoder,
    FinetuningMethod,
    FinetuningOptions,
    FinetuningTask,
    methods,
)
from daybreak.types import Floats

if TYPE_CHECKING:
    from daybreak.nets.finetuning.examples import TrainingExamples
    from daybreak.nets.finetuning.transformer import TextTransformer

PACKAGES = ("torch", "transformers", "onnx")
TRAINABLE = "all-MiniLM-L6-v2"
"""A model whose layers can be trained, as an example."""
TOKENIZER_FILE = "tokenizer.json"
N_CHECKED_TEXTS = 64
"""Texts on which the exported files are compared with the model [texts]."""
MIN_INT8_COSINE = 0.95
"""Mean cosine with the vectors of the model from which on 8-bit weights are good enough; that
of MiniLM is .99."""
SETTINGS_FILES = ("sentence_bert_config.json", "modules.json", "1_Pooling/config.json")
"""Settings of the base that are copied beside the weights."""


class NetworkFinetuning(FinetuningMethod):
    """Gradient descent on an objective, with early stopping on the validation items.

    The verdict is that of the files that are written: ONNX with 8-bit weights.
    """

    adapter: ClassVar[str]
    """Name of the adapter, see :mod:`daybreak.nets.finetuning.adapters`"""

    def fit(self, task: FinetuningTask) -> FinetunedEncoder:
        """Train, keep the best weights, export; see :meth:`FinetuningMethod.fit`."""
        _check_packages()
        from daybreak.nets.finetuning.adapters import adapters  # noqa: PLC0415 - needs torch
        from daybreak.nets.finetuning.objectives import objectives  # noqa: PLC0415
        from daybreak.nets.finetuning.training import (  # noqa: PLC0415
            CheckpointPlace,
            Finetuning,
        )

        options = task.options
        model = load_trainable(task.base_name)
        objective_class = objectives[options.objective]
        examples = build_examples(task.trial)
        training = Finetuning(
            model,
            adapters[self.adapter](),
            partial(objective_class, examples),
            schedule_of(options),
        )
        place = CheckpointPlace(task.folder / TRAINING_FOLDER, fingerprint(task))
        record = training.run(
            lambda: task.trial.validate(_TrainedEncoder(model), options.goal),
            place,
            lambda done, total: task.progress(done, total, f"training, {options.objective}"),
        )
        texts = check_texts(task.trial)
        exported = export_folder(model, task.base_name, task.folder, texts)
        encoder = CachedEncoder(load_encoder(task.folder), MemoryVectors())

        def save(known: Mapping[str, Any]) -> None:
            write_facts(task.folder, known)
            shutil.rmtree(task.folder / TRAINING_FOLDER, ignore_errors=True)

        return FinetunedEncoder(encoder, save, training_facts(options, record) | exported)


@methods.register("last_layer")
class LastLayerFinetuning(NetworkFinetuning):
    """Trains the last layer of the transformer."""

    summary: ClassVar = "the last layer of the transformer"
    adapter: ClassVar = "last_layer"


@methods.register("lora")
class LowRankFinetuning(NetworkFinetuning):
    """Trains thin matrices beside queries and values (LoRA), which are then added to them."""

    summary: ClassVar = "thin matrices beside the queries and values of each layer (LoRA)"
    adapter: ClassVar = "lora"


@methods.register("full")
class FullFinetuning(NetworkFinetuning):
    """Trains all layers of the transformer, with a small learning rate."""

    summary: ClassVar = "all layers of the transformer"
    adapter: ClassVar = "full"


def _check_packages() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingExtraError("fine-tuning a transformer", "'daybreak[finetune]'")


def schedule_of(options: FinetuningOptions, factor: int = 1) -> Any:
    """Return the schedule of a training.

    Args:
        options: Number of steps and seed.
        factor: Steps for each one of the options.
    """
    from daybreak.nets.finetuning.training import FinetuningSchedule  # noqa: PLC0415 - torch

    every = min(FinetuningSchedule.check_every, max(options.steps // 4, 1))
    return FinetuningSchedule(
        factor * options.steps, check_every=factor * every, seed=options.seed
    )


def training_facts(options: FinetuningOptions, record: Any) -> dict[str, Any]:
    """Return what a training did, as JSON values.

    Args:
        options: Objective.
        record: Result of :meth:`daybreak.nets.finetuning.training.Finetuning.run`.
    """
    return {
        "objective": options.objective,
        "best_step": record.best_step,
        "steps": record.step,
        "validation_ndcg": {str(step): round(score, 4) for step, score in record.checks},
    }


def load_trainable(name: str) -> "TextTransformer":
    """Return the transformer of a text model, ready to be trained.

    Args:
        name: Name of the model.

    Raises:
        ConfigError: The model is no transformer, or a server has it.
        DataError: Its weights cannot be trained.
    """
    from daybreak.nets.finetuning.onnx_weights import load_onnx_network  # noqa: PLC0415 - torch
    from daybreak.nets.finetuning.transformer import (  # noqa: PLC0415
        TextTransformer,
        TokenLimits,
        load_network,
    )

    found = resolve(name)
    if found.kind not in {"onnx-text", "torch-text"}:
        raise ConfigError(
            f"{name} is a model of kind {found.kind}, which has no layers to train; "
            "fine-tune it with the method whitening, factors or delta, or choose a "
            f"transformer as the encoder, such as {TRAINABLE}"
        )
    weights = find_onnx_file(found.folder)
    if has_torch_weights(found.folder) or weights is None:
        network = load_network(found.folder)
    else:
        network = load_onnx_network(weights)
    tokenizer = read_tokenizer(
        found.folder / TOKENIZER_FILE, read_max_tokens(found.folder, None)
    )

    def tokenize(texts: Sequence[str]) -> tuple[list[list[int]], list[list[int]]]:
        rows = tokenizer.encode_batch(list(texts))
        return [row.ids for row in rows], [row.attention_mask for row in rows]

    special = tokenizer.encode("").ids
    limits = TokenLimits(
        tokenizer.get_vocab_size(), tokenizer.token_to_id("[MASK]"), frozenset(special)
    )
    return TextTransformer(network, tokenize, read_pooling(found.folder), limits)


def build_examples(trial: ColdItemTrial) -> "TrainingExamples":
    """Return texts and events of the training items of a trial.

    Args:
        trial: Simulated cold items, whose events are left out.
    """
    from daybreak.nets.finetuning.examples import (  # noqa: PLC0415 - with torch
        Ratings,
        TrainingExamples,
    )

    texts_of: dict[int, list[str]] = {}
    for text, owner in zip(trial.texts.texts, trial.texts.owners.tolist(), strict=True):
        texts_of.setdefault(owner, []).append(text)
    rows = [row for row in trial.rows["training"].tolist() if row in texts_of]
    number = np.full(len(trial.data.items), -1)
    number[rows] = np.arange(len(rows))
    events = trial.data.events
    events = events.filter(number[events.item] >= 0)
    counts = np.bincount(events.user, minlength=trial.data.n_users)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    known = set(rows)
    others = [text for row, texts in texts_of.items() if row not in known for text in texts]
    users, items, values = trial.rated
    usable = (users >= 0) & (items >= 0)
    usable[usable] = number[items[usable]] >= 0
    ratings = Ratings(users[usable], number[items[usable]], values[usable])
    texts = tuple(tuple(texts_of[row]) for row in rows)
    return TrainingExamples(texts, number[events.item], starts, ratings, tuple(others))


def fingerprint(task: FinetuningTask) -> str:
    """Return a name of the data and the options of a training.

    Args:
        task: Data, base and options.
    """
    trial, options = task.trial, task.options
    plain = [
        options.method,
        options.objective,
        options.goal,
        options.steps,
        options.seed,
        task.base.hash,
    ]
    digest = hashlib.blake2b(json.dumps(plain).encode(), digest_size=16)
    for array in (trial.data.events.user, trial.data.events.item, trial.rows["training"]):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\n".join(trial.texts.texts).encode("utf-8", "replace"))
    return digest.hexdigest()


class _TrainedEncoder(Encoder):
    """The model that is being trained, as an encoder for its checks."""

    def __init__(self, model: "TextTransformer") -> None:
        self._model = model

    @property
    def dim(self) -> int:
        return self._model.dim

    @property
    def hash(self) -> str:
        return "in-training"

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self._model.encode(texts)


def check_texts(trial: ColdItemTrial) -> tuple[str, ...]:
    """Return texts, spread over the catalogue, on which an exported model is compared.

    Args:
        trial: Simulated cold items.
    """
    texts = trial.texts.texts
    return texts[:: max(len(texts) // N_CHECKED_TEXTS, 1)][:N_CHECKED_TEXTS]


def export_folder(
    model: "TextTransformer", base_name: str, folder: Path, texts: Sequence[str]
) -> dict[str, Any]:
    """Write the folder of a trained model: ONNX with 8-bit weights, tokenizer, settings.

    Vectors of the files are compared with those of the model. If the rounding to 8 bits moves
    them too far, the weights are written with 32 bits instead.

    Args:
        model: Trained model.
        base_name: Name of the model that it was before.
        folder: Folder to write.
        texts: Texts that are compared.

    Returns:
        Facts: ``precision`` of the file, and ``int8_cosine``, the mean cosine of the vectors
        with 8-bit weights and of those of the model.
    """
    from daybreak.nets.finetuning.export import export_onnx  # noqa: PLC0415 - needs torch

    base = resolve(base_name).folder
    remove_text_map(folder)
    for old in ("model.onnx", INT8_FILE):
        (folder / "onnx" / old).unlink(missing_ok=True)
    draft = folder / TRAINING_FOLDER / "model.onnx"
    export_onnx(model, draft)
    rounded = folder / "onnx" / INT8_FILE
    with atomic_write(rounded) as target:
        quantise(draft, target)
    _copy_settings(base, folder)
    found = load_encoder(folder).encode(texts)
    cosine = float((found * model.encode(texts)).sum(axis=1).mean())
    if cosine >= MIN_INT8_COSINE:
        draft.unlink()
        return {"precision": "int8", "int8_cosine": round(cosine, 4)}
    draft.replace(folder / "onnx" / "model.onnx")
    rounded.unlink()
    return {"precision": "fp32", "int8_cosine": round(cosine, 4)}


def _copy_settings(base: Path, folder: Path) -> None:
    """Copy the tokenizer and the settings of a model."""
    for name in (TOKENIZER_FILE, *SETTINGS_FILES):
        if (base / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / name, folder / name)
