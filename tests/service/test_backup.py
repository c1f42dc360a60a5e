"""Checks of dumps that a service restores."""

import json

import pytest

from daybreak.errors import NotFoundError
from daybreak.service.backup import InvalidDumpError, check_release_folders, export_table


def line(release):
    return json.dumps({"releases": release}).encode()


def test_folders_below_the_folder_of_releases_are_valid():
    check_release_folders([b"{}", line({"folder": "releases/1"}), b'{"items": {}}'])


@pytest.mark.parametrize(
    "release", [{"folder": "/etc"}, {"folder": "a/../.."}, {"folder": 7}, {}, []]
)
def test_other_folders_are_rejected(release):
    with pytest.raises(InvalidDumpError, match="cannot restore"):
        check_release_folders([line(release)])


def test_only_the_three_tables_can_be_exported():
    with pytest.raises(NotFoundError, match="the tables are events, items and users"):
        export_table(None, "documents")
