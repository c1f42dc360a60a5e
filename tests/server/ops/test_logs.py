"""JSON logs of a server."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from daybreak.server.ops.logs import log_as_json


@pytest.fixture
def lines():
    """What the server logs, as objects."""
    stream = io.StringIO()
    with log_as_json(stream=stream):
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def find_caller():
    """Return the file that a record says that it was made in."""
    records = []
    logger = logging.getLogger("records")
    logger.addFilter(records.append)  # None: no handler gets it
    logger.error("said")
    logger.filters.clear()
    return records[0].filename


def test_a_request_is_logged_as_one_line_without_ids_keys_or_bodies(client, lines):
    headers = {"X-API-Key": "dbk_1f_secret-secret", "X-Request-ID": "r-1"}
    client.get("/api/v1/recommend/private-person?filter=private", headers=headers)
    client.get("/health/live")
    (said,) = [line for line in lines() if line["event"] == "request"]
    assert said["route"] == "/api/v1/recommend/{user_id}"
    assert (said["status"], said["request_id"], said["method"]) == (200, "r-1", "GET")
    assert said["ms"] >= 0
    assert "private" not in str(said)
    assert "secret" not in str(lines())


def test_previous_log_handlers_are_restored_when_the_server_stops():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    assert find_caller() == "test_logs.py"
    stream = io.StringIO()
    with log_as_json(stream=stream, level="error"):
        logging.getLogger("x").error("said")
    stream.close()
    logging.getLogger("x").error("said to others")
    assert (root.handlers, root.level) == (before, level)
    assert find_caller() == "test_logs.py"


def test_the_caller_that_no_line_has_is_not_looked_for(lines):
    assert find_caller() == "(unknown file)"
    logging.getLogger("x").warning("said")
    assert [line["event"] for line in lines()] == ["said"]


def test_an_unhandled_exception_is_logged_with_the_request_id_of_the_response(client, lines):
    id_ = client.get("/api/v1/recommend/bug").json()["request_id"]
    (said,) = [line for line in lines() if line["event"] == "unhandled exception"]
    assert said["request_id"] == id_
    assert "secret insides" in said["exception"]


def test_keys_and_passwords_are_never_logged(lines):
    logging.getLogger("x").warning(
        "key %s at %s", "dbk_1f_Zm9vYmFy", "postgresql://shop:pass@db/x"
    )
    (said,) = lines()
    assert said["event"] == "key dbk_1f_… at postgresql://shop:…@db/x"


def test_a_record_has_what_its_caller_adds_and_the_time_of_the_call(lines):
    extra = {"route": "/x", "ms": 0.5, "url": "postgresql://shop:pass@db", "things": {1}}
    logging.getLogger("x").info("asked %d times", 3, extra=extra)
    (said,) = lines()
    at = datetime.fromisoformat(said.pop("timestamp"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)
    about = {"event": "asked 3 times", "level": "info", "logger": "x", "things": "{1}"}
    assert said == {**about, "route": "/x", "ms": 0.5, "url": "postgresql://shop:…@db"}


def test_notes_of_libraries_are_left_out(lines):
    notes = {"_ray_timestamp_ns": 1, "color_message": "m"}  # not `extra`: Ray's factory sets it
    record = logging.makeLogRecord({"levelno": logging.INFO, "msg": "asked", **notes})
    logging.getLogger("x").handle(record)
    (said,) = lines()
    assert set(said) == {"event", "level", "logger", "timestamp"}


def test_a_line_has_the_same_form_with_and_without_an_exception(lines):
    for fails in (False, True):
        logging.getLogger("x").error("said", exc_info=ValueError("v") if fails else None)
    first, second = lines()
    assert "ValueError: v" in second.pop("exception")
    assert set(first) == set(second)
