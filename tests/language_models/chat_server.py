"""A server on this machine that speaks the chat dialect from a script."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


def chat_body(content, *, finish="stop", refusal=None, prompt_tokens=30, completion_tokens=5):
    """Return the body of a response."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    return json.dumps({"choices": choices, "usage": usage}).encode()


def first_word_as_colour(body):
    """Answer the prompts of the contract checks."""
    title = json.loads(body["messages"][-1]["content"])["title"]
    return chat_body(json.dumps({"colour": title.split()[0]}))


class ChatServer(ThreadingHTTPServer):
    """Answers with ``answer(body)``; ``faults`` are given out first, one a request."""

    daemon_threads = True

    def __init__(self, answer: Callable[[dict], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), ChatHandler)
        self.answer = answer
        self.faults: list[tuple[int, bytes]] = []
        self.asked: list[dict] = []
        self.keys: list[str | None] = []

    @property
    def model(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1#tiny"


class ChatHandler(BaseHTTPRequestHandler):
    """One request."""

    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **body})
        self.server.keys.append(self.headers["Authorization"])
        status, answer = 200, b""
        if self.server.faults:
            status, answer = self.server.faults.pop(0)
        else:
            answer = self.server.answer(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def chat_server(answer: Callable[[dict], bytes] = first_word_as_colour) -> Iterator[ChatServer]:
    with ChatServer(answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
