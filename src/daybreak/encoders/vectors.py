"""Two places to keep vectors without a store: memory, and files in the user's cache folder."""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from uuid import uuid4

import numpy as np

from daybreak.encoders.folders import cache_folder, written_whole
from daybreak.types import Floats

FILES_KNOWN = 100
"""Files of which one process remembers what is in them: at most 30 MB."""
ROWS_A_FILE = 2048

log = logging.getLogger(__name__)


class MemoryVectors:
    """Vectors in memory; the least recently used go when there are too many.

    Memory: about ``4·dim·max_rows`` bytes.
    """

    def __init__(self, max_rows: int = 200_000) -> None:
        self.max_rows = max_rows
        self._rows: OrderedDict[tuple[str, str], Floats] = OrderedDict()
        self._lock = Lock()

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there; see :class:`daybreak.encoders.VectorCache`."""
        with self._lock:
            found = {
                key: self._rows[model, key] for key in contents if (model, key) in self._rows
            }
            for key in found:
                self._rows.move_to_end((model, key))
        return found

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; see :class:`daybreak.encoders.VectorCache`."""
        with self._lock:
            for key, row in vectors.items():
                self._rows[model, key] = np.array(row, np.float32)
                self._rows.move_to_end((model, key))
            while len(self._rows) > self.max_rows:
                self._rows.popitem(last=False)


class FileVectors:
    """Vectors in files of at most 2,048 rows, one folder a model; safe for several processes.

    A file is written whole under a name of its own and never changed; small ones are joined. A
    file that cannot be read is passed over, and its texts are encoded again.

    Args:
        folder: Where to keep them; None is ``vectors`` in the user's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "vectors"
        self._known: dict[Path, frozenset[str]] = {}
        """What is in files that were read before."""

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there; see :class:`daybreak.encoders.VectorCache`."""
        wanted = set(contents)
        found: dict[str, Floats] = {}
        for path in self._files(model):
            if len(found) == len(wanted):
                break
            known = self._known.get(path)
            if known is not None and known.isdisjoint(wanted):
                continue  # a file never changes, so what is not in it need not be looked for
            rows = _read(path)
            self._remember(path, rows)
            found.update((key, row) for key, row in rows.items() if key in wanted)
        return found

    def _remember(self, path: Path, rows: Mapping[str, Floats]) -> None:
        if rows and len(self._known) < FILES_KNOWN:
            self._known[path] = frozenset(rows)

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; see :class:`daybreak.encoders.VectorCache`."""
        rows = dict(vectors)
        joined = []
        for path in self._files(model):
            old = _read(path) if _n_rows(path) + len(rows) <= ROWS_A_FILE else {}
            if old:
                rows = {**old, **rows}
                joined.append(path)
        keys = list(rows)
        for start in range(0, len(keys), ROWS_A_FILE):
            part = {key: rows[key] for key in keys[start : start + ROWS_A_FILE]}
            _write(self.folder / model / f"{uuid4().hex}.safetensors", part)
        for path in joined:
            path.unlink(missing_ok=True)
            self._known.pop(path, None)

    def _files(self, model: str) -> list[Path]:
        return sorted((self.folder / model).glob("[!.]*.safetensors"))


def _n_rows(path: Path) -> int:
    """Return the number of rows of a file, from its head; 0 when it cannot be read."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - pays who keeps files

    try:
        with safe_open(path, framework="numpy") as file:
            return int(file.get_slice("rows").get_shape()[0])
    except (OSError, SafetensorError):
        return 0


def _read(path: Path) -> dict[str, Floats]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    try:
        file = load_file(path)
        return {
            bytes(key).hex(): row for key, row in zip(file["keys"], file["rows"], strict=True)
        }
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        log.warning("%s is passed over: %s", path.name, error)
        return {}


def _write(path: Path, vectors: Mapping[str, Floats]) -> None:
    from safetensors.numpy import save_file  # noqa: PLC0415

    keys = np.array([list(bytes.fromhex(key)) for key in vectors], np.uint8)
    rows = np.array(list(vectors.values()), np.float32)
    with written_whole(path) as draft:
        save_file({"keys": keys, "rows": rows}, draft)
