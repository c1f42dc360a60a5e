"""A conditional variational autoencoder that generates the behaviour of new items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_fold_in import CONFIDENCE_RANGE, FACTOR_RANGE, PRIOR_RIDGE_RANGE
from daybreak.models.shared_generative import (
    GenerativeConfig,
    GenerativeModel,
    GenerativeState,
    VectorTrainingSet,
    apply_perceptron,
    encode_conditions,
)
from daybreak.models.shared_warm_start import newest_items
from daybreak.types import Floats, Rows


@dataclass(frozen=True)
class ContentVaeConfig(GenerativeConfig):
    """Options of :class:`ContentVaeModel`."""

    dim: int = 128
    code: int = 32
    """Length of the code."""
    hidden: int = 256
    """Width of the hidden layers."""
    epochs: int = 40
    batch: int = 128
    """Items in one step [items]."""
    rate: float = 1e-3
    decay: float = 1e-2
    """Weight decay."""
    dropout: float = 0.3
    """Dropout of the hidden layers [share]."""
    beta: float = 1.0
    """Final weight of the divergence."""
    evenness: float = 0.5
    """Power of the variance that weights an item in the loss; see ``gaussian_nll``."""
    limit: float = 8.0
    """Largest absolute value of a log-variance."""


@dataclass(frozen=True, eq=False)
class ContentVaeState(GenerativeState):
    """State of :class:`ContentVaeModel`."""

    prior_first: Floats
    """(directions + dim, hidden) first layer of the prior network"""
    prior_first_bias: Floats
    """(hidden,)"""
    prior_second: Floats
    """(hidden, 2 code) second layer: means and log-variances of the code"""
    prior_second_bias: Floats
    """(2 code,)"""
    decoder_first: Floats
    """(code + directions + dim, hidden) first layer of the decoder"""
    decoder_first_bias: Floats
    """(hidden,)"""
    decoder_second: Floats
    """(hidden, dim + 1) second layer: means, and a log-variance of the item"""
    decoder_second_bias: Floats
    """(dim + 1,)"""
    noise: Floats
    """(dim,) log-variances of the vector components"""


@models.register("content_vae")
class ContentVaeModel(GenerativeModel[ContentVaeConfig, ContentVaeState]):
    """Generate the vector of a new item from its content, with its uncertainty.

    Vectors of known items and of queries are those of :class:`FactorsModel`. The autoencoder
    learns the residual of the ridge from content to vectors: a code ``z`` explains it, and a
    prior network predicts the distribution of the code from content alone. The vector of a new
    item is decoded from the mean of its prior.

    Source:
        Sohn, Lee and Yan 2015, "Learning structured output representation using deep
        conditional generative models", eq. 4 (bound); Kingma and Welling 2014, "Auto-encoding
        variational Bayes", eq. 10 (reparametrisation); Zhao, Ren, Du, Guo and Zhang 2022,
        "Improving item cold-start recommendation via model-agnostic conditional variational
        autoencoder" (behaviour from content).
    """

    Config: ClassVar = ContentVaeConfig
    State: ClassVar = ContentVaeState
    card: ClassVar = ModelCard(
        strategies={"content_vae": {}},
        is_slow=True,
        search_space={
            "dim": FACTOR_RANGE,
            "confidence": CONFIDENCE_RANGE,
            "ridge": PRIOR_RIDGE_RANGE,
            "code": Range(8, 128, log=True, is_integer=True),
            "epochs": Range(8, 60, log=True, is_integer=True),
            "rate": Range(2e-4, 5e-3, log=True),
            "decay": Range(1e-4, 1e-1, log=True),
            "dropout": Range(0, 0.6),
            "beta": Range(0.05, 3, log=True),
        },
        inputs="history, profile",
        use="the newest items",
        formula="`factors` with generated vectors, [page](strategies/content_vae.md)",
        source="Sohn et al. 2015, eq. 4",
        cost="40 rounds over the items",
        memory="see page",
    )

    def _train(
        self,
        data: Dataset,
        rng: np.random.Generator,
        known: VectorTrainingSet,
        arrays: Mapping[str, Floats] | None,
    ) -> ContentVaeState:
        from daybreak.nets.content_vae import train_content_vae  # noqa: PLC0415 - an extra
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        predicted, seed = known.conditions[:, self.config.directions :], draw_seed(rng)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_items(data, rng))
        learned = train_content_vae(
            known.targets - predicted, known.conditions, self.config, seed, earlier
        )
        parts: dict[str, Any] = vars(known.state) | learned
        return ContentVaeState(**parts)

    def generate_vectors(self, conditions: Floats) -> Floats:
        """Decode the means of the priors.

        See :meth:`GenerativeModel.generate_vectors`.
        """
        mean, _ = self._prior_moments(conditions)
        return self._decode(mean, conditions)[0]

    def sample(self, items: Items, rng: np.random.Generator) -> Floats:
        """Return (n_items, dim) vectors drawn from their distribution, for exploration.

        Ranking by sampled vectors is Thompson sampling. Items with events have their learned
        vectors.
        """
        found, new = self.item_vectors(items), self._new_rows(items)
        conditions = encode_conditions(self.state, items.take(new))
        mean, deviation = self._prior_moments(conditions)
        code = mean + deviation * rng.standard_normal(mean.shape).astype(np.float32)
        vectors, noise = self._decode(code, conditions)
        vectors = vectors + noise * rng.standard_normal(vectors.shape).astype(np.float32)
        found[new] = vectors * self.state.scale + self.state.centre
        return found

    def uncertainty(self, items: Items) -> Floats:
        """Return (n_items, dim) standard deviations of vectors; 0 for items with events.

        The score of query ``p`` for item ``i`` has standard deviation
        ``sqrt(p**2 @ uncertainty[i]**2)``. The variance is that of the decoder plus that of the
        prior, propagated through the derivative of the decoder at the mean.
        """
        new = self._new_rows(items)
        conditions = encode_conditions(self.state, items.take(new))
        mean, deviation = self._prior_moments(conditions)
        _, noise = self._decode(mean, conditions)
        variance = noise**2 + self._propagate_variance(mean, deviation, conditions)
        found = np.zeros((len(items), self.state.vectors.shape[1]), dtype=np.float32)
        found[new] = np.sqrt(variance) * self.state.scale
        return found

    def _new_rows(self, items: Items) -> Rows:
        return np.flatnonzero(self.state.ids.rows(items.ids) < 0)

    def _prior_moments(self, conditions: Floats) -> tuple[Floats, Floats]:
        """Return (n, code) means and standard deviations."""
        state = self.state
        layers = state.prior_first, state.prior_first_bias
        answer = apply_perceptron(
            conditions, (*layers, state.prior_second, state.prior_second_bias)
        )
        mean, log_variance = np.split(answer, 2, axis=1)
        return mean, np.exp(0.5 * log_variance)

    def _decode(self, code: Floats, conditions: Floats) -> tuple[Floats, Floats]:
        """Return (n, dim) means and standard deviations, in units of ``scale``."""
        state = self.state
        layers = state.decoder_first, state.decoder_first_bias
        answer = apply_perceptron(
            np.concatenate([code, conditions], axis=1),
            (*layers, state.decoder_second, state.decoder_second_bias),
        )
        limit = self.config.limit
        log_variance = np.clip(state.noise + answer[:, -1:], -limit, limit)
        vectors = conditions[:, self.config.directions :] + answer[:, :-1]
        return vectors, np.exp(0.5 * log_variance)

    def _propagate_variance(
        self, mean: Floats, deviation: Floats, conditions: Floats
    ) -> Floats:
        """Return (n, dim) variances caused by the variance of the code, to first order."""
        state = self.state
        into, out = state.decoder_first[: self.config.code], state.decoder_second[:, :-1]
        x = np.concatenate([mean, conditions], axis=1)
        slopes = 1 - np.tanh(x @ state.decoder_first + state.decoder_first_bias) ** 2
        variance = np.empty((len(x), out.shape[1]), dtype=np.float32)
        for row, slope in enumerate(slopes):
            variance[row] = deviation[row] ** 2 @ ((into * slope) @ out) ** 2
        return variance
