"""Measurements of a release: on its store, as tasks of a service, and from a workspace."""

from dataclasses import asdict
from pathlib import Path

import pytest

from daybreak.config import Settings
from daybreak.errors import BusyError, ConfigError, NotFoundError
from daybreak.service import release_training
from daybreak.service.measuring import measure_shop, run_evaluation, run_shop_curve
from daybreak.service.release_training import TrainOptions
from daybreak.service.releases.measurement_files import read_shop_curve
from daybreak.service.releases.release import find_release, releases_root
from daybreak.service.serving import RecommenderService
from daybreak.service.training_sources import remember_sources, requested_sources
from daybreak.service.workspace import Workspace
from daybreak.store import open_store
from tests.server.example_store import make_shop


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("measured"))


def test_the_curve_is_stored_with_the_release_that_was_named(settings):
    with open_store(settings.store) as store:
        curve = measure_shop(store, settings, "active")
        folder = find_release(store, releases_root(settings.store), "active")
        assert read_shop_curve(folder) == curve
    assert {one.users for one in curve.points} == {5}


def test_a_task_reports_what_went_wrong(settings):
    for run in (run_shop_curve, run_evaluation):
        outcome = run(vars(settings), {"release": "gone"})
        assert (outcome["status"], "no release" in outcome["note"]) == ("failed", True)


def test_a_store_in_memory_has_no_place_for_a_curve(settings):
    with open_store(settings.store) as store, pytest.raises(ConfigError):
        measure_shop(store, Settings(store="sqlite:///:memory:", encoder="none"), "active")


def test_a_service_measures_in_a_process_of_its_own_and_its_report_has_the_curve(settings):
    with RecommenderService(settings) as service:
        release = service.releases.current.release
        with pytest.raises(NotFoundError):
            service.measure_shop("gone")
        task = service.measure_shop(release)
        with pytest.raises(BusyError):
            service.measure_shop(release)
        assert service.training.wait(task["id"], 120).status == "done"
        curve = service.releases.report(release)["shop_curve"]
        assert {point["system"] for point in curve["points"]} >= {"daybreak", "popular"}
        assert service.training.wait(service.evaluate(release)["id"], 240).status == "done"
        evaluation = service.releases.report(release)["evaluation"]
        assert [one["name"] for one in evaluation["drift"]] == ["interests", "content"]
        slices = evaluation["slices"]
        assert {"cold_user_nothing", "cold_item"} <= {one["slice"] for one in slices}


@pytest.fixture
def remembering(settings):
    """A store that remembers a file, a store on a server and a domain as sources."""
    with open_store(settings.store) as store:
        remember_sources(store, ["postgresql://u:secret@db/canada", "domain=food"])
        yield store
        remember_sources(store, ())


def test_a_request_chooses_sources_by_name_and_sees_no_password(remembering):
    named = requested_sources(remembering, ["canada", "domain=toys", "food", "domain=food"])
    assert named == ("postgresql://u:secret@db/canada", "domain=toys", "domain=food")
    assert requested_sources(remembering, []) == ()
    with pytest.raises(ConfigError, match="canada, food") as caught:
        requested_sources(remembering, ["canada", "/etc/passwd"])
    assert "secret" not in str(caught.value)


def test_a_request_cannot_name_files_or_sources_that_are_gone(settings, tmp_path):
    with RecommenderService(settings) as service:
        release = service.releases.current.release
        with pytest.raises(ConfigError, match="remembers: none"):
            service.evaluate(release, [str(tmp_path)])
        with pytest.raises(ConfigError, match="remembers: none"):
            service.measure_shop(release, [str(tmp_path)])
        remember_sources(service.store, [str(tmp_path / "gone")])
        with pytest.raises(NotFoundError, match="is gone"):
            service.evaluate(release, ["gone"])
        remember_sources(service.store, ())


def test_a_workspace_measures_the_active_release(settings):
    with Workspace(settings) as workspace:
        assert workspace.measure_shop().points


def test_an_evaluation_notes_the_drift_since_the_training(settings):
    with Workspace(settings) as workspace:
        notes = workspace.evaluate(slices=["cold_user_nothing"]).notes
    assert [note.partition(":")[0] for note in notes[-2:]] == ["interests", "content"]


def test_an_evaluation_needs_no_release_to_measure_drift(settings, monkeypatch):
    with Workspace(settings) as workspace:
        monkeypatch.setattr(workspace, "_root", Path("gone"))
        notes = workspace.evaluate(slices=["cold_user_nothing"]).notes
    assert "drift since the training cannot be measured" in notes[-1]


def test_a_training_of_a_service_reports_its_steps(settings, monkeypatch):
    steps = []
    monkeypatch.setattr(release_training, "report_progress", lambda *state: steps.append(state))
    outcome = release_training.retrain(vars(settings), asdict(TrainOptions(gate=False)))
    assert outcome["status"] == "done"
    assert {state[:2] for state in steps} == {(0, 1)}
    assert "fitting on all data" in [state[2] for state in steps]
