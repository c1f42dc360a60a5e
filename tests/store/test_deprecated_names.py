import importlib

import pytest

from daybreak.store import LoggedItem, LoggedRecommendation, open_store

OLD_NAMES = [
    ("daybreak.encoders", "unit", "l2_normalize"),
    ("daybreak.store", "Answer", "LoggedRecommendation"),
    ("daybreak.store", "Erased", "ErasureCounts"),
    ("daybreak.store", "Journal", "Journal"),
    ("daybreak.store", "Shown", "LoggedItem"),
    ("daybreak.store", "Upgraded", "UpgradeResult"),
    ("daybreak.store", "Written", "WriteResult"),
    ("daybreak.store", "without_password", "hide_password"),
    ("daybreak.store.journal", "Answer", "LoggedRecommendation"),
    ("daybreak.store.journal", "Shown", "LoggedItem"),
    ("daybreak.testing.encoders", "check_company_does_not_matter", "check_batch_invariance"),
    ("daybreak.testing.journals", "check_answers_are_found", "check_recommendation_queries"),
    ("daybreak.testing.stores", "check_gives_back_what_was_written", "check_round_trip"),
]


@pytest.mark.parametrize(("module", "old", "new"), OLD_NAMES)
def test_an_old_name_is_the_new_object_and_warns(module, old, new):
    with pytest.warns(DeprecationWarning, match=rf"{old} is deprecated.*use .*\.{new}"):
        found = getattr(importlib.import_module(module), old)
    assert found.__name__ == new


@pytest.mark.parametrize("module", ["daybreak.testing.journals", "daybreak.testing.stores"])
def test_every_old_check_still_exists(module):
    names = importlib.import_module(module).__getattr__.__closure__
    moved = next(cell.cell_contents for cell in names if isinstance(cell.cell_contents, dict))
    for name in moved:
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            assert getattr(importlib.import_module(module), name) is not None


def test_the_journal_has_the_old_methods():
    shown = LoggedRecommendation("a1", 1.0, "ann", "r1", (LoggedItem("tea", 0.5, 1, "ease"),))
    with open_store("sqlite:///:memory:") as store:
        with pytest.warns(DeprecationWarning, match=r"Store\.journal is deprecated"):
            journal = store.journal
        journal.put_answers([shown])
        journal.put_records("kind", {"id": {"x": 1}})
        assert journal.answers(user="ann") == [shown]
        assert journal.answer_heads().height == 1
        assert journal.records("kind") == {"id": {"x": 1}}
        assert journal.merge("ann", "eve") == 0
        assert journal.events().events.height == 0
        assert journal.erase(users=["eve"]).answers == 1
        assert journal.changes(-1).cursor > 0
