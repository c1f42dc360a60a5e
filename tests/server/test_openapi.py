"""The OpenAPI description, and requests to each operation that are valid and invalid by it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daybreak.service.serving import RecommenderService
from tests.server.conftest import served
from tests.server.example_store import copy_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
"""Number of generated requests for each operation, besides the examples of the description."""


@pytest.fixture(scope="module")
def description(made, tmp_path_factory):
    """The description of a real server that does not start trainings."""
    with RecommenderService(copy_of(made, tmp_path_factory.mktemp("fuzzed"))) as live:
        live.retrain = lambda: "task"
        with served(live, rate=0, keys="off") as (_, url):
            yield schemathesis.openapi.from_url(f"{url}/openapi.json")


SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_request_causes_a_server_error(description, shard):
    operations = [found.ok() for found in description.get_all_operations()]
    assert len(operations) > 60
    for operation in operations[shard::SHARDS]:
        send_generated_requests(operation)


def send_generated_requests(operation):
    """Send requests that are valid and requests that are invalid by the description."""
    modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(modes))
    def ask(case):
        case.call_and_validate(checks=CHECKS)

    ask()


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
            needs_key = not operation.get("x-public", False)
            assert (operation.get("x-role") in {"read", "write", "admin"}) is needs_key
            assert bool(operation["security"]) is needs_key
            assert "4XX" in operation["responses"]
    body = found["components"]["schemas"]["RecommendBody"]
    assert body["examples"][0]["profile"]
    assert "Problem" in found["components"]["schemas"]


def test_the_page_lists_every_path_and_has_no_scripts(client):
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page
    assert "<script" not in page
