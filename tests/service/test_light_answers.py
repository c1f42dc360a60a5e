"""Answers of a process that reads only what an answer needs are those of a server."""

import shutil

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from daybreak import Recommender
from daybreak.data import derived_arrays, mapped_arrays
from daybreak.data.tables import Tables
from daybreak.models import shared_content
from daybreak.service.releases import derived
from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.serving.release_manager import load_state
from daybreak.service.state import item_neighbours, serving_state

STRATEGIES = ("auto", "ease", "item_knn", "graph_filter", "content/ridge", "factors")
USERS = [f"person-{user}" for user in range(12)]


@pytest.fixture(scope="module", params=STRATEGIES)
def folder(request, tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("light") / "shop"
    strategies = [request.param] if request.param != "auto" else "auto"
    Recommender(encoder="none", strategies=strategies).fit(*tables).save(folder)
    return folder


@pytest.fixture
def served(folder, tables, monkeypatch):
    """A recommender with the state of a server."""
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    events, items, users = tables
    shop = Recommender.load(folder)
    every = Tables.of(events, items=items, users=users)
    shop._state = load_state("r1", folder, lambda: every)
    return shop


@pytest.fixture
def light(folder, tables, monkeypatch):
    """A recommender that reads only what an answer needs."""
    monkeypatch.setattr(mapped_arrays, "MIN_MAPPED_BYTES", 1)
    events, _, users = tables
    return Recommender.load(folder, events=events, users=users, for_few_answers=True)


def test_lists_of_one_user_are_the_same_bit_for_bit(served, light):
    for user in [*USERS, "a stranger"]:
        assert_frame_equal(served.recommend([user]), light.recommend([user]), check_exact=True)


def test_lists_from_derived_arrays_are_the_same_bit_for_bit(
    served, folder, tables, monkeypatch
):
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)
    events, items, users = tables
    every = Tables.of(events, items=items, users=users)
    plain = served.recommend([*USERS, "a stranger"])
    for _ in range(2):  # the first writes the arrays
        served._state = load_state("r1", folder, lambda: every)
        assert_frame_equal(served.recommend([*USERS, "a stranger"]), plain, check_exact=True)
    written = list(folder.parent.glob(".derived-shop/*.safetensors"))
    assert bool(written) == bool(served._state.scorers[0].level_weights(1).fused)

    def refuse(*args, **options):
        raise AssertionError("computed again")

    monkeypatch.setattr(derived_arrays.DerivedArrays, "_write", refuse)
    load_state("r1", folder, lambda: every)


def test_arrays_of_a_folder_that_cannot_be_written_are_elsewhere(
    folder, tables, tmp_path, monkeypatch
):
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)
    monkeypatch.setattr(derived.os, "access", lambda path, mode: False)
    shutil.rmtree(folder.parent / ".derived-shop", ignore_errors=True)
    events, items, users = tables
    every = Tables.of(events, items=items, users=users)
    state = load_state("r1", folder, lambda: every, tmp_path / "other")
    written = list(tmp_path.glob("other/.derived-shop/*.safetensors"))
    assert bool(written) == bool(state.scorers[0].level_weights(1).fused)
    assert not (folder.parent / ".derived-shop").exists()


def test_a_release_that_is_replaced_has_other_arrays(tmp_path):
    manifest = tmp_path / "shop" / MANIFEST_FILE
    manifest.parent.mkdir()
    manifest.write_text("one")
    one = derived.open_derived(manifest.parent)
    manifest.write_text("two")
    two = derived.open_derived(manifest.parent)
    assert one.folder == two.folder
    assert one._state != two._state
    manifest.unlink()
    assert derived.open_derived(manifest.parent) is None


@pytest.mark.parametrize(
    "asked",
    [
        {
            "histories": pl.DataFrame(
                {"user_id": ["x"] * 3, "item_id": ["item-1", "item-33", "item-2"]}
            )
        },
        {"profiles": pl.DataFrame({"user_id": ["x"], "likes": ["rum"]})},
        {"profiles": pl.DataFrame({"user_id": ["x"], "text": ["a pot of tea"]})},
        {"users": ["person-1"], "popularity": 0.1, "explain": True},
        {"users": ["person-1"], "where": "shelf = 'tea'", "explain": True},
    ],
    ids=["events", "profile", "text", "popularity", "filter"],
)
def test_other_requests_get_the_same_lists(served, light, asked):
    found, wanted = light.recommend(**asked), served.recommend(**asked)
    assert found["item_id"].to_list() == wanted["item_id"].to_list()
    assert_frame_equal(found, wanted, abs_tol=2**-13)


def test_lists_of_many_users_are_equal_within_the_rounding_of_scores(served, light):
    assert_frame_equal(served.recommend(USERS), light.recommend(USERS), abs_tol=2**-13)


def test_reasons_and_similar_items_are_the_same(served, light):
    for item in ("item-3", "item-34"):
        assert_frame_equal(
            served.explain("person-4", item), light.explain("person-4", item), abs_tol=1e-5
        )
        assert_frame_equal(
            served.similar_items([item], explain=True),
            light.similar_items([item], explain=True),
        )


def test_new_items_are_in_the_same_lists(served, light):
    new = pl.DataFrame({"item_id": ["fresh"], "title": ["rum number 99"], "shelf": ["rum"]})
    lists = [one.add_items(new).recommend(USERS[:3], k=40) for one in (served, light)]
    assert "fresh" in lists[0]["item_id"].to_list()
    assert_frame_equal(*lists, abs_tol=2**-13)


def test_opening_multiplies_no_matrices(folder, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a kernel was computed")

    monkeypatch.setattr(shared_content, "content_kernel", refuse)
    monkeypatch.setattr(item_neighbours, "nearest_neighbour_weights", refuse)
    Recommender.load(folder, for_few_answers=True).recommend(["x"])


def test_a_release_of_a_changed_catalogue_is_opened_as_quickly(folder, tmp_path, monkeypatch):
    new = pl.DataFrame({"item_id": ["fresh"], "title": ["rum number 99"], "shelf": ["rum"]})
    shop = Recommender.load(folder).add_items(new)
    shop.save(tmp_path / "grown")
    grown = Recommender.load(tmp_path / "grown")
    assert grown.state.scorers[0].items is grown.state.catalogue.items
    assert grown.state.trained.scorer_parts is not None
    found, wanted = grown.recommend(["x"], k=40), shop.recommend(["x"], k=40)
    assert_frame_equal(found.sort("item_id"), wanted.sort("item_id"), abs_tol=2**-12)


def test_a_release_without_parts_of_a_scorer_gives_the_same_lists(folder, tables, tmp_path):
    events, _, users = tables
    model = Recommender.load(folder, events=events, users=users)
    plain = Recommender.load(folder, events=events, users=users)
    state = plain.state
    object.__setattr__(state.trained, "scorer_parts", None)
    fresh = serving_state.ServingState.from_training(
        state.trained, state.catalogue.frame, histories=state.histories
    )
    assert fresh.scorers[0].linear_models is not state.scorers[0].linear_models
    plain._state = serving_state.replace(fresh, profiles=state.profiles)
    assert_frame_equal(plain.recommend(USERS), model.recommend(USERS), abs_tol=2**-13)
