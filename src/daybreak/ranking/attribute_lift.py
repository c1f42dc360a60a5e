"""How much more often people choose each item who like a value of an attribute."""

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Floats, Sparse

PRIOR_USERS = 20.0
"""Users of average taste that are added to the users of each item [users]."""
MIN_SHARE = 1e-6
"""Smallest mean share of a value; the lifts of a rarer one are 1."""


def attribute_lifts(
    history: Sparse, carries: Sparse, prior_users: float = PRIOR_USERS
) -> tuple[Doubles, Floats]:
    """Return the mean share of each value in histories, and the lift of each item given it.

    A user picks the value ``v`` with a probability that is its share in the history. By Bayes,
    the probability of the item ``i`` grows with this answer by the factor ``P(v | i) / P(v)``:
    the mean share of ``v`` among the *other* choices of the users of ``i``, over that among
    all users. ``prior_users`` users with the mean share are added to the users of each item.

    Args:
        history: (n_users, n_items) CSR of ones.
        carries: (n_items, n_values) CSR of ones: the values of each item.
        prior_users: Number of users that are added.

    Returns:
        (n_values,) mean shares and (n_values, n_items) lifts.

    Source:
        Bayes' rule with the estimate of a share as the probability of an answer; additive
        smoothing as in Jelinek and Mercer 1980, "Interpolated estimation of Markov source
        parameters from sparse data".

    Example:
        Two users chose item 0 and then one that carries the value or one that does not. The
        other choices of the users of item 1 never carry it.

        >>> history = sp.csr_array([[1, 1, 0], [1, 0, 1]], dtype=np.float32)
        >>> carries = sp.csr_array([[0], [1], [0]], dtype=np.float32)
        >>> shares, lifts = attribute_lifts(history, carries, prior_users=1.0)
        >>> shares, lifts.round(3)
        (array([0.25]), array([[1.667, 0.5  , 0.5  ]], dtype=float32))
    """
    history, carries = sp.csr_array(history), sp.csr_array(carries)
    n_chosen = np.asarray(history.sum(axis=1), dtype=np.float64).ravel()
    counts = np.asarray((history @ carries).todense(), dtype=np.float64)
    known = n_chosen > 0
    shares = counts / np.maximum(n_chosen, 1)[:, None]
    means = shares[known].mean(axis=0) if known.any() else np.zeros(carries.shape[1])
    has_others = n_chosen > 1
    others = np.where(has_others, 1 / np.maximum(n_chosen - 1, 1), 0.0)
    n_users = np.asarray(history.T @ has_others.astype(np.float64)).ravel()
    sums = np.asarray(history.T @ (counts * others[:, None]))
    own = np.asarray(history.T @ others).ravel()
    sums -= np.asarray(carries.todense()) * own[:, None]
    total = n_users[:, None] + prior_users
    lifts = (sums + prior_users * means) / np.maximum(total * means, MIN_SHARE)
    lifts[:, means < MIN_SHARE] = 1.0
    return means, np.asarray(np.maximum(lifts, 0.0).T, dtype=np.float32)
