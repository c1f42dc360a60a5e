"""Query parameters that occur again are validated once."""

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from daybreak.server.http import query_params
from daybreak.server.http.query_params import parse_common_query, parse_query
from daybreak.server.schemas.recommend import ListQuery, OnboardingQuery, RecommendQuery
from daybreak.server.schemas.rows import EventPageQuery, RowPageQuery


@pytest.fixture(autouse=True)
def known(monkeypatch):
    kept = {}
    monkeypatch.setattr(query_params, "_PARSED", kept)
    return kept


def request_of(text):
    return Request({"type": "http", "query_string": text, "headers": []})


def parse(text, model=RecommendQuery):
    return parse_common_query(request_of(text), model)


def test_the_same_text_gives_the_same_query_of_each_model():
    one = parse(b"n=5&exclude=a&exclude=b")
    assert (one.k, one.exclude) == (5, ["a", "b"])
    assert parse(b"n=5&exclude=a&exclude=b") is one
    assert parse(b"n=6&exclude=a").exclude == ["a"]
    assert type(parse(b"n=5", ListQuery)) is ListQuery
    assert type(parse(b"n=5")) is RecommendQuery


def test_sessions_long_queries_and_faults_are_not_kept(known):
    assert parse(b"session_id=visitor-7").session_id == "visitor-7"
    assert parse(b"sess%69on_id=visitor-7").session_id == "visitor-7"
    assert parse(b"n=5&where=" + b"%20" * 200).k == 5
    for _ in range(2):
        with pytest.raises(RequestValidationError):
            parse(b"n=0")
    assert not known


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (b"user_id=ann", EventPageQuery),
        (b"search=ann", RowPageQuery),
        (b"text=tea", OnboardingQuery),
    ],
)
def test_ids_and_words_of_users_are_not_kept(known, text, model):
    assert parse_query(request_of(text), model).model_fields_set
    assert not known


def test_few_queries_are_kept(known, monkeypatch):
    monkeypatch.setattr(query_params, "MAX_KNOWN", 3)
    for n in range(1, 9):
        assert parse(b"n=%d" % n).k == n
        assert len(known) <= 3


def test_queries_without_rules_have_none():
    assert parse(b"n=5&explain=true&scenario=home").build_rules() is None
    assert parse(b"exclude_seen=false").build_rules().exclude_seen is False
    assert parse(b"categories=tea").build_rules().categories == ("tea",)
    assert parse(b"diversity=0").build_rules() is None
