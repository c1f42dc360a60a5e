"""Every request that a client can make, as a value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack

from daybreak.client.calls import ApiCall, path_of
from daybreak.client.decoding import decode
from daybreak.client.options import RecommendOptions
from daybreak.client.results import (
    Accepted,
    DeletedCount,
    Explanation,
    Merged,
    ModelInfo,
    ModelList,
    Proof,
    QuestionList,
    Ranking,
    Recommendations,
    Row,
    RowsPage,
    Task,
    TaskList,
    TextVectors,
)
from daybreak.errors import ConfigError

T = TypeVar("T")


def recommend(
    user_id: str | None, **options: Unpack[RecommendOptions]
) -> ApiCall[Recommendations]:
    """Ask for recommendations; a repeated one is another answer, and does no harm."""
    body = _without_none(user_id=user_id, **options)
    return ApiCall("POST", "/recommend", decoder_of(Recommendations), body=body)


def more(recommendation_id: str, n: int) -> ApiCall[Recommendations]:
    """Ask for what comes after an answer; asking twice would leave out a page."""
    body = {"recommendation_id": recommendation_id, "n": n}
    read = decoder_of(Recommendations)
    return ApiCall("POST", "/recommend/next", read, body=body, repeatable=False)


def rank(
    items: Sequence[str], /, user_id: str | None, **options: Unpack[RecommendOptions]
) -> ApiCall[Recommendations]:
    """Ask for the order of given items."""
    body = _without_none(items=_check_list("items", items), user_id=user_id, **options)
    return ApiCall("POST", "/rank", decoder_of(Recommendations), body=body)


def similar(
    item_id: str | None, text: str | None, n: int, filter: str | None
) -> ApiCall[Ranking]:
    """Ask for items like one, or for items that fit a text."""
    body = _without_none(item_id=item_id, text=text, n=n, filter=filter)
    return ApiCall("POST", "/similar", decoder_of(Ranking), body=body)


def top_list(
    name: str, n: int, filter: str | None, categories: Sequence[str]
) -> ApiCall[Ranking]:
    """Ask for a list that is for everybody: popular, latest or trending."""
    params = {"n": n, "filter": filter, "category": _check_list("categories", categories)}
    return ApiCall("GET", path_of(name), decoder_of(Ranking), params)


def explain(user_id: str, item_id: str) -> ApiCall[Explanation]:
    """Ask why an item has its score for a user."""
    return ApiCall("GET", path_of("explain", user_id, item_id), decoder_of(Explanation))


def embed(texts: Sequence[str]) -> ApiCall[TextVectors]:
    """Ask for vectors of texts."""
    return ApiCall(
        "POST", "/embed", decoder_of(TextVectors), body={"texts": _check_list("texts", texts)}
    )


def onboarding(
    n: int, yes: Sequence[str], asked: Sequence[str], attributes: bool
) -> ApiCall[QuestionList]:
    """Ask what to ask somebody new."""
    said = {"yes": _check_list("yes", yes), "asked": _check_list("asked", asked)}
    params = {"n": n, **said, "attributes": attributes}
    return ApiCall("GET", "/onboarding", decoder_of(QuestionList), params)


def put(table: str, rows: Sequence[Row]) -> ApiCall[Accepted]:
    """Send rows; events need their ids by now, so that sending them again does no harm."""
    return ApiCall("POST", path_of(table), decoder_of(Accepted), body=list(rows))


def change(table: str, id_: str, fields: Row) -> ApiCall[None]:
    """Change some fields of a row."""
    return ApiCall("PATCH", path_of(table, id_), ignore_body, body=dict(fields))


def get(table: str, id_: str) -> ApiCall[Row]:
    """Ask for a row."""
    return ApiCall("GET", path_of(table, id_), _check_object)


def page(table: str, cursor: str | None, n: int, **where: str | None) -> ApiCall[RowsPage]:
    """Ask for some rows of a table."""

    def read(said: Any) -> RowsPage:
        answer = _check_object(said)
        return decode(RowsPage, {"rows": answer.get(table), "cursor": answer.get("cursor")})

    return ApiCall("GET", path_of(table), read, {"cursor": cursor, "n": n, **where})


def delete(*path: str) -> ApiCall[None]:
    """Delete for good."""
    return ApiCall("DELETE", path_of(*path), ignore_body)


def delete_events(
    event_ids: Sequence[str], user_id: str | None, item_id: str | None
) -> ApiCall[DeletedCount]:
    """Delete some events; the second time they are gone."""
    ids = _check_list("event_ids", event_ids)
    body = _without_none(event_ids=ids, user_id=user_id, item_id=item_id)
    return ApiCall("DELETE", "/events", decoder_of(DeletedCount), body=body)


def erase(user_id: str) -> ApiCall[Proof]:
    """Erase a user everywhere; the second time nothing is found."""
    return ApiCall("DELETE", path_of("users", user_id), decoder_of(Proof))


def export(user_id: str) -> ApiCall[Row]:
    """Ask for everything about a user."""
    return ApiCall("GET", path_of("users", user_id, "export"), _check_object)


def merge(user_id: str, anonymous: str) -> ApiCall[Merged]:
    """Make the events of a visitor those of a user; doing it again changes nothing."""
    body = {"from": anonymous}
    return ApiCall("POST", path_of("users", user_id, "merge"), decoder_of(Merged), body=body)


def train() -> ApiCall[Task]:
    """Start a training; asking twice may start two."""
    return ApiCall("POST", "/train", decoder_of(Task), repeatable=False)


def tasks() -> ApiCall[TaskList]:
    """Ask for running and finished trainings."""
    return ApiCall("GET", "/tasks", decoder_of(TaskList))


def models() -> ApiCall[ModelList]:
    """Ask for the releases."""
    return ApiCall("GET", "/models", decoder_of(ModelList))


def activate(model_id: str) -> ApiCall[ModelInfo]:
    """Serve a release from now on."""
    return ApiCall("POST", path_of("models", model_id, "activate"), decoder_of(ModelInfo))


def rollback() -> ApiCall[ModelInfo]:
    """Serve the release before this one; asking twice may go back by two."""
    return ApiCall("POST", "/models/rollback", decoder_of(ModelInfo), repeatable=False)


def status() -> ApiCall[Row]:
    """Ask what the service knows of itself."""
    return ApiCall("GET", "/status", _check_object)


def any_request(method: str, path: str, body: Any, params: Mapping[str, Any]) -> ApiCall[Any]:
    """Ask anything; only what every HTTP service may be asked twice is repeated."""
    if not path.startswith("/"):
        raise ConfigError(f"a path must start with /, got {path!r}")
    repeatable = method.upper() in {"GET", "HEAD", "PUT", "DELETE"}
    return ApiCall(method.upper(), path, lambda said: said, params, body, repeatable)


def decoder_of(kind: type[T]) -> Callable[[Any], T]:
    """Return how an answer of this kind is read."""
    return lambda said: decode(kind, said)


def ignore_body(_: Any) -> None:
    """Read an answer that tells nothing more."""


def _check_object(said: Any) -> Row:
    if not isinstance(said, Mapping):
        raise ValueError("it must be an object")
    return said


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _check_list(name: str, given: Sequence[str]) -> list[str]:
    """Return a list; a text alone would be taken for one of characters."""
    if isinstance(given, str):
        raise ConfigError(f"{name} must be a list of texts, got {given!r:.80}")
    return list(given)
