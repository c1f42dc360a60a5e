"""Small data sets that fit on a line."""

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary


def items(n, vectors=None, first=0):
    """``n`` items called 0, 1, ...; ``vectors`` are their content, scaled to length 1."""
    ids = Vocabulary(str(first + row) for row in range(n))
    return Items(ids, () if vectors is None else (ContentBlock("words", unit(vectors)),))


def unit(rows):
    rows = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths, lengths, 1)


def dataset(histories, n, vectors=None, profiles=None, at=None):
    """One history a user, in the order of time unless ``at`` says otherwise."""
    user = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    item = [i for history in histories for i in history]
    times = [t for h in histories for t in range(len(h))] if at is None else at
    known = None if profiles is None else sp.csr_array(np.asarray(profiles, dtype=np.float32))
    events = Events.of(user, item, np.asarray(times, dtype=float))
    return Dataset(items(n, vectors), events, len(histories), known)


def ask(data, *histories, profiles=None):
    """One query a history of items, each event 1; no order."""
    plain = np.zeros((len(histories), len(data.items)), dtype=np.float32)
    for row, history in enumerate(histories):
        plain[row, history] = 1
    plain = sp.csr_array(plain[:, data.train_item_rows])
    width = data.profiles.shape[1]
    known = np.zeros((len(histories), width)) if profiles is None else profiles
    profile = sp.csr_array(np.asarray(known, dtype=np.float32))
    return Queries.from_history(data.train_items, plain, plain, profile)


def random_dataset(seed=0, n_users=60, n_items=20, n_events=500, dim=None, n_attributes=0):
    """Random events with times, skewed towards the first items; every item has some."""
    rng = np.random.default_rng(seed)
    item = (n_items * rng.random(n_events) ** 1.5).astype(int)
    item[:n_items] = np.arange(n_items)
    vectors = None if dim is None else rng.standard_normal((n_items, dim))
    profiles = (rng.random((n_users, n_attributes)) < 0.4).astype(np.float32)
    events = Events.of(rng.integers(0, n_users, n_events), item, rng.integers(1, 999, n_events))
    return Dataset(items(n_items, vectors), events, n_users, sp.csr_array(profiles))


def weights(model, data, asked=None):
    """The (n_evidence, n_items) weights of a linear model, dense."""
    form = model.linear_scorer(data.train_items, data.items if asked is None else asked)
    return form.weights.apply(
        sp.eye_array(len(data.train_items), dtype=np.float32, format="csr")
    )
