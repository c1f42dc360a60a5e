"""Calls whose effect only a real server over a trained shop shows."""

import asyncio

import pytest

from daybreak.client import AsyncClient, RejectedError


def test_onboarding_continues_from_earlier_answers(shop):
    first, second = shop.onboarding(2)
    assert (first.kind, first.rank, second.rank) == ("item", 1, 2)
    assert first.item_id == first.name
    assert first.title.endswith(f"number {first.name[-1]}")
    assert 0 < first.chance <= 1
    later = shop.onboarding(20, yes=[first.name], asked=[second.name, "rum/9 😀"])
    assert not {first.name, second.name} & {question.name for question in later}


def test_attributes_are_asked_about_on_demand_and_only_once(shop):
    def about(**said):
        found = shop.onboarding(100, **said)
        return [question for question in found if question.kind == "attribute"]

    assert not about()
    (country,) = about(attributes=True)
    assert (country.name, country.item_id) == ("country", None)
    assert sorted(value.upper() for value in country.values) == ["FR", "UK"]
    assert not about(attributes=True, asked=["country"])


def test_the_asynchronous_client_supports_onboarding(shop, url):
    async def ask():
        async with AsyncClient(url) as client:
            return await client.onboarding(3, yes=["tea-1"], asked=["gin-1"], attributes=True)

    assert asyncio.run(ask()) == shop.onboarding(
        3, yes=["tea-1"], asked=["gin-1"], attributes=True
    )


def test_a_list_of_titles_is_matched_and_its_items_are_a_history(shop):
    first, second, third = shop.match_titles("* tea number 1\n2. GIN number 1\nzzqx")
    assert (first.item_id, second.item_id, third.item_id) == ("tea-1", "gin-1", None)
    assert first.confidence > 0.9
    assert (first.match, third.confidence) == ("title", 0.0)
    found = shop.recommend(events=[{"item_id": first.item_id}], exclude_seen=True)
    assert "tea-1" not in found.ids
    with pytest.raises(RejectedError, match="no titles"):
        shop.match_titles(" \n ")


def test_a_measurement_takes_no_files_as_sources(shop):
    (release, *_) = shop.models()
    with pytest.raises(RejectedError, match="domain=NAME"):
        shop.admin.evaluate(release.id, sources=["../shop.db"])
    with pytest.raises(RejectedError, match="domain=NAME"):
        shop.admin.measure_shop(release.id, sources=["../shop.db"])
    with pytest.raises(RejectedError, match="sources"):
        shop.admin.evaluate(release.id, sources=["x" * 2_000])


def test_an_interview_continues_from_earlier_answers(shop):
    first = shop.interview(k=2, n_choices=3)
    assert first.question is not None
    turn = first.question.answered(chosen=[first.question.choices[0].id])
    second = shop.interview([turn], k=2, language="zh")
    assert len(second.turns) == 1
    assert second.understood.liked or second.understood.wanted
    assert second.question != first.question
    assert shop.interview([turn], undo=1).turns == ()
    assert shop.interview(use_model=True).question.source == "template"


def test_lists_hold_only_the_given_categories(shop):
    for listed in (shop.popular, shop.latest, shop.trending):
        assert {id_[:3] for id_ in listed(20, categories=["tea", "gin"]).ids} <= {"tea", "gin"}
    assert len(shop.popular(20, categories=["tea", "gin"])) == 8


def test_events_are_deleted_by_id_by_user_and_by_item(shop):
    rows = [("eve", "tea-1", "1"), ("eve", "rum-1", "2"), ("eve", "rum-2", "3")]
    shop.add_events(
        dict(zip(("user_id", "item_id", "event_id"), row, strict=True)) for row in rows
    )
    assert shop.delete_events(["1", "unknown"]) == 1
    assert shop.delete_events(user_id="eve", item_id="rum-1") == 1
    assert [row["item_id"] for row in shop.events(user_id="eve")] == ["rum-2"]
    assert shop.delete_events(user_id="eve") == 1
    assert shop.delete_events(user_id="eve") == 0


def test_an_erasure_returns_a_report(shop):
    proof = shop.delete_user("u1")
    assert proof.complete
    assert proof.found
    assert {trace.place: trace.before for trace in proof.traces}["store events"] == 6
    assert len(proof.digest) == 64
    again = shop.delete_user("u1")
    assert again.complete
    assert not again.found


def test_interests_of_a_user_and_of_the_audience_have_the_same_topics(shop):
    shop.add_event("zoe", "tea-1")
    found, flow = shop.interests("zoe", topics=3, points=2), shop.interest_flow(topics=3)
    assert found.topics == flow.topics
    assert len(found.points) <= 2
    assert abs(sum(found.expected) - 1) < 1e-6
    assert abs(sum(flow.current) - 1) < 1e-6


def test_items_have_a_sentence_on_request(shop):
    (item,) = shop.recommend("nobody", k=1, explain="text", language="zh")
    assert (item.explanation_source, bool(item.explanation)) == ("template", True)
    assert shop.recommend("nobody", k=1).items[0].explanation == ""
