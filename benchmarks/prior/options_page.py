"""The page about options of young shops: means over data sets, leaving one family out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from daybreak.models.shared_content_choice import ContentOptions
from daybreak.types import Doubles

Records: TypeAlias = Mapping[tuple[str, int], Mapping[str, Any]]
"""Measurements by data set and number of customers."""
GAIN_SCALE = 0.03
"""Relative gain of NDCG@10 by which an option becomes e times as likely in a shop."""
NONE = "inf"

HEAD = """# Options of young shops

Options that a shop with few events cannot measure itself, on the shops and the later customers
of [the prior](prior.md). Command: `python -m benchmarks.prior.options --shared SHARED --work
WORK`. Data sets that share people or items are one family, and every family counts the same.
*Left out* is the gain of the options that the other families prefer, relative to those of the
package.
"""


def write_page(path: Path, found: Records, families: Mapping[str, str]) -> None:
    """Write both tables.

    Args:
        path: File of the page.
        found: Measurements.
        families: Family of each data set.
    """
    names = ", ".join(sorted({name for name, _ in found}))
    measured = [f"Data sets: {names}.", ""]
    parts = [HEAD, *measured, *_content(found, families), *_half_lives(found, families)]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _by_family(
    found: Records, families: Mapping[str, str], value: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the mean over the shops of each family of what is measured there."""
    values: dict[str, list[Any]] = {}
    for (name, _), record in found.items():
        one = value(record)
        if one is not None:
            values.setdefault(families[name], []).append(one)
    return {family: np.mean(several, axis=0) for family, several in values.items()}


def _content(found: Records, families: Mapping[str, str]) -> list[str]:
    default = ContentOptions()
    key = f"{default.text_weight},{default.ridge},{default.smoothing}"

    def preferred(record: Mapping[str, Any]) -> Doubles | None:
        options = record["options"]
        if not options.get(key):
            return None
        gains = np.array(list(options.values())) / options[key] - 1
        shares = np.exp((gains - gains.max()) / GAIN_SCALE)
        columns = np.array([_coordinates(name) for name in options])
        return np.asarray(shares @ columns / shares.sum(), dtype=np.float64)

    means = _by_family(found, families, preferred)
    rows = [
        f"| {family} | {one[0]:.2f} | {np.exp(one[1]):.2f} | {np.exp(one[2]):.2f} "
        f"| {_left_out_gain(found, families, family, means, key):+.3f} |"
        for family, one in sorted(means.items())
    ]
    every = np.array(list(means.values()))
    centre, spread = every.mean(axis=0), every.std(axis=0)
    gains = [_left_out_gain(found, families, family, means, key) for family in means]
    return [
        "## Content regression of items without events",
        "",
        "Text weight, ridge and smoothing of the package are "
        f"{default.text_weight:g}, {default.ridge:g} and {default.smoothing:g}. "
        f"The mean over families is {centre[0]:.2f}, {np.exp(centre[1]):.2f} and "
        f"{np.exp(centre[2]):.2f}, with standard deviations of {spread[0]:.2f} and, on a "
        f"logarithmic scale, {spread[1]:.2f} and {spread[2]:.2f}.",
        "",
        "| family | text weight | ridge | smoothing | left out |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
        f"| mean | | | | {np.mean(gains):+.3f} |",
        "",
    ]


def _coordinates(name: str) -> tuple[float, float, float]:
    text_weight, ridge, smoothing = (float(part) for part in name.split(","))
    return text_weight, float(np.log(ridge)), float(np.log(smoothing))


def _left_out_gain(
    found: Records,
    families: Mapping[str, str],
    family: str,
    means: Mapping[str, Doubles],
    key: str,
) -> float:
    """Return the mean gain of the options nearest to the mean of the other families."""
    centre = np.mean([one for other, one in means.items() if other != family], axis=0)
    gains = []
    for (name, _), record in found.items():
        options = record["options"]
        if families[name] != family or not options.get(key):
            continue
        nearest = min(options, key=lambda one: np.abs(_coordinates(one) - centre).sum())
        gains.append(options[nearest] / options[key] - 1)
    return float(np.mean(gains))


def _half_lives(found: Records, families: Mapping[str, str]) -> list[str]:
    sizes = sorted({size for _, size in found})
    shares = sorted({s for r in found.values() for s in r["half_lives"]}, key=float)[::-1]
    lines = [
        "## Half-life of popularity",
        "",
        "NDCG@10 of best sellers for later customers without events, relative to best sellers "
        "of all time, by half-life in units of the time of all events; geometric mean over "
        "families with times. *Learned* is the half-life of the package.",
        "",
        f"| customers | shops | {' | '.join(shares[1:])} | learned |",
        f"| --- | ---: |{' ---: |' * len(shares)}",
    ]
    for size in sizes:
        some = {k: r for k, r in found.items() if k[1] == size and r["half_lives"].get(NONE)}
        if some:
            cells = [_relative(some, families, share) for share in [*shares[1:], "learned"]]
            lines.append(f"| {size} | {len(some)} | {' | '.join(cells)} |")
    return lines


def _relative(some: Records, families: Mapping[str, str], share: str) -> str:
    def log_ratio(record: Mapping[str, Any]) -> float:
        values: Mapping[str, float] = record["half_lives"]
        name = share if share != "learned" else _nearest(list(values), record["learned"])
        return float(np.log(max(values[name], 1e-4) / values[NONE]))

    means = _by_family(some, families, log_ratio)
    return f"{np.exp(np.mean(list(means.values()))):.2f}"


def _nearest(names: Sequence[str], value: float | None) -> str:
    finite = [name for name in names if name != NONE]
    if value is None:
        return NONE
    return min(finite, key=lambda name: abs(np.log(float(name)) - np.log(value)))
