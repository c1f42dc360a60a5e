import inspect
import json
from datetime import UTC, datetime

import httpx
import pytest

import daybreak.client
from daybreak.client import (
    Accepted,
    AsyncClient,
    Client,
    DeniedError,
    OverloadedError,
    RejectedError,
    ResourceNotFoundError,
    Retries,
    ServerError,
    UnexpectedError,
    UnreachableError,
    with_event_ids,
)
from daybreak.errors import ConfigError, DataError, NotFoundError, ServiceError

AT_ONCE = Retries(base_s=0.0)
ANSWER = {
    "recommendation_id": "r1",
    "user": {"id": "ann", "temperature": "hot"},
    "model": "m1",
    "variant": None,
    "items": [
        {
            "item_id": "tea",
            "rank": 1,
            "score": 0.5,
            "strategy": "ease",
            "reasons": [{"kind": "event", "name": "pot", "title": "Pot", "value": 0.5}],
            "properties": {"price": 4},
            "new_field": 1,
        }
    ],
    "took_ms": 3,
    "request_id": "q1",
}


class Service:
    """Returns responses in turn, or raises exceptions; the last one is repeated."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return (
            answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
        )

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]


def client(service, **options):
    return Client(
        "http://shop:8000", transport=httpx.MockTransport(service), retries=AT_ONCE, **options
    )


def refusal(status, **said):
    return httpx.Response(status, json={"status": status, **said})


def test_a_result_is_typed_and_frozen():
    service = Service(ANSWER)
    answer = client(service).recommend("ann", n=1, filter="price < 5")
    assert answer.ids == ("tea",)
    assert answer.user.temperature == "hot"
    assert answer.items[0].reasons[0].title == "Pot"
    assert answer.took_ms == 3.0
    assert service.bodies == [{"user_id": "ann", "n": 1, "filter": "price < 5"}]
    assert str(service.requests[0].url) == "http://shop:8000/api/v1/recommend"
    with pytest.raises(AttributeError):
        answer.model = "m2"


def test_other_names_of_parameters_are_accepted():
    service = Service({"items": []}, {"items": []})
    shop = client(service)
    shop.similar("tea", n=3, filter="price < 5", fields=["title"])
    shop.similar("tea", k=3, where="price < 5", fields=["title"])
    first, second = service.bodies
    assert (
        first
        == second
        == {
            "item_id": "tea",
            "k": 3,
            "where": "price < 5",
            "explain": False,
            "fields": ["title"],
        }
    )
    with pytest.raises(TypeError, match="another name of 'k'"):
        shop.similar("tea", n=3, k=3)


def test_the_key_is_sent_and_never_appears_in_the_repr():
    service = Service(ANSWER)
    shop = client(service, api_key="secret")
    shop.recommend()
    assert service.requests[0].headers["x-api-key"] == "secret"
    assert "secret" not in repr(shop)


def test_ids_may_be_any_text():
    service = Service({"item_id": "x"})
    for id_ in ("a/b", "..", "Tee 🍵?#%"):
        client(service).item(id_)
    paths = [request.url.raw_path.decode() for request in service.requests]
    assert paths == [
        "/api/v1/items/a%2Fb",
        "/api/v1/items/%2E%2E",
        "/api/v1/items/Tee%20%F0%9F%8D%B5%3F%23%25",
    ]


@pytest.mark.parametrize("id_", ["", 7, "\ud800"])
def test_an_invalid_id_is_rejected(id_):
    with pytest.raises(ConfigError, match="an id must be"):
        client(Service()).item(id_)


@pytest.mark.parametrize(
    ("status", "kind", "also"),
    [
        (400, RejectedError, DataError),
        (401, DeniedError, ServiceError),
        (403, DeniedError, ServiceError),
        (404, ResourceNotFoundError, NotFoundError),
        (422, RejectedError, DataError),
        (429, OverloadedError, ServiceError),
        (500, ServerError, ServiceError),
    ],
)
def test_an_error_response_raises_a_typed_error(status, kind, also):
    service = Service(refusal(status, code="some_code", detail="what", request_id="q9", at=3))
    with pytest.raises(kind, match="some_code: what") as caught:
        client(service).recommend("ann")
    assert isinstance(caught.value, also)
    problem = caught.value.problem
    assert (problem.status, problem.code, problem.request_id) == (status, "some_code", "q9")
    assert problem.more == {"at": 3}


def test_an_html_page_of_a_proxy_raises_an_error():
    with pytest.raises(ServerError, match="500: <h1>broken"):
        client(Service(httpx.Response(500, text="<h1>broken"))).recommend()


@pytest.mark.parametrize("said", [[], {"items": []}, {**ANSWER, "items": [{"item_id": 7}]}])
def test_an_unexpected_response_raises_an_error(said):
    with pytest.raises(UnexpectedError, match="unexpected response: answer"):
        client(Service(said)).recommend()


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda shop: shop.onboarding(yes="tea"), "yes"),
        (lambda shop: shop.popular(categories="tea"), "categories"),
        (lambda shop: shop.rank("tea"), "items"),
        (lambda shop: shop.delete_events("tea"), "event_ids"),
    ],
)
def test_a_single_text_is_not_accepted_as_a_list(ask, name):
    with pytest.raises(ConfigError, match=f"{name} must be a list of texts, got 'tea'"):
        ask(client(Service()))


def test_events_get_ids_and_keep_them_in_retries():
    service = Service(httpx.ReadTimeout(""), {"accepted": 1, "duplicates": 1, "rejected": []})
    rows = [{"user_id": "ann", "item_id": "tea"}, {"item_id": "pot", "event_id": "mine"}]
    assert client(service).add_events(rows) == Accepted(1, 1)
    first, second = service.bodies
    assert first == second
    assert len(first[0]["event_id"]) == 32
    assert first[1]["event_id"] == "mine"


def test_requests_that_are_not_repeatable_are_sent_once():
    service = Service(httpx.ReadTimeout("slow"))
    with pytest.raises(UnreachableError, match="the service may have processed it"):
        client(service).train()
    assert len(service.requests) == 1


def test_an_unreachable_service_raises_after_the_last_attempt():
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(UnreachableError, match="after 5 attempts: ConnectError refused"):
        client(service).train()
    assert len(service.requests) == 5


def test_a_temporary_failure_is_retried():
    service = Service(refusal(503, code="store"), httpx.ConnectError("gone"), ANSWER)
    assert client(service).recommend("ann").ids == ("tea",)


def test_many_rows_are_sent_in_batches_with_one_merged_result():
    rejected = [{"row": 1, "reason": "no title", "field": "title", "value": 7, "code": "x"}]
    part = {"accepted": 999, "duplicates": 0, "rejected": rejected}
    service = Service(part, {**part, "accepted": 499})
    done = client(service).add_items({"item_id": str(i)} for i in range(1500))
    assert [len(body) for body in service.bodies] == [1000, 500]
    assert done.accepted == 1498
    assert [one.row for one in done.rejected] == [1, 1001]


def test_all_pages_are_read():
    service = Service(
        {"items": [{"item_id": "1"}], "cursor": "c/1"},
        {"items": [{"item_id": "2"}], "cursor": None},
    )
    assert [row["item_id"] for row in client(service).items()] == ["1", "2"]
    assert service.requests[1].url.params["cursor"] == "c/1"


def test_deleting_an_unknown_item_is_not_an_error():
    gone = refusal(404, code="not_found", detail="no item 'x'")
    shop = client(Service({"deleted": 1}, {"deleted": 0}, gone))
    assert shop.delete_item("x")
    assert not shop.delete_item("x")
    assert not shop.delete_item("x")


def test_times_become_text_and_nan_is_rejected():
    service = Service({"accepted": 1})
    shop = client(service)
    shop.add_event("ann", "tea", timestamp=datetime(2026, 1, 2, tzinfo=UTC))
    assert service.bodies[0][0]["timestamp"] == "2026-01-02T00:00:00+00:00"
    with pytest.raises(ConfigError, match="cannot be sent as JSON"):
        shop.add_event("ann", "tea", value=float("nan"))


def test_a_row_must_be_a_mapping():
    with pytest.raises(ConfigError, match="must be a mapping"):
        with_event_ids(["ann"])


@pytest.mark.parametrize("url", ["shop", "ftp://shop", "http://a:b@shop", "http://shop:x", ""])
def test_the_url_is_validated(url):
    with pytest.raises(ConfigError, match="url must look like"):
        Client(url)


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), "1"])
def test_the_timeout_is_validated(timeout_s):
    with pytest.raises(ConfigError, match="timeout_s must be"):
        Client(timeout_s=timeout_s)


def test_the_readiness_check_does_not_raise():
    shop = client(Service({"ok": True}, refusal(503), httpx.ConnectError("gone")))
    assert [shop.is_ready() for _ in range(3)] == [True, False, False]


def test_any_other_path_can_be_requested():
    service = Service({"experiments": []})
    assert client(service).request("get", "/experiments", n=3) == {"experiments": []}
    assert service.requests[0].url.params["n"] == "3"
    with pytest.raises(ConfigError, match="must start with /"):
        client(service).request("get", "experiments")


def test_both_clients_have_the_same_methods():
    def shape(kind):
        found = {}
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                found[name] = list(inspect.signature(method).parameters.values())
        return found

    assert shape(Client) == shape(AsyncClient)


def test_deprecated_names_work_and_name_the_new_ones():
    with pytest.warns(DeprecationWarning, match="use daybreak.client.ResourceNotFoundError"):
        assert daybreak.client.MissingError is ResourceNotFoundError
    with pytest.raises(AttributeError):
        _ = daybreak.client.NoSuchName
