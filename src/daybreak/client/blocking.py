"""A client that waits for each answer."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, Unpack

import httpx

from daybreak.client import endpoints
from daybreak.client.batches import CHUNK, NOTHING, joined
from daybreak.client.calls import Call
from daybreak.client.errors import MissingError
from daybreak.client.event_ids import with_event_ids
from daybreak.client.experiments import ExperimentBook
from daybreak.client.options import EventFields, Options
from daybreak.client.results import (
    Accepted,
    Explanation,
    Merged,
    Model,
    Proof,
    Question,
    Ranking,
    Recommendations,
    Row,
    Task,
)
from daybreak.client.retrying import Retries
from daybreak.client.sending import checked_url, headers_of, send, timeout_of
from daybreak.closing import Closing

T = TypeVar("T")


class Client(Closing):
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
        self.url = checked_url(url)
        self.retries = retries or Retries()
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers_of(api_key),
            timeout=timeout_of(timeout_s),
            transport=transport,
        )
        self.experiments = ExperimentBook(self._do)
        """Plans, starts, stops and reads experiments."""

    # answers

    def recommend(
        self, user_id: str | None = None, **options: Unpack[Options]
    ) -> Recommendations:
        """Return recommendations for a user, a session, a profile, or nobody in particular.

        Raises:
            AnsweredError: The service refused or failed; UnreachableError: it did not answer.
                The same holds for every method.
        """
        return self._do(endpoints.recommend(user_id, **options))

    def more(self, recommendation_id: str, n: int = 10) -> Recommendations:
        """Return what comes after an answer, for scrolling on without end."""
        return self._do(endpoints.more(recommendation_id, n))

    def rank(
        self, items: Sequence[str], /, user_id: str | None = None, **options: Unpack[Options]
    ) -> Recommendations:
        """Return given items in the order that suits the user best."""
        return self._do(endpoints.rank(items, user_id, **options))

    def similar(
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        n: int = 10,
        filter: str | None = None,
    ) -> Ranking:
        """Return items like one, or items that fit a text."""
        return self._do(endpoints.similar(item_id, text, n, filter))

    def popular(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what most users like."""
        return self._do(endpoints.listed("popular", n, filter, categories))

    def latest(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return the newest items."""
        return self._do(endpoints.listed("latest", n, filter, categories))

    def trending(
        self, n: int = 10, *, filter: str | None = None, categories: Sequence[str] = ()
    ) -> Ranking:
        """Return what is liked more than before."""
        return self._do(endpoints.listed("trending", n, filter, categories))

    def onboarding(
        self,
        n: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
    ) -> tuple[Question, ...]:
        """Return what to ask somebody new: the answers are expected to help most.

        Args:
            n: Questions that are asked together; best one by one, each by the answers so far.
            yes: Items that they said to know and like.
            asked: Items that were asked without a yes, and attributes that were not told.
            attributes: Whether to ask for attributes of profiles, too.
        """
        return self._do(endpoints.onboarding(n, yes, asked, attributes)).questions

    def explain(self, user_id: str, item_id: str) -> Explanation:
        """Return why an item has its score for a user."""
        return self._do(endpoints.explain(user_id, item_id))

    def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Return the vector of each text."""
        return self._do(endpoints.embed(texts)).vectors

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
        return self._put("events", rows)

    def add_items(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace items, in parts of 1,000; they can be recommended at once."""
        return self._put("items", rows)

    def add_users(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace users, in parts of 1,000."""
        return self._put("users", rows)

    def update_item(self, item_id: str, **fields: Any) -> None:
        """Change some fields of an item; None empties one."""
        self._do(endpoints.change("items", item_id, fields))

    def update_user(self, user_id: str, **fields: Any) -> None:
        """Change some fields of a user; None empties one."""
        self._do(endpoints.change("users", user_id, fields))

    def item(self, item_id: str) -> Row:
        """Return an item."""
        return self._do(endpoints.get("items", item_id))

    def user(self, user_id: str) -> Row:
        """Return a user."""
        return self._do(endpoints.get("users", user_id))

    def items(self) -> Iterator[Row]:
        """Yield all items."""
        return self._rows("items")

    def users(self) -> Iterator[Row]:
        """Yield all users."""
        return self._rows("users")

    def events(
        self, *, user_id: str | None = None, item_id: str | None = None
    ) -> Iterator[Row]:
        """Yield all events, or those of one user or of one item."""
        return self._rows("events", user_id=user_id, item_id=item_id)

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
        return self._do(call).deleted

    def delete_item(self, item_id: str) -> bool:
        """Delete an item and its events; return whether it was there."""
        return self._deleted(endpoints.delete("items", item_id))

    def delete_user(self, user_id: str) -> Proof:
        """Erase a user everywhere; return what was found, and whether anything is left."""
        return self._do(endpoints.erase(user_id))

    def export_user(self, user_id: str) -> Row:
        """Return everything that is known about a user."""
        return self._do(endpoints.export(user_id))

    def merge(self, user_id: str, anonymous: str) -> Merged:
        """Give a known user the history of an anonymous visitor, such as ``session:7``."""
        return self._do(endpoints.merge(user_id, anonymous))

    # life cycle

    def train(self) -> Task:
        """Start a training beside the service."""
        return self._do(endpoints.train())

    def tasks(self) -> tuple[Task, ...]:
        """Return trainings, the newest first."""
        return self._do(endpoints.tasks()).tasks

    def models(self) -> tuple[Model, ...]:
        """Return the releases, the newest first."""
        return self._do(endpoints.models()).models

    def activate(self, model_id: str) -> Model:
        """Serve a release from now on."""
        return self._do(endpoints.activate(model_id))

    def rollback(self) -> Model:
        """Serve the release before this one again."""
        return self._do(endpoints.rollback())

    def status(self) -> Row:
        """Return what the service knows of itself."""
        return self._do(endpoints.status())

    def request(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send any other request below ``/api/v1``; return its JSON.

        Only GET, PUT and DELETE are tried again after an attempt that may have worked.
        """
        call: Call[Any] = endpoints.other(method, path, body, params)
        return self._do(call)

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

    def _do(self, call: Call[T]) -> T:
        return send(self._http, call, self.retries)

    def _put(self, table: str, rows: Iterable[Row]) -> Accepted:
        total, sent, waiting = NOTHING, 0, iter(rows)
        while chunk := list(islice(waiting, CHUNK)):
            part = with_event_ids(chunk) if table == "events" else chunk
            total = joined(total, self._do(endpoints.put(table, part)), sent)
            sent += len(chunk)
        return total

    def _rows(self, table: str, **where: str | None) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            page = self._do(endpoints.page(table, cursor, CHUNK, **where))
            yield from page.rows
            cursor = page.cursor
            if cursor is None:
                return

    def _deleted(self, call: Call[None]) -> bool:
        try:
            self._do(call)
        except MissingError:
            return False
        return True
