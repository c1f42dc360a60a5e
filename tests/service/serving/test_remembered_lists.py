"""Lists of a user who asks again: remembered scores never outlive what they depend on."""

from daybreak.service.serving import RecommenderService, RecommendRequest


def ask(service, **options):
    request = {"user_id": "person-1", "n": 30, "record": False} | options
    return service.recommend(RecommendRequest(**request))


def scores(service, **options):
    return {item.item_id: item.score for item in ask(service, **options).items}


def forget(service):
    service.releases.current.scorer.forget()


def n_remembered(service):
    return len(service.releases.current.scorer.memory.scores)


def test_a_list_asked_for_again_is_the_same(live):
    first = ask(live)
    assert n_remembered(live) == 1
    again = ask(live)
    assert n_remembered(live) == 1
    assert again.items == first.items
    assert ask(live, n=3).items == first.items[:3]


def test_a_new_event_changes_the_next_list_of_its_user_alone(live):
    before, other = scores(live), scores(live, user_id="person-2")
    best = max(before, key=before.get)
    live.events.add([{"user_id": "person-1", "item_id": best}])
    after = scores(live)
    assert after != before
    assert best not in after
    assert scores(live, user_id="person-2") == other
    forget(live)
    assert scores(live) == after


def test_an_event_of_another_worker_changes_the_next_list(live, settings):
    with RecommenderService(settings, poll_s=3600) as worker:
        before = scores(worker)
        best = max(before, key=before.get)
        live.events.add([{"user_id": "person-1", "item_id": best}])
        worker.releases.sync()
        after = scores(worker)
        assert best not in after
        assert after == scores(live)


def test_another_release_does_not_know_the_scores(live):
    before = scores(live)
    live.releases.activate("r2")
    after = scores(live)
    assert after != before
    forget(live)
    assert scores(live) == after


def test_a_changed_item_has_its_new_score(live):
    before = scores(live)
    item = min(before, key=before.get)
    live.catalogue.put([{"item_id": item, "title": "something else", "shelf": "other"}])
    after = scores(live)
    forget(live)
    assert scores(live) == after


def test_a_profile_and_a_sentence_are_not_taken_for_those_of_others(live):
    plain = scores(live)
    told = scores(live, profile={"text": "tea"})
    assert told != plain
    assert scores(live) == plain
    assert scores(live, profile={"text": "tea"}) == told


def test_an_erased_user_is_not_remembered(live):
    ask(live)
    assert n_remembered(live) == 1
    live.users.erase("person-1")
    assert n_remembered(live) == 0
