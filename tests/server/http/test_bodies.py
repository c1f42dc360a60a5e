"""Request bodies: JSON, sizes, gzip and rows."""

import asyncio
import gzip

import pytest
from starlette.requests import ClientDisconnect, Request

from daybreak.server.http.bodies import BodyLimits
from daybreak.server.http.problems import HttpProblem

RECOMMEND = "/api/v1/recommend"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"{", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b'{"n": NaN}', 400, "bad_json"),
        (b'{"profile": {"x": Infinity}}', 400, "bad_json"),
        (b'{"profile": {"x": 1e999}}', 400, "bad_json"),
        (b'{"profile": {"x": 99999999999999999999}}', 400, "bad_json"),
        (b'{"n": ' + b"9" * 10_000 + b"}", 400, "bad_json"),
        (b'{"user_id": "a\\u0000"}', 400, "bad_json"),
        (b'{"profile": {"x": "\\ud800"}}', 400, "bad_json"),
        (b'{"profile": {"\\ud800": 1}}', 400, "bad_json"),
        (b'{"profile": {"x": ' + b"[" * 40 + b"]" * 40 + b"}}", 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        (b'{"user_id": 7.5}', 422, "invalid"),
        (b'{"user_id": ""}', 422, "invalid"),
        (b'{"usr_id": "ann"}', 422, "invalid"),
        (b'{"profile": []}', 422, "invalid"),
        (b'{"events": [{"item_id": null}]}', 422, "invalid"),
        (b'{"quotas": [{"where": "x = 1", "at_most": -5}]}', 422, "bad_config"),
        ('{"n": 5}'.encode("utf-16"), 400, "bad_json"),
    ],
)
def test_an_invalid_body_is_rejected(client, body, status, code):
    answer = client.post(RECOMMEND, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_error_does_not_repeat_what_was_sent(client):
    answer = client.post(RECOMMEND, json={"user_id": ["very private"]})
    assert "very private" not in answer.text


def test_a_body_of_another_media_type_is_rejected(client):
    answer = client.post(RECOMMEND, content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


def test_a_body_may_be_compressed(client, live):
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    body = gzip.compress(b'{"user_id": "ann"}')
    assert client.post(RECOMMEND, content=body, headers=packed).status_code == 200
    assert live.requests[0].user_id == "ann"
    for bad in (b"no gzip", body[:-9]):
        assert client.post(RECOMMEND, content=bad, headers=packed).status_code == 400
    odd = {**packed, "Content-Encoding": "br"}
    assert client.post(RECOMMEND, content=body, headers=odd).json()["code"] == "bad_media_type"


def test_a_decompression_bomb_is_not_decompressed(start):
    client = start(body_mb=1)
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = client.post(RECOMMEND, content=bomb, headers=packed)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_above_the_limit_is_rejected_with_and_without_content_length(start):
    client = start(body_mb=0.01)
    kind = {"Content-Type": "application/json"}
    for content in (b" " * 20_000, iter([b" " * 5_000] * 4)):
        answer = client.post(RECOMMEND, content=content, headers=kind)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_with_too_many_rows_is_rejected(start):
    client = start(batch=2)
    rows = [{"user_id": "ann", "item_id": "tea"}] * 3
    assert client.post("/api/v1/events", json=rows).json()["code"] == "too_large"
    assert client.post("/api/v1/events", json=rows[:2]).json()["accepted"] == 2
    assert client.post("/api/v1/events", json=[]).json()["code"] == "invalid"


def test_rows_may_come_alone_as_a_list_or_under_the_name_of_their_table(client, live):
    row = {"user_id": "ann", "item_id": "tea"}
    for body in (row, [row], {"events": [row]}):
        assert client.post("/api/v1/events", json=body).json()["accepted"] == 1
    assert live.posted == [row] * 3


def test_an_invalid_row_does_not_affect_the_others(client):
    said = client.post("/api/v1/feedback", json=[{"item_id": "tea"}, 7]).json()
    assert (said["accepted"], said["rejected"][0]["row"]) == (1, 1)


def read(headers, *messages, max_bytes=10):
    """Return the body of a request that arrives in messages."""
    waiting = list(messages)

    async def receive():
        return waiting.pop(0)

    request = Request({"type": "http", "headers": headers}, receive)
    return asyncio.run(BodyLimits(max_bytes, 5).read(request))


def part(body, *, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_several_parts_is_put_together():
    assert read([], part(b"ab", more=True), part(b"", more=True), part(b"cd")) == b"abcd"
    assert read([(b"content-length", b"3")], part(b"abc")) == b"abc"
    assert read([], {"type": "http.request"}) == b""


@pytest.mark.parametrize(
    "messages",
    [[part(b"0123456789a")], [part(b"012345", more=True), part(b"6789a")]],
)
def test_a_body_of_unknown_length_is_rejected_above_the_limit(messages):
    with pytest.raises(HttpProblem, match="may have 10 bytes"):
        read([], *messages)


@pytest.mark.parametrize("length", [b"11", b"-1", b"1e1", b"9" * 30])
def test_nothing_is_read_of_a_body_that_is_announced_as_too_large(length):
    with pytest.raises(HttpProblem, match="may have 10 bytes"):
        read([(b"content-length", length)])


def test_the_end_of_a_connection_is_told_at_the_first_message_as_at_a_later_one():
    gone = {"type": "http.disconnect"}
    for messages in ([gone], [part(b"ab", more=True), gone]):
        with pytest.raises(ClientDisconnect):
            read([], *messages)
