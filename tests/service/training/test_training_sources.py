"""Sources that a store remembers: spelling, missing ones, trainings of the service."""

from dataclasses import asdict

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.errors import NextStep, NotFoundError
from daybreak.service.release_training import TrainOptions, retrain
from daybreak.service.source_inputs import domain_of, is_domain
from daybreak.service.training_sources import (
    check_sources,
    full_source,
    remember_sources,
    remembered_sources,
)
from daybreak.store import open_store


@pytest.fixture
def url(tmp_path):
    """URL of a store of two events that remembers a source."""
    url = f"sqlite:///{tmp_path}/shop.db"
    with open_store(url) as store:
        store.write(Tables.of(pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"]})))
        remember_sources(store, [str(tmp_path / "canada.db"), "domain=web"])
    return url


def test_the_store_keeps_sources_until_others_are_named(url):
    with open_store(url) as store:
        assert [one.rpartition("/")[2] for one in remembered_sources(store)] == [
            "canada.db",
            "domain=web",
        ]
        remember_sources(store, [])
        assert remembered_sources(store) == ()


def test_a_training_of_the_service_names_the_source_that_is_gone(url, tmp_path):
    outcome = retrain(asdict(Settings(store=url, encoder="none")), asdict(TrainOptions()))
    assert outcome["status"] == "failed"
    assert "the source 'canada' of the training is gone" in outcome["note"]
    assert not (tmp_path / "canada.db").exists()


@pytest.mark.parametrize("sources", [None, (), ("books", "domain=web")])
def test_options_of_a_training_are_the_same_after_json(sources):
    options = TrainOptions(sources=sources)
    assert TrainOptions.from_dict(asdict(options)) == options


def test_a_source_is_kept_with_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert full_source("books", ()) == str(tmp_path / "books")
    assert full_source("sqlite:///books.db", ()) == f"sqlite:///{tmp_path / 'books.db'}"
    assert full_source("books", {"books"}) == "domain=books"
    assert full_source("domain=toys", {"books"}) == "domain=toys"


def test_what_is_no_file_is_not_looked_for():
    check_sources(["domain=web", "postgresql://eve:secret@db/shop"])
    with pytest.raises(NotFoundError) as error:
        check_sources(["sqlite:////no/such/shop.db"])
    assert error.value.next_step is NextStep.CHOOSE_SOURCES


@given(st.text(min_size=1))
def test_a_named_domain_is_found_whatever_its_name_is(name):
    value = f"domain={name}"
    assert is_domain(value, ())
    assert domain_of(value, ()) == name
    assert domain_of(full_source(name, {name}), {name}) == name
