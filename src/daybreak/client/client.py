"""A client that waits for each answer."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, Unpack

import httpx

from daybreak.client import endpoints
from daybreak.client.batches import NO_ROWS, ROWS_PER_REQUEST, merge_results, with_event_ids
from daybreak.client.calls import ApiCall
from daybreak.client.errors import ResourceNotFoundError
from daybreak.client.experiments import ExperimentsApi
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
    send,
    validate_timeout,
    validate_url,
)
from daybreak.closing import ClosesOnExit

T = TypeVar("T")


class Client(ClosesOnExit):
    """Everything a Daybreak service can do, over HTTP; may be shared by threads.

    What can be repeated without harm is: requests that read, and those whose second time
    changes nothing. Events are among them, because the client gives each one an id.

    Args:
        url: Of the service, without ``/api/v1``.
        api_key: Sent with every request; never shown or logged.
        timeout_s: For connecting, and again for each pause within an answer [s].
        retries: How often and how soon to try again.
        transport: Instead of the network, for tests.

    Raises:
        ConfigError: The address or the time is wrong.

    Example:
        >>> import httpx
        >>> said = {"recommendation_id": "r1", "items": [{"item_id": "tea", "score": 0.9}]}
        >>> service = httpx.MockTransport(lambda request: httpx.Response(200, json=said))
        >>> with Client("http://shop:8000", transport=service) as client:
        ...     client.recommend("ann", n=1).ids
        ('tea',)
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = validate_url(url)
        self.retries = retries or Retries()
        self._http = httpx.Client(
            base_url=self.url,
            headers=request_headers(api_key),
            timeout=validate_timeout(timeout_s),
            transport=transport,
        )
        self.experiments = ExperimentsApi(self._send)
        """Plans, starts, stops and reads experiments."""

    # answers

    def recommend(
        self, user_id: str | None = None, **options: Unpack[RecommendOptions]
    ) -> Recommendations:
        """Return recommendations for a user, a session, a profile, or nobody in particular.

        Raises:
            AnsweredError: The service refused or failed; UnreachableError: it did not answer.
                The same holds for every method.
        """
        return self._send(endpoints.recommend(user_id, **options))

    def more(self, recommendation_id: str, n: int = 10) -> Recommendations:
        """Return what comes after an answer, for scrolling on without end."""
        return self._send(endpoints.more(recommendation_id, n))

    def rank(
        self,
        items: Sequence[str],
        /,
        user_id: str | None = None,
        **options: Unpack[RecommendOptions],
    ) -> Recommendations:
        """Return given items in the order that suits the user best."""
        return self._send(endpoints.rank(items, user_id, **options))

    def similar(
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        n: int = 10,
        filter: str | None = None,
    ) -> Ranking:
        """Return items like one, or items that fit a text."""
        return self._send(endpoints.similar(item_id, text, n, filter))

    def popular(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what most users like."""
        return self._send(endpoints.top_list("popular", n, filter, categories))

    def latest(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return the newest items."""
        return self._send(endpoints.top_list("latest", n, filter, categories))

    def trending(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what is liked more than before."""
        return self._send(endpoints.top_list("trending", n, filter, categories))

    def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
    ) -> tuple[OnboardingQuestion, ...]:
        """Return what to ask somebody new: the answers are expected to help most.

        Args:
            n: Questions that are asked together; best one by one, each by the answers so far.
            yes: Items that they said to know and like.
            asked: Items that were asked without a yes, and attributes that were not told.
            attributes: Whether to ask for attributes of profiles, too.
        """
        return self._send(endpoints.onboarding(n, yes, asked, attributes)).questions

    def explain(self, user_id: str, item_id: str) -> Explanation:
        """Return why an item has its score for a user."""
        return self._send(endpoints.explain(user_id, item_id))

    def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Return the vector of each text."""
        return self._send(endpoints.embed(texts)).vectors

    # events and the catalogue

    def add_event(
        self, user_id: str | None, item_id: str, **fields: Unpack[EventFields]
    ) -> Accepted:
        """Store one event; it counts in the next answer.

        Raises:
            RejectedError: The event is wrong.
        """
        row: dict[str, Any] = {"user_id": user_id, "item_id": item_id, **fields}
        return self.add_events([row])

    def add_events(self, rows: Iterable[Row]) -> Accepted:
        """Store events, in parts of 1,000; rows without an ``event_id`` get one.

        When a later part fails, those before it are stored. To repeat the whole call, give
        the rows ids before: :func:`daybreak.client.with_event_ids`.
        """
        return self._put_rows("events", rows)

    def add_items(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace items, in parts of 1,000; they can be recommended at once."""
        return self._put_rows("items", rows)

    def add_users(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace users, in parts of 1,000."""
        return self._put_rows("users", rows)

    def update_item(self, item_id: str, **fields: Any) -> None:
        """Change some fields of an item; None empties one."""
        self._send(endpoints.change("items", item_id, fields))

    def update_user(self, user_id: str, **fields: Any) -> None:
        """Change some fields of a user; None empties one."""
        self._send(endpoints.change("users", user_id, fields))

    def item(self, item_id: str) -> Row:
        """Return an item."""
        return self._send(endpoints.get("items", item_id))

    def user(self, user_id: str) -> Row:
        """Return a user."""
        return self._send(endpoints.get("users", user_id))

    def items(self) -> Iterator[Row]:
        """Yield all items."""
        return self._iter_rows("items")

    def users(self) -> Iterator[Row]:
        """Yield all users."""
        return self._iter_rows("users")

    def events(
        self, *, user_id: str | None = None, item_id: str | None = None
    ) -> Iterator[Row]:
        """Yield all events, or those of one user or of one item."""
        return self._iter_rows("events", user_id=user_id, item_id=item_id)

    def delete_events(
        self,
        event_ids: Sequence[str] = (),
        *,
        user_id: str | None = None,
        item_id: str | None = None,
    ) -> int:
        """Delete the events of some ids, and all of a user, of an item, or of both at once.

        Returns:
            How many; those that an attempt without an answer deleted are not among them.
        """
        call = endpoints.delete_events(event_ids, user_id, item_id)
        return self._send(call).deleted

    def delete_item(self, item_id: str) -> bool:
        """Delete an item and its events; return whether it was there."""
        return self._delete(endpoints.delete("items", item_id))

    def delete_user(self, user_id: str) -> Proof:
        """Erase a user everywhere; return what was found, and whether anything is left."""
        return self._send(endpoints.erase(user_id))

    def export_user(self, user_id: str) -> Row:
        """Return everything that is known about a user."""
        return self._send(endpoints.export(user_id))

    def merge(self, user_id: str, anonymous: str) -> Merged:
        """Give a known user the history of an anonymous visitor, such as ``session:7``."""
        return self._send(endpoints.merge(user_id, anonymous))

    # life cycle

    def train(self) -> Task:
        """Start a training beside the service."""
        return self._send(endpoints.train())

    def tasks(self) -> tuple[Task, ...]:
        """Return trainings, the newest first."""
        return self._send(endpoints.tasks()).tasks

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the releases, the newest first."""
        return self._send(endpoints.models()).models

    def activate(self, model_id: str) -> ModelInfo:
        """Serve a release from now on."""
        return self._send(endpoints.activate(model_id))

    def rollback(self) -> ModelInfo:
        """Serve the release before this one again."""
        return self._send(endpoints.rollback())

    def status(self) -> Row:
        """Return what the service knows of itself."""
        return self._send(endpoints.status())

    def request(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send any other request below ``/api/v1``; return its JSON.

        Only GET, PUT and DELETE are tried again after an attempt that may have worked.
        """
        call: ApiCall[Any] = endpoints.any_request(method, path, body, params)
        return self._send(call)

    def is_ready(self) -> bool:
        """Return whether the service answers and is ready; never raises."""
        try:
            return self._http.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Close connections; closing twice is harmless."""
        self._http.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def _send(self, call: ApiCall[T]) -> T:
        return send(self._http, call, self.retries)

    def _put_rows(self, table: str, rows: Iterable[Row]) -> Accepted:
        total, sent, waiting = NO_ROWS, 0, iter(rows)
        while chunk := list(islice(waiting, ROWS_PER_REQUEST)):
            part = with_event_ids(chunk) if table == "events" else chunk
            total = merge_results(total, self._send(endpoints.put(table, part)), sent)
            sent += len(chunk)
        return total

    def _iter_rows(self, table: str, **where: str | None) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            page = self._send(endpoints.page(table, cursor, ROWS_PER_REQUEST, **where))
            yield from page.rows
            cursor = page.cursor
            if cursor is None:
                return

    def _delete(self, call: ApiCall[None]) -> bool:
        try:
            self._send(call)
        except ResourceNotFoundError:
            return False
        return True
