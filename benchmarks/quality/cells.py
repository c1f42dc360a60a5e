"""Daybreak and its peers on the evalkit splits, one table per data set.

    python -m benchmarks.quality.cells --shared SHARED --data gift_shop --work WORK \
        --peers --daybreak --out benchmarks/results

Finished splits, lists and scores are kept in WORK, those of Daybreak under a hash of its
source, so the command can be stopped and repeated.
"""

import argparse
import gzip
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.common import tables
from benchmarks.common.paths import RESULTS, ROOT, SOURCE
from benchmarks.common.scoring import Cell, Evalkit
from benchmarks.peers import MODULES
from benchmarks.quality import coldrec
from benchmarks.quality.summary import Results

MIN_VALUE = {"ml100k": 4.0, "ml1m": 4.0}
DATA_SETS = ("ml100k", "ml1m", "gift_shop", "anime_zh_dev", "citeulike_t")
PUBLISHED_SPLITS = ("coldrec", "coldrec_words")
LIBRARIES = ("implicit", "lightfm-next", "numpy", "scipy", "scikit-learn")
PEERS = "benchmarks.peers"
LIST_LENGTH = 20
"""Length of the lists that are written; the longest list that is scored."""


@dataclass(frozen=True)
class SplitTask:
    """One split of one data set, with the side tables that go with it."""

    data: str
    split: str
    folder: Path
    tables: Path

    def cells(self) -> list[Cell]:
        """Return one cell for each candidates file."""
        k = 20 if self.split in PUBLISHED_SPLITS else 10
        names = sorted(
            p.stem.removeprefix("candidates_") for p in self.folder.glob("cand*.csv")
        )
        return [Cell(self.data, self.split, name, self.folder, k) for name in names]


def main() -> None:
    """Write the table of each data set."""
    args = _arguments()
    kit = Evalkit(args.shared)
    for name in args.data:
        source = args.shared / "data" / name
        if not (source / "interactions.csv.gz").exists():
            print(
                f"skipped {name}: no {name}/interactions.csv.gz in the data folder; see README"
            )
            continue
        tasks = prepare(kit, name, source, args)
        run(tasks, args)
        report(kit, name, tasks, args)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="holds data/ and evalkit/")
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--split", nargs="+", help="only these splits (default: all but tune)")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished files")
    parser.add_argument("--daybreak", action="store_true", help="run Daybreak")
    parser.add_argument("--peers", action="store_true", help="run the peers that are installed")
    parser.add_argument("--peer", nargs="+", choices=MODULES, default=list(MODULES))
    parser.add_argument(
        "--peer-python", default=sys.executable, help="Python interpreter of the peers"
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=float, help="seconds for Daybreak's learning")
    parser.add_argument("--run", default=source_hash(), help="key of Daybreak's files in WORK")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def prepare(kit: Evalkit, name: str, source: Path, args: argparse.Namespace) -> list[SplitTask]:
    """Make the missing splits; return the splits in order, without ``tune``."""
    folder = args.work / "splits" / name
    if not (folder / "warm_last").is_dir():
        kit.make_splits(source, folder, MIN_VALUE.get(name))
    side = dict.fromkeys(PUBLISHED_SPLITS, source)
    if (source / "coldrec_split").is_dir():
        side["coldrec_words"] = args.work / "data" / f"{name}_words"
        _published(source, folder, side["coldrec_words"])
    found = sorted(path.name for path in folder.iterdir() if (path / "train.csv.gz").exists())
    wanted = args.split or [split for split in found if split != "tune"]
    return [
        SplitTask(name, split, folder / split, side.get(split, source))
        for split in found
        if split in wanted
    ]


def _published(source: Path, folder: Path, words: Path) -> None:
    for split in PUBLISHED_SPLITS:
        if not (folder / split / "split.json").exists():
            coldrec.convert(source / "coldrec_split", folder / split)
    if not (words / "items.csv.gz").exists():
        coldrec.without_tags(source, words)


def run(tasks: list[SplitTask], args: argparse.Namespace) -> None:
    """Run the requested unfinished tasks; a failure is printed and kept in a file."""
    for seed in range(args.seeds if args.daybreak else 0):
        command = [sys.executable, "-m", "benchmarks.quality.run_split", "--seed", str(seed)]
        if args.budget:
            command += ["--budget", str(args.budget)]
        for group in _group_by_training(tasks):
            stems = [_lists_folder(task, args.work, args.run) / f"seed{seed}" for task in group]
            _run_tasks(group, stems, command)
    for task in tasks if args.peers else ():
        for peer in args.peer:
            command = [args.peer_python, "-W", "ignore", "-m", PEERS, "--peer", peer]
            stem = args.work / "peers" / task.data / task.split / peer
            _run_tasks([task], [stem], command)


def _lists_folder(task: SplitTask, work: Path, run: str) -> Path:
    return work / "daybreak" / run / task.data / task.split


