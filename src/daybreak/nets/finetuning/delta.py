"""A bounded delta: a small linear change of the vectors of a text model that stays frozen."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from daybreak.nets.finetuning.adapters import Adapter
from daybreak.nets.finetuning.transformer import TextModel
from daybreak.types import Floats

DELTA_RANK = 32
"""Rank of the change."""
DELTA_BOUND = 0.5
"""Largest length of the change of a vector of length 1."""
DELTA_RATE = 3e-3
"""Learning rate at the start."""


class DeltaModel(TextModel):
    """Known vectors ``v`` of texts, changed to ``v (I + bound * D)`` and scaled to length 1.

    ``D`` is a product of two thin matrices, divided by its largest singular value where that is
    above 1, so that no vector moves further than the bound.

    Args:
        vectors: (n_texts, dim) vectors of length 1.
        texts: Their texts.

    Example:
        >>> import numpy as np
        >>> model = DeltaModel(np.eye(2, dtype=np.float32), ["tea", "rum"])
        >>> model(["rum", "tea"]).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """

    def __init__(self, vectors: Floats, texts: Sequence[str]) -> None:
        super().__init__()
        self._vectors = torch.from_numpy(vectors)
        self._row_of = {text: row for row, text in enumerate(texts)}
        dim = vectors.shape[1]
        self.down = nn.Parameter(torch.randn(dim, min(DELTA_RANK, dim)) / dim**0.5)
        self.up = nn.Parameter(torch.zeros(min(DELTA_RANK, dim), dim))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def matrix(self) -> Tensor:
        """Return the (dim, dim) matrix that vectors are multiplied by."""
        change = self.down @ self.up
        norm = torch.linalg.matrix_norm(change, ord=2) if bool(change.any()) else change.sum()
        return torch.eye(self.dim) + DELTA_BOUND * change / norm.clamp(min=1)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return the changed vectors; see :meth:`TextModel.forward`.

        Args:
            texts: Texts whose vectors are known.
        """
        rows = torch.tensor([self._row_of[text] for text in texts])
        return nn.functional.normalize(self._vectors[rows] @ self.matrix(), dim=1)


class DeltaAdapter(Adapter):
    """Trains the delta; the model has no other weights."""

    rate = DELTA_RATE
    summary = "a bounded linear change of the vectors"

    def prepare(self, model: TextModel) -> None:
        """Leave the model as it is; see :meth:`Adapter.prepare`.

        Args:
            model: Model with a delta.
        """
