"""How soon a change of interests is noticed, and how often one is seen where there is none.

    python -m benchmarks.studies.drift > benchmarks/results/drift.md

People come one after another and take a run of items, mostly of the topic that they like; the
shares of topics among people go up and down with the week. From one moment on, some people
like another topic. The monitor compares after every 250 events, as a service does once a
minute; its threshold is learned from the 20,000 events before the stream. A comparison without
a change that exceeds the threshold is a false alarm.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from daybreak.service.training.drift import (
    FALSE_ALARM_RATE,
    interest_drift,
    stability_index,
)
from daybreak.types import Doubles, Rows

N_TOPICS = 8
N_PAST, N_STREAM, CHANGE_AT = 20_000, 12_000, 4_000
"""Events of the training, of the stream after it, and of the stream before the change."""
CHECK_EVENTS = 250
"""Events between two comparisons."""
RUN_EVENTS = 6
"""Mean events of one person in a row."""
WEEK_EVENTS, WEEK_SIZE = 2_000, 0.3
"""Length of a week in events, and relative size of its ups and downs."""
SHIFTS = (0.0, 0.1, 0.2, 0.3, 0.5)
"""Shares of the people who like another topic after the change."""
MONITORS = ("learned", "independent events", "PSI above 0.25")
"""Thresholds that are compared."""
N_STREAMS = 40
"""Streams of each shift."""


@dataclass(frozen=True)
class Outcome:
    """Alarms of one monitor on one stream."""

    false_alarms: int
    comparisons: int
    delay_events: float
    """Events from the change to the first alarm after it; infinite: none."""


def draw_stream(shift: float, rng: np.random.Generator) -> Rows:
    """Return the topics of the events of the training and of the stream."""
    shares = rng.dirichlet(np.full(N_TOPICS, 3.0))
    phase = rng.uniform(0, 2 * np.pi, N_TOPICS)
    topics: list[int] = []
    while len(topics) < N_PAST + N_STREAM:
        week = 2 * np.pi * len(topics) / WEEK_EVENTS
        weights: Doubles = shares * (1 + WEEK_SIZE * np.sin(week + phase))
        liked = int(rng.choice(N_TOPICS, p=weights / weights.sum()))
        if len(topics) >= N_PAST + CHANGE_AT and rng.random() < shift:
            liked = 0
        run = rng.geometric(1 / RUN_EVENTS)
        strays = rng.random(run) < 0.2
        topics += np.where(strays, rng.integers(0, N_TOPICS, run), liked).tolist()
    return np.array(topics[: N_PAST + N_STREAM])


def watch(topics: Rows, monitor: str, rng: np.random.Generator) -> Outcome:
    """Return the alarms of a monitor on one stream."""
    before, stream = topics[:N_PAST], topics[N_PAST:]
    false_alarms = comparisons = 0
    for end in range(CHECK_EVENTS, N_STREAM + 1, CHECK_EVENTS):
        is_alarm = _is_alarm(before, stream[:end], monitor, rng)
        if end <= CHANGE_AT:
            comparisons += 1
            false_alarms += is_alarm
        elif is_alarm:
            return Outcome(false_alarms, comparisons, float(end - CHANGE_AT))
    return Outcome(false_alarms, comparisons, np.inf)


def _is_alarm(before: Rows, since: Rows, monitor: str, rng: np.random.Generator) -> bool:
    if monitor == "learned":
        found = interest_drift(before, since, N_TOPICS, rng)
        return found.psi > found.chance_level
    size = min(len(since), len(before) // 10)
    counts = [np.bincount(one, minlength=N_TOPICS) * 1.0 for one in (before, since[-size:])]
    index = stability_index(*counts)
    return index.psi > 0.25 if monitor == "PSI above 0.25" else index.score > 0


def main() -> None:
    """Measure all monitors on all shifts; print a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="monitors; default: all")
    chosen = parser.parse_args().only
    print("# How soon a change of interests is noticed\n")
    print((__doc__ or "").split("drift.md\n\n", 1)[1])
    print(f"{N_STREAMS} streams for each row; the rate asked for is {FALSE_ALARM_RATE:.0%}.")
    print("Command: `python -m benchmarks.studies.drift`.\n")
    print("| threshold | people who change | false alarms | noticed | delay: median | 90 % |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for monitor in chosen or MONITORS:
        for shift in SHIFTS:
            outcomes = [
                watch(draw_stream(shift, rng), monitor, rng)
                for rng in map(np.random.default_rng, range(N_STREAMS))
            ]
            rate = sum(o.false_alarms for o in outcomes) / sum(o.comparisons for o in outcomes)
            delays = np.array([o.delay_events for o in outcomes])
            noticed = np.isfinite(delays)
            median, late = (
                (np.quantile(delays, q, method="higher") for q in (0.5, 0.9))
                if shift
                else (np.nan, np.nan)
            )
            print(
                f"| {monitor} | {shift:.0%} | {rate:.1%} | {noticed.mean():.0%} | "
                f"{_events(median)} | {_events(late)} |",
                flush=True,
            )


def _events(value: float) -> str:
    return "–" if np.isnan(value) else ("not" if np.isinf(value) else f"{value:,.0f}")


if __name__ == "__main__":
    main()
