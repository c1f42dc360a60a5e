"""Every request that a client can make, as a value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack

from daybreak.client.calls import Call, path_of
from daybreak.client.decoding import decode
from daybreak.client.options import Options
from daybreak.client.results import (
    Accepted,
    Deleted,
    Explanation,
    Merged,
    Model,
    Models,
    Page,
    Proof,
    Questions,
    Ranking,
    Recommendations,
    Row,
    Task,
    Tasks,
    Vectors,
)
from daybreak.errors import ConfigError

T = TypeVar("T")


def recommend(user_id: str | None, **options: Unpack[Options]) -> Call[Recommendations]:
    """Ask for recommendations; a repeated one is another answer, and does no harm."""
    body = _given(user_id=user_id, **options)
    return Call("POST", "/recommend", as_kind(Recommendations), body=body)


def more(recommendation_id: str, n: int) -> Call[Recommendations]:
    """Ask for what comes after an answer; asking twice would leave out a page."""
    body = {"recommendation_id": recommendation_id, "n": n}
    read = as_kind(Recommendations)
    return Call("POST", "/recommend/next", read, body=body, repeatable=False)


def rank(
    items: Sequence[str], /, user_id: str | None, **options: Unpack[Options]
) -> Call[Recommendations]:
    """Ask for the order of given items."""
    body = _given(items=_texts("items", items), user_id=user_id, **options)
    return Call("POST", "/rank", as_kind(Recommendations), body=body)


def similar(item_id: str | None, text: str | None, n: int, filter: str | None) -> Call[Ranking]:
    """Ask for items like one, or for items that fit a text."""
    body = _given(item_id=item_id, text=text, n=n, filter=filter)
    return Call("POST", "/similar", as_kind(Ranking), body=body)


def listed(name: str, n: int, filter: str | None, categories: Sequence[str]) -> Call[Ranking]:
    """Ask for a list that is for everybody: popular, latest or trending."""
    params = {"n": n, "filter": filter, "category": _texts("categories", categories)}
    return Call("GET", path_of(name), as_kind(Ranking), params)


def explain(user_id: str, item_id: str) -> Call[Explanation]:
    """Ask why an item has its score for a user."""
    return Call("GET", path_of("explain", user_id, item_id), as_kind(Explanation))


def embed(texts: Sequence[str]) -> Call[Vectors]:
    """Ask for vectors of texts."""
    return Call("POST", "/embed", as_kind(Vectors), body={"texts": _texts("texts", texts)})


def onboarding(
    n: int, yes: Sequence[str], asked: Sequence[str], attributes: bool
) -> Call[Questions]:
    """Ask what to ask somebody new."""
    said = {"yes": _texts("yes", yes), "asked": _texts("asked", asked)}
    params = {"n": n, **said, "attributes": attributes}
    return Call("GET", "/onboarding", as_kind(Questions), params)


def put(table: str, rows: Sequence[Row]) -> Call[Accepted]:
    """Send rows; events need their ids by now, so that sending them again does no harm."""
    return Call("POST", path_of(table), as_kind(Accepted), body=list(rows))


def change(table: str, id_: str, fields: Row) -> Call[None]:
    """Change some fields of a row."""
    return Call("PATCH", path_of(table, id_), nothing, body=dict(fields))


def get(table: str, id_: str) -> Call[Row]:
    """Ask for a row."""
    return Call("GET", path_of(table, id_), _object)


def page(table: str, cursor: str | None, n: int, **where: str | None) -> Call[Page]:
    """Ask for some rows of a table."""

    def read(said: Any) -> Page:
        answer = _object(said)
        return decode(Page, {"rows": answer.get(table), "cursor": answer.get("cursor")})

    return Call("GET", path_of(table), read, {"cursor": cursor, "n": n, **where})


def delete(*path: str) -> Call[None]:
    """Delete for good."""
    return Call("DELETE", path_of(*path), nothing)


def delete_events(
    event_ids: Sequence[str], user_id: str | None, item_id: str | None
) -> Call[Deleted]:
    """Delete some events; the second time they are gone."""
    ids = _texts("event_ids", event_ids)
    body = _given(event_ids=ids, user_id=user_id, item_id=item_id)
    return Call("DELETE", "/events", as_kind(Deleted), body=body)


def erase(user_id: str) -> Call[Proof]:
    """Erase a user everywhere; the second time nothing is found."""
    return Call("DELETE", path_of("users", user_id), as_kind(Proof))


def export(user_id: str) -> Call[Row]:
    """Ask for everything about a user."""
    return Call("GET", path_of("users", user_id, "export"), _object)


def merge(user_id: str, anonymous: str) -> Call[Merged]:
    """Make the events of a visitor those of a user; doing it again changes nothing."""
    body = {"from": anonymous}
    return Call("POST", path_of("users", user_id, "merge"), as_kind(Merged), body=body)


def train() -> Call[Task]:
    """Start a training; asking twice may start two."""
    return Call("POST", "/train", as_kind(Task), repeatable=False)


def tasks() -> Call[Tasks]:
    """Ask for running and finished trainings."""
    return Call("GET", "/tasks", as_kind(Tasks))


def models() -> Call[Models]:
    """Ask for the releases."""
    return Call("GET", "/models", as_kind(Models))


def activate(model_id: str) -> Call[Model]:
    """Serve a release from now on."""
    return Call("POST", path_of("models", model_id, "activate"), as_kind(Model))


def rollback() -> Call[Model]:
    """Serve the release before this one; asking twice may go back by two."""
    return Call("POST", "/models/rollback", as_kind(Model), repeatable=False)


def status() -> Call[Row]:
    """Ask what the service knows of itself."""
    return Call("GET", "/status", _object)


def other(method: str, path: str, body: Any, params: Mapping[str, Any]) -> Call[Any]:
    """Ask anything; only what every HTTP service may be asked twice is repeated."""
    if not path.startswith("/"):
        raise ConfigError(f"a path must start with /, got {path!r}")
    repeatable = method.upper() in {"GET", "HEAD", "PUT", "DELETE"}
    return Call(method.upper(), path, lambda said: said, params, body, repeatable)


def as_kind(kind: type[T]) -> Callable[[Any], T]:
    """Return how an answer of this kind is read."""
    return lambda said: decode(kind, said)


def nothing(_: Any) -> None:
    """Read an answer that tells nothing more."""


def _object(said: Any) -> Row:
    if not isinstance(said, Mapping):
        raise ValueError("it must be an object")
    return said


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _texts(name: str, given: Sequence[str]) -> list[str]:
    """Return a list; a text alone would be taken for one of characters."""
    if isinstance(given, str):
        raise ConfigError(f"{name} must be a list of texts, got {given!r:.80}")
    return list(given)
