"""A client that does other work while it waits."""

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from daybreak.client import endpoints
from daybreak.client.batches import NO_ROWS, ROWS_PER_REQUEST, merge_results, with_event_ids
from daybreak.client.calls import ApiCall
from daybreak.client.errors import ResourceNotFoundError
from daybreak.client.experiments import AsyncExperimentsApi
from daybreak.client.options import EventFields, RecommendOptions
from daybreak.client.results import (
    Accepted,
    Explanation,
    Merged,
    ModelInfo,
    OnboardingQuestion,
    Proof,
    Ranking,
    Recommendations,
    Row,
    Task,
)
from daybreak.client.transport import (
    Retries,
    request_headers,
    send_async,
    validate_timeout,
    validate_url,
)

T = TypeVar("T")


class AsyncClient:
    """What :class:`daybreak.Client` is, for asyncio; arguments and results are the same.

    Example:
        >>> import asyncio
        >>> said = {"items": [{"item_id": "tea", "score": 3.0, "rank": 1}]}
        >>> service = httpx.MockTransport(lambda request: httpx.Response(200, json=said))
        >>> async def names():
        ...     async with AsyncClient(transport=service) as client:
        ...         return (await client.popular(n=1)).ids
        >>> asyncio.run(names())
        ('tea',)
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = validate_url(url)
        self.retries = retries or Retries()
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers=request_headers(api_key),
            timeout=validate_timeout(timeout_s),
            transport=transport,
        )
        self.experiments = AsyncExperimentsApi(self._send)
        """Plans, starts, stops and reads experiments."""

    # answers

    async def recommend(
        self, user_id: str | None = None, **options: Unpack[RecommendOptions]
    ) -> Recommendations:
        """Return recommendations for a user, a session, a profile, or nobody in particular."""
        return await self._send(endpoints.recommend(user_id, **options))

    async def more(self, recommendation_id: str, n: int = 10) -> Recommendations:
        """Return what comes after an answer, for scrolling on without end."""
        return await self._send(endpoints.more(recommendation_id, n))

    async def rank(
        self,
        items: Sequence[str],
        /,
        user_id: str | None = None,
        **options: Unpack[RecommendOptions],
    ) -> Recommendations:
        """Return given items in the order that suits the user best."""
        return await self._send(endpoints.rank(items, user_id, **options))

    async def similar(
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        n: int = 10,
        filter: str | None = None,
    ) -> Ranking:
        """Return items like one, or items that fit a text."""
        return await self._send(endpoints.similar(item_id, text, n, filter))

    async def popular(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what most users like."""
        return await self._send(endpoints.top_list("popular", n, filter, categories))

    async def latest(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return the newest items."""
        return await self._send(endpoints.top_list("latest", n, filter, categories))

    async def trending(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what is liked more than before."""
        return await self._send(endpoints.top_list("trending", n, filter, categories))

    async def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
    ) -> tuple[OnboardingQuestion, ...]:
        """Return what to ask somebody new; see :meth:`daybreak.Client.onboarding`."""
        return (await self._send(endpoints.onboarding(n, yes, asked, attributes))).questions

    async def explain(self, user_id: str, item_id: str) -> Explanation:
        """Return why an item has its score for a user."""
        return await self._send(endpoints.explain(user_id, item_id))

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Return the vector of each text."""
        return (await self._send(endpoints.embed(texts))).vectors

    # events and the catalogue

    async def add_event(
        self, user_id: str | None, item_id: str, **fields: Unpack[EventFields]
    ) -> Accepted:
        """Store one event; it counts in the next answer."""
        row: dict[str, Any] = {"user_id": user_id, "item_id": item_id, **fields}
        return await self.add_events([row])

    async def add_events(self, rows: Iterable[Row]) -> Accepted:
        """Store events, in parts of 1,000; rows without an ``event_id`` get one."""
        return await self._put_rows("events", rows)

    async def add_items(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace items, in parts of 1,000; they can be recommended at once."""
        return await self._put_rows("items", rows)

    async def add_users(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace users, in parts of 1,000."""
        return await self._put_rows("users", rows)

    async def update_item(self, item_id: str, **fields: Any) -> None:
        """Change some fields of an item; None empties one."""
        await self._send(endpoints.change("items", item_id, fields))

    async def update_user(self, user_id: str, **fields: Any) -> None:
        """Change some fields of a user; None empties one."""
        await self._send(endpoints.change("users", user_id, fields))

    async def item(self, item_id: str) -> Row:
        """Return an item."""
        return await self._send(endpoints.get("items", item_id))

    async def user(self, user_id: str) -> Row:
        """Return a user."""
        return await self._send(endpoints.get("users", user_id))

    def items(self) -> AsyncIterator[Row]:
        """Yield all items."""
        return self._iter_rows("items")

    def users(self) -> AsyncIterator[Row]:
        """Yield all users."""
        return self._iter_rows("users")

    def events(
        self, *, user_id: str | None = None, item_id: str | None = None
    ) -> AsyncIterator[Row]:
        """Yield all events, or those of one user or of one item."""
        return self._iter_rows("events", user_id=user_id, item_id=item_id)

    async def delete_events(
        self,
        event_ids: Sequence[str] = (),
        *,
        user_id: str | None = None,
        item_id: str | None = None,
    ) -> int:
        """Delete events; see :meth:`daybreak.Client.delete_events`."""
        call = endpoints.delete_events(event_ids, user_id, item_id)
        return (await self._send(call)).deleted

    async def delete_item(self, item_id: str) -> bool:
        """Delete an item and its events; return whether it was there."""
        return await self._delete(endpoints.delete("items", item_id))

    async def delete_user(self, user_id: str) -> Proof:
        """Erase a user everywhere; return what was found, and whether anything is left."""
        return await self._send(endpoints.erase(user_id))

    async def export_user(self, user_id: str) -> Row:
        """Return everything that is known about a user."""
        return await self._send(endpoints.export(user_id))

    async def merge(self, user_id: str, anonymous: str) -> Merged:
        """Give a known user the history of an anonymous visitor, such as ``session:7``."""
        return await self._send(endpoints.merge(user_id, anonymous))

    # life cycle

    async def train(self) -> Task:
        """Start a training beside the service."""
        return await self._send(endpoints.train())

    async def tasks(self) -> tuple[Task, ...]:
        """Return trainings, the newest first."""
        return (await self._send(endpoints.tasks())).tasks

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the releases, the newest first."""
        return (await self._send(endpoints.models())).models

    async def activate(self, model_id: str) -> ModelInfo:
        """Serve a release from now on."""
        return await self._send(endpoints.activate(model_id))

    async def rollback(self) -> ModelInfo:
        """Serve the release before this one again."""
        return await self._send(endpoints.rollback())

    async def status(self) -> Row:
        """Return what the service knows of itself."""
        return await self._send(endpoints.status())

    async def request(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send any other request below ``/api/v1``; return its JSON."""
        call: ApiCall[Any] = endpoints.any_request(method, path, body, params)
        return await self._send(call)

    async def is_ready(self) -> bool:
        """Return whether the service answers and is ready; never raises."""
        try:
            return (await self._http.get("/health/ready")).is_success
        except httpx.TransportError:
            return False

    async def close(self) -> None:
        """Close connections; closing twice is harmless."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.url!r})"

    async def _send(self, call: ApiCall[T]) -> T:
        return await send_async(self._http, call, self.retries)

    async def _put_rows(self, table: str, rows: Iterable[Row]) -> Accepted:
        total, sent, waiting = NO_ROWS, 0, iter(rows)
        while chunk := list(islice(waiting, ROWS_PER_REQUEST)):
            part = with_event_ids(chunk) if table == "events" else chunk
            total = merge_results(total, await self._send(endpoints.put(table, part)), sent)
            sent += len(chunk)
        return total

    async def _iter_rows(self, table: str, **where: str | None) -> AsyncIterator[Row]:
        cursor: str | None = None
        while True:
            page = await self._send(endpoints.page(table, cursor, ROWS_PER_REQUEST, **where))
            for row in page.rows:
                yield row
            cursor = page.cursor
            if cursor is None:
                return

    async def _delete(self, call: ApiCall[None]) -> bool:
        try:
            await self._send(call)
        except ResourceNotFoundError:
            return False
        return True
