"""What an employer refuses does not count against the job, and what a user refuses does."""

import polars as pl
import pytest

from daybreak.data import read_tables


def signs(columns):
    result = read_tables(pl.DataFrame(columns))
    events = result.tables.events
    return result.rules.resolve(events).signs(events).to_list()


@pytest.mark.parametrize(
    ("user", "item", "column"),
    [
        ("candidate_id", "job_id", "status"),
        ("user_id", "job_id", "stage"),
        ("applicant", "course_id", "outcome"),
        ("student_id", "program_id", "application_status"),
        ("Bewerber", "Stelle", "Status"),
    ],
)
def test_the_other_side_decides_about_applications(user, item, column):
    states = ["rejected", "hired", "withdrawn", "interview"]
    table = {user: list("abcd"), item: list("wxyz"), column: states}
    assert signs(table) == [1, 1, -1, 1]


def test_a_flag_of_the_other_side_does_not_count_against_the_item():
    table = {"candidate_id": list("ab"), "job_id": list("xy"), "rejected": [1, 0]}
    assert signs(table) == [1, 1]


@pytest.mark.parametrize(
    ("user", "item", "column"),
    [
        ("user_id", "item_id", "response"),
        ("user_id", "item_id", "status"),
        ("user_id", "job_id", "feedback"),
        ("candidate_id", "job_id", "action"),
    ],
)
def test_users_refuse_what_they_are_offered(user, item, column):
    table = {user: list("ab"), item: list("xy"), column: ["rejected", "accepted"]}
    assert signs(table) == [-1, 1]


def test_a_note_tells_how_refusals_were_read():
    table = {"candidate_id": list("ab"), "job_id": list("xy"), "status": ["rejected", "hired"]}
    notes = read_tables(pl.DataFrame(table)).notes
    assert any("1 applications that the other side has refused (rejected)" in n for n in notes)
