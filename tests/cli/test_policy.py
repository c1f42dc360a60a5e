"""The policy of a shop on the command line."""

import pytest


def test_a_policy_is_set_part_by_part_and_shown(trained, ask, call):
    assert ask("policy", "show")["where"] == ""
    boost = "2:contains(title, 'tea')"
    ask("policy", "set", "--where", "not contains(title, 'rum')", "--boost", boost)
    changed = ask("policy", "set", "--retrain", "every=2h", "--retention", "30")
    assert changed["where"] == "not contains(title, 'rum')"
    assert (changed["retrain"], changed["retention_days"]) == ("every=2h", 30)
    status, out, _ = call("policy", "show")
    assert (status, "every=2h" in out, "30 days" in out) == (0, True, True)


def test_rules_can_be_removed_alone_or_with_everything(trained, ask):
    boost = "3:contains(title, 'tea')"
    ask("policy", "set", "--where", "contains(title, 'e')", "--boost", boost)
    without = ask("policy", "set", "--where", "", "--no-boosts", "--retrain", "off")
    assert (without["where"], without["boosts"], without["retrain"]) == ("", [], "off")
    empty = ask("policy", "reset")
    assert (empty["retrain"], empty["retention_days"]) == (None, None)


def test_a_preview_changes_nothing(trained, ask, call):
    [hides] = ask("policy", "preview", "--where", "not contains(title, 'rum')")["rules"]
    assert (hides["kind"], hides["n_items"], hides["item_ids"]) == ("where", 1, ["rum"])
    status, out, _ = call("policy", "preview", "--boost", "2:contains(title, 'cup')")
    assert (status, "x 2" in out, "cup" in out) == (0, True, True)
    assert ask("policy", "show")["where"] == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--where", "no_such = 1"), "no_such"),
        (("--retrain", "sometimes"), "retrain policy"),
        (("--boost", "2:price < 3", "--no-boosts"), "exclude each other"),
    ],
)
def test_an_invalid_policy_is_refused(trained, call, ask, options, message):
    status, _, err = call("policy", "set", *options)
    assert status != 0
    assert message in err
    assert ask("policy", "show")["where"] == ""


def test_a_policy_can_be_set_before_anything_is_trained(imported, ask):
    assert ask("policy", "set", "--where", "title = 'Tea cup'")["where"] == "title = 'Tea cup'"
