"""Decompression of gzip data that arrives in parts, with a bounded size of each chunk."""

import zlib
from collections.abc import Iterator

from daybreak.server.http.problems import HttpProblem

DECOMPRESSED_CHUNK_BYTES = 50_000
"""Largest chunk that is decompressed at a time [bytes]."""
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


class GzipStream:
    """Decompresses all members of a gzip stream; zeros may follow the last member.

    Args:
        what: Name of the data in messages.

    Source:
        RFC 1952 (1996), section 2.2: a gzip file is a series of members. The zeros are the
        padding that tapes and block devices add, which ``gzip`` ignores as well.

    Example:
        >>> import gzip
        >>> stream = GzipStream("the body")
        >>> b"".join(stream.decompress(gzip.compress(b"a,") + gzip.compress(b"b")))
        b'a,b'
        >>> stream.check_complete()
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._has_started = False
        """Whether the current member has a first byte."""
        self._n_members = 0
        """Number of complete members."""
        self._is_padding = False
        """Whether zeros after the last member were read; nothing else may follow them."""

    def decompress(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed content of the next part of the stream, in chunks.

        Raises:
            HttpProblem: The data are damaged, or no gzip data.
        """
        while data:
            if not self._has_started and not (data := self._skip_padding(data)):
                return
            self._has_started = True
            try:
                yield self._member.decompress(data, DECOMPRESSED_CHUNK_BYTES)
                data = self._member.unconsumed_tail
                if not (data or self._member.eof):
                    yield from self._pending()
            except zlib.error as error:
                raise HttpProblem(
                    "bad_request", f"{self._what} is not gzip: {error}"
                ) from error
            if self._member.eof:
                data = self._member.unused_data
                self._member = zlib.decompressobj(_GZIP_WINDOW_BITS)
                self._has_started = False
                self._n_members += 1

    def check_complete(self) -> None:
        """Raise an HttpProblem if the stream breaks off inside a member."""
        if self._has_started or not self._n_members:
            raise HttpProblem("bad_request", f"{self._what} is incomplete gzip data")

    def _pending(self) -> Iterator[bytes]:
        """Yield output that the decompressor holds back after it has read all input."""
        while not self._member.eof and (
            chunk := self._member.decompress(b"", DECOMPRESSED_CHUNK_BYTES)
        ):
            yield chunk

    def _skip_padding(self, data: bytes) -> bytes:
        """Return the start of a member; zeros are skipped where a member is complete."""
        if not self._n_members:
            return data
        rest = data.lstrip(b"\0")
        self._is_padding = self._is_padding or len(rest) < len(data)
        if rest and self._is_padding:
            raise HttpProblem("bad_request", f"data follow the end of {self._what}")
        return rest
