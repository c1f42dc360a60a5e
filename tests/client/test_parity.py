"""What the client sends and reads, beside what the service describes."""

import contextlib
import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import httpx
import pytest

from daybreak.client import Client, Retries, results
from daybreak.errors import ServiceError
from daybreak.server.app import create_app
from daybreak.server.http.paths import API_PREFIX
from daybreak.server.openapi import build_openapi
from daybreak.server.schemas import admin, recommend, rows
from daybreak.service.experiments import (
    ExperimentPlan,
    ExperimentReport,
    OnlineReport,
    VariantPlan,
)
from daybreak.service.experiments.online import OnlinePeriod
from daybreak.service.experiments.report import (
    SampleRatioCheck,
    ShadowResult,
    VariantDifference,
    VariantResult,
)
from daybreak.service.privacy.erasure import ErasureCheck, ErasureReport
from daybreak.service.training.retraining import RetrainTask
from tests.server.fake_service import FakeService

FILE = "it is about a file, which may be larger than memory; the client speaks JSON"
ONE_ROW = "the same as with many rows"
OPERATOR = "for operators; `Client.request` reaches it"
ELSEWHERE = {
    "GET /recommend/{user_id}": "POST /recommend takes all of it and more",
    "GET /items/{item_id}/similar": "POST /similar takes all of it and more",
    "PUT /items/{item_id}": ONE_ROW,
    "PUT /users/{user_id}": ONE_ROW,
    "POST /import": FILE,
    "GET /export/{table}": FILE,
    "GET /dump": FILE,
    "POST /restore": FILE,
    "GET /config": OPERATOR,
    "GET /config/schema": OPERATOR,
}
"""Operations without a method of the client, and why."""
LISTS = {"items", "texts", "event_ids", "yes", "asked", "categories"}
GIVEN = {name: ["tea"] for name in LISTS} | {"rows": [{"item_id": "tea"}], "plan": {"id": "x"}}
"""What parameters of methods get; all others get a text, since nobody looks at it."""
NO_LOG = {"request_id"}
"""Errors carry it; what went well need not be looked up in the log."""
READ = [
    (recommend.QuestionBody, results.Question, set()),
    (recommend.RecommendationsOut, results.Recommendations, set()),
    (recommend.ItemOut, results.Recommended, set()),
    (recommend.ListItemOut, results.Recommended, set()),
    (recommend.ListOut, results.Ranking, NO_LOG),
    (recommend.AskerOut, results.UserInfo, set()),
    (recommend.ReasonOut, results.Reason, set()),
    (recommend.ExplanationOut, results.Explanation, NO_LOG | {"user_id", "item_id"}),
    (recommend.VectorsOut, results.TextVectors, NO_LOG | {"dimension"}),
    (rows.AcceptedOut, results.Accepted, NO_LOG),
    (rows.RejectedOut, results.Rejected, set()),
    (rows.MergedOut, results.Merged, NO_LOG),
    (rows.DeletedOut, results.DeletedCount, NO_LOG),
    (ErasureReport, results.Proof, set()),
    (ErasureCheck, results.Trace, set()),
    (admin.ModelBody, results.ModelInfo, set()),
    (RetrainTask, results.Task, {"pid", "host"}),
    (ExperimentPlan, results.Experiment, {"salt"}),
    (VariantPlan, results.Variant, set()),
    (ExperimentReport, results.ExperimentResult, set()),
    (VariantResult, results.ShownVariant, set()),
    (ShadowResult, results.ShadowVariant, set()),
    (VariantDifference, results.Difference, set()),
    (SampleRatioCheck, results.SampleRatio, set()),
    (OnlineReport, results.OnlineResult, set()),
    (OnlinePeriod, results.Period, set()),
]
"""What the service answers, what the client makes of it, and what it leaves out."""


@pytest.fixture(scope="module")
def offered():
    """Names of parameters and fields of every operation, by method and path."""
    found = build_openapi(create_app(FakeService()))
    return {
        f"{method.upper()} {path.removeprefix(API_PREFIX)}": set(names(found, operation))
        for path, methods in found["paths"].items()
        if path.startswith(f"{API_PREFIX}/")
        for method, operation in methods.items()
    }


def names(description, operation):
    """Yield what may be said; rows and plans have no fixed fields."""
    yield from (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    yield from description["components"]["schemas"].get(schema, {}).get("properties", ())


@pytest.fixture(scope="module")
def asked(offered):
    """The same of what is sent when every method of the client gets every argument."""
    found = {}

    def service(request):
        path = request.url.raw_path.decode().partition("?")[0]
        operation = operation_of(f"{request.method} {path.removeprefix(API_PREFIX)}", offered)
        found.setdefault(operation, set()).update(request.url.params, fields(request))
        cursor = None if "cursor" in request.url.params else "next"
        page = {"items": [], "users": [], "events": [], "cursor": cursor}
        return httpx.Response(200, json=page)

    with Client(transport=httpx.MockTransport(service), retries=Retries(times=0)) as shop:
        for methods in (shop, shop.experiments):
            for name, method in inspect.getmembers(methods, inspect.ismethod):
                if not name.startswith("_") and name not in {"close", "is_ready", "request"}:
                    call(method)
    return found


def operation_of(request, offered):
    """Return the operation that a request is one of."""
    patterns = {name: re.sub(r"\{\w+\}", "[^/]+", name) for name in offered}
    (found,) = [name for name, pattern in patterns.items() if re.fullmatch(pattern, request)]
    return found


def fields(request):
    """Return the names of the fields of a body."""
    body = json.loads(request.content or "{}")
    return body if isinstance(body, dict) else ()


def call(method):
    """Call with everything that can be given; what comes back does not matter."""
    signature = inspect.signature(method)
    given = {name: GIVEN.get(name, "x") for name in signature.parameters}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            words = {
                word for kind in get_args(parameter.annotation) for word in get_type_hints(kind)
            }
            given[name] = {word: GIVEN.get(word, "x") for word in words - set(given)}
    bound = inspect.BoundArguments(signature, given)
    with contextlib.suppress(ServiceError):
        found = method(*bound.args, **bound.kwargs)
        if isinstance(found, Iterator):
            list(found)


def test_every_operation_has_a_method_or_a_reason(offered, asked):
    assert set(offered) - set(asked) == set(ELSEWHERE)


def test_every_parameter_and_field_can_be_given(offered, asked):
    missing = {name: offered[name] - said for name, said in asked.items()}
    assert {name: sorted(said) for name, said in missing.items() if said} == {}


@pytest.mark.parametrize(("answered", "read", "left_out"), READ)
def test_every_field_of_an_answer_is_read(answered, read, left_out):
    if dataclasses.is_dataclass(answered):
        said = {one.name for one in dataclasses.fields(answered)}
    else:
        said = set(answered.model_fields)
    assert said - {one.name for one in dataclasses.fields(read)} == left_out
