"""The head and the body of a response are sent at once, and long ones do not wait."""

import asyncio

import pytest

from daybreak.server import joined_writes
from daybreak.server.joined_writes import JoinedWrites


class Sent(asyncio.Transport):
    """A transport that records what it is asked for."""

    def __init__(self):
        super().__init__()
        self.calls, self.closing = [], False

    def writelines(self, parts):
        self.calls.append(list(parts))

    def write_eof(self):
        self.calls.append("eof")

    def close(self):
        self.closing = True
        self.calls.append("close")

    def abort(self):
        self.closing = True
        self.calls.append("abort")

    def is_closing(self):
        return self.closing


def run(act):
    """Return the calls of a transport during one step and after it."""

    async def steps():
        sent = Sent()
        act(JoinedWrites(sent, asyncio.get_running_loop()))
        during = list(sent.calls)
        await asyncio.sleep(0)
        return during, sent.calls[len(during) :]

    return asyncio.run(steps())


def test_writes_of_one_step_are_one(monkeypatch):
    def act(transport):
        transport.write(b"head")
        transport.write(b"body")

    assert run(act) == ([], [[b"head", b"body"]])
    monkeypatch.setattr(joined_writes, "MAX_JOINED_BYTES", 8)
    assert run(act) == ([[b"head", b"body"]], [])


def test_many_bytes_do_not_wait_and_what_follows_is_joined_again(monkeypatch):
    monkeypatch.setattr(joined_writes, "MAX_JOINED_BYTES", 4)

    def act(transport):
        for part in (b"abcd", b"e", b"f"):
            transport.write(part)

    assert run(act) == ([[b"abcd"]], [[b"e", b"f"]])


@pytest.mark.parametrize(("end", "name"), [("close", "close"), ("write_eof", "eof")])
def test_an_end_comes_after_what_waits(end, name):
    def act(transport):
        transport.write(b"all")
        getattr(transport, end)()

    assert run(act) == ([[b"all"], name], [])


def test_an_aborted_connection_sends_nothing():
    def act(transport):
        transport.write(b"lost")
        transport.abort()
        transport.write(b"late")

    assert run(act) == (["abort"], [])
