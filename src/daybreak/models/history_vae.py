"""A variational autoencoder over histories."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.base import VectorModel, models
from daybreak.models.card import Categorical, ModelCard, Range
from daybreak.models.shared_content import fit_centred_content_weights, known_or_predicted
from daybreak.models.shared_warm_start import newest_users, rows_or_zeros, transfer_by_id
from daybreak.types import Floats


@dataclass(frozen=True)
class HistoryVaeConfig:
    """Options of :class:`HistoryVaeModel`."""

    hidden: int = 200
    """Width of the hidden layers."""
    dim: int = 100
    """Length of the code."""
    epochs: int = 20
    batch: int = 256
    """Users in one step."""
    rate: float = 5e-3
    dropout: float = 0.5
    """Share of a history that is hidden from the encoder in training."""
    beta: float = 0.2
    """Final weight of the divergence."""
    few: float = 0.5
    """Share of users whose history is cut to a few events in training."""


@dataclass(frozen=True, eq=False)
class HistoryVaeState:
    """State of :class:`HistoryVaeModel`."""

    ids: Vocabulary
    """The training items."""
    first: Floats
    """(n_train_items + n_attributes, hidden) first layer of the encoder"""
    first_bias: Floats
    """(hidden,)"""
    code: Floats
    """(hidden, dim) weights of the mean of the code"""
    code_bias: Floats
    """(dim,)"""
    second: Floats
    """(dim, hidden) first layer of the decoder"""
    second_bias: Floats
    """(hidden,)"""
    vectors: Floats
    """(n_train_items, hidden + 1) last layer of the decoder, the bias last"""
    centre: Floats
    """(hidden + 1,) mean of these"""
    content: Floats
    """(n_features, hidden + 1) weights from content columns to them"""


@models.register("history_vae")
class HistoryVaeModel(VectorModel[HistoryVaeConfig, HistoryVaeState]):
    """Encode history and profile as a distribution, decode it to scores of all items.

    In training the encoder sees histories with hidden events, half of them cut to a few events,
    and the profile; so the model serves new users too. The weights of new items in the last
    layer are predicted from content.

    Source:
        Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for collaborative
        filtering", eq. 2 (multinomial likelihood), 6 (annealed bound); Kingma and Welling 2014,
        "Auto-encoding variational Bayes", appendix B (divergence of two Gaussians).
    """

    Config: ClassVar = HistoryVaeConfig
    State: ClassVar = HistoryVaeState
    card: ClassVar = ModelCard(
        strategies={"history_vae": {}},
        is_slow=True,
        search_space={
            "hidden": Categorical((200, 400, 600)),
            "dim": Range(32, 256, log=True, is_integer=True),
            "epochs": Range(15, 60, is_integer=True),
            "rate": Range(5e-4, 8e-3, log=True),
            "dropout": Range(0.2, 0.8),
            "beta": Range(0.01, 1, log=True),
            "few": Range(0, 1),
        },
        inputs="history, profile",
        use="rarely",
        formula="variational autoencoder over histories, [page](strategies/history_vae.md)",
        source="Liang et al. 2018",
        cost="48,000 u n",
        memory="see page",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> HistoryVaeState:
        """Train encoder and decoder; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        return self._train(data, rng, None)

    def learn_from(
        self, data: Dataset, state: HistoryVaeState, rng: np.random.Generator
    ) -> HistoryVaeState | None:
        """Train further; see :meth:`SupportsWarmStart.learn_from`.

        The weights of attributes are kept if their number has not changed.
        """
        n = len(state.vectors)
        tables = transfer_by_id(data, state.ids, np.hstack([state.first[:n], state.vectors]))
        if tables is None:
            return None
        first, vectors = np.split(tables, [state.first.shape[1]], axis=1)
        profile = rows_or_zeros(state.first[n:], data.profiles.shape[1])
        arrays = vars(state) | {"first": np.vstack([first, profile]), "vectors": vectors}
        return self._train(data, rng, arrays)

    def _train(
        self, data: Dataset, rng: np.random.Generator, arrays: Mapping[str, Floats] | None
    ) -> HistoryVaeState:
        from daybreak.nets.history_vae import train_history_vae  # noqa: PLC0415 - an extra
        from daybreak.nets.training import WarmStartArrays, draw_seed  # noqa: PLC0415

        seed = draw_seed(rng)
        earlier = None if arrays is None else WarmStartArrays(arrays, newest_users(data, rng))
        learned = train_history_vae(
            data.interactions, data.profiles[data.active_user_rows], self.config, seed, earlier
        )
        vectors = learned.pop("vectors")
        centre, content = fit_centred_content_weights(data, vectors)
        return HistoryVaeState(
            ids=data.train_items.ids, vectors=vectors, centre=centre, content=content, **learned
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Encode and decode up to the last layer; see :meth:`VectorModel.query_vectors`."""
        state = self.state
        n_anchors = len(state.vectors)
        hidden = queries.history @ state.first[:n_anchors]
        hidden = np.tanh(hidden + queries.profile @ state.first[n_anchors:] + state.first_bias)
        code = hidden @ state.code + state.code_bias
        decoded = np.tanh(code @ state.second + state.second_bias)
        ones = np.ones((len(decoded), 1), dtype=np.float32)
        return np.concatenate([decoded, ones], axis=1).astype(np.float32)

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)
