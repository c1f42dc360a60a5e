"""Prometheus metrics of a server."""

from daybreak.encoders import CachedEncoder, MemoryVectors
from daybreak.server.ops.metrics import LABELLED_EVENT_TYPES, ServerMetrics, resident_bytes
from daybreak.testing.encoders import CountingEncoder
from tests.server.conftest import scrape
from tests.server.fake_service import TEA


def test_requests_and_lists_are_counted(client):
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


def test_texts_with_cached_vectors_are_counted(client):
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


def test_callers_cannot_add_labels(client):
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


def test_metrics_are_available_while_the_store_is_unavailable(client, live):
    live.is_unavailable = True
    assert "daybreak_resident_memory_bytes" in scrape(client)


def test_metrics_of_workers_are_added_and_gauges_of_the_store_are_not():
    status = {"users": 7, "drift_score": {"interests": 0.5}}
    other = ServerMetrics(lambda: status)
    own = ServerMetrics(lambda: status, lambda: [other.collect()])
    own.count_request("/a", "GET", 200, 0.001)
    other.count_request("/a", "GET", 200, 0.3)
    other.count_request("/b", "GET", 404, 0.3)
    lines = own.render()[0].decode().splitlines()
    shown = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    counter = 'daybreak_http_requests_total{code="%s",method="GET",route="/%s"}'
    assert float(shown[counter % (200, "a")]) == 2
    assert float(shown[counter % (404, "b")]) == 1
    bucket = 'daybreak_http_request_seconds_bucket{le="0.002",route="/a"}'
    assert float(shown[bucket]) == 1
    assert float(shown['daybreak_http_request_seconds_count{route="/a"}']) == 2
    assert float(shown["daybreak_users"]) == 7
    memory = float(shown["daybreak_resident_memory_bytes"])
    assert memory > 1.9 * resident_bytes()
