"""The client sends and reads everything that the OpenAPI description of the service has."""

import contextlib
import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import httpx
import pytest

from daybreak.client import (
    Client,
    Retries,
    admin_results,
    encoder_results,
    experiment_results,
    interview_results,
    language_results,
    results,
    title_results,
)
from daybreak.errors import ServiceError
from daybreak.server.app import create_app
from daybreak.server.http.paths import API_PREFIX
from daybreak.server.openapi import build_openapi
from daybreak.server.schemas import (
    admin,
    encoders,
    insights,
    interests,
    interview,
    keys,
    language,
    policy,
    recommend,
    rows,
    titles,
)
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

FILE = "it transfers a file, which may be larger than memory; the client sends JSON"
ONE_ROW = "the same as with many rows"
BROWSER = "for browsers; programs send their key with each request"
OPERATOR = "for operators; `Client.request` reaches it"
WITHOUT_METHOD = {
    "GET /recommend/{user_id}": "POST /recommend takes all of it and more",
    "GET /items/{item_id}/similar": "POST /similar takes all of it and more",
    "GET /items/{item_id}/audience": "POST /audience takes all of it and more",
    "PUT /items/{item_id}": ONE_ROW,
    "PUT /users/{user_id}": ONE_ROW,
    "PUT /items/{item_id}/image": "`update_item_image` sends it as a field of the item",
    "PUT /items/{item_id}/audio": "`update_item_audio` sends it as a field of the item",
    "POST /similar/image": "`similar` sends the picture as a field",
    "POST /import": FILE,
    "POST /import/preview": FILE,
    "GET /export/{table}": FILE,
    "GET /dump": FILE,
    "POST /restore": FILE,
    "GET /session": BROWSER,
    "POST /session": BROWSER,
    "DELETE /session": BROWSER,
    "GET /config": OPERATOR,
    "GET /config/schema": OPERATOR,
}
"""Operations without a method of the client, and why."""
LISTS = {"items", "texts", "event_ids", "yes", "asked", "categories"}
ARGUMENTS = {name: ["tea"] for name in LISTS} | {
    "rows": [{"item_id": "tea"}],
    "plan": {"id": "x"},
    "image": b"a picture",
    "audio": b"a sound",
}
"""Arguments of methods by parameter; all other parameters get a text."""
NOT_NEEDED = {"request_id"}
"""Field that only errors carry: it is for looking up failures in the log."""
RESULT_TYPES = [
    (recommend.QuestionBody, results.Question, set()),
    (recommend.RecommendationsOut, results.Recommendations, set()),
    (interview.InterviewOut, interview_results.InterviewAnswer, set()),
    (interview.InterviewQuestionOut, interview_results.AskedQuestion, set()),
    (interview.InterviewChoiceOut, interview_results.OfferedChoice, set()),
    (interview.InterviewReadingOut, interview_results.UnderstoodAnswer, set()),
    (recommend.ItemOut, results.Recommended, set()),
    (recommend.ListItemOut, results.Recommended, set()),
    (recommend.ListOut, results.Ranking, NOT_NEEDED),
    (recommend.AskerOut, results.UserInfo, set()),
    (recommend.ReasonOut, results.Reason, set()),
    (recommend.ExplanationOut, results.Explanation, NOT_NEEDED | {"user_id", "item_id"}),
    (insights.ReachOut, results.Reach, NOT_NEEDED),
    (titles.MatchesOut, title_results.TitleMatches, NOT_NEEDED),
    (titles.TitleMatchOut, title_results.TitleMatch, set()),
    (recommend.PlacementOut, results.Placement, NOT_NEEDED),
    (admin.ActivityOut, results.Activity, NOT_NEEDED),
    (admin.ActivityPeriodOut, results.ActiveTime, set()),
    (recommend.AudienceOut, results.Audience, NOT_NEEDED),
    (recommend.AudienceUserOut, results.AudienceUser, set()),
    (recommend.VectorsOut, results.TextVectors, NOT_NEEDED | {"dimension"}),
    (interests.UserInterestsOut, results.InterestHistory, NOT_NEEDED),
    (interests.InterestFlowOut, results.AudienceFlow, NOT_NEEDED),
    (interests.TopicBody, results.TopicInfo, set()),
    (interests.InterestPointBody, results.TopicShares, set()),
    (interests.InterestMoveBody, results.TopicMove, set()),
    (rows.AcceptedOut, results.Accepted, NOT_NEEDED),
    (rows.ReplacedOut, results.ReplacedCatalogue, NOT_NEEDED),
    (rows.RejectedOut, results.Rejected, set()),
    (rows.MergedOut, results.Merged, NOT_NEEDED),
    (rows.DeletedOut, results.DeletedCount, NOT_NEEDED),
    (ErasureReport, results.Proof, set()),
    (ErasureCheck, results.Trace, set()),
    (admin.ModelBody, results.ModelInfo, set()),
    (admin.ModelReportOut, results.ModelReport, NOT_NEEDED),
    (RetrainTask, results.Task, {"pid", "host"}),
    (ExperimentPlan, experiment_results.Experiment, {"salt"}),
    (VariantPlan, experiment_results.Variant, set()),
    (ExperimentReport, experiment_results.ExperimentResult, set()),
    (VariantResult, experiment_results.ShownVariant, set()),
    (ShadowResult, experiment_results.ShadowVariant, set()),
    (VariantDifference, experiment_results.Difference, set()),
    (SampleRatioCheck, experiment_results.SampleRatio, set()),
    (OnlineReport, experiment_results.OnlineResult, set()),
    (OnlinePeriod, experiment_results.Period, set()),
    (language.EnrichmentOut, language_results.EnrichmentStatus, NOT_NEEDED),
    (language.EnrichmentJobOut, language_results.EnrichmentJob, set()),
    (language.BuyersOut, language_results.BuyersStatus, NOT_NEEDED),
    (language.BuyersJobOut, language_results.BuyersJob, set()),
    (encoders.EncoderBody, encoder_results.EncoderInfo, set()),
    (encoders.EncodersOut, encoder_results.EncoderList, NOT_NEEDED),
    (encoders.EncoderOut, encoder_results.EncoderCard, NOT_NEEDED),
    (keys.KeysOut, admin_results.KeyList, NOT_NEEDED),
    (keys.NewKeyOut, admin_results.KeyInfo, NOT_NEEDED),
    (policy.PolicyOut, admin_results.PolicyInfo, NOT_NEEDED),
    (policy.PolicyPreviewOut, admin_results.PolicyPreview, NOT_NEEDED),
    (policy.RuleEffectBody, admin_results.RuleEffect, set()),
    (admin.DataReportOut, admin_results.StoredDataReport, NOT_NEEDED),
    (admin.TrainingPlanOut, admin_results.TrainingPlanInfo, NOT_NEEDED),
    (insights.ExposureOut, admin_results.WarmUpStatus, NOT_NEEDED),
    (insights.MapOut, admin_results.CatalogueMap, NOT_NEEDED),
]
"""Response of the service, result of the client, and fields that the result leaves out."""


