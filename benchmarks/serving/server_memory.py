"""Memory of a server with the release of a store, after its start and after some lists.

    python -m benchmarks.serving.server_memory sqlite:///shop.db [--lists 100] \
        [--against REVISION]

With a revision, the server of that earlier code is measured first. The store needs a trained
release. RSS is the resident memory, PSS counts pages that several processes share in parts, and
the rest of the columns are its parts. Linux only.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.server_process import start
from benchmarks.serving.answer_cost import ROOT, extract_source
from daybreak import Client

COLUMNS = ("Rss", "Pss", "Pss_Anon", "Pss_File")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, start a server, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a store with a release")
    parser.add_argument("--lists", type=int, default=100, help="lists before the second row")
    parser.add_argument("--against", help="earlier revision of the repository")
    args = parser.parse_args(arguments)
    print(f"| version and state | {' | '.join(f'{name} [MB]' for name in COLUMNS)} |")
    print(f"| --- |{' ---: |' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory() as folder:
        if args.against:
            extract_source(args.against, Path(folder))
            _measure(args.against, args, Path(folder), Path(folder) / "src")
        _measure("now", args, Path(folder), ROOT / "src")


def _measure(version: str, args: argparse.Namespace, folder: Path, source: Path) -> None:
    """Print the rows of a server of the code in a folder."""
    server = start(args.store, folder / "log", env={"PYTHONPATH": str(source)})
    try:
        _print_row(f"{version}, ready", server.pid)
        with Client(server.url) as client:
            for number in range(args.lists):
                client.recommend(f"u{number}", n=10)
        _print_row(f"{version}, {args.lists} lists", server.pid)
    finally:
        server.stop()


def _print_row(state: str, pid: int) -> None:
    lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    sizes = {
        name: int(rest.split()[0]) * 1024 / 1e6
        for name, rest in (one.split(":") for one in lines)
    }
    print(f"| {state} | {' | '.join(f'{sizes[name]:,.0f}' for name in COLUMNS)} |")


if __name__ == "__main__":
    main()
