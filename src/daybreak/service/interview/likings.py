"""What a wanted value of an attribute adds to the scores of items."""

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from daybreak.data.sparse_rows import build_csr
from daybreak.ranking.attribute_lift import attribute_lifts
from daybreak.ranking.reranking.rules import ItemOffsets
from daybreak.service.interview.turns import Language
from daybreak.service.interview.vocabulary import InterviewVocabulary
from daybreak.service.interview.wording import word_liking
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Doubles, Floats, Rows

MAX_SAMPLED_USERS = 2_000
"""Maximum number of histories from which lifts are estimated."""
VALUE_BONUS = 0.5
"""Added to the score of an item that carries a wanted value, besides the lift. Without it, two
of ten items carried a wanted genre; with 0.4, five did, and NDCG@10 was the same or higher."""
MIN_LIFT, MAX_LIFT = 0.1, 10.0
"""Range of the factor by which one answer changes the probability of an item."""
MIN_OFFSET = 0.01
"""Smallest value that changes a score."""

_lift_caches: "WeakKeyDictionary[ServingState, tuple[Doubles, Floats]]" = WeakKeyDictionary()


def lifts_of(vocabulary: InterviewVocabulary) -> Floats:
    """Return the (n_values, n_items) lifts; they are computed once for each state."""
    state = vocabulary.state
    known = _lift_caches.get(state)
    if known is None:
        known = attribute_lifts(_sample_histories(state), vocabulary.carries)
        _lift_caches[state] = known
    return known[1]


def value_offsets(vocabulary: InterviewVocabulary, wanted: Sequence[tuple[str, str]]) -> Floats:
    """Return the (n_wanted, n_items) values that wanted values add to scores.

    The logarithm of the lift is what the answer adds to the log probability of an item; the
    bonus is divided among the wanted values that an item carries.

    Args:
        vocabulary: Attributes and values of the catalogue.
        wanted: Attributes and values that are in it.
    """
    columns = [vocabulary.columns[name, value.lower()] for name, value in wanted]
    carries = np.asarray(vocabulary.carries[:, columns].todense(), dtype=np.float32).T
    n_carried = np.maximum(carries.sum(axis=0), 1)
    lifts = np.clip(lifts_of(vocabulary)[columns], MIN_LIFT, MAX_LIFT)
    return np.asarray(np.log(lifts) + VALUE_BONUS * carries / n_carried, dtype=np.float32)


def liking_offsets(
    vocabulary: InterviewVocabulary, wanted: Sequence[tuple[str, str]], language: Language
) -> tuple[ItemOffsets, ...]:
    """Return what wanted values add to the scores of items, with the reasons.

    Args:
        vocabulary: Attributes and values of the catalogue.
        wanted: Attributes and values that are in it.
        language: Language of the reasons.
    """
    if not wanted:
        return ()
    ids = vocabulary.state.catalogue.items.ids.ids
    every = value_offsets(vocabulary, wanted)
    return tuple(
        ItemOffsets(f"{name}={value}", word_liking(value, language), _by_id(ids, row))
        for (name, value), row in zip(wanted, every, strict=True)
    )


def _by_id(ids: Sequence[str], values: Floats) -> Mapping[str, float]:
    rows = np.flatnonzero(np.abs(values) >= MIN_OFFSET)
    return {ids[row]: float(values[row]) for row in rows.tolist()}


def _sample_histories(state: ServingState) -> object:
    """Return (n_sampled_users, n_items) CSR of ones."""
    positive = state.histories.positive
    users, owner = np.unique(positive.user, return_inverse=True)
    step = max(len(users) // MAX_SAMPLED_USERS, 1)
    kept = (owner % step == 0) & (positive.item < len(state.catalogue.items))
    rows: Rows = owner[kept] // step
    pairs = np.unique(np.stack([rows, positive.item[kept]]), axis=1)
    shape = (int(pairs[0].max(initial=-1)) + 1, len(state.catalogue.items))
    return build_csr(pairs[0], pairs[1], np.ones(pairs.shape[1], dtype=np.float32), shape)
