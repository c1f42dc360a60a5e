"""Faults of the live service: kills at random times, full disks, clock jumps.

    python -m benchmarks.reliability.faults WORK [--kills 100] [--seed 0] \
        [--only events,swap] [--out FILE]

Builds a small store with two releases in WORK, from a part of the gift shop, then kills
processes of Daybreak with SIGKILL at random times, in turn: a server while clients write
events, a bulk import, a server while releases are activated, a training, a migration of an old
store. After each kill, a killed server is started again with `daybreak serve`, and all
acknowledged writes are counted. Other faults follow; those that need root or libfaketime are
reported as not tried without them.
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

import daybreak
from benchmarks.common.server_process import machine, run
from benchmarks.reliability import fault_kills
from benchmarks.reliability.fault_conditions import CONDITIONS, FaultResult
from benchmarks.reliability.fault_kills import KillResult, Service

USER_STEP = 20
"""The small store has one user of the gift shop in this number."""

KILLS: dict[str, Callable[[Service, int, random.Random], KillResult]] = {
    "events": fault_kills.kill_during_events,
    "import": fault_kills.kill_during_import,
    "swap": fault_kills.kill_during_swap,
    "training": fault_kills.kill_during_training,
    "migration": fault_kills.kill_during_migration,
}


def main() -> None:
    """Parse the command line, prepare the store, cause the faults, print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder for stores and logs")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds of kills, and conditions, by name")
    parser.add_argument("--out", type=Path, help="Markdown file for the results")
    args = parser.parse_args()
    only = {name for name in args.only.split(",") if name}
    args.work.mkdir(parents=True, exist_ok=True)
    store = create_small_store(args.work)
    rounds = run_kills(store, args.work, args.kills, args.seed, only)
    findings = [
        condition(store, args.work)
        for name, condition in CONDITIONS.items()
        if not only or name in only
    ]
    report = report_lines(rounds, findings, args.seed)
    print(report)
    if args.out is not None:
        args.out.write_text(report + "\n", "utf-8")


def create_small_store(work: Path) -> str:
    """Return the URL of a store with a part of the gift shop and two releases."""
    store = f"sqlite:///{work / 'small.db'}"
    if (work / "small.db").exists():
        return store
    tables = daybreak.read_folder(daybreak.gift_shop()).tables
    users = tables.users.gather_every(USER_STEP)
    events = tables.events.join(users.select("user_id"), on="user_id")
    frequent = events.group_by("item_id").len().filter(pl.col("len") >= 3)
    items = tables.items.join(frequent.select("item_id"), on="item_id")
    events = events.join(items.select("item_id"), on="item_id")
    for name, frame in {"items": items, "users": users, "events": events}.items():
        frame.write_csv(work / f"{name}.csv")
    run("import", *(str(work / f"{name}.csv") for name in ("items", "users", "events")),
        "--store", store)  # fmt: skip
    for seed in ("0", "1"):
        run("train", "--store", store, "--encoder", "none", "--seed", seed, "--no-gate")
    return store


def run_kills(
    store: str, work: Path, times: int, seed: int, only: set[str]
) -> list[KillResult]:
    """Kill processes, the kinds in turn; return the result of each kill."""
    chance = random.Random(seed)  # noqa: S311 - times of kills
    kinds = [name for name in KILLS if not only or name in only]
    service = Service(store, work / "processes.log")
    first = int(time.time()) * 1_000
    rounds: list[KillResult] = []
    try:
        for number in range(times if kinds else 0):
            done = KILLS[kinds[number % len(kinds)]](service, first + number, chance)
            rounds.append(done)
            print(f"{number + 1} {done}", flush=True)
    finally:
        if service.server is not None:
            service.server.stop()
    return rounds


def report_lines(rounds: list[KillResult], findings: list[FaultResult], seed: int) -> str:
    """Return the report as Markdown."""
    lines = [
        "# Faults",
        "",
        f"Made by `python -m benchmarks.reliability.faults WORK --seed {seed}` on "
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; load average {os.getloadavg()[0]:.1f}.",
        "",
        "## Kills",
        "",
        "SIGKILL at a random time; then the same command again, and `daybreak serve`. "
        "*Lost*: acknowledged but missing (for releases: another release is active). "
        "*Doubled*: stored more than once.",
        "",
        "| killed during | kills | acknowledged | lost | doubled | restart: median (longest) |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(_kill_row(kind, rounds) for kind in dict.fromkeys(r.kind for r in rounds)),
        _kill_row("all", rounds),
    ]
    if findings:
        lines += ["", "## Other faults", "", "| fault | during the fault | after the fault |"]
        lines += ["| --- | --- | --- |"]
        lines += [f"| {one.fault} | {one.during} | {one.after} |" for one in findings]
    return "\n".join(lines)


def _kill_row(kind: str, rounds: list[KillResult]) -> str:
    mine = [one for one in rounds if kind in {"all", one.kind}]
    if not mine:
        return f"| {kind} | 0 | 0 | 0 | 0 | |"
    ready = [one.ready_s for one in mine if one.ready_s is not None]
    times = f"{np.median(ready):.1f} s ({max(ready):.1f} s)" if ready else "did not stop"
    return (
        f"| {kind} | {len(mine)} | {sum(one.acknowledged for one in mine):,} "
        f"| {sum(one.lost for one in mine)} | {sum(one.doubled for one in mine)} "
        f"| {times} |"
    )


if __name__ == "__main__":
    main()
