"""Train the default recommender on one evalkit split and answer for its users.

    python -m benchmarks.quality.run_split SPLIT --data DATA -k 20 --out recs.csv.gz

Writes ``user_id,item_id,rank,score`` to ``recs.CANDIDATES.csv.gz`` for each candidates file of
the split, and prints one JSON line with seconds and peak memory. For several splits with the
same training rows, the recommender is trained once; each split has its own ``--out`` and its
own line. Only the public API is used, with the same settings for all data sets. ``test.csv.gz``
is never opened.
"""

import argparse
import gzip
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from daybreak import Recommender, Tables

IDS = {"user_id": pl.String, "item_id": pl.String}
MAX_USERS_PER_BLOCK = 5_000
"""Users of one call [users], so that memory does not grow with the number of users."""


@dataclass(frozen=True)
class SplitRequests:
    """Data of a split that is known at request time."""

    users: list[str]
    candidates: dict[str, list[str]]
    histories: pl.DataFrame
    others: pl.DataFrame
    exclude: pl.DataFrame
    profiles: pl.DataFrame


def main() -> None:
    """Parse the command line, fit, answer, write."""
    args = _arguments()
    splits = [read(split, args.data) for split in args.split]
    tables = splits[0][0]
    if any(not share_training(other, tables) for other, _ in splits):
        raise SystemExit("the splits do not share their training rows; run them one by one")
    start = time.perf_counter()
    options = {"strategies": args.model, "seed": args.seed, "budget_s": args.budget}
    model = Recommender(**options).fit(
        tables, progress=_print_progress if args.verbose else None
    )
    fitted = time.perf_counter() - start
    candidates = model.report["candidates"].items()
    used = [name for name, found in candidates if not found["left_out"]]
    with TemporaryDirectory() as folder:
        model.save(folder)
        for (_, requests), out in zip(splits, args.out, strict=True):
            start = time.perf_counter()
            prepared = model
            if requests.others.height:  # events of one split must not reach the next
                prepared = Recommender.load(folder, events=tables.events, users=tables.users)
                prepared.add_events(requests.others)
            for name in requests.candidates:
                write(recommend_lists(prepared, requests, name, args.k), out, name)
            cost = {
                "fit_seconds": round(fitted, 2),
                "answer_seconds": round(time.perf_counter() - start, 2),
                "peak_mb": round(_peak_mb()),
                "users": len(requests.users),
                "model": args.model,
                "budget_s": args.budget,
                "seed": args.seed,
                "strategies": used,
            }
            print(json.dumps(cost), flush=True)


def _print_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def share_training(tables: Tables, other: Tables) -> bool:
    """Return whether two splits have the same training data."""
    return tables.events.equals(other.events) and tables.users.equals(other.users)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("split", type=Path, nargs="+", help="folder with train.csv.gz, ...")
    parser.add_argument("--data", type=Path, required=True, help="folder with items.csv.gz")
    parser.add_argument("-k", type=int, default=20, help="length of each list")
    parser.add_argument("--out", type=Path, nargs="+", required=True, help="recs.csv.gz")
    parser.add_argument("--model", default="auto", help="one strategy instead of the default")
    parser.add_argument("--budget", type=float, help="seconds for learning; default: light")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def read(split: Path, data: Path) -> tuple[Tables, SplitRequests]:
    """Return the training tables and the requests, with the profiles of new users."""
    users = pl.read_csv(split / "users.csv", schema_overrides=IDS)["user_id"].to_list()
    candidates = {
        path.stem.removeprefix("candidates_"): pl.read_csv(path, schema_overrides=IDS)[
            "item_id"
        ].to_list()
        for path in sorted(split.glob("candidates_*.csv"))
    }
    train, history = events(split / "train.csv.gz"), events(split / "history.csv.gz")
    known, profiles = _profiles(data / "users.csv.gz", train, users)
    ids = pl.Series("item_id", sorted(set().union(*candidates.values())), dtype=pl.String)
    asked = pl.col("user_id").is_in(users)
    requests = SplitRequests(
        users,
        candidates,
        history.filter(asked),
        history.filter(~asked),
        pl.read_csv(split / "exclude.csv.gz", schema_overrides=IDS),
        profiles,
    )
    return Tables.of(train, _catalogue(data / "items.csv.gz", ids), known), requests


def events(path: Path) -> pl.DataFrame:
    """Read rows of a split; if all times are equal, times are unknown."""
    columns = {**IDS, "value": pl.Float64, "timestamp": pl.Float64}
    frame = pl.read_csv(path, schema_overrides=columns)
    if frame["timestamp"].n_unique() <= 1:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("timestamp"))
    return frame


def _read_side_table(path: Path, key: str) -> pl.DataFrame | None:
    if not path.exists():
        return None
    frame = pl.read_csv(path, schema_overrides={key: pl.String}, infer_schema_length=None)
    return frame.unique(key, keep="first", maintain_order=True)


def _catalogue(path: Path, ids: pl.Series) -> pl.DataFrame:
    items = _read_side_table(path, "item_id")
    if items is None:
        return ids.to_frame()
    missing = ids.to_frame().join(items, on="item_id", how="anti")
    return pl.concat([items, missing], how="diagonal")


def _profiles(
    path: Path, train: pl.DataFrame, asked: list[str]
) -> tuple[pl.DataFrame | None, pl.DataFrame]:
    users = _read_side_table(path, "user_id")
    if users is None:
        return None, pl.DataFrame(schema={"user_id": pl.String})
    trained = pl.col("user_id").is_in(train["user_id"].unique().to_list())
    return users.filter(trained), users.filter(~trained & pl.col("user_id").is_in(asked))


def recommend_lists(
    model: Recommender, requests: SplitRequests, name: str, k: int
) -> pl.DataFrame:
    """Return the lists of all asked users among one set of candidates."""
    parts = []
    for start in range(0, len(requests.users), MAX_USERS_PER_BLOCK):
        users = requests.users[start : start + MAX_USERS_PER_BLOCK]
        mine = pl.col("user_id").is_in(users)
        parts.append(
            model.recommend(
                users,
                k=k,
                items=requests.candidates[name],
                histories=_or_none(requests.histories.filter(mine)),
                profiles=_or_none(requests.profiles.filter(mine)),
                exclude=_or_none(requests.exclude.filter(mine)),
            )
        )
    return pl.concat(parts).select("user_id", "item_id", "rank", "score")


def _or_none(frame: pl.DataFrame) -> pl.DataFrame | None:
    return frame if frame.height else None


def write(frame: pl.DataFrame, out: Path, name: str) -> None:
    """Write one file beside ``out``: ``recs.csv.gz`` becomes ``recs.NAME.csv.gz``."""
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.with_name(f"{out.name.removesuffix('.csv.gz')}.{name}.csv.gz")
    path.write_bytes(gzip.compress(frame.write_csv().encode(), mtime=0))


def _peak_mb() -> float:
    kilo = 1024 if sys.platform != "darwin" else 1024**2
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo


if __name__ == "__main__":
    main()
