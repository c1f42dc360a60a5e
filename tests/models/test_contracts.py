"""Every registered model keeps the contract, with its default options and with odd ones."""

from dataclasses import fields

import pytest

from daybreak.models import models
from daybreak.testing.models import MODEL_CHECKS

ODD = {"popular": {"window": 0.1, "logarithm": False}, "item_knn": {"neighbours": 1}}


def made(name):
    """The model; a network trains for two rounds only, which is enough to keep a contract."""
    options = {field.name for field in fields(models[name].Config)}
    if "epochs" in options:
        return models[name](epochs=2)
    return models[name](steps=2) if "steps" in options else models[name]()


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", list(models))
def test_a_model_keeps_the_contract(name, check):
    check(made(name))


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", list(ODD))
def test_a_model_keeps_the_contract_with_other_options(name, check):
    check(models[name](**ODD[name]))


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", list(models))
def test_a_model_keeps_the_contract_in_a_large_catalogue(name, check, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_DENSE_ITEMS", 3)
    monkeypatch.setattr("daybreak.models.content_match.MAX_DENSE_ITEMS", 3)
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 5)
    check(made(name))
