"""How sure a mean over users is: percentile bootstrap, alone and in pairs."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from daybreak.types import Doubles, Mask

RESAMPLES = 1000
SEED = 7
"""Fixed, so that two reports on the same users draw the same users."""
CHUNK = 1 << 21
"""Draws held at a time [numbers]."""


class Interval(NamedTuple):
    """A mean over users and its 95 % interval; all NaN when no user has a value."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """First minus second, its 95 % interval, and whether the interval leaves out 0."""

    difference: float
    low: float
    high: float
    differs: bool


def bootstrap(values: Doubles) -> Interval:
    """Return the mean over users and its 95 % percentile interval; NaN users are left out.

    Users are drawn with replacement 1,000 times; the interval is the 2.5 and the 97.5
    percentile of the means.

    Args:
        values: (n_users,) one value a user.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.

    Example:
        >>> bootstrap(np.array([0.5, 0.5, np.nan]))
        Interval(mean=0.5, low=0.5, high=0.5)
    """
    return bootstrap_all({"value": values})["value"]


def bootstrap_all(columns: Mapping[str, Doubles]) -> dict[str, Interval]:
    """Return :func:`bootstrap` of several columns over the same users, drawing only once.

    Columns that leave out the same users share their draws.
    """
    alike: dict[bytes, list[str]] = {}
    for name, values in columns.items():
        alike.setdefault(np.isnan(values).tobytes(), []).append(name)
    result: dict[str, Interval] = {}
    for names in alike.values():
        present: Mask = ~np.isnan(columns[names[0]])
        table = np.column_stack([columns[name][present] for name in names])
        result.update(zip(names, _intervals(table), strict=True))
    return {name: result[name] for name in columns}


def compare(first: Doubles, second: Doubles) -> Comparison:
    """Return the paired bootstrap of ``first - second`` over the same users.

    Pairing takes out what makes a user easy or hard for both systems, so two systems can differ
    for sure although their own intervals overlap.

    Args:
        first: (n_users,) values of one system.
        second: (n_users,) values of the other, same users in the same order.

    Example:
        >>> compare(np.array([1.0, 0.5, 1.0]), np.array([0.5, 0.0, 0.5]))
        Comparison(difference=0.5, low=0.5, high=0.5, differs=True)
    """
    mean, low, high = bootstrap(first - second)
    return Comparison(mean, low, high, bool(low > 0 or high < 0))


def _intervals(table: Doubles) -> list[Interval]:
    """Return the interval of each column of (n_users, n_columns) values without NaN."""
    if not len(table):
        return [Interval(np.nan, np.nan, np.nan)] * table.shape[1]
    means = np.concatenate([weights @ table for weights in _weights(len(table))])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [
        Interval(*map(float, column))
        for column in zip(table.mean(axis=0), low, high, strict=True)
    ]


def _weights(n: int) -> Iterator[Doubles]:
    """Yield (some resamples, n) shares: how often each user was drawn, over ``n``.

    The mean of the drawn values is then a matrix product, once for all columns.
    """
    rng, step = np.random.default_rng(SEED), max(1, CHUNK // n)
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        draws = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n) / n
