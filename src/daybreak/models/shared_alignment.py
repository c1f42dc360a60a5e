"""Alignment of the content of two domains without any pair: whitening and CORAL."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from daybreak.types import Floats

COVARIANCE_RIDGE = 0.05
"""Added to the eigenvalues of a covariance, as a share of their mean."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """Means and maps of both domains; ``(rows - mean) @ map`` is aligned."""

    source_mean: Floats
    """(dim,)"""
    source_map: Floats
    """(dim, dim)"""
    target_mean: Floats
    """(dim,)"""
    target_map: Floats
    """(dim, dim)"""

    def source(self, rows: Floats) -> Floats:
        """Return (n, dim) rows of the source, aligned."""
        return np.asarray((rows - self.source_mean) @ self.source_map, dtype=np.float32)

    def target(self, rows: Floats) -> Floats:
        """Return (n, dim) rows of the target, aligned."""
        return np.asarray((rows - self.target_mean) @ self.target_map, dtype=np.float32)


def align_domains(
    source: Floats, target: Floats, kind: Literal["whiten", "coral", "none"]
) -> Alignment:
    """Return the alignment of two domains, from their means and covariances alone.

    Args:
        source: (n_source, dim) rows.
        target: (n_target, dim) rows.
        kind: ``whiten`` gives both the covariance 1, ``coral`` gives the source the covariance
            of the target, ``none`` centres both.

    Source:
        Sun, Feng and Saenko 2016, "Return of frustratingly easy domain adaptation",
        algorithm 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(0, 2, (500, 2)), rng.normal(5, 1, (500, 2))
        >>> found = align_domains(a, b, "coral").source(a)
        >>> bool(np.allclose(np.cov(found.T), np.cov(b.T), atol=0.2))
        True
    """
    same = np.eye(source.shape[1], dtype=np.float32)
    maps = {"none": (same, same)}.get(kind)
    if maps is None:
        whiten_source = covariance_power(source, -0.5)
        if kind == "whiten":
            maps = whiten_source, covariance_power(target, -0.5)
        else:
            maps = whiten_source @ covariance_power(target, 0.5), same
    means = (rows.mean(axis=0).astype(np.float32) for rows in (source, target))
    source_mean, target_mean = means
    return Alignment(source_mean, maps[0], target_mean, maps[1])


def covariance_power(rows: Floats, power: float) -> Floats:
    """Return a power of the covariance of rows, with a small ridge.

    Args:
        rows: (n, dim) rows.
        power: Exponent; -0.5 whitens.
    """
    centred = (rows - rows.mean(axis=0)).astype(np.float64)
    values, basis = np.linalg.eigh(centred.T @ centred / max(len(rows) - 1, 1))
    values = np.maximum(values, 0)
    raised = (values + COVARIANCE_RIDGE * max(values.mean(), 1e-12)) ** power
    return np.asarray((basis * raised) @ basis.T, dtype=np.float32)
