from daybreak.service.experiments import shadow_id
from daybreak.service.experiments.tables import (
    difference_table,
    online_table,
    plan_table,
    shadow_table,
    variant_table,
)
from daybreak.store.base import LoggedItem, LoggedRecommendation


def test_a_report_has_a_row_for_each_variant(service):
    service.run(
        variants=[{"name": "now"}, {"name": "new"}, {"name": "dark", "shadow": True}],
        note="does it help?",
    )
    service.days({"now": 0.1, "new": 0.3}, people=150)
    dark = (LoggedItem("item-00", 1.0, 1, "popular"),)
    id_ = shadow_id("user-0/0", "dark")
    service.store.put_recommendations(
        [LoggedRecommendation(id_, 0.0, "user-0", "r", dark, "page", "dark", shadow=True)]
    )
    report = service.experiments.report("page")
    assert variant_table(report)["variant"].to_list() == ["now", "new"]
    assert shadow_table(report)["answers"].to_list() == [1]
    first = difference_table(report).row(0, named=True)
    assert (first["measure"], first["word"]) == ("click rate", "too early")
    assert first["at any time"].startswith("[")
    plans = plan_table(service.experiments.list()).row(0, named=True)
    assert (plans["experiment"], plans["shadows"], plans["note"]) == (
        "page",
        "dark",
        "does it help?",
    )
    assert plans["started"] == "1970-01-01 00:00"


def test_the_service_over_time_ends_with_the_total(service):
    service.run()
    service.days({"now": 0.1, "new": 0.1}, people=50)
    table = online_table(service.experiments.online(0.0))
    assert table["from"].to_list()[-1] == "total"
    assert table["people"].to_list()[-1] == 50
