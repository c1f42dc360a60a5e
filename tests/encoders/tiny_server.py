"""A server on this machine that speaks the embeddings dialect, and can be told to misbehave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np

from daybreak.testing.encoders import CountingEncoder


class TinyServer(ThreadingHTTPServer):
    """Answers with hashed bags of words; ``faults`` are given out first, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[tuple[int, bytes]] = []
        self.asked: list[dict] = []
        self.keys: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: TinyServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        if self.server.faults:
            self.answer(*self.server.faults.pop(0))
            return
        rows = CountingEncoder()._encode_batch([text.lower() for text in body["input"]])
        rows[:, 0] += np.float32(0.1)
        data = [{"index": n, "embedding": row.tolist()} for n, row in enumerate(rows)]
        self.answer(200, json.dumps({"data": data[::-1]}).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def tiny_server() -> Iterator[TinyServer]:
    with TinyServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
