import json

import pytest

from daybreak.cli.app import run
from daybreak.data import Tables, read_folder
from daybreak.service.benchmarking.evaluate import make_joint_plan
from daybreak.service.inputs.bundled import gift_shop


@pytest.mark.slow
def test_the_demo_proves_trains_and_answers_three_questions(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status = run(["demo", "--quick", "--html", "r.html", "--picture", "w.svg", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert status == 0
    assert shown["imported"]["users"] > 200
    customer, item, purchase = shown["answers"].values()
    assert customer[0]["user_temperature"] == "warm"
    assert {"title", "strategy", "item_temperature"} <= set(customer[0])
    assert {"user_id", "country", "has_bought"} <= set(item[0])
    assert purchase[0]["user_temperature"] == "hot"
    assert [row["item_id"] for row in customer] != [row["item_id"] for row in purchase]
    wanted = ("TEA", "CUP", "CAKE", "VINTAGE")
    assert sum(any(word in row["title"] for word in wanted) for row in customer) >= 6
    assert any("CAKE STAND" in row["title"] for row in purchase)
    assert "22423" not in [row["item_id"] for row in purchase]
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "RED RETROSPOT TEA TOWEL SET" in page
    assert "var(" not in (tmp_path / "w.svg").read_text("utf-8")
    assert not list(tmp_path.glob("*.db"))


def test_the_bundled_shop_is_read_without_rejects():
    read = read_folder(gift_shop())
    assert not len(read.rejects)
    assert read.rows_read == {"events": 194_601, "items": 3_623, "users": 2_951}


def test_a_joint_plan_asks_known_users_only_about_new_items():
    tables = read_folder(gift_shop()).tables
    users = tables.users.gather_every(30)
    events = tables.events.join(users.select("user_id"), on="user_id")
    plan = make_joint_plan(Tables.of(events, tables.items, users), seed=1)
    known = set(plan.train.users["user_id"])
    sold = set(plan.train.events["item_id"])
    for cell in plan.slices:
        assert cell.users
        assert known.isdisjoint(cell.users) != cell.name.startswith("cold_item")
    cold = next(cell for cell in plan.slices if cell.name == "cold_item")
    assert sold.isdisjoint(cold.candidates)
    assert set(cold.targets["user_id"]) == set(cold.users)
