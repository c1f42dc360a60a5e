"""Memory and start of a server with the release of a store; memory after lists and changes.

    python -m benchmarks.serving.server_memory sqlite:///shop.db [--lists 100] \
        [--changes 500] [--against REVISION]

Changes are other prices of items, one at a time; memory is measured at once, half a minute
later, and of a server that is started with them. The store, which is a file, is
copied. With a revision, the server of that earlier code is measured first. The store needs a
trained release. RSS is the resident memory, PSS counts pages that several processes share in
parts, and the next columns are its parts. A start lasts until the server is ready; the first
one of a release writes the arrays that later ones map. Linux only.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common.server_process import Server, cpu_seconds, start
from benchmarks.serving.answer_cost import ROOT, extract_source
from daybreak import Client

REST_S = 30.0
"""Time after the changes until memory is measured again [s]."""
COLUMNS = ("Rss", "Pss", "Pss_Anon", "Pss_File")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, start a server, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a store with a release")
    parser.add_argument("--lists", type=int, default=100, help="lists before the second row")
    parser.add_argument("--changes", type=int, default=0, help="items that are changed")
    parser.add_argument("--against", help="earlier revision of the repository")
    args = parser.parse_args(arguments)
    names = [*(f"{name} [MB]" for name in COLUMNS), "start [s]", "processor [s]"]
    print(f"| version and state | {' | '.join(names)} |")
    print(f"| --- |{' ---: |' * len(names)}")
    with tempfile.TemporaryDirectory() as folder:
        if args.against:
            extract_source(args.against, Path(folder))
            _measure(args.against, args, Path(folder), Path(folder) / "src")
        _measure("now", args, Path(folder), ROOT / "src")


def _measure(version: str, args: argparse.Namespace, folder: Path, source: Path) -> None:
    """Print the rows of a server of the code in a folder."""
    original, copy = Path(args.store.removeprefix("sqlite:///")), folder / f"of {version}"
    ignored = shutil.ignore_patterns(".derived-*")
    shutil.copytree(original.parent / "releases", copy / "releases", ignore=ignored)
    shutil.copy(original, copy / "shop.db")
    store = f"sqlite:///{copy}/shop.db"
    with _serving(store, folder, source) as server:
        _print_row(f"{version}, first start", server.pid, server)
    with _serving(store, folder, source) as server, Client(server.url) as client:
        _print_row(f"{version}, second start", server.pid, server)
        for number in range(args.lists):
            client.recommend(f"u{number}", n=10)
        _print_row(f"{version}, {args.lists} lists", server.pid)
        if not args.changes:
            return
        _change_items(client, args.changes)
        _print_row(f"{version}, {args.changes} changed items", server.pid)
        time.sleep(REST_S)
        _print_row(f"{version}, {REST_S:g} s later", server.pid)
    with _serving(store, folder, source) as server:
        _print_row(f"{version}, started with the changes", server.pid, server)
        time.sleep(REST_S)
        _print_row(f"{version}, {REST_S:g} s later", server.pid)


@contextmanager
def _serving(store: str, folder: Path, source: Path) -> Iterator[Server]:
    env = {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": ""}
    server = start(store, folder / "log", env=env)
    try:
        yield server
    finally:
        server.stop()


def _change_items(client: Client, n_changes: int) -> None:
    """Give items another price, which does not change the size of the catalogue."""
    items = list(client.items())
    for number, item in enumerate(items[:: max(len(items) // n_changes, 1)][:n_changes]):
        client.update_item(item["item_id"], median_price=1.0 + number / 100)


def _print_row(state: str, pid: int, started: Server | None = None) -> None:
    lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    sizes = {
        name: int(rest.split()[0]) * 1024 / 1e6
        for name, rest in (one.split(":") for one in lines)
    }
    cells = [f"{sizes[name]:,.0f}" for name in COLUMNS]
    cells += ["", ""] if started is None else _start_of(started)
    print(f"| {state} | {' | '.join(cells)} |", flush=True)


def _start_of(server: Server) -> list[str]:
    """Return the time and the processor time until a server was ready."""
    return [f"{server.started_s:.1f}", f"{cpu_seconds(server.pid):.1f}"]


if __name__ == "__main__":
    main()
