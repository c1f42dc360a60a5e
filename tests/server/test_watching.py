"""What an operator sees: metrics, logs, the description."""

import io
import json
import logging

import pytest

from daybreak import errors
from daybreak.encoders import CachedEncoder, MemoryVectors
from daybreak.server.http import problems
from daybreak.server.ops.logs import log_as_json
from daybreak.server.ops.metrics import LABELLED_EVENT_TYPES
from daybreak.testing.encoders import CountingEncoder
from tests.server.conftest import scrape
from tests.server.fake_live import TEA


@pytest.fixture
def lines():
    """What the server logs, as objects."""
    stream = io.StringIO()
    with log_as_json(stream=stream):
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_requests_and_answers_are_counted(client):
    client.get("/api/v1/recommend/a%2Fb")
    client.get("/api/v1/nowhere")
    found = scrape(client)
    route = 'route="/api/v1/recommend/{user_id}"'
    assert found[f'daybreak_http_requests_total{{code="200",method="GET",{route}}}'] == "1.0"
    assert found['daybreak_http_requests_total{code="404",method="-",route="unknown"}'] == "1.0"
    answered = f'strategy="{TEA.strategy}",user_temperature="cold",variant=""'
    assert found[f"daybreak_recommend_requests_total{{{answered}}}"] == "1.0"
    assert found['daybreak_model_metric{metric="ndcg",slice="cold"}'] == "0.5"
    assert found["daybreak_users"] == "3.0"
    assert found["daybreak_cold_item_exposure_ratio"] == "0.0"
    assert float(found["daybreak_resident_memory_bytes"]) > 1e6


def test_texts_that_needed_no_model_are_counted(client):
    before = scrape(client)
    cached = CachedEncoder(CountingEncoder(), MemoryVectors())
    cached.encode(["tea", "rum"])
    cached.encode(["tea", "gin", "tea"])
    after = scrape(client)
    asked, found = (
        float(after[f"daybreak_embedding_cache_{name}_total"])
        - float(before[f"daybreak_embedding_cache_{name}_total"])
        for name in ("requests", "hits")
    )
    assert (asked, found) == (4.0, 1.0)


def test_callers_cannot_make_up_labels(client):
    rows = [{"item_id": "tea", "event_type": f"odd{n}"} for n in range(50)]
    client.post(
        "/api/v1/events", json=[*rows, {"event_type": "view"}, {"event_type": ["x"]}, 7]
    )
    found = scrape(client)
    assert found['daybreak_events_total{type="other"}'] == "51.0"
    assert found['daybreak_events_total{type="view"}'] == "1.0"
    assert found['daybreak_events_rejected_total{reason="not_an_object"}'] == "1.0"
    assert "odd1" not in str(found)
    assert "view" in LABELLED_EVENT_TYPES


def test_metrics_come_while_the_store_is_away(client, live):
    live.gone = True
    assert "daybreak_resident_memory_bytes" in scrape(client)


def test_a_request_is_one_line_without_ids_keys_or_bodies(client, lines):
    headers = {"X-API-Key": "dbk_1f_secret-secret", "X-Request-ID": "r-1"}
    client.get("/api/v1/recommend/private-person?filter=private", headers=headers)
    client.get("/health/live")
    (said,) = [line for line in lines() if line["event"] == "request"]
    assert said["route"] == "/api/v1/recommend/{user_id}"
    assert (said["status"], said["request_id"], said["method"]) == (200, "r-1", "GET")
    assert said["ms"] >= 0
    assert "private" not in str(said)
    assert "secret" not in str(lines())


def test_logs_go_where_they_went_before_when_the_server_has_stopped():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    with log_as_json(stream=stream, level="error"):
        logging.getLogger("x").error("said")
    stream.close()
    logging.getLogger("x").error("said to others")
    assert (root.handlers, root.level) == (before, level)


def test_a_bug_is_logged_with_the_id_that_the_caller_got(client, lines):
    id_ = client.get("/api/v1/recommend/bug").json()["request_id"]
    (said,) = [line for line in lines() if line["event"] == "unhandled exception"]
    assert said["request_id"] == id_
    assert "secret insides" in said["exception"]


def test_keys_and_passwords_never_get_into_the_log(lines):
    logging.getLogger("x").warning(
        "key %s at %s", "dbk_1f_Zm9vYmFy", "postgresql://shop:pass@db/x"
    )
    (said,) = lines()
    assert said["event"] == "key dbk_1f_… at postgresql://shop:…@db/x"


def test_every_error_of_the_library_has_a_status():
    def kinds(kind):
        return {kind.code}.union(*(kinds(below) for below in kind.__subclasses__()))

    ours = {kind for kind in kinds(errors.DaybreakError)}
    assert ours == set(problems.LIBRARY_ERROR_STATUS)
    assert not set(problems.LIBRARY_ERROR_STATUS) & set(problems.SERVER_ERROR_STATUS)


def test_the_description_is_openapi_with_keys_problems_and_examples(client):
    found = client.get("/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    operations = [
        (path, method, operation)
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for path, method, operation in operations:
        assert operation["description"], (path, method)
        if path.startswith("/api/") and "/health/" not in path:
            assert operation["x-role"] in {"read", "write", "admin"}
            assert operation["security"]
            assert "4XX" in operation["responses"]
    body = found["components"]["schemas"]["RecommendBody"]
    assert body["examples"][0]["profile"]
    assert "Problem" in found["components"]["schemas"]


def test_the_page_shows_every_path_and_runs_nothing(client):
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page
    assert "<script" not in page
