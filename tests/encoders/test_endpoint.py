import json
import logging

import numpy as np
import pytest

from daybreak.encoders import CachedEncoder, EndpointEncoder, MemoryVectors, load_encoder
from daybreak.encoders.endpoint import JsonServer
from daybreak.errors import ConfigError, DataError, NotFoundError
from tests.encoders.tiny_server import tiny_server

KEY = "DAYBREAK_EMBEDDINGS_KEY"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with tiny_server() as running:
        yield running


def encoder(server, **options):
    return EndpointEncoder(f"{server.url}#tiny", wait_s=0.001, **options)


def test_rows_come_in_the_order_of_the_texts_whatever_order_the_server_answers_in(server):
    found = encoder(server)
    one, two = (found.encode([text])[0] for text in ("globe", "lamp"))
    np.testing.assert_allclose(found.encode(["globe", "lamp"]), [one, two], atol=1e-6)


def test_an_address_is_a_model_name(server):
    assert load_encoder(f"{server.url}#tiny").dim == 16


def test_the_model_and_the_length_are_asked_for(server):
    encoder(server, dimensions=16, prefix="query: ").encode(["globe"])
    assert server.asked == [
        {
            "model": "tiny",
            "input": ["query: globe"],
            "encoding_format": "float",
            "dimensions": 16,
        }
    ]


def test_texts_go_in_batches(server):
    encoder(server, dimensions=16).encode(["globe"] * 150)
    assert [len(body["input"]) for body in server.asked] == [64, 64, 22]


def test_a_cached_text_is_not_asked_for_again(server):
    cached = CachedEncoder(encoder(server, dimensions=16), MemoryVectors())
    cached.encode(["globe"])
    cached.encode(["globe", "globe "])
    assert len(server.asked) == 1


def test_the_key_is_sent_and_never_told(server, monkeypatch, caplog):
    monkeypatch.setenv(KEY, "very-secret")
    caplog.set_level(logging.DEBUG)
    server.faults = [(503, b"busy"), (400, b"very-secret has no such model")]
    with pytest.raises(DataError, match="answered 400") as caught:
        encoder(server, dimensions=16).encode(["globe"])
    assert server.keys == ["Bearer very-secret"] * 2
    told = f"{caught.value} {caplog.text} {encoder(server).server!r} {encoder(server).hash}"
    assert "very-secret" not in told


def test_this_machine_is_not_asked_through_a_proxy(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert encoder(server).encode(["globe"]).any()


def test_without_a_key_no_header_is_sent(server):
    encoder(server, dimensions=16).encode(["globe"])
    assert server.keys == [None]


def test_a_key_is_not_sent_unencrypted_to_another_machine(monkeypatch):
    monkeypatch.setenv(KEY, "very-secret")
    with pytest.raises(ConfigError, match="without encryption; use https"):
        EndpointEncoder("http://192.0.2.1/v1#tiny").encode(["globe"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server, status):
    server.faults = [(status, b"later"), (status, b"later")]
    assert encoder(server, dimensions=16).encode(["globe"]).any()
    assert len(server.asked) == 3


def test_patience_ends(server):
    server.faults = [(503, b"later")] * 9
    with pytest.raises(NotFoundError, match="answered 503 Service Unavailable: later"):
        encoder(server, tries=3).encode(["globe"])
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [302, 400, 401, 422])
def test_a_refusal_is_not_repeated(server, status):
    server.faults = [(status, b"because")]
    with pytest.raises(DataError, match=f"answered {status}"):
        encoder(server).encode(["globe"])
    assert len(server.asked) == 1


def test_a_missing_page_is_not_found(server):
    server.faults = [(404, b"")]
    with pytest.raises(NotFoundError, match="answered 404"):
        encoder(server).encode(["globe"])


def test_nobody_there_is_told():
    with tiny_server() as server:
        url = server.url
    found = EndpointEncoder(f"{url}#tiny", tries=2, wait_s=0.001)
    with pytest.raises(NotFoundError, match="does not answer"):
        found.encode(["globe"])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"index": 0}]}',
        b'{"data": [{"index": 0, "embedding": "x"}]}',
        b'{"data": [{"index": 0, "embedding": [NaN]}]}',
    ],
)
def test_an_answer_in_another_dialect_is_told(server, body):
    server.faults = [(200, body)]
    with pytest.raises(DataError, match=r"must answer with|a body that is not JSON|not finite"):
        encoder(server).encode(["globe"])


def test_vectors_that_change_their_length_are_refused(server):
    found = encoder(server)
    assert found.dim == 16
    server.faults = [(200, json.dumps({"data": [{"index": 0, "embedding": [1]}]}).encode())]
    with pytest.raises(DataError, match="vectors of length 1, expected 16"):
        found.encode(["globe"])


def test_an_endless_answer_is_cut_off(server):
    with pytest.raises(DataError, match="more than 10 bytes"):
        JsonServer(f"{server.url}/embeddings", {}, max_response_bytes=10).post({"input": ["a"]})


@pytest.mark.parametrize(
    ("address", "match"),
    [
        ("http://127.0.0.1/v1", "name the model after the address"),
        ("ftp://127.0.0.1/v1#a", "must start with http"),
        ("https://me:secret@example.org/v1#a", "must not hold a name or a password"),
    ],
)
def test_an_address_that_is_none_is_refused_at_once(address, match):
    with pytest.raises(ConfigError, match=match):
        EndpointEncoder(address)


def test_another_model_has_another_hash():
    names = ("http://a/v1#x", "http://a/v1#y", "http://b/v1#x")
    assert len({EndpointEncoder(name).hash for name in names}) == 3
