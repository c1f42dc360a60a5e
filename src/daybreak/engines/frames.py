"""Objects through the pipe between a process and one that it has started."""

import pickle
import struct
from typing import IO, Any

LENGTH = struct.Struct(">Q")
"""Length of a frame [bytes], in front of it."""


def write_frame(pipe: IO[bytes], value: Any) -> None:
    """Write a value, with its length in front of it.

    Args:
        pipe: Pipe to the other process.
        value: What pickle can write; nothing is written if it cannot.
    """
    frame = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(LENGTH.pack(len(frame)))
    pipe.write(frame)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Any:
    """Return the next value.

    Args:
        pipe: Pipe from a process that this one has started, or from its parent: a pickle can
            run any code, so it is read from nobody else, and never from a disk.

    Raises:
        EOFError: The other process has closed the pipe.

    Example:
        >>> import io
        >>> pipe = io.BytesIO()
        >>> write_frame(pipe, [1, "two"])
        >>> _ = pipe.seek(0)
        >>> read_frame(pipe)
        [1, 'two']
    """
    (length,) = LENGTH.unpack(_read_exactly(pipe, LENGTH.size))
    return pickle.loads(_read_exactly(pipe, length))  # noqa: S301 - a process of this program


def _read_exactly(pipe: IO[bytes], n_bytes: int) -> bytes:
    found = pipe.read(n_bytes)
    if len(found) < n_bytes:
        raise EOFError(f"{len(found)} of {n_bytes} bytes")
    return found
