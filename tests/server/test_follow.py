"""What a worker reads before a request, and what it tells the others."""

import asyncio
from types import SimpleNamespace

import pytest

from daybreak.errors import StoreError
from daybreak.server.access import CHANGES_KEY
from daybreak.server.follow import FollowWritesMiddleware
from daybreak.server.links.board import WorkerBoard
from daybreak.server.ops.pools import WorkerPool
from daybreak.server.routing import require_role


@pytest.fixture
def boards(tmp_path):
    WorkerBoard.create(tmp_path / "board", n_workers=2)
    made = [WorkerBoard(tmp_path / "board", 2, number) for number in range(2)]
    yield made
    for board in made:
        board.close()


@pytest.fixture
def handle(boards):
    """Return a function that handles a request of one worker; it returns what was read."""
    read, pool = [], WorkerPool("test", 1, 4)

    def follow_rows():
        if read == ["fail"]:
            read.clear()
            raise StoreError("locked")
        read.append("rows")

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def ignore(message):
        pass

    follow = {"rows": follow_rows, "settings": lambda: read.append("settings")}
    middleware = FollowWritesMiddleware(app, board=boards[0], follow=follow, pool=pool)

    def handling(method="GET", role="read", path="/x", *, fails=False, **scope):
        read[:] = ["fail"] if fails else []
        route = SimpleNamespace(openapi_extra=require_role(role))
        request = {"type": "http", "method": method, "path": path, "route": route, **scope}
        asyncio.run(middleware(request, None, ignore))
        return list(read)

    return handling


def test_writes_of_others_are_read_once(handle, boards):
    assert handle() == []
    boards[1].count_write("rows")
    assert handle() == ["rows"]
    assert handle() == []
    boards[1].count_write("settings")
    assert handle() == ["settings"]


def test_probes_read_nothing(handle, boards):
    boards[1].count_write("rows")
    assert handle(path="/health/live") == []
    assert handle() == ["rows"]


def test_what_could_not_be_read_is_read_by_the_next_request(handle, boards):
    boards[1].count_write("rows")
    assert handle(fails=True) == []
    assert handle() == ["rows"]


@pytest.mark.parametrize(
    ("method", "role", "scope", "told"),
    [
        ("GET", "read", {}, (0, 0)),
        ("POST", "read", {}, (0, 0)),
        ("POST", "write", {}, (1, 0)),
        ("DELETE", "write", {}, (1, 0)),
        ("POST", "admin", {}, (1, 1)),
        ("GET", "admin", {}, (0, 0)),
        ("GET", "read", {CHANGES_KEY: True}, (1, 0)),
    ],
)
def test_a_request_tells_what_it_may_have_written(handle, boards, method, role, scope, told):
    handle(method, role, **scope)
    assert (boards[1].writes("rows"), boards[1].writes("settings")) == told
