import asyncio
import inspect

import httpx
import pytest

from daybreak.client import AsyncClient, Client, RejectedError, Retries, UnreachableError
from daybreak.client.async_experiments import AsyncExperimentsApi
from daybreak.client.experiment_results import Experiment
from daybreak.client.experiments import ExperimentsApi

PLAN = {"id": "a/b", "variants": [{"name": "now"}, {"name": "new", "weight": 2}]}
REPORT = {
    "experiment": {**PLAN, "status": "running"},
    "at": 5,
    "shown": [
        {
            "name": "now",
            "people": 1,
            "impressions": 4,
            "clicks": 1,
            "conversions": 0,
            "measures": {"ctr": {"value": 0.25, "low": None, "high": None}},
        }
    ],
    "differences": [{"variant": "new", "measure": "ctr", "word": "too early"}],
    "split": {"planned": {"now": 1}, "people": {"now": 1}, "p_value": 1, "sound": True},
    "verdict": "too early",
}


class Service:
    """Returns one object for every request, and keeps the requests."""

    def __init__(self, said, status=200):
        self.said, self.status, self.requests = said, status, []

    def __call__(self, request):
        self.requests.append(request)
        return httpx.Response(self.status, json=self.said)

    @property
    def asked(self):
        return [(r.method, r.url.raw_path.decode()) for r in self.requests]


def book(service):
    transport = httpx.MockTransport(service)
    return Client(transport=transport, retries=Retries(base_s=0.0)).experiments


def test_an_experiment_goes_from_draft_to_stopped():
    service = Service(PLAN)
    trials = book(service)
    assert trials.create(PLAN).variants[1].weight == 2.0
    trials.change("a/b", share=0.5)
    trials.start("a/b")
    trials.stop("a/b")
    assert trials.delete("a/b")
    one = "/api/v1/experiments/a%2Fb"
    assert service.asked == [
        ("POST", "/api/v1/experiments"),
        ("PATCH", one),
        ("POST", f"{one}/start"),
        ("POST", f"{one}/stop"),
        ("DELETE", one),
    ]
    assert service.requests[1].content == b'{"share": 0.5}'


def test_a_report_is_typed_including_its_measurements():
    report = book(Service(REPORT)).report("a/b")
    assert report.shown[0].measures["ctr"].value == 0.25
    assert report.shown[0].measures["ctr"].low is None
    assert (report.experiment.status, report.split.sound) == ("running", True)
    assert report.differences[0].word == "too early"


def test_a_start_is_not_retried():
    """A start is not repeatable: the second one would be rejected although it runs."""

    def service(_):
        raise httpx.ReadTimeout("slow")

    with pytest.raises(UnreachableError, match="the service may have processed it"):
        book(service).start("a")


def test_deleting_an_unknown_experiment_is_not_an_error():
    assert not book(Service({"code": "not_found", "detail": "no"}, 404)).delete("a")


def test_an_invalid_plan_is_rejected():
    refusal = {"code": "bad_config", "detail": "two variants"}
    with pytest.raises(RejectedError, match="bad_config: two variants"):
        book(Service(refusal, 422)).create({"id": "x"})


def test_both_experiments_apis_have_the_same_methods():
    def shape(kind):
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(one).parameters) for name, one in found}

    assert shape(ExperimentsApi) == shape(AsyncExperimentsApi)


def test_the_asynchronous_client_has_the_same_experiment_methods():
    service = Service({**REPORT, **PLAN, "experiments": [PLAN], "total": None})

    async def work():
        async with AsyncClient(transport=httpx.MockTransport(service)) as client:
            trials = client.experiments
            listed = await trials.list()
            asked = await asyncio.gather(
                trials.get("a"), trials.create(PLAN), trials.change("a", note="x"),
                trials.start("a"), trials.stop("a"), trials.delete("a"), trials.report("a"),
            )  # fmt: skip
            return listed, asked

    listed, asked = asyncio.run(work())
    assert listed[0] == asked[0]
    assert asked[5] is True
    assert asked[6].verdict == "too early"


def test_results_of_experiments_are_found_at_their_earlier_place():
    with pytest.warns(DeprecationWarning, match=r"client\.experiment_results\.Experiment$"):
        from daybreak.client.results import Experiment as Earlier  # noqa: PLC0415
    assert Earlier is Experiment
