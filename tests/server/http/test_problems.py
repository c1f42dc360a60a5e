"""Error codes and their HTTP statuses."""

import json
import re

import pytest

from daybreak import errors
from daybreak.server.app import create_app
from daybreak.server.http import problems
from daybreak.server.openapi import build_openapi
from tests.server.fake_service import FakeService


def test_every_error_of_the_library_has_a_status():
    def kinds(kind):
        return {kind.code}.union(*(kinds(below) for below in kind.__subclasses__()))

    ours = {kind for kind in kinds(errors.DaybreakError)}
    assert ours == set(problems.LIBRARY_ERROR_STATUS)
    assert not set(problems.LIBRARY_ERROR_STATUS) & set(problems.SERVER_ERROR_STATUS)


@pytest.fixture(scope="module")
def paths():
    """All paths of the description, which takes a second to build."""
    return build_openapi(create_app(FakeService()))["paths"]


@pytest.mark.parametrize("step", problems.NEXT_STEPS)
def test_every_next_step_names_existing_endpoints(paths, step):
    named = re.findall(r"([A-Z]+) (/[a-z/]+)", problems.NEXT_STEPS[step])
    assert named
    for method, path in named:
        assert method.lower() in paths[f"/api/v1{path}"]


def test_a_next_step_follows_the_message():
    error = errors.DataError(
        "no column", next_step=errors.NextStep.MAP_COLUMN, column="user_id"
    )
    detail = json.loads(problems.library_error_response(error).body)["detail"]
    assert detail == "no column; name the column with POST /import?column=user_id=NAME"
    error = errors.StoreError("too old", next_step=errors.NextStep.UPGRADE_STORE, store="x.db")
    assert json.loads(problems.library_error_response(error).body)["detail"] == "too old"
