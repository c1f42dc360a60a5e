"""Collaborative whitening: a linear map of text vectors, learned from co-events."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from daybreak.encoders.mapped_text import TextMap
from daybreak.errors import ConfigError, DataError
from daybreak.types import Doubles, Floats, Sparse

MIN_TEXTS = 20
"""Texts with events, at least [texts]."""
MIN_SCALE = 1e-4
"""Directions below this share of the largest scale are left out."""


class CoEventDirections:
    """The directions of text vectors in which the texts of the same users agree.

    The interactions of each user are regressed on the centred text vectors of the items, with
    a ridge; ``S`` is the covariance of the weights over users. Whitening with ``S`` stretches
    directions that matter for what users choose together, and shrinks those that do not: it
    is the kernel of the Bayesian regression whose prior covariance is the one that the
    weights of the users have.

    Args:
        vectors: (n_texts, dim) text vectors of items with events.
        interactions: (n_users, n_texts) CSR of ones: who chose the item of each text.
        ridge: Ridge of the regression, in units of the mean variance of a direction times the
            number of texts.

    Raises:
        DataError: There are fewer than 20 texts, or nobody chose any of them.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", section 2.1
        (the prior covariance of weights); its estimate from many tasks: Argyriou, Evgeniou and
        Pontil 2008, "Convex multi-task feature learning", eq. 13, one step.
    """

    def __init__(self, vectors: Floats, interactions: Sparse, ridge: float) -> None:
        if len(vectors) < MIN_TEXTS:
            raise DataError(
                f"learning a text map needs at least {MIN_TEXTS} texts of items with events, "
                f"got {len(vectors)}"
            )
        self.mean = np.asarray(vectors.mean(axis=0), np.float32)
        covariance = user_weight_covariance(vectors - self.mean, interactions, ridge)
        squares, axes = np.linalg.eigh(covariance)
        if squares[-1] <= 0:
            raise DataError("learning a text map needs events of at least two users")
        self.scales: Doubles = np.sqrt(np.maximum(squares[::-1] / squares[-1], 0))
        """(dim,) standard deviation of the weights along each direction, largest first, 1 for
        the largest"""
        self.axes: Doubles = axes[:, ::-1]
        """(dim, dim) orthonormal columns, one for each direction"""

    def text_map(self, power: float, share: float) -> TextMap:
        """Return the map that multiplies each direction by a power of its scale.

        Args:
            power: Power of the scales: 0 leaves the vectors as they are, 1 follows the
                co-events fully.
            share: Share of the mapped vectors in the cosine, from 0 to 1.

        Raises:
            ConfigError: A number is out of range.
        """
        if not 0 <= power <= 2 or not 0 <= share <= 1:
            raise ConfigError(
                f"power must be from 0 to 2 and share from 0 to 1, got {power!r} and {share!r}"
            )
        kept = self.scales**power > MIN_SCALE
        projection = self.axes[:, kept] * self.scales[kept] ** power
        return TextMap(self.mean, projection.astype(np.float32), share)


def user_weight_covariance(centred: Floats, interactions: Sparse, ridge: float) -> Doubles:
    """Return the (dim, dim) second moments of the regression weights of all users.

    Each event counts ``1 / sqrt(events of the user * events of the item)``.

    Args:
        centred: (n_texts, dim) text vectors minus their mean.
        interactions: (n_users, n_texts) CSR of ones.
        ridge: Ridge of the regression, relative to the mean diagonal of the normal equations.

    Example:
        Two texts at 1 and -1 with one user each: the weights are ``±1 / (2 + 2 * ridge)``.

        >>> texts = np.array([[1.0], [-1.0]], np.float32)
        >>> user_weight_covariance(texts, sp.csr_array(np.eye(2)), ridge=0.25)
        array([[0.32]])
    """
    scaled = scale_events(interactions)
    z = centred.astype(np.float64)
    normal = z.T @ z
    diagonal = ridge * max(float(np.trace(normal)) / len(normal), 1e-12)
    correlations = np.asarray(scaled @ z)  # (n_users, dim)
    moments = correlations.T @ correlations
    inverse = np.linalg.inv(normal + diagonal * np.eye(len(normal)))
    covariance = inverse @ moments @ inverse
    return np.asarray((covariance + covariance.T) / 2)


def scale_events(interactions: Sparse) -> Sparse:
    """Return the events, each as ``1 / sqrt(events of the user * events of the item)``.

    Args:
        interactions: (n_users, n_texts) CSR of ones.

    Example:
        >>> scale_events(sp.csr_array(np.ones((1, 4)))).toarray()
        array([[0.5, 0.5, 0.5, 0.5]])
    """
    x = sp.csr_array(interactions, dtype=np.float64)
    of_user = np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1) ** -0.5
    of_item = np.maximum(np.asarray(x.sum(axis=0)).ravel(), 1) ** -0.5
    return sp.csr_array(sp.diags_array(of_user) @ x @ sp.diags_array(of_item))


def repeat_columns(interactions: Sparse, owners: Sequence[int]) -> Sparse:
    """Return (n_users, n_texts) interactions with the item that each text belongs to.

    Args:
        interactions: (n_users, n_items) CSR of ones.
        owners: Row of the item of each text; an item may have several.

    Example:
        >>> repeat_columns(sp.csr_array([[1, 0]]), [0, 0, 1]).toarray().tolist()
        [[1, 1, 0]]
    """
    return sp.csr_array(sp.csc_array(interactions)[:, list(owners)])
