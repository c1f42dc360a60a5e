"""Clients that send one request after another and record the response times."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

Request = tuple[str, bytes]
"""The kind of a request, and the request as it is sent."""


class RequestSource(Protocol):
    """Source of the requests of the clients."""

    def draw(self) -> Request:
        """Return the next request."""

    def pause_s(self) -> float:
        """Return the pause of a client before its next request [s]."""


@dataclass
class ResponseTimes:
    """Response times of some requests."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By kind, for responses with status 2xx [s]."""
    refused: dict[tuple[str, int], int] = field(default_factory=dict)
    """Number of failed requests by kind and status; status 0: no response."""

    def record(self, kind: str, status: int, seconds: float) -> None:
        """Record one response."""
        if 200 <= status < 300:
            self.seconds.setdefault(kind, []).append(seconds)
        else:
            self.refused[kind, status] = self.refused.get((kind, status), 0) + 1


def request_bytes(method: str, path: str, host: str, body: bytes = b"") -> bytes:
    """Return the bytes of a request; the connection is kept open."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def run_clients(
    url: str, source: RequestSource, *, clients: int, seconds: float
) -> ResponseTimes:
    """Run clients for a time; each sends its next request after the response to the last.

    The clients use bare connections: a client library takes as long for a request as the
    server.
    """
    times = ResponseTimes()
    end = time.perf_counter() + seconds
    await asyncio.gather(*(_client(url, source, end, times) for _ in range(clients)))
    return times


async def _client(url: str, source: RequestSource, end: float, times: ResponseTimes) -> None:
    parts = urlsplit(url)
    while time.perf_counter() < end:
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            times.record("connect", 0, 0.0)
            await asyncio.sleep(0.1)
            continue
        try:
            while time.perf_counter() < end:
                await _ask(reader, writer, source.draw(), times)
                await asyncio.sleep(source.pause_s())
        except (OSError, asyncio.IncompleteReadError):
            times.record("answer", 0, 0.0)
        finally:
            writer.close()


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: Request,
    times: ResponseTimes,
) -> None:
    kind, data = request
    start = time.perf_counter()
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line[15:])
        for line in head.lower().split(b"\r\n")
        if line[:15] == b"content-length:"
    )
    await reader.readexactly(length)
    times.record(kind, int(head[9:12]), time.perf_counter() - start)
