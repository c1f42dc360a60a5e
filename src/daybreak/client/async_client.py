"""Asynchronous client of a Daybreak service.

``tools/generate_client.py`` generates ``client.py`` from this file: change this file, then run
the script.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from daybreak.client.async_admin import AsyncAdminApi
from daybreak.client.async_encoders import AsyncEncodersApi
from daybreak.client.async_experiments import AsyncExperimentsApi
from daybreak.client.async_language import AsyncLanguageApi
from daybreak.client.batches import NO_ROWS, ROWS_PER_REQUEST, merge_results, with_event_ids
from daybreak.client.calls import ApiCall, check_list, chosen_fields, path_of, without_none
from daybreak.client.errors import ResourceNotFoundError
from daybreak.client.interview_results import InterviewAnswer
from daybreak.client.options import EventFields, InterviewOptions, RecommendOptions
from daybreak.client.results import (
    Accepted,
    Activity,
    Audience,
    AudienceFlow,
    DeletedCount,
    Explanation,
    InterestHistory,
    Merged,
    ModelInfo,
    ModelList,
    ModelReport,
    Placement,
    Proof,
    Question,
    QuestionList,
    Ranking,
    Reach,
    Recommendations,
    ReplacedCatalogue,
    Row,
    RowsPage,
    Task,
    TaskList,
    TextVectors,
)
from daybreak.client.title_results import TitleMatch, TitleMatches
from daybreak.client.transport import (
    request_arguments,
    request_headers,
    result_of,
    validate_timeout,
    validate_url,
)
from daybreak.deprecation import parameter_aliases
from daybreak.errors import ConfigError
from daybreak.http_retry import AttemptOutcome, Retries

T = TypeVar("T")


class AsyncClient:
    """Asynchronous client of a Daybreak service.

    Each method sends one request and returns its result as a frozen value. Requests that are
    safe to repeat are repeated after a lost response or a temporary fault; events are among
    them, because the client gives an id to each event.

    Args:
        url: Address of the service, without ``/api/v1``.
        api_key: API key, sent with every request; it is never shown or logged.
        timeout_s: Timeout of connecting, and of each pause within a response [s].
        retries: Number of retries and their waits.
        transport: Replacement of the network, for tests.

    Raises:
        ConfigError: The address or the timeout is invalid.

    Example:
        >>> import asyncio
        >>> import httpx
        >>> result = {"recommendation_id": "r1", "items": [{"item_id": "tea", "score": 0.9}]}
        >>> service = httpx.MockTransport(lambda request: httpx.Response(200, json=result))
        >>> client = AsyncClient("http://shop:8000", transport=service)
        >>> asyncio.run(client.recommend("ann", k=1)).ids
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
        """Methods for experiments and online metrics."""
        self.admin = AsyncAdminApi(self._send)
        """Methods for operators: API keys, policy, data, map and tasks."""
        self.encoders = AsyncEncodersApi(self._send)
        """Methods for fine-tuned text encoders."""
        self.language = AsyncLanguageApi(self._send)
        """Methods for tasks with a language model."""

    # Lists

    async def recommend(
        self, user_id: str | None = None, **options: Unpack[RecommendOptions]
    ) -> Recommendations:
        """Return recommendations for a user, a session, a profile, or an anonymous visitor.

        Raises:
            ResponseError: The service rejected the request, or failed.
            UnreachableError: No response came. Every method raises these two errors.
        """
        body = without_none(user_id=user_id, **options)
        return await self._send(ApiCall("POST", "/recommend", Recommendations, body=body))

    @parameter_aliases(n="k")
    async def more(
        self, recommendation_id: str, k: int = 10, *, fields: Sequence[str] = ()
    ) -> Recommendations:
        """Return the items that follow an earlier list, for endless scrolling.

        Args:
            recommendation_id: Id of the earlier list.
            k: Number of items; also accepted as ``n``.
            fields: As for :meth:`recommend`.
        """
        body = {"recommendation_id": recommendation_id, "k": k, **chosen_fields(fields)}
        return await self._send(
            ApiCall("POST", "/recommend/next", Recommendations, body=body, repeatable=False)
        )

    async def rank(
        self,
        items: Sequence[str],
        /,
        user_id: str | None = None,
        **options: Unpack[RecommendOptions],
    ) -> Recommendations:
        """Return the given items in the best order for a user."""
        body = without_none(items=check_list("items", items), user_id=user_id, **options)
        return await self._send(ApiCall("POST", "/rank", Recommendations, body=body))

    @parameter_aliases(n="k", filter="where")
    async def similar(  # noqa: PLR0913 - what to compare with, and how to answer
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        image: bytes | None = None,
        k: int = 10,
        where: str | None = None,
        explain: bool = False,
        fields: Sequence[str] = (),
    ) -> Ranking:
        """Return the items most similar to an item, to a text or to a picture.

        Args:
            item_id: Item of the catalogue.
            text: Description, instead.
            image: Bytes of the file of a picture, instead.
            k: Number of items; also accepted as ``n``.
            where: Filter of items; also accepted as ``filter``.
            explain: Whether the items have reasons.
            fields: As for :meth:`recommend`.

        Raises:
            ResourceNotFoundError: The item is not in the catalogue.
        """
        body = without_none(item_id=item_id, text=text, k=k, where=where, explain=explain)
        body |= chosen_fields(fields)
        body |= {} if image is None else {"image": b64encode(image).decode("ascii")}
        return await self._send(ApiCall("POST", "/similar", Ranking, body=body))

    @parameter_aliases(n="k")
    async def audience(
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        k: int = 10,
        explain: bool = False,
    ) -> Audience:
        """Return the known users with the highest scores for an item or a text.

        Args:
            item_id: Item of the catalogue.
            text: Description of a new item, instead.
            k: Number of users; also accepted as ``n``.
            explain: Whether the users have reasons.

        Raises:
            ResourceNotFoundError: The item is not in the catalogue.
        """
        body = without_none(item_id=item_id, text=text, k=k, explain=explain)
        return await self._send(ApiCall("POST", "/audience", Audience, body=body))

    @parameter_aliases(n="k", filter="where")
    async def popular(
        self,
        k: int = 10,
        *,
        where: str | None = None,
        categories: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> Ranking:
        """Return the items with the most users."""
        return await self._top_list("/popular", k, where, categories, fields)

    @parameter_aliases(n="k", filter="where")
    async def latest(
        self,
        k: int = 10,
        *,
        where: str | None = None,
        categories: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> Ranking:
        """Return the newest items."""
        return await self._top_list("/latest", k, where, categories, fields)

    @parameter_aliases(n="k", filter="where")
    async def trending(
        self,
        k: int = 10,
        *,
        where: str | None = None,
        categories: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> Ranking:
        """Return the items with the most users lately."""
        return await self._top_list("/trending", k, where, categories, fields)

    @parameter_aliases(n="k")
    async def onboarding(
        self,
        k: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        attributes: bool = False,
        text: str = "",
    ) -> tuple[Question, ...]:
        """Return the questions to a new user whose answers improve the list most.

        Args:
            k: Number of questions; also accepted as ``n``. One question at a time, each chosen
                by the answers so far, works best.
            yes: Ids of items that the user knows and likes.
            asked: Ids of items that the user was asked about and did not like, and names of
                attributes that the user did not state.
            attributes: Whether to ask about attributes of the profile, too.
            text: What the user says.
        """
        answers = {"yes": check_list("yes", yes), "asked": check_list("asked", asked)}
        params = {"k": k, **answers, "attributes": attributes, "text": text or None}
        result = await self._send(ApiCall("GET", "/onboarding", QuestionList, params))
        return result.questions

    @parameter_aliases(n="k")
    async def interview(
        self,
        turns: Sequence[Mapping[str, Any]] = (),
        *,
        language: str = "en",
        k: int = 10,
        **options: Unpack[InterviewOptions],
    ) -> InterviewAnswer:
        """Return the next question to a new user, and the list after the answers so far.

        Args:
            turns: Answers so far; ``answer.question.answered(...)`` makes one.
            language: Language of the questions, ``en`` or ``zh``.
            k: Number of items; also accepted as ``n``.
            **options: ``n_choices, max_questions, attributes, undo, use_model, where,
                categories, fields, session_id, record``.
        """
        body = without_none(turns=list(turns), language=language, k=k, **options)
        return await self._send(ApiCall("POST", "/interview", InterviewAnswer, body=body))

    async def explain(self, user_id: str, item_id: str) -> Explanation:
        """Return the reasons for the score of an item for a user."""
        return await self._send(
            ApiCall("GET", path_of("explain", user_id, item_id), Explanation)
        )

    async def why(
        self, item_id: str, user_id: str | None = None, **options: Unpack[RecommendOptions]
    ) -> Placement:
        """Return the place of an item in a list, what keeps it out, and all evidence for it.

        Args:
            item_id: The item.
            user_id: User of the list; None: an anonymous visitor.
            **options: As for :meth:`recommend`.
        """
        body = without_none(item_id=item_id, user_id=user_id, **options)
        return await self._send(ApiCall("POST", "/why", Placement, body=body))

    async def interests(
        self, user_id: str, *, topics: int = 8, points: int = 12
    ) -> InterestHistory:
        """Return the interests of a user over time, and what is expected next.

        Args:
            user_id: Id of a known user.
            topics: Largest number of topics, from 2 to 30.
            points: Largest number of points in time, from 1 to 100.
        """
        params = {"topics": topics, "points": points}
        path = path_of("users", user_id, "interests")
        return await self._send(ApiCall("GET", path, InterestHistory, params))

    async def interest_flow(self, *, topics: int = 8, points: int = 12) -> AudienceFlow:
        """Return where the interest of the audience is moving.

        Args:
            topics: Largest number of topics, from 2 to 30.
            points: Largest number of periods, from 1 to 100.
        """
        params = {"topics": topics, "points": points}
        return await self._send(ApiCall("GET", "/interests/flow", AudienceFlow, params))

    async def reach(self, item_id: str | None = None, *, text: str | None = None) -> Reach:
        """Return how many users an item, or a text that describes one, is expected to reach."""
        body = without_none(item_id=item_id, text=text)
        return await self._send(ApiCall("POST", "/reach", Reach, body=body))

    async def match_titles(self, text: str) -> tuple[TitleMatch, ...]:
        """Return the item of each title of a list from elsewhere, to be confirmed by the user.

        What is confirmed is a history: give it as ``events`` to :meth:`recommend`, or store it
        by :meth:`add_events`.

        Args:
            text: Pasted lines, or CSV with a column of titles.

        Raises:
            RejectedError: There is no title, or more than 5,000.
        """
        found = await self._send(ApiCall("POST", "/match", TitleMatches, body={"text": text}))
        return found.matches

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Return the vector of each text."""
        body = {"texts": check_list("texts", texts)}
        result = await self._send(ApiCall("POST", "/embed", TextVectors, body=body))
        return result.vectors

    # Events, items and users

    async def add_event(
        self, user_id: str | None, item_id: str, **fields: Unpack[EventFields]
    ) -> Accepted:
        """Store one event; it counts in the next list.

        Raises:
            RejectedError: The event is invalid.
        """
        row: dict[str, Any] = {"user_id": user_id, "item_id": item_id, **fields}
        return await self.add_events([row])

    async def add_events(self, rows: Iterable[Row]) -> Accepted:
        """Store events, 1,000 a request; events without an ``event_id`` get one.

        If a later request fails, the events of the earlier ones are stored. To be able to
        repeat the whole call, give the events ids first:
        :func:`daybreak.client.with_event_ids`.
        """
        return await self._put_rows("events", rows)

    async def add_items(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace items, 1,000 a request; they can be recommended at once."""
        return await self._put_rows("items", rows)

    async def replace_items(self, rows: Iterable[Row]) -> ReplacedCatalogue:
        """Replace the catalogue, in one request: items that ``rows`` do not have leave it.

        Their events are kept. All rows are stored, or none of them. A service takes up to
        10,000 rows of a body; larger catalogues are imported as a file (``POST /import``).
        """
        call = ApiCall("PUT", "/items", ReplacedCatalogue, body=list(rows))
        return await self._send(call)

    async def add_users(self, rows: Iterable[Row]) -> Accepted:
        """Add or replace users, 1,000 a request."""
        return await self._put_rows("users", rows)

    async def update_item(self, item_id: str, **fields: Any) -> None:
        """Change some fields of an item; None removes the value of a field."""
        await self._send(ApiCall("PATCH", path_of("items", item_id), None, body=fields))

    async def update_item_image(self, item_id: str, image: bytes) -> None:
        """Set the picture of an item; ``image`` holds the bytes of its file."""
        data = b64encode(image).decode("ascii")
        await self.update_item(item_id, image=f"data:image/*;base64,{data}")

    async def update_item_audio(self, item_id: str, audio: bytes) -> None:
        """Set the sound of an item; ``audio`` holds the bytes of its file."""
        data = b64encode(audio).decode("ascii")
        await self.update_item(item_id, audio=f"data:audio/*;base64,{data}")

    async def update_user(self, user_id: str, **fields: Any) -> None:
        """Change some fields of a user; None removes the value of a field."""
        await self._send(ApiCall("PATCH", path_of("users", user_id), None, body=fields))

    async def item(self, item_id: str) -> Row:
        """Return an item."""
        return await self._send(ApiCall("GET", path_of("items", item_id), dict[str, Any]))

    async def user(self, user_id: str) -> Row:
        """Return a user."""
        return await self._send(ApiCall("GET", path_of("users", user_id), dict[str, Any]))

    def items(self, search: str | None = None) -> AsyncIterator[Row]:
        """Yield all items, or those whose id or title has all words of a text."""
        return self._iter_rows("/items", search=search)

    def users(self, search: str | None = None) -> AsyncIterator[Row]:
        """Yield all users, or those whose id or name has all words of a text."""
        return self._iter_rows("/users", search=search)

    def events(
        self, *, user_id: str | None = None, item_id: str | None = None
    ) -> AsyncIterator[Row]:
        """Yield all events, or the events of a user, of an item, or of both."""
        return self._iter_rows("/events", user_id=user_id, item_id=item_id)

    async def delete_events(
        self,
        event_ids: Sequence[str] = (),
        *,
        user_id: str | None = None,
        item_id: str | None = None,
    ) -> int:
        """Delete the events with the given ids, and those of a user, of an item, or of both.

        Returns:
            Number of deleted events. Events that an earlier attempt without a response deleted
            are not counted.
        """
        ids = check_list("event_ids", event_ids)
        body = without_none(event_ids=ids, user_id=user_id, item_id=item_id)
        result = await self._send(ApiCall("DELETE", "/events", DeletedCount, body=body))
        return result.deleted

    async def delete_item(self, item_id: str) -> bool:
        """Delete an item and its events; return whether it existed."""
        try:
            call = ApiCall("DELETE", path_of("items", item_id), DeletedCount)
            result = await self._send(call)
        except ResourceNotFoundError:
            return False
        return result.deleted > 0

    async def delete_user(self, user_id: str) -> Proof:
        """Erase a user everywhere; return what was found, and whether anything is left."""
        return await self._send(ApiCall("DELETE", path_of("users", user_id), Proof))

    async def export_user(self, user_id: str) -> Row:
        """Return all data that is stored about a user."""
        return await self._send(
            ApiCall("GET", path_of("users", user_id, "export"), dict[str, Any])
        )

    async def merge(self, user_id: str, anonymous: str) -> Merged:
        """Move the events of an anonymous visitor, such as ``session:7``, to a known user."""
        body = {"from": anonymous}
        return await self._send(
            ApiCall("POST", path_of("users", user_id, "merge"), Merged, body=body)
        )

    # Releases and the service

    async def train(self) -> Task:
        """Start a training in a separate process."""
        return await self._send(ApiCall("POST", "/train", Task, repeatable=False))

    async def tasks(self) -> tuple[Task, ...]:
        """Return the trainings, the newest first."""
        result = await self._send(ApiCall("GET", "/tasks", TaskList))
        return result.tasks

    async def models(self) -> tuple[ModelInfo, ...]:
        """Return the releases, the newest first."""
        result = await self._send(ApiCall("GET", "/models", ModelList))
        return result.models

    async def model_report(self, model_id: str) -> ModelReport:
        """Return what the training of a release measured."""
        return await self._send(
            ApiCall("GET", path_of("models", model_id, "report"), ModelReport)
        )

    async def activate(self, model_id: str) -> ModelInfo:
        """Serve a release from now on."""
        return await self._send(
            ApiCall("POST", path_of("models", model_id, "activate"), ModelInfo)
        )

    async def rollback(self) -> ModelInfo:
        """Serve the previous release again."""
        return await self._send(
            ApiCall("POST", "/models/rollback", ModelInfo, repeatable=False)
        )

    async def activity(self, periods: int = 60) -> Activity:
        """Return events, users and items over time, and how many of them were new.

        Args:
            periods: Largest number of periods.
        """
        return await self._send(ApiCall("GET", "/activity", Activity, {"periods": periods}))

    async def status(self) -> Row:
        """Return the state of the service."""
        return await self._send(ApiCall("GET", "/status", dict[str, Any]))

    async def request(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send any other request below ``/api/v1``; return its JSON.

        Only GET, HEAD, PUT and DELETE are repeated after an attempt that the service may have
        processed.

        Raises:
            ConfigError: The path does not start with ``/``.
        """
        if not path.startswith("/"):
            raise ConfigError(f"a path must start with /, got {path!r}")
        repeatable = method.upper() in {"GET", "HEAD", "PUT", "DELETE"}
        return await self._send(ApiCall(method.upper(), path, object, params, body, repeatable))

    async def is_ready(self) -> bool:
        """Return whether the service is ready; a missing response means that it is not."""
        try:
            response = await self._http.get("/health/ready")
        except httpx.TransportError:
            return False
        return response.is_success

    async def close(self) -> None:
        """Close all connections; a second call has no effect."""
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

    async def _send(self, call: ApiCall[T], /) -> T:
        """Send a request, with retries after temporary faults; return its result."""
        request = self._http.build_request(**request_arguments(call))
        attempt = 0
        while True:
            try:
                outcome: AttemptOutcome = await self._http.send(request)
            except httpx.TransportError as error:
                outcome = error
            wait_s = self.retries.wait_s(outcome, attempt=attempt, repeatable=call.repeatable)
            if wait_s is None:
                return result_of(call, outcome, attempt)
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _top_list(
        self,
        path: str,
        k: int,
        where: str | None,
        categories: Sequence[str],
        fields: Sequence[str],
    ) -> Ranking:
        listed = check_list("categories", categories)
        params = {"k": k, "where": where, "categories": listed, **chosen_fields(fields)}
        return await self._send(ApiCall("GET", path, Ranking, params))

    async def _put_rows(self, table: str, rows: Iterable[Row]) -> Accepted:
        total, n_sent, remaining = NO_ROWS, 0, iter(rows)
        while batch := list(islice(remaining, ROWS_PER_REQUEST)):
            body = with_event_ids(batch) if table == "events" else batch
            call = ApiCall("POST", path_of(table), Accepted, body=body)
            total = merge_results(total, await self._send(call), n_sent)
            n_sent += len(batch)
        return total

    async def _iter_rows(self, path: str, **filters: str | None) -> AsyncIterator[Row]:
        cursor: str | None = None
        while True:
            params = {"cursor": cursor, "k": ROWS_PER_REQUEST, **filters}
            page = await self._send(ApiCall("GET", path, RowsPage, params))
            for row in page.rows:
                yield row
            cursor = page.cursor
            if cursor is None:
                return
