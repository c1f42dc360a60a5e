"""What a text means, as a pretrained model sees it, seen from the middle of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.encoders.base import Encoder, Progress, unit
from daybreak.types import Floats


@dataclass(frozen=True, eq=False)
class Meaning:
    """Vectors of a text encoder less the mean of a catalogue, scaled to length 1.

    Items of one shop are all alike to a general language model; without what they share, the
    cosine tells them apart.

    Args:
        encoder: Gives the vectors.
        mean: (dim,) float32, mean vector of the texts it was fitted on that are not blank.

    Source:
        Mu and Viswanath 2018, "All-but-the-top", its first step.
    """

    encoder: Encoder
    mean: Floats

    @classmethod
    def fit_rows(
        cls, encoder: Encoder, texts: Sequence[str], progress: Progress | None = None
    ) -> "tuple[Meaning, Floats]":
        """Learn the mean; return the fitted thing and the rows of the same texts."""
        vectors = encoder.encode(texts, progress=progress)
        spoken = vectors.any(axis=1)
        mean = vectors[spoken].mean(axis=0) if spoken.any() else np.zeros(encoder.dim)
        fitted = cls(encoder, mean.astype(np.float32))
        return fitted, fitted._centred(vectors)

    def rows(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """Return (n_texts, dim) float32, rows of length 1; a blank text gets the zero row."""
        return self._centred(self.encoder.encode(texts, progress=progress))

    def _centred(self, vectors: Floats) -> Floats:
        spoken = vectors.any(axis=1, keepdims=True)
        return unit(np.where(spoken, vectors - self.mean, np.float32(0)))