def _group_by_training(tasks: list[SplitTask]) -> list[list[SplitTask]]:
    """Return groups of splits with the same training rows and side tables."""
    groups: dict[tuple[str, Path], list[SplitTask]] = {}
    for task in tasks:
        rows = gzip.decompress((task.folder / "train.csv.gz").read_bytes())
        groups.setdefault((hashlib.sha256(rows).hexdigest(), task.tables), []).append(task)
    return list(groups.values())


def _run_tasks(tasks: list[SplitTask], stems: list[Path], command: list[str]) -> None:
    labels = [f"{t.data} {t.split} {stem.name}" for t, stem in zip(tasks, stems, strict=True)]
    folders = [task.folder for task in tasks]
    command = [*command, "-k", str(LIST_LENGTH)]
    run_group(folders, stems, labels, command, tasks[0].tables)


def run_group(
    folders: list[Path], stems: list[Path], labels: list[str], command: list[str], tables: Path
) -> None:
    """Run a command for the splits that are not finished; a failure is printed and kept.

    Args:
        folders: Folders of splits with the same training rows.
        stems: Paths of the results, without suffix.
        labels: What is printed for each split.
        command: Command that takes the folders, ``--data`` and ``--out``, and prints one line
            of JSON for each split.
        tables: Folder with the side tables.
    """
    tasks = zip(folders, stems, labels, strict=True)
    left = [task for task in tasks if not _is_finished(task[1])]
    if not left:
        return
    command = [*command, *(str(folder.resolve()) for folder, _, _ in left)]
    command += ["--data", str(tables.resolve()), "--out"]
    for _, stem, _ in left:
        stem.parent.mkdir(parents=True, exist_ok=True)
        command.append(str(stem.resolve()) + ".csv.gz")
    limits = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if PEERS in command else {}
    done = subprocess.run(  # noqa: S603 - our own arguments
        command,
        cwd=ROOT,
        env={**os.environ, **limits},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()[-len(left) :]
    for row, (_, stem, label) in enumerate(left):
        if done.returncode or row >= len(lines):
            reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
            stem.with_name(f"{stem.name}.failed").write_text(reason + "\n")
            print(f"{label}: failed: {reason}", flush=True)
            continue
        stem.with_name(f"{stem.name}.failed").unlink(missing_ok=True)
        stem.with_name(f"{stem.name}.json").write_text(lines[row] + "\n")
        print(f"{label}: {lines[row]}", flush=True)


def _is_finished(stem: Path) -> bool:
    cost = stem.with_name(f"{stem.name}.json")
    return cost.exists() and bool(cost.read_text().strip())


def source_hash() -> str:
    """Return a hash of the code that Daybreak's lists depend on."""
    digest = hashlib.sha256()
    for path in [
        *sorted(SOURCE.rglob("*.py")),
        ROOT / "benchmarks" / "quality" / "run_split.py",
    ]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def report(kit: Evalkit, name: str, tasks: list[SplitTask], args: argparse.Namespace) -> None:
    """Score every list of the data set and write its tables."""
    found = Results(kit, args.work, args.run, args.seeds, tuple(args.peer), RESULTS)
    cells = [cell for task in tasks for cell in task.cells()]
    rows = [row for cell in cells if (row := found.row(cell))]
    measured = [(cell, peers) for cell in cells if (peers := found.peers(cell))]
    notes = {
        "versions": _versions(args),
        "seeds": str(args.seeds),
        **_fallback_notes(bool(measured)),
        **_problem_notes(found, tasks, {row.split for row in rows}),
    }
    tables.write(name, rows, args.out, notes)
    if measured:
        tables.write_peers(name, measured, args.out)
    print(f"{name}: wrote {args.out / name}.md", flush=True)


def _problem_notes(found: Results, tasks: list[SplitTask], shown: set[str]) -> dict[str, str]:
    failed = [line for task in tasks for line in found.failures(task.data, task.split)]
    absent = [task.split for task in tasks if task.split not in shown]
    notes = {"failed": "; ".join(failed), "splits not run": ", ".join(absent)}
    return {title: text for title, text in notes.items() if text}


def _fallback_notes(measured: bool) -> dict[str, str]:
    if not measured:
        return {}
    return {
        "peers measured here": ", ".join(MODULES)
        + ". Users without events: all but popular, random and lightfm_features answer with the"
        " popular list. New items: implicit_als, implicit_itemknn, ease and ease_centred cannot"
        " score them; they come after all others, in random order. lightfm_features is trained"
        " again with the history; all others fold it in"
    }


def _versions(args: argparse.Namespace) -> str:
    own = [f"python {sys.version.split()[0]}"]
    for package in ("daybreak", "numpy", "scipy", "polars"):
        try:
            own.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            own.append(f"{package} absent")
    peers = _peer_versions(args.peer_python) if args.peers else ""
    return ", ".join(own) + f" (source {args.run})" + (f"; peers: {peers}" if peers else "")


def _peer_versions(python: str) -> str:
    code = "import sys, importlib.metadata as m\nfor p in sys.argv[1:]: print(p, m.version(p))"
    done = subprocess.run(  # noqa: S603 - our own arguments
        [python, "-c", code, *LIBRARIES], capture_output=True, text=True, check=False
    )
    return ", ".join(done.stdout.strip().splitlines())


if __name__ == "__main__":
    main()