@pytest.fixture(scope="module")
def described():
    """Names of parameters and fields of every operation, by method and path."""
    found = build_openapi(create_app(FakeService()))
    return {
        f"{method.upper()} {path.removeprefix(API_PREFIX)}": set(names(found, operation))
        for path, methods in found["paths"].items()
        if path.startswith(f"{API_PREFIX}/")
        for method, operation in methods.items()
    }


def names(description, operation):
    """Yield parameters and fields of an operation; rows and plans have no fixed fields."""
    yield from (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    yield from description["components"]["schemas"].get(schema, {}).get("properties", ())


@pytest.fixture(scope="module")
def sent(described):
    """Names that are sent by every operation when all methods get every argument."""
    found = {}

    def service(request):
        path = request.url.raw_path.decode().partition("?")[0]
        operation = operation_of(f"{request.method} {path.removeprefix(API_PREFIX)}", described)
        found.setdefault(operation, set()).update(request.url.params, fields(request))
        cursor = None if "cursor" in request.url.params else "next"
        page = {"items": [], "users": [], "events": [], "cursor": cursor}
        return httpx.Response(200, json=page)

    with Client(transport=httpx.MockTransport(service), retries=Retries(times=0)) as shop:
        for methods in (shop, shop.experiments, shop.admin, shop.encoders, shop.language):
            for name, method in inspect.getmembers(methods, inspect.ismethod):
                if not name.startswith("_") and name not in {"close", "is_ready", "request"}:
                    call(method)
    return found


def operation_of(request, described):
    """Return the operation of a request."""
    patterns = {name: re.sub(r"\{\w+\}", "[^/]+", name) for name in described}
    (found,) = [name for name, pattern in patterns.items() if re.fullmatch(pattern, request)]
    return found


def fields(request):
    """Return the names of the fields of a body."""
    body = json.loads(request.content or "{}")
    return body if isinstance(body, dict) else ()


def call(method):
    """Call a method with every argument; the result does not matter."""
    signature = inspect.signature(method)
    arguments = {name: ARGUMENTS.get(name, "x") for name in signature.parameters}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            words = {
                word for kind in get_args(parameter.annotation) for word in get_type_hints(kind)
            }
            arguments[name] = {
                word: ARGUMENTS.get(word, "x") for word in words - set(arguments)
            }
    bound = inspect.BoundArguments(signature, arguments)
    with contextlib.suppress(ServiceError):
        result = method(*bound.args, **bound.kwargs)
        if isinstance(result, Iterator):
            list(result)


def test_every_operation_has_a_method_or_a_reason(described, sent):
    assert set(described) - set(sent) == set(WITHOUT_METHOD)


def test_every_parameter_and_field_has_an_argument(described, sent):
    missing = {name: described[name] - fields for name, fields in sent.items()}
    assert {name: sorted(fields) for name, fields in missing.items() if fields} == {}


@pytest.mark.parametrize(("response", "result", "left_out"), RESULT_TYPES)
def test_every_field_of_a_response_is_read(response, result, left_out):
    if dataclasses.is_dataclass(response):
        names_sent = {field.name for field in dataclasses.fields(response)}
    else:
        names_sent = set(response.model_fields)
    assert names_sent - {field.name for field in dataclasses.fields(result)} == left_out
