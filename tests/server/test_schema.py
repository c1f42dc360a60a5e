"""Every operation of the description, asked with what fits it and with what does not."""

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
from tests.server.shop import copy_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
"""For each operation, beside those of the description; more find nothing that fewer do not."""


@pytest.fixture(scope="module")
def description(made, tmp_path_factory):
    """The description of a real server, whose trainings are not begun."""
    with RecommenderService(copy_of(made, tmp_path_factory.mktemp("fuzzed"))) as live:
        live.retrain = lambda: "task"
        with served(live, rate=0, keys="off") as (_, url):
            yield schemathesis.openapi.from_url(f"{url}/openapi.json")


SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_request_is_a_bug(description, shard):
    operations = [found.ok() for found in description.get_all_operations()]
    assert len(operations) > 60
    for operation in operations[shard::SHARDS]:
        ask_in_many_ways(operation)


def ask_in_many_ways(operation):
    """Ask with what the description allows, and with what it does not."""
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
