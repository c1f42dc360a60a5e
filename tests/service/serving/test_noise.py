"""Popularity counts people: one of them decides nothing, however many events it has."""

import pytest


def popular(live):
    live.releases.recount_popularity()
    return {item.item_id: item.score for item in live.lists.popular(n=35)}


def add(live, user, items):
    live.events.add([{"user_id": user, "item_id": item} for item in items])


@pytest.mark.parametrize("repeats", [2, 200])
def test_events_of_one_person_on_one_item_count_once(live, repeats):
    worst = list(popular(live))[-1]
    add(live, "bot", [worst])
    once = popular(live)
    add(live, "bot", [worst] * repeats)
    assert popular(live) == pytest.approx(once)


def test_a_person_with_events_on_every_item_changes_no_order(live):
    before = popular(live)
    add(live, "everything", list(before) * 3)
    after = popular(live)
    ranks = sorted(before, key=lambda item: -before[item])
    assert [after[item] for item in ranks] == sorted(after.values(), reverse=True)


@pytest.mark.parametrize("n_bots", [1, 2])
def test_a_few_accounts_do_not_push_an_item_to_the_top(live, n_bots):
    before = popular(live)
    best, *_, worst = before
    for bot in range(n_bots):
        add(live, f"bot-{bot}", [worst] * 50)
    assert next(iter(popular(live))) == best
