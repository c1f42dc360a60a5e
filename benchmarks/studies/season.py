"""Does the calendar season of items make what is chosen next likelier than popularity alone?

    python -m benchmarks.studies.season DATA/gift_shop DATA/completejourney DATA/lastfm_hetrec \
        DATA/amazon_beauty_toys DATA/amazon_markets DATA/ml1m DATA/mlsmall_mm \
        > benchmarks/results/season.md

For each period that the data span twice: the gain in log likelihood of the events after six
moments, each predicted near its own time from what happened before the moment, by popularity
with its half-life times the lift of the strategy `season`, in thousandths of a nat an event,
with the best of the seven priors and its standard error. A period is used if its gain exceeds
two standard errors, over what longer periods explain. *–*: all events are at one time of the
period, such as midnight. The shops *planted* are synthetic: 60 items of equal popularity, half
of which sell four times as often in a quarter of the year, on three weekdays, or in the first
half of the day.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.season import (
    MIN_PERIODS,
    PERIODS,
    best_prior,
    dated_events,
    iter_tests,
    learn_priors,
    likelihood_gains,
)
from daybreak.models.shared_decay import half_life

N_PLANTED = 20_000
"""Events of a synthetic shop."""
PLANTED_SPANS = {"year": 3.0, "week": 12.0, "day": 60.0}
"""Length of a synthetic shop, in periods."""
PLANTED_PARTS = {"year": 0.25, "week": 3 / 7, "day": 0.5}
"""Share of a period in which the seasonal items sell more."""


SEASON_RATE = 4.0
"""How much more often the seasonal items of a synthetic shop sell then."""


def read_data(folder: Path) -> Dataset:
    """Return the first dated event of each pair."""
    frame = pl.read_csv(folder / "interactions.csv.gz", infer_schema_length=None)
    frame = frame.select(
        pl.col("user_id").cast(pl.String),
        pl.col("item_id").cast(pl.String),
        pl.col("timestamp").cast(pl.Float64, strict=False),
    ).filter(pl.col("timestamp") > 0)
    frame = frame.sort("timestamp")
    frame = frame.unique(["user_id", "item_id"], keep="first", maintain_order=True)
    items, users = (Vocabulary(frame[name].unique()) for name in ("item_id", "user_id"))
    rows = users.rows(frame["user_id"]), items.rows(frame["item_id"])
    events = Events.of(*rows, frame["timestamp"].to_numpy())
    return Dataset(Items(items), events, len(users))


def planted_shop(name: str) -> Dataset:
    """Return a synthetic shop with a season of one period."""
    rng = np.random.default_rng(0)
    length = PERIODS[name].length_s
    at = 1.5e9 + np.sort(rng.random(N_PLANTED)) * PLANTED_SPANS[name] * length
    is_season = (at / length) % 1 < PLANTED_PARTS[name]
    weights = np.where(is_season[:, None] & (np.arange(60) < 30), SEASON_RATE, 1.0).cumsum(
        axis=1
    )
    drawn = rng.random(N_PLANTED) * weights[:, -1]
    item = (weights < drawn[:, None]).sum(axis=1)
    events = Events.of(rng.integers(0, 2_000, N_PLANTED), item, at)
    return Dataset(Items(Vocabulary(f"i{n:02d}" for n in range(60))), events, 2_000)


def print_row(name: str, data: Dataset) -> None:
    """Measure a data set; print a row."""
    events = dated_events(data)
    half_life_s = half_life(data.events)
    priors = learn_priors(events, half_life_s)
    used = [
        f"{one}, κ {prior:.0f}" for one, prior in zip(PERIODS, priors, strict=True) if prior
    ]
    days = float(np.ptp(events.at)) / PERIODS["day"].length_s
    cells = [*_gain_cells(data, half_life_s), "; ".join(used) or "none"]
    print(f"| {name} | {len(events.at):,} | {days:,.0f} | {' | '.join(cells)} |", flush=True)


def _gain_cells(data: Dataset, half_life_s: float) -> Iterator[str]:
    events = dated_events(data)
    tests = list(iter_tests(events))
    nothing = np.zeros(len(PERIODS))
    for period in PERIODS.values():
        if np.ptp(events.at) < MIN_PERIODS * period.length_s:
            yield "too short"
            continue
        found = best_prior(*likelihood_gains(events, tests, period, half_life_s, nothing))
        if not found.gain:
            yield "–"
            continue
        gain, error = 1_000 * found.gain, 1_000 * found.error
        yield f"{gain:+.2f} ± {error:.2f} (κ {found.prior:,.0f})"


def main() -> None:
    """Measure all data sets; print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="*", type=Path, help="folders of data sets")
    options = parser.parse_args()
    print("# Popularity with the calendar season\n")
    print((__doc__ or "").split("season.md\n\n", 1)[1])
    print("| data | events | days | year | week | day | used |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for folder in options.data:
        print_row(folder.name, read_data(folder))
    for name in PERIODS:
        print_row(f"planted, {name}", planted_shop(name))


if __name__ == "__main__":
    main()
