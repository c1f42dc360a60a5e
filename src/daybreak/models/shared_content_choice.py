"""Choice of the options of content regressions on simulated cold items inside a training."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.metrics import LIST_LENGTH, ndcg
from daybreak.models.shared_statistics import (
    add_ridge,
    cached,
    invert_spd_matrix,
    solve_spd_matrix,
)
from daybreak.models.shared_text_kernel import TEXT_BLOCK, squared_form
from daybreak.ranked_lists import top_k
from daybreak.rng import create_generator
from daybreak.types import Floats, Rows, Sparse

MAX_ITEMS, MAX_USERS = 1_200, 400
"""Training items and users that a simulation draws, at most."""
N_DRAWS = 2
"""Number of simulations, each with other items and users."""
HIDDEN_SHARE = 0.2
"""Share of the drawn items that is hidden."""
MIN_HIDDEN_ITEMS, MIN_USERS = 20, 30
"""Hidden items and users below which the prior options are taken."""
TEXT_WEIGHTS = (0.0, 0.25, 0.5, 1.0)
RIDGES = (2.0, 4.0, 8.0)
SMOOTHINGS = (0.5, 1.0, 2.0, 4.0, 8.0)
GAIN_SCALE = 0.01
"""Relative gain of NDCG@10 by which an option becomes e times as likely."""
EASE_RIDGE = 2.5
"""Ridge of EASE in units of the root of the number of users, as in the strategy ``ease``."""
CACHE_KEY = "content options"
"""Key of the options in the cache of a data set."""
_PRIOR_SPREADS = (0.3, 0.7, 1.0)
"""Standard deviations of the prior: text weight, log ridge, log smoothing."""


@dataclass(frozen=True)
class ContentOptions:
    """Options of a content regression; the defaults are the prior."""

    text_weight: float = 0.5
    ridge: float = 4.0
    smoothing: float = 2.0

    def log_prior(self) -> float:
        """Return the logarithm of the prior density, up to a constant."""
        prior = ContentOptions()
        distances = (
            self.text_weight - prior.text_weight,
            np.log(self.ridge / prior.ridge),
            np.log(self.smoothing / prior.smoothing),
        )
        pairs = zip(distances, _PRIOR_SPREADS, strict=True)
        return float(-0.5 * sum((distance / spread) ** 2 for distance, spread in pairs))


def choose_content_options(data: Dataset) -> ContentOptions:
    """Return the options that rank simulated cold items best, shrunk to the prior.

    Some items are hidden, and all options rank them for users who have them. The result is the
    posterior mean: an option counts by its prior times ``exp(gain / GAIN_SCALE)``, with its
    relative gain over the prior options. Computed once.

    Cost: ``N_DRAWS`` * 12 factorisations of 960 items, about half a second.
    """
    return cached(data, CACHE_KEY, lambda: _choose(data))


def chosen_content_options(data: Dataset) -> ContentOptions | None:
    """Return the options that were chosen on a data set; None: nothing needed them yet."""
    return data.cache.get(CACHE_KEY)


def reuse_content_options(data: Dataset, options: ContentOptions | None) -> None:
    """Let a data set take options that were chosen on another part of the same data.

    Parts of a data set that differ in a few held-out events lead to nearly the same options,
    and the choice costs more than the regressions of a small catalogue.

    Args:
        data: Data set.
        options: Options of another part; None: the data set chooses its own.
    """
    if options is not None:
        data.cache[CACHE_KEY] = options


def posterior_mean(values: dict[ContentOptions, float]) -> ContentOptions:
    """Return the mean of options, each weighted by its prior and its NDCG.

    Example:
        >>> even = {ContentOptions(ridge=2.0): 0.3, ContentOptions(ridge=8.0): 0.3}
        >>> round(posterior_mean(even).ridge, 6)
        4.0
    """
    options = list(values)
    reference = values.get(ContentOptions(), max(values.values()))
    gains = np.array([values[one] for one in options]) / max(reference, 1e-9) - 1
    logits = gains / GAIN_SCALE + np.array([one.log_prior() for one in options])
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    columns = np.array([(o.text_weight, np.log(o.ridge), np.log(o.smoothing)) for o in options])
    text_weight, ridge, smoothing = (weights @ columns).tolist()
    return ContentOptions(
        round(text_weight, 2),
        round(float(np.exp(ridge)), 2),
        round(float(np.exp(smoothing)), 2),
    )


def _choose(data: Dataset) -> ContentOptions:
    if not data.train_items.blocks:
        return ContentOptions()
    totals: dict[ContentOptions, float] = {}
    for draw in range(N_DRAWS):
        for options, value in _iter_simulated(data, draw):
            totals[options] = totals.get(options, 0.0) + value
    return posterior_mean(totals) if totals else ContentOptions()


def _iter_simulated(data: Dataset, draw: int) -> Iterator[tuple[ContentOptions, float]]:
    """Yield all options with their NDCG@10 on one draw of hidden items; none without enough."""
    rng = create_generator(draw, "content options")
    rows = rng.permutation(data.interactions.shape[1])[:MAX_ITEMS]
    n_hidden = int(HIDDEN_SHARE * len(rows))
    hidden, known = rows[:n_hidden], rows[n_hidden:]
    x = data.interactions
    histories, wanted = sp.csr_array(x[:, known]), sp.csr_array(x[:, hidden])
    n_events = np.asarray(histories.sum(axis=1)).ravel()
    users = np.flatnonzero((n_events > 0) & (np.diff(wanted.indptr) > 0))
    users = rng.permutation(users)[:MAX_USERS]
    if n_hidden < MIN_HIDDEN_ITEMS or len(users) < MIN_USERS:
        return
    asked = histories[users].toarray() / np.sqrt(n_events[users])[:, None]
    smoothed = asked @ _ease_weights(histories)
    targets = sp.csr_array(wanted[users])
    for text_weight, ridge, map_ in _iter_maps(data, known, hidden):
        own, added = asked @ map_, smoothed @ map_
        for smoothing in SMOOTHINGS:
            lists = top_k((own + smoothing * added).astype(np.float32), LIST_LENGTH)
            value = float(np.mean(ndcg(lists, targets)))
            yield ContentOptions(text_weight, ridge, smoothing), value


def _iter_maps(
    data: Dataset, known: Rows, hidden: Rows
) -> Iterator[tuple[float, float, Floats]]:
    """Yield text weight, ridge, and the (n_known, n_hidden) regression ``(Q + λI)^-1 Q_c``."""
    left, right = data.train_items.take(known), data.train_items.take(hidden)
    similarity, towards = left.similarity(left), left.similarity(right)
    has_text = any(block.name == TEXT_BLOCK for block in left.blocks)
    for text_weight in TEXT_WEIGHTS if has_text else (ContentOptions().text_weight,):
        form = squared_form(data, text_weight)
        kernel = form.apply(similarity, left, left)
        new = form.apply(towards, left, right)
        for ridge in RIDGES:
            yield text_weight, ridge, solve_spd_matrix(add_ridge(kernel, ridge), new)


def _ease_weights(x: Sparse) -> Floats:
    """Return the dense weights of EASE on centred interactions; see the model ``ease``."""
    n_users = x.shape[0]
    share = np.asarray(x.mean(axis=0)).ravel()
    gram = (x.T @ x).toarray() - n_users * np.outer(share, share)
    p = invert_spd_matrix(add_ridge(gram, EASE_RIDGE * np.sqrt(n_users) + 1e-3))
    weights = -p / p.diagonal()
    weights[np.diag_indices_from(weights)] = 0
    return np.asarray(weights, dtype=np.float32)
