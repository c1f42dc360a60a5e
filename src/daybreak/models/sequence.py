"""A transformer over the last events."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.attention import Hop, Layer, scaled, window
from daybreak.models.base import models
from daybreak.models.content_map import centred_map, content_space, known_or_mapped, mapped
from daybreak.models.continuing import carried, fitting, newest_people
from daybreak.models.lift import lift_vectors
from daybreak.models.vector_model import VectorModel
from daybreak.types import Floats, Rows

REACH = 10
"""Events apart at which two items are near each other."""
PART = 1_024
"""Queries that are answered at a time."""


@dataclass(frozen=True)
class SequenceConfig:
    """Options of :class:`SequenceModel`."""

    dim: int = 64
    """Numbers of an item; a multiple of ``heads``."""
    hops: int = 1
    """Layers."""
    heads: int = 2
    length: int = 21
    """Last events that count; older ones are not told at request time."""
    epochs: int = 6
    events: int = 1_200_000
    """Events read in all epochs together; it decides the cost with more than a few events."""
    batch: int = 128
    """Chunks of ``length`` events in one step."""
    rate: float = 3e-3
    forget: float = 0.1
    """Share of the events that are hidden while training."""
    hide: float = 0.1
    """Share of the items that are known by content alone while training."""
    ahead: float = 0.5
    """Chance that the event to tell lies one further ahead, and so on."""
    negatives: int = 400
    """Candidates drawn for the softmax; a smaller catalogue takes part as a whole."""


@dataclass(frozen=True, eq=False)
class SequenceState(Layer):
    """What :class:`SequenceModel` learned; the arrays of layers are along a first axis."""

    ids: Vocabulary
    """The anchors."""
    vectors: Floats
    """(n_anchors, dim + 1) of items, the bias last"""
    centre: Floats
    """(dim + 1,) their mean"""
    content: Floats
    """(n_features, dim + 1) what content tells of them"""
    start: Floats
    """(dim,) of an asker of whom nothing is known"""
    profile: Floats
    """(n_attributes, dim) how attributes move it"""
    near: Floats
    """(n_anchors, dim) vectors whose sum over the whole history is its taste"""
    taste: Floats
    """(dim, dim) how taste moves it"""
    last: Floats
    """(dim,) scale of the answer"""


@models.register("sequence")
class SequenceModel(VectorModel[SequenceConfig, SequenceState]):
    """Let an asker, known by profile, look at the last events and tell what comes next.

    The asker is one token, made of the profile and of the taste that the whole history shows.
    It attends to the vectors of the last events, by what they are and by how many came later.
    Events of one time share that number, so that their order, which nobody knows, can play no
    part; without times the network reads a set. The vectors of items are content, projected,
    and a part of their own that is hidden at random while training; new items get what content
    predicts. What somebody has is no rival in training, so its own scores say nothing.

    Source:
        Kang and McAuley 2018, "Self-attentive sequential recommendation", section III;
        Vaswani et al. 2017, "Attention is all you need", eq. 1; cross-entropy over the
        catalogue as in Klenitskiy and Vasilev 2023, "Turning dross into gold loss: is BERT4Rec
        really better than SASRec?", here over drawn candidates; items by content as in Hou et
        al. 2022, "Towards universal sequence representation learning for recommender systems".
    """

    Config: ClassVar = SequenceConfig
    State: ClassVar = SequenceState

    def learn(self, data: Dataset, rng: np.random.Generator) -> SequenceState:
        """Train the network; see :meth:`Model.learn`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        vectors = lift_vectors(data, REACH, self.config.dim, rng)
        return self._trained(data, rng, vectors, None)

    def learn_from(
        self, data: Dataset, state: SequenceState, rng: np.random.Generator
    ) -> SequenceState | None:
        """Train further; see :meth:`Continues.learn_from`.

        What attributes tell of an asker is kept when there are as many as before.
        """
        tables = carried(data, state.ids, np.hstack([state.vectors, state.near]))
        if tables is None:
            return None
        vectors, near = np.split(tables, [state.vectors.shape[1]], axis=1)
        told = fitting(state.profile, data.profiles.shape[1])
        arrays = vars(state) | {"vectors": vectors, "near": near, "profile": told}
        return self._trained(data, rng, vectors[:, :-1], arrays)

    def _trained(
        self,
        data: Dataset,
        rng: np.random.Generator,
        begun: Floats,
        arrays: Mapping[str, Floats] | None,
    ) -> SequenceState:
        from daybreak.nets.chunks import Histories  # noqa: PLC0415 - torch is an extra
        from daybreak.nets.sequence import Material, train_sequence  # noqa: PLC0415
        from daybreak.nets.training import Earlier, seed_of  # noqa: PLC0415

        events = data.events
        made = Material(
            Histories(
                np.searchsorted(data.active, events.user),
                np.searchsorted(data.anchor_rows, events.item),
                events.at if events.dated else np.zeros(len(events)),
            ),
            data.profiles[data.active],
            begun,
            mapped(data.anchors, content_space(data, self.config.dim)),
        )
        seed = seed_of(rng)
        earlier = None if arrays is None else Earlier(arrays, newest_people(data, rng))
        learned = train_sequence(made, self.config, seed, earlier)
        vectors = learned.pop("vectors")
        centre, content = centred_map(data, vectors)
        return SequenceState(
            ids=data.anchors.ids, vectors=vectors, centre=centre, content=content, **learned
        )

    def query_vectors(self, queries: Queries) -> Floats:
        """Run the network; see :meth:`VectorModel.query_vectors`."""
        answers = np.ones((len(queries), self.config.dim + 1), dtype=np.float32)
        for start in range(0, len(queries), PART):
            rows = np.arange(start, min(start + PART, len(queries)))
            answers[rows, :-1] = self._answered(queries.take(rows))
        return answers

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up or predict them; see :meth:`VectorModel.item_vectors`."""
        state = self.state
        return known_or_mapped(state.ids, state.vectors, items, state.content, state.centre)

    def _answered(self, queries: Queries) -> Floats:
        state = self.state
        seen = window(queries, self.config.length)
        used, table = self._table(seen.place)
        taste = scaled(queries.history @ state.near, np.ones(self.config.dim, np.float32))
        h = state.start + queries.profile @ state.profile + taste @ state.taste
        for hop in self._hops():
            h = hop(h, table, replace(seen, place=used))
        return scaled(h, state.last)

    def _table(self, place: Rows) -> tuple[Rows, Floats]:
        """Return places in, and vectors of, the items that occur."""
        if not len(self.state.vectors):
            return place, np.zeros((1, self.config.dim), dtype=np.float32)
        used, inverse = np.unique(place, return_inverse=True)
        return inverse.reshape(place.shape), self.state.vectors[used, :-1]

    def _hops(self) -> list[Hop]:
        names = [field.name for field in fields(Layer)]
        parts = zip(*(getattr(self.state, name) for name in names), strict=True)
        return [Hop(*part) for part in parts]
