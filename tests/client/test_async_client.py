import asyncio

import httpx
import pytest

from daybreak.client import AsyncClient, ResourceNotFoundError, Retries, UnreachableError


def run(service, work):
    async def inside():
        transport = httpx.MockTransport(service)
        async with AsyncClient(transport=transport, retries=Retries(2, 0.0)) as client:
            return await work(client)

    return asyncio.run(inside())


def test_it_retries_and_then_raises():
    asked = []

    def service(request):
        asked.append(request)
        raise httpx.ConnectError("gone")

    with pytest.raises(UnreachableError, match="after 3 attempts"):
        run(service, lambda client: client.recommend("ann"))
    assert len(asked) == 3


def test_pages_and_batches_work():
    def service(request):
        if request.method == "POST":
            return httpx.Response(200, json={"accepted": 2})
        last = "cursor" in request.url.params
        rows = [{"user_id": "b" if last else "a"}]
        return httpx.Response(200, json={"users": rows, "cursor": None if last else "1"})

    async def work(client):
        done = await client.add_events([{"user_id": "a", "item_id": "x"}] * 2)
        return done.accepted, [row["user_id"] async for row in client.users()]

    assert run(service, work) == (2, ["a", "b"])


def test_a_missing_resource_raises():
    def service(_):
        return httpx.Response(404, json={"code": "not_found", "detail": "no user 'x'"})

    async def work(client):
        assert not await client.delete_item("x")
        await client.user("x")

    with pytest.raises(ResourceNotFoundError, match="no user 'x'"):
        run(service, work)
