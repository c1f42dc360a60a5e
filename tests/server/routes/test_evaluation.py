"""Evaluations over HTTP, with the sources that the store remembers or a request names."""

import numpy as np
import polars as pl
import pytest

from daybreak.client import Client, RejectedError
from daybreak.config import Settings
from daybreak.data import ImportResult, Rejects, Tables
from daybreak.service.release_training import TrainOptions
from daybreak.service.serving import RecommenderService
from daybreak.service.training_sources import remember_sources
from daybreak.service.workspace import Workspace
from tests.server.conftest import WAIT_S, served, until

N_TASTES = 4


def two_domains():
    """People with one taste in both domains of a shop."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(160):
        for domain in ("food", "wine"):
            own = np.arange(user % N_TASTES, 40, N_TASTES)
            items = rng.choice(own, 4, replace=False)
            rows += [(f"u{user}", f"{domain}{item}", domain) for item in items]
    return Tables.of(pl.DataFrame(rows, ["user_id", "item_id", "domain"], orient="row"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server over the two domains, with ``food`` as a remembered source, and its client."""
    folder = tmp_path_factory.mktemp("domains")
    settings = Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none")
    with Workspace(settings, create=True) as made:
        made.write_import(ImportResult(two_domains(), Rejects(), {}, ()))
        made.train(("popular", "item_knn"), options=TrainOptions(gate=False))
        remember_sources(made.store, ["domain=food"])
    with (
        RecommenderService(settings) as live,
        served(live, rate=0) as (_, address),
        Client(address, timeout_s=WAIT_S) as client,
    ):
        yield client


def evaluated(client):
    """Return the evaluation of the only release."""
    (release,) = client.models()
    id_ = client.admin.evaluate(release.id).id
    until(lambda: client.tasks()[0].status != "running")
    task = client.tasks()[0]
    assert (task.id, task.status) == (id_, "done"), task.note
    return client.model_report(release.id).evaluation


def test_each_slice_is_measured_with_and_without_the_remembered_sources(shop):
    found = evaluated(shop)
    assert found["sources"] == ["food"]
    (nothing,) = [one for one in found["slices"] if one["slice"] == "cold_user_nothing"]
    assert nothing["source_verdict"] == "helps"
    own, without = (nothing["systems"][name][0] for name in ("daybreak", "without_sources"))
    assert nothing["source_gain"] == pytest.approx(own - without)
    assert nothing["source_gain_low"] > 0
    interests = next(one for one in found["drift"] if one["name"] == "interests")
    assert interests["sentence"].startswith("interests: too few events since the training")


def test_a_domain_that_the_store_does_not_have_is_named_by_the_task(shop):
    (release,) = shop.models()
    id_ = shop.admin.evaluate(release.id, ["domain=toys"]).id
    until(lambda: shop.tasks()[0].status != "running")
    assert (shop.tasks()[0].id, shop.tasks()[0].status) == (id_, "failed")
    assert "no domain 'toys'" in shop.tasks()[0].note


@pytest.mark.parametrize("source", ["/etc/passwd", "../shop.db", "sqlite:///shop.db", "toys"])
def test_a_request_names_no_files(shop, source):
    (release,) = shop.models()
    with pytest.raises(RejectedError, match="remembers: food"):
        shop.admin.evaluate(release.id, [source])
