import pytest

from daybreak.errors import ConfigError, FilterError, NotFoundError
from daybreak.service.experiments import ExperimentManager
from daybreak.store import Release
from tests.service.experiments.stage import Stage

PLAN = {"id": "page", "variants": [{"name": "now"}, {"name": "new"}]}


def test_a_plan_goes_from_draft_to_running_to_stopped(stage):
    assert stage.book.create(PLAN).status == "draft"
    assert stage.book.assign("ann") is None
    stage.clock.now = 5.0
    assert stage.book.start("page").started_at == 5.0
    assert stage.book.assign("ann").experiment == "page"
    stage.clock.now = 9.0
    assert stage.book.stop("page").stopped_at == 9.0
    assert stage.book.assign("ann") is None


def test_every_experiment_has_a_salt_of_its_own(stage):
    first, second = (stage.book.create(PLAN | {"id": id_}) for id_ in ("a", "b"))
    assert first.salt != second.salt


def test_a_draft_may_be_changed_in_all_that_matters(stage):
    stage.book.create(PLAN)
    changed = stage.book.change("page", {"metric": "conversion", "alpha": 0.01, "share": 0.5})
    assert (changed.metric, changed.min_effect, changed.share) == ("conversion", 0.002, 0.5)
    assert stage.book.get("page") == changed


@pytest.mark.parametrize(
    "change",
    [{"variants": [{"name": "a"}, {"name": "b"}]}, {"metric": "conversion"}, {"alpha": 0.2},
     {"salt": "x"}, {"effect": 0.5}, {"attribution": {"window_h": 1}}, {"status": "draft"}],
)  # fmt: skip
def test_what_is_compared_is_fixed_once_it_runs(stage, change):
    stage.run()
    with pytest.raises(ConfigError, match=r"cannot be changed: it is running.*note, share"):
        stage.book.change("page", change)


def test_the_share_of_a_running_experiment_may_grow(stage):
    stage.run(share=0.01)
    stage.book.change("page", {"share": 1.0, "note": "all of it now"})
    assert stage.book.running[0].share == 1.0


def test_stopped_is_for_good(stage):
    stage.run()
    stage.book.stop("page")
    with pytest.raises(ConfigError, match="only a draft can be started"):
        stage.book.start("page")
    with pytest.raises(ConfigError, match="only a running experiment"):
        stage.book.stop("page")
    with pytest.raises(ConfigError, match="it is stopped; can be changed: note"):
        stage.book.change("page", {"share": 0.5})


def test_an_id_is_used_once(stage):
    stage.book.create(PLAN)
    with pytest.raises(ConfigError, match="exists"):
        stage.book.create(PLAN)


def test_a_running_experiment_is_not_deleted(stage):
    stage.run()
    with pytest.raises(ConfigError, match="stop it first"):
        stage.book.delete("page")
    stage.book.stop("page")
    stage.book.delete("page")
    with pytest.raises(NotFoundError, match="known: none"):
        stage.book.get("page")


def test_a_release_that_is_not_there_cannot_be_compared(stage):
    stage.store.put_release(Release("r1", 0.0, "releases/r1"))
    stage.book.create({"id": "x", "variants": [{"name": "a"}, {"name": "b", "release": "r2"}]})
    with pytest.raises(NotFoundError, match=r"'r2'.*known: r1"):
        stage.book.start("x")
    stage.book.change("x", {"variants": [{"name": "a"}, {"name": "b", "release": "r1"}]})
    assert stage.book.start("x").status == "running"


def test_another_process_sees_a_start_after_it_looks_again(stage):
    other = ExperimentManager(stage.store)
    stage.run()
    assert other.running == ()
    other.refresh()
    assert other.assign("ann") == stage.book.assign("ann")


def test_older_experiments_go_first(stage):
    for place, id_ in enumerate(("z", "a")):
        stage.clock.now = float(place)
        stage.book.create(PLAN | {"id": id_})
        stage.book.start(id_)
    assert [plan.id for plan in stage.book.running] == ["z", "a"]
    assert [plan.id for plan in stage.book.list()] == ["z", "a"]


def test_only_so_many_releases_are_kept_in_memory(stage):
    names = "abcd"
    for name in names:
        stage.book.create(
            {"id": name, "variants": [{"name": "now"}, {"name": "x", "release": f"r-{name}"}]}
        )
        stage.store.put_release(Release(f"r-{name}", 0.0, f"releases/r-{name}"))
    for name in names[:3]:
        stage.book.start(name)
    with pytest.raises(
        ConfigError, match=r"3 releases together.*there would be 4: r-a, r-b, r-c"
    ):
        stage.book.start("d")
    assert stage.book.assign("ann").required_releases == {"r-a"}


@pytest.mark.parametrize("note", ["\ud800", "\0"])
def test_what_no_store_can_keep_is_refused(stage, note):
    with pytest.raises(ConfigError, match="must be JSON with Unicode"):
        stage.book.create(PLAN | {"note": note})


def test_rules_that_the_catalogue_cannot_follow_are_found_before_the_start():
    def check(rules):
        raise FilterError(f"no column in {rules.boosts[0].where}")

    stage, boost = Stage(check_rules=check), {"where": "colour = 'red'", "factor": 2}
    new = {"name": "new", "ask": {"rules": {"boosts": [boost]}}}
    stage.book.create({"id": "x", "variants": [{"name": "now"}, new]})
    with pytest.raises(FilterError, match="colour"):
        stage.book.start("x")
    assert stage.book.get("x").status == "draft"
