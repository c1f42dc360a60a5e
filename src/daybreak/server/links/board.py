"""Numbers in memory that the workers of one server share: writes, and tokens of callers."""

import hashlib
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from daybreak.server.access import refill_bucket

WriteKind = Literal["rows", "settings"]
"""What was written: rows of items, users and events; or keys, experiments and releases."""
WRITE_KINDS: tuple[WriteKind, ...] = ("rows", "settings")
N_BUCKET_SETS = 4_096
"""Groups of buckets; a caller belongs to one of them."""
BUCKETS_PER_SET = 8
"""Callers of a group with a bucket; the least recently seen one is dropped for a new one."""
_COUNTER = struct.Struct("=Q")
_BUCKET = struct.Struct("=Qdd")
"""Hash of the caller, tokens, time of the last request [s]."""
_SET_BYTES = BUCKETS_PER_SET * _BUCKET.size


class WorkerBoard:
    """Shared numbers in a file that is mapped into the memory of every worker.

    Each worker counts its own writes, so that counting needs no lock; the buckets of callers
    are locked while one is changed.

    Args:
        path: File of :meth:`create`.
        n_workers: Number of workers.
        number: Number of this worker, from 0.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "board"
        >>> WorkerBoard.create(path, n_workers=2)
        >>> first, second = (WorkerBoard(path, 2, number) for number in range(2))
        >>> first.count_write("rows")
        >>> second.writes("rows"), second.writes("settings")
        (1, 0)
    """

    def __init__(self, path: Path, n_workers: int, number: int) -> None:
        self._n_workers = n_workers
        self._number = number
        self._descriptor = os.open(path, os.O_RDWR)
        self._memory = mmap.mmap(self._descriptor, 0)
        self._buckets_at = _counter_bytes(n_workers)

    @classmethod
    def create(cls, path: Path, n_workers: int) -> None:
        """Write an empty board."""
        size = _counter_bytes(n_workers) + N_BUCKET_SETS * _SET_BYTES
        with path.open("wb") as file:
            file.truncate(size)
        path.chmod(0o600)

    def count_write(self, kind: WriteKind) -> None:
        """Count a write of this worker; the others follow before their next answer."""
        at = self._counter_at(self._number, kind)
        (count,) = _COUNTER.unpack_from(self._memory, at)
        _COUNTER.pack_into(self._memory, at, count + 1)

    def writes(self, kind: WriteKind) -> int:
        """Return the number of writes of all workers."""
        return sum(
            int(_COUNTER.unpack_from(self._memory, self._counter_at(number, kind))[0])
            for number in range(self._n_workers)
        )

    @contextmanager
    def bucket_set(self, hash_: int) -> Iterator[memoryview]:
        """Yield the locked buckets to which the hash of a caller belongs."""
        import fcntl  # noqa: PLC0415 - not on every system

        start = self._buckets_at + (hash_ % N_BUCKET_SETS) * _SET_BYTES
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, _SET_BYTES, start)
        try:
            with memoryview(self._memory) as memory, memory[start : start + _SET_BYTES] as part:
                yield part
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, _SET_BYTES, start)

    def close(self) -> None:
        """Release the memory."""
        self._memory.close()
        os.close(self._descriptor)

    def _counter_at(self, number: int, kind: WriteKind) -> int:
        return (number * len(WRITE_KINDS) + WRITE_KINDS.index(kind)) * _COUNTER.size


class SharedRateLimiter:
    """The :class:`~daybreak.server.access.RateLimiter` of a server with several workers.

    It must be used by one thread of a process: locks of files exclude other processes only.

    Args:
        board: Board with the buckets.
        rate: Mean rate of each caller [1/s]; 0: no limit.
        clock: Function that returns the time, the same in all processes [s].
    """

    def __init__(
        self, board: WorkerBoard, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._board = board
        self._rate = rate
        self._clock = clock

    def take_token(self, caller: str) -> float:
        """Take a token; return 0, or the wait until there is one [s]."""
        if not self._rate:
            return 0.0
        digest = hashlib.blake2b(caller.encode("utf-8", "replace"), digest_size=8).digest()
        hash_ = max(int.from_bytes(digest, "big"), 1)  # 0 is an empty bucket
        with self._board.bucket_set(hash_) as memory:
            now = self._clock()
            buckets = list(_BUCKET.iter_unpack(memory))
            place = _place_of(buckets, hash_)
            known = buckets[place][0] == hash_
            tokens, updated_at = buckets[place][1:] if known else (None, now)
            tokens, wait_s = refill_bucket(tokens, now - updated_at, self._rate)
            _BUCKET.pack_into(memory, place * _BUCKET.size, hash_, tokens, now)
        return wait_s


def _place_of(buckets: list[tuple[int, float, float]], hash_: int) -> int:
    """Return the position of the bucket of a caller, or of the one that is dropped for it."""
    for place, bucket in enumerate(buckets):
        if bucket[0] == hash_:
            return place
    return min(range(len(buckets)), key=lambda place: buckets[place][2])


def _counter_bytes(n_workers: int) -> int:
    return n_workers * len(WRITE_KINDS) * _COUNTER.size
