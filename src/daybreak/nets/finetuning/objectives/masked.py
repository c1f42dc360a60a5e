"""Continued masked-language training on the catalogue's own texts."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from daybreak.errors import ConfigError, DataError
from daybreak.nets.finetuning.examples import TrainingExamples
from daybreak.nets.finetuning.objectives.base import Objective, objectives
from daybreak.nets.finetuning.transformer import (
    MAX_TRAINING_TOKENS,
    TextModel,
    TextTransformer,
)
from daybreak.types import Mask, Rows

MASKED_SHARE = 0.15
"""Share of the tokens that are to be guessed."""
HIDDEN_SHARE, REPLACED_SHARE = 0.8, 0.1
"""Shares of those that are hidden, and that are replaced by a random token; others stay."""


@objectives.register("masked")
class MaskedObjective(Objective):
    """Hidden tokens are guessed from the others, with the vectors of tokens as classifier.

    Texts of items without events are read as well: no event is needed.

    Source:
        Devlin et al. 2019, "BERT", section 3.1, task 1; on texts of the domain: Gururangan et
        al. 2020, "Don't stop pretraining".
    """

    summary: ClassVar = "hidden words of the catalogue's texts are guessed from the others"

    def __init__(self, examples: TrainingExamples, model: TextModel) -> None:
        super().__init__(examples, model)
        model = _as_transformer(model)
        if model.limits.mask_id is None:
            raise DataError(
                "the tokenizer has no token [MASK], which masked training needs; choose "
                "another objective"
            )
        own = [text for texts in examples.texts for text in texts]
        self.all_texts = (*own, *examples.other_texts)
        self.transform = nn.Linear(self.dim, self.dim)
        self.norm = nn.LayerNorm(self.dim)
        self.bias = nn.Parameter(torch.zeros(model.limits.vocabulary_size))
        with torch.no_grad():
            self.transform.weight.copy_(torch.eye(self.dim))
            self.transform.bias.zero_()

    def loss(self, model: TextModel, n: int, rng: np.random.Generator) -> Tensor:
        """Return the loss of ``2 n`` texts; see :meth:`Objective.loss`."""
        model = _as_transformer(model)
        chosen = rng.integers(len(self.all_texts), size=2 * n)
        ids, mask = model.read([self.all_texts[row] for row in chosen], MAX_TRAINING_TOKENS)
        hidden, guessed = mask_tokens(ids.numpy(), mask.numpy(), model, rng)
        states = model.hidden_states(torch.tensor(hidden), mask)[torch.tensor(guessed)]
        network: Any = model.network
        words: Tensor = network.get_input_embeddings().weight
        made = self.norm(nn.functional.gelu(self.transform(states)))
        logits = made @ words[: len(self.bias)].T + self.bias
        return nn.functional.cross_entropy(logits, ids[torch.tensor(guessed)])


def _as_transformer(model: TextModel) -> TextTransformer:
    """Return the model, which must have words to guess."""
    if not isinstance(model, TextTransformer):
        raise ConfigError(
            "masked training needs the layers of a transformer; choose the method last_layer, "
            "lora or full, or another objective"
        )
    return model


def mask_tokens(
    ids: Rows, mask: Rows, model: TextTransformer, rng: np.random.Generator
) -> tuple[Rows, Mask]:
    """Return token ids of which some are hidden, and which ones are to be guessed.

    Args:
        ids: (n, n_tokens) token ids.
        mask: (n, n_tokens) 1 for a token, 0 for padding.
        model: Model with the limits of its tokenizer.
        rng: Random generator.
    """
    allowed = (mask > 0) & ~np.isin(ids, list(model.limits.special_ids))
    guessed: Mask = allowed & (rng.random(ids.shape) < MASKED_SHARE)
    if not guessed.any():  # very short texts
        guessed = allowed
    part = rng.random(ids.shape)
    mask_id = -1 if model.limits.mask_id is None else model.limits.mask_id
    hidden = np.where(guessed & (part < HIDDEN_SHARE), mask_id, ids)
    is_random = guessed & (part >= HIDDEN_SHARE) & (part < HIDDEN_SHARE + REPLACED_SHARE)
    random_ids = rng.integers(model.limits.vocabulary_size, size=ids.shape)
    return np.where(is_random, random_ids, hidden), guessed
