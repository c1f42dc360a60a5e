"""False alarms of experiments, and the number of people needed to detect a difference.

Simulated people visit, return and click; the result is evaluated after every visit. Three
intervals are compared: the always-valid one, the fixed-time one with standard errors by person,
and the fixed-time one that treats all shown items as independent. Run from the repository:

    python -m benchmarks.studies.experiments --repeats 2000 \
        --out benchmarks/results/experiments.md
"""

import argparse
import math
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.stats import norm

from daybreak.estimates import (
    always_valid_half_width,
    fixed_time_half_width,
    optimal_time,
    sample_ratio_evidence,
)
from daybreak.service.experiments.report import MIN_NONZERO_PEOPLE, MIN_PEOPLE

ALPHA = 0.05
LIST_LENGTH = 10
"""Items shown in a visit."""
TRUE_LIFTS = (0.5, 0.75, 1.0, 1.5)
"""True differences, in units of the effect that the interval is made for."""


@dataclass(frozen=True)
class Population:
    """People of one kind."""

    name: str
    people: int
    visits: float
    """Mean number of visits, geometrically distributed."""
    rate: float
    """Mean share of shown items with an event."""
    spread: float
    """Parameter a + b of the beta distribution of the rate over people; 0: one rate."""
    effect: float
    """Effect for which the always-valid interval is optimal."""
    once: bool = False
    """Whether a person has at most one event."""
    lift: float = 0.0
    """True difference of the second variant."""


POPULATIONS = (
    Population("everybody comes once, 10 % click", 5000, 1, 0.1, 0, 0.01),
    Population("everybody comes once, 0.5 % buy", 5000, 1, 0.005, 0, 0.002),
    Population("people return, tastes differ, 10 % click", 2000, 5, 0.1, 10, 0.02),
    Population("few people who return all the time", 500, 30, 0.1, 5, 0.03),
    Population("people return, each buys once at most", 2000, 8, 0.01, 0, 0.002, once=True),
    Population("people return, half of them buy once", 2000, 8, 0.01, 1, 0.002, once=True),
)


@dataclass(frozen=True)
class Visits:
    """(n_visits,) person, variant and events of each visit, in the order of time."""

    person: np.ndarray
    variant: np.ndarray
    events: np.ndarray


@dataclass(frozen=True)
class Look:
    """(n_visits,) result of an experiment after each visit."""

    gap: np.ndarray
    errors: tuple[np.ndarray, np.ndarray]
    """Standard errors by person, and by shown item."""
    ready: np.ndarray
    """Whether there are enough people for a verdict."""
    people: np.ndarray


def visits(population: Population, rng: np.random.Generator) -> Visits:
    """Simulate visits at random times with exponential gaps."""
    n = population.people
    variant = rng.integers(0, 2, n)
    rate = np.clip(population.rate + population.lift * variant, 0, 1)
    own = (
        rng.beta(rate * population.spread, (1 - rate) * population.spread)
        if population.spread
        else rate
    )
    often = rng.geometric(1 / population.visits, n)
    person = np.repeat(np.arange(n), often)
    begins = np.r_[True, person[1:] != person[:-1]]
    gaps = np.where(begins, rng.random(n)[person], rng.exponential(0.2, len(person)))
    times = np.cumsum(gaps)
    times -= np.repeat(times[begins] - gaps[begins], often)
    order = np.argsort(times, kind="stable")
    person = person[order]
    events = rng.binomial(LIST_LENGTH, own[person]).astype(float)
    if population.once:
        events = np.minimum(events, 1)
        events[before(person, events) > 0] = 0
    return Visits(person, variant[person], events)


