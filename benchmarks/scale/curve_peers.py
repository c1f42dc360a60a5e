"""The peers of ``benchmarks.scale.curves``: what they learn from, how they answer.

They run in an environment of their own (``--peer-python``), which has polars, but no Daybreak.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

N_FACTORS = 64
N_NEIGHBOURS = 100
N_EPOCHS = 10


class Peer(NamedTuple):
    """A trained model of a peer."""

    fit_s: float
    """Processor time of the training, without reading files [s]."""
    users: Iterable[Any]
    """All users, as :attr:`answer` takes them."""
    answer: Callable[[Any], Any]
    """A list of ten for one user, without what the user has."""
    reopen: Callable[[], Any] | None
    """Read the model from its file; None: it has no format of its own."""


def fit_peer(system: str, events: pl.DataFrame, folder: Path) -> Peer:
    """Train a peer.

    Args:
        system: Key of :data:`PEERS`.
        events: ``user_id`` and ``item_id``.
        folder: Folder for the file of the model.
    """
    return PEERS[system](events, folder / f"{system}.model")


def _fit_als(events: pl.DataFrame, file: Path) -> Peer:
    import implicit  # noqa: PLC0415 - of another environment

    return _fit_implicit(
        implicit.als.AlternatingLeastSquares(N_FACTORS, num_threads=1, random_state=0),
        events,
        file,
    )


def _fit_cosine(events: pl.DataFrame, file: Path) -> Peer:
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415

    return _fit_implicit(CosineRecommender(K=N_NEIGHBOURS, num_threads=1), events, file)


def _fit_implicit(model: Any, events: pl.DataFrame, file: Path) -> Peer:
    histories = _histories(events)
    start = time.process_time()
    model.fit(histories, show_progress=False)
    seconds = time.process_time() - start
    named = file.with_suffix(".npz")
    model.save(str(named))
    return Peer(
        seconds,
        range(histories.shape[0]),
        lambda user: model.recommend(user, histories[user], N=10),
        lambda: type(model).load(str(named)),
    )


def _fit_lightfm(events: pl.DataFrame, file: Path) -> Peer:
    """Train on events alone: features of items would make it slower."""
    from lightfm import LightFM  # noqa: PLC0415

    histories = _histories(events)
    model = LightFM(no_components=N_FACTORS, loss="warp", random_state=0)
    start = time.process_time()
    model.fit(histories, epochs=N_EPOCHS, num_threads=1)
    seconds = time.process_time() - start
    every = np.arange(histories.shape[1], dtype=np.int32)

    def answer(user: int) -> Any:
        scores = model.predict(user, every, num_threads=1)
        scores[histories[[user]].indices] = -np.inf
        best = np.argpartition(-scores, 10)[:10]
        return best[np.argsort(-scores[best])]

    return Peer(seconds, range(histories.shape[0]), answer, None)


def _fit_rectools_ease(events: pl.DataFrame, file: Path) -> Peer:
    import pandas as pd  # noqa: PLC0415
    from rectools import Columns  # noqa: PLC0415
    from rectools.dataset import Dataset  # noqa: PLC0415
    from rectools.models import EASEModel  # noqa: PLC0415

    frame = pd.DataFrame(
        {
            Columns.User: events["user_id"].to_list(),
            Columns.Item: events["item_id"].to_list(),
            Columns.Weight: 1.0,
            Columns.Datetime: "2026-01-01",
        }
    )
    data = Dataset.construct(frame)
    model = EASEModel(num_threads=1, recommend_n_threads=1)
    start = time.process_time()
    model.fit(data)
    seconds = time.process_time() - start
    model.save(file)
    users = events["user_id"].unique(maintain_order=True).to_list()
    return Peer(
        seconds,
        users,
        lambda user: model.recommend([user], data, k=10, filter_viewed=True),
        lambda: EASEModel.load(file),
    )


def _histories(events: pl.DataFrame) -> Any:
    """Return the (n_users, n_items) matrix of events."""
    import scipy.sparse as sp  # noqa: PLC0415 - of another environment

    user, item = (
        events[name].rank("dense").to_numpy().astype(np.int64) - 1
        for name in ("user_id", "item_id")
    )
    return sp.csr_matrix((np.ones(len(user), dtype=np.float32), (user, item)))


PEERS: dict[str, Callable[[pl.DataFrame, Path], Peer]] = {
    "implicit_als": _fit_als,
    "implicit_cosine": _fit_cosine,
    "lightfm_warp": _fit_lightfm,
    "rectools_ease": _fit_rectools_ease,
}