def before(person: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the sum over the earlier visits of the same person, for each visit."""
    order = np.argsort(person, kind="stable")
    sums = np.cumsum(values[order]) - values[order]
    begins = np.flatnonzero(np.r_[True, np.diff(person[order]) > 0])
    own = sums - np.repeat(sums[begins], np.diff(np.r_[begins, len(order)]))
    found = np.empty(len(order))
    found[order] = own
    return found


def look(seen: Visits) -> Look:
    """Return the difference and its standard errors after each visit, as in the report."""
    had, places = (
        before(seen.person, seen.events),
        np.full(len(seen.person), float(LIST_LENGTH)),
    )
    old = before(seen.person, places)
    now, all_ = had + seen.events, old + places
    steps = (seen.events, places, now**2 - had**2, now * all_ - had * old, all_**2 - old**2)
    new, first = old == 0, (had == 0) & (seen.events > 0)
    rates, errors, naive, people, tops = [], [], [], [], []
    for variant in (0, 1):
        mine = seen.variant == variant
        top, bottom, tt, tb, bb = (np.cumsum(np.where(mine, step, 0.0)) for step in steps)
        n = np.cumsum(mine & new)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = top / bottom
            rest = np.maximum(tt - 2 * rate * tb + rate**2 * bb, 0)
            errors.append(rest * n / (n - 1) / bottom**2)
            naive.append(rate * (1 - rate) / bottom)
        rates.append(rate)
        people.append(n)
        tops.append(np.cumsum(mine & first))
    ready = (np.minimum(*people) >= MIN_PEOPLE) & (sum(tops) >= MIN_NONZERO_PEOPLE)
    return Look(
        rates[1] - rates[0],
        (np.sqrt(errors[0] + errors[1]), np.sqrt(naive[0] + naive[1])),
        ready,
        people[0] + people[1],
    )


def alarms(found: Look, effect: float) -> tuple[int, ...]:
    """Return the visit at which each test first finds a difference; -1: never."""
    by_person, by_place = found.errors
    late = np.flatnonzero(found.ready)
    always_valid = np.full(len(found.gap), np.inf)
    always_valid[late] = _half_widths(by_person[late], effect)
    usual = fixed_time_half_width(1.0, ALPHA)  # of a standard error of 1
    half_widths = (always_valid, usual * by_person, usual * by_place)
    hits = (found.ready & (np.abs(found.gap) > width) for width in half_widths)
    return tuple(int(np.argmax(hit)) if hit.any() else -1 for hit in hits)


def _half_widths(errors: np.ndarray, effect: float) -> np.ndarray:
    """Return :func:`always_valid_half_width` of many errors."""
    x = (
        optimal_time(ALPHA)
        * effect**2
        / ((1 + optimal_time(ALPHA)) * np.maximum(errors, 1e-12) ** 2)
    )
    half_widths: np.ndarray = errors * np.sqrt(
        (1 + 1 / x) * (np.log1p(x) - 2 * math.log(ALPHA))
    )
    return np.where(errors > 0, half_widths, np.inf)


def fixed_people(population: Population, error: float, power: float = 0.8) -> float:
    """Return the number of people that a single test needs for this power."""
    wanted = population.lift / (norm.ppf(1 - ALPHA / 2) + norm.ppf(power))
    return float(population.people * (error / wanted) ** 2)


def equal(population: Population, repeats: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the false alarms of each test, with continuous monitoring and once at the end."""
    rng, found, last, looks = np.random.default_rng(1), [], [], 0
    for _ in range(repeats):
        view = look(visits(population, rng))
        found.append([visit >= 0 for visit in alarms(view, population.effect)])
        last.append(_at_end(view, population.effect))
        looks += len(view.gap)
    return np.mean(found, axis=0), np.mean(last, axis=0), looks / repeats


def _at_end(view: Look, effect: float) -> list[bool]:
    by_person, by_place = (float(errors[-1]) for errors in view.errors)
    half_widths = (
        always_valid_half_width(by_person, ALPHA, effect),
        fixed_time_half_width(by_person, ALPHA),
    )
    return [
        abs(view.gap[-1]) > width
        for width in (*half_widths, fixed_time_half_width(by_place, ALPHA))
    ]


def planted(population: Population, repeats: int) -> tuple[float, float, float, float]:
    """Return the share of detections, the people until 50 and 80 %, and those of one test."""
    rng, stops, ends = np.random.default_rng(2), [], []
    for _ in range(repeats):
        view = look(visits(population, rng))
        visit = alarms(view, population.effect)[0]
        stops.append(view.people[visit] if visit >= 0 else np.inf)
        ends.append(view.errors[0][-1])
    need = fixed_people(population, float(np.mean(ends)))
    half, most = np.quantile(stops, [0.5, 0.8], method="higher")
    return float(np.isfinite(stops).mean()), float(half), float(most), need


def split_alarms(repeats: int, people: int) -> tuple[float, float]:
    """Return how often a 50:50 split is reported as wrong, and how often a 48:52 split is."""
    rng = np.random.default_rng(3)
    found = [
        np.mean(
            [
                sample_ratio_evidence(rng.random(people) < share, [0.5, 0.5]) >= 1000
                for _ in range(repeats)
            ]
        )
        for share in (0.5, 0.52)
    ]
    return float(found[0]), float(found[1])


def main() -> None:
    """Run the simulations and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--planted", type=int, default=200, help="repeats with a difference")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.write_text("\n".join(_page(args.repeats, args.planted)))


def _page(repeats: int, planted_repeats: int) -> Iterator[str]:
    yield "# Experiments: false alarms and required numbers of people\n"
    yield (
        f"`python -m benchmarks.studies.experiments --repeats {repeats} "
        f"--planted {planted_repeats}`: "
        "simulated people visit, return and react; the result is evaluated after every visit, "
        "and the experiment ends when an interval excludes 0. Level 95 %, "
        f"{LIST_LENGTH} items per visit, verdicts from {MIN_PEOPLE} people in each variant.\n"
    )
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}.\n"
    )
    yield from _false_alarms(repeats)
    yield from _required_people(planted_repeats)
    yield from _splits(max(repeats // 4, 1))
    yield ""


def _false_alarms(repeats: int) -> Iterator[str]:
    slack = 2 * math.sqrt(ALPHA * (1 - ALPHA) / repeats)
    yield "## Two variants that are equal\n"
    yield (
        f"Share of {repeats:,} experiments in which a difference is found; the bound is 5 % "
        f"(± {slack:.1%} simulation error). 'By person': the independent units are people, as "
        "in the reports; 'by place': they are the shown items.\n"
    )
    yield (
        "| people | looks | at any time | usual, by person | usual, by place | usual, by "
        "person, one look at the end | usual, by place, one look |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for population in POPULATIONS:
        always, once, looks = equal(population, repeats)
        cells = " | ".join(f"{share:.1%}" for share in (*always, *once[1:]))
        yield f"| {population.name} | {looks:,.0f} | {cells} |"
        print(population.name, flush=True)
    yield ""


def _required_people(repeats: int) -> Iterator[str]:
    yield "## Two variants that differ\n"
    yield (
        f"The second variant is better, by 0.5 to 1.5 times the effect for which the interval "
        f"is optimal; {repeats} experiments each. 'Half by', '80 % by': number of people until "
        "the difference was found in this share of the experiments, with evaluation after "
        "every visit. 'One look needs': number of people for 80 % power, if the difference is "
        "known before and evaluated once.\n"
    )
    yield "| people | true difference | found | half by | 80 % by | one look needs |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for population in (
        replace(POPULATIONS[0], people=20_000),
        replace(POPULATIONS[2], people=10_000),
    ):
        for lift in TRUE_LIFTS:
            yield _planted_row(replace(population, lift=lift * population.effect), repeats)
            print(population.name, lift, flush=True)
    yield ""


def _planted_row(population: Population, repeats: int) -> str:
    share, *took, need = planted(population, repeats)
    cells = [
        f"{people:,.0f}" if math.isfinite(people) else f"over {population.people:,}"
        for people in took
    ]
    listed = " | ".join([*cells, f"{need:,.0f}"])
    return f"| {population.name} | {population.lift:.2%} | {share:.0%} | {listed} |"


def _splits(repeats: int) -> Iterator[str]:
    correct, wrong = split_alarms(repeats, 20_000)
    yield "## The test of the split\n"
    yield (
        f"20,000 people, {repeats} times, evaluated after each person: a 50:50 split is "
        f"reported as wrong in {correct:.2%} (bound: 0.1 %), a 52:48 split in {wrong:.1%}."
    )


if __name__ == "__main__":
    main()
