import json

import pytest

from daybreak.encoders import load_encoder
from tests.cli.conftest import must
from tests.encoders.tiny_server import tiny_server
from tests.language_models.chat_server import chat_body, chat_server


def import_two_kinds(folder):
    rows = [
        f"u{user},{kind}{(user + step) % 8}"
        for user in range(40)
        for kind in ["tea" if user % 2 else "rum"]
        for step in range(6)
    ]
    (folder / "events.csv").write_text("user_id,item_id\n" + "\n".join(rows) + "\n")
    must("import", "events.csv")


@pytest.fixture
def shop(copied):
    """Forty users of two kinds."""
    copied(import_two_kinds)


def test_training_puts_a_release_into_use(imported, here, ask):
    trained = ask("train", "--seed", 3)
    folder = here / trained["release"]["folder"]
    assert (folder / "release.json").exists()
    assert trained["release"]["metadata"]["seed"] == 3


def test_training_tells_people_what_it_measured(shop, call):
    status, out, err = call("train", "--strategy", "popular", "--strategy", "item_knn")
    assert status == 0
    assert "NDCG@10 in simulated cold starts" in out
    assert "is active" in out
    assert "next: daybreak recommend" in err


def test_a_plan_tells_what_would_be_learned_and_trains_nothing(shop, here, ask, call):
    planned = ask("train", "--plan", "--strategy", "popular", "--strategy", "ease")["plan"]
    assert (planned["n_users"], planned["n_sold"]) == (40, 16)
    assert [one["name"] for one in planned["strategies"]] == ["popular", "ease"]
    assert not (here / "releases").exists()
    status, out, _ = call("train", "--plan")
    assert status == 0
    assert "data: 40 users, 16 items, 240 events" in out


def test_a_training_beyond_its_memory_is_refused_before_any_work(shop, here, call):
    status, _, err = call("train", "--memory", "1MB")
    assert status == 17
    assert "memory is 1 MB" in err
    assert "daybreak train --memory" in err
    assert not any((here / "releases").glob("*/release.json"))


def test_a_size_that_cannot_be_read_is_refused(shop, call):
    status, _, err = call("train", "--memory", "much")
    assert status == 2
    assert "such as 2GB" in err


def test_sums_over_users_can_be_computed_by_other_processes(shop, ask):
    strategies = ("--strategy", "popular", "--strategy", "item_knn")
    here = ask("train", *strategies)
    there = ask("train", *strategies, "--engine", "processes:2", "--no-gate")
    assert there["measured"]["levels"] == here["measured"]["levels"]


def test_an_unknown_engine_is_named_with_those_that_exist(shop, call):
    status, _, err = call("train", "--engine", "cluster")
    assert status != 0
    assert "no engine named 'cluster'; known: processes, ray, serial" in err


def train_many(folder):
    """Import three hundred users of four kinds, and train a release that knows them apart."""
    rows = [
        f"u{user},{'abcd'[user % 4]}{(user // 4 + step * step) % 15}"
        for user in range(300)
        for step in range(1, 7)
    ]
    (folder / "events.csv").write_text("user_id,item_id\n" + "\n".join(rows) + "\n")
    must("import", "events.csv")
    must("train", *SOME, "--strategy", "item_knn")


@pytest.fixture
def many(copied):
    """The id of that release, in a store of the test."""
    (release,) = (copied(train_many) / "releases").iterdir()
    return release.name


SOME = ("--strategy", "popular")


def test_a_worse_training_is_refused_with_a_table_and_the_release_stays(many, here, call):
    status, out, err = call("train", *SOME)
    assert status == 9
    assert "new users with 3 events" in out
    assert "worse" in out
    assert err.splitlines()[-1].startswith("daybreak: worse than the release in service on")
    assert "--force" in err
    assert [path.name for path in (here / "releases").iterdir()] == [many]
    assert "item_knn" in call("recommend", "u1", "-k", "1")[1]


def test_a_refusal_in_json_is_the_verdict(many, call):
    status, out, _ = call("train", *SOME, "--json")
    assert status == 9
    verdict = json.loads(out)["gate"]
    assert not verdict["passed"]
    assert {line["slice"]: line["word"] for line in verdict["slices"]}["events_3"] == "worse"


def test_force_and_no_gate_put_it_into_use(many, ask):
    assert ask("train", *SOME, "--force")["gate"]["forced"]
    assert ask("train", *SOME, "--no-gate")["gate"] is None


def test_a_training_goes_on_from_the_release_in_use(many, ask):
    kept = ask("train", "--start", "active", "--keep-weights")
    assert kept["measured"]["start"] == {
        "continued": [], "anew": kept["measured"]["start"]["anew"], "weights": "kept"
    }  # fmt: skip
    assert kept["gate"]["passed"]


def test_two_releases_are_compared(many, ask, call):
    worse = ask("train", *SOME, "--no-gate")["release"]["id"]
    assert call("compare", many, "active")[0] == 9
    found = ask("compare", worse, many)["gate"]
    assert {line["slice"]: line["word"] for line in found["slices"]}["events_3"] == "better"


def test_an_unknown_release_is_named_with_the_known_ones(many, call):
    status, _, err = call("train", "--start", "nowhere")
    assert status == 5
    assert many in err


def test_an_unknown_strategy_is_refused_with_the_known_ones(imported, call):
    status, _, err = call("train", "--strategy", "magic")
    assert status == 2
    assert "known: auto, popular" in err


def test_a_store_in_memory_cannot_be_trained(call):
    status, _, err = call("train", "--store", "sqlite:///:memory:")
    assert status == 2
    assert "use a file" in err


def test_evaluation_compares_with_popularity_and_draws_a_page(shop, here, call):
    status, out, _ = call("evaluate", "--slice", "events_3", "-k", "3", "--html", "page.html")
    assert status == 0
    assert "events_3: 8 users" in out
    assert "against popular" in out
    assert "<svg" in (here / "page.html").read_text("utf-8")


def test_evaluation_names_the_slices_there_are(shop, call):
    status, _, err = call("evaluate", "--slice", "lukewarm")
    assert status == 2
    assert "known: cold_user_nothing" in err


def test_a_budget_lets_the_costly_strategies_compete_and_says_what_became_of_them(shop, ask):
    measured = ask("train", "--budget", 20)["measured"]
    assert {"sequence", "two_tower", "meta_gradient"} <= set(measured["candidates"])
    for found in measured["candidates"].values():
        assert found["seconds"] >= 0
        assert found["left_out"] is None or found["left_out"]


def test_a_search_without_a_budget_is_refused(shop, call):
    status, _, err = call("train", "--search")
    assert status == 2
    assert "budget_s" in err


def test_a_search_is_recorded_in_the_release(shop, ask):
    trained = ask("train", "--budget", 8, "--search", "--strategy", "item_knn")
    assert "item_knn" in trained["measured"]["search"]["strategies"]


def test_people_see_what_each_strategy_cost(shop, call):
    status, out, _ = call("train", "--strategy", "popular")
    assert status == 0
    assert "Strategies" in out
    assert "why" in out


@pytest.fixture
def teacher(here, monkeypatch):
    """The name of a big text model, and a catalogue to learn on."""
    monkeypatch.setenv("DAYBREAK_CACHE", str(here / "cache"))
    lines = [f"{n},red globe number {n}" for n in range(40)]
    (here / "items.csv").write_text("\n".join(["item_id,title", *lines]) + "\n", "utf-8")
    with tiny_server() as server:
        yield f"{server.url}#tiny"


def test_a_small_model_is_made_and_can_be_used_by_its_folder(teacher, here, ask):
    made = ask("distil", "items.csv", "--teacher", teacher, "--out", "small", "--dim", 8)
    assert (made["texts"], made["folder"]) == (40, "small")
    assert made["texts_per_s"] > 0
    assert load_encoder(here / "small").dim == 8


def test_what_it_is_worth_is_told(teacher, call):
    status, out, err = call(
        "distil", "items.csv", "--teacher", teacher, "--out", "s", "--dim", 8
    )
    assert status == 0, err
    assert "s: 8 dimensions" in out
    assert "cosine similarity to the teacher, held-out texts" in out
    assert "daybreak train --encoder s" in err


def test_a_folder_with_items_will_do_and_an_earlier_model_is_replaced(teacher, here, ask):
    (here / "shop").mkdir()
    (here / "items.csv").rename(here / "shop" / "items.csv")
    for dim in (4, 8):
        ask("distil", "shop", "--teacher", teacher, "--out", "small", "--dim", dim)
    assert load_encoder(here / "small").dim == 8


def test_other_files_are_not_written_over(teacher, here, call):
    status, _, err = call("distil", "items.csv", "--teacher", teacher, "--out", here)
    assert status == 2
    assert "has other files; choose a new folder" in err


def test_without_items_nothing_is_learned(teacher, here, call):
    (here / "logs").mkdir()
    (here / "logs" / "events.csv").write_text("user_id,item_id\na,b\n", "utf-8")
    status, _, err = call("distil", "logs", "--teacher", teacher, "--out", "small")
    assert status == 2
    assert "distilling needs a table of items" in err


def test_an_unknown_teacher_is_told(here, call):
    (here / "items.csv").write_text("item_id,title\n1,a\n", "utf-8")
    status, _, err = call("distil", "items.csv", "--teacher", "./nowhere", "--out", "small")
    assert status != 0
    assert "no usable files for the text model './nowhere'" in err


def test_judgements_without_a_language_model_are_refused(here, call):
    (here / "items.csv").write_text("item_id,title\na,tea\n")
    given = ("distil", "items.csv", "--teacher", "x", "--out", "small", "--judgements")
    status, _, err = call(*given, 30)
    assert status == 2
    assert "need a language model" in err


def test_a_language_model_is_a_second_teacher(teacher, ask, monkeypatch):
    with chat_server(lambda _: chat_body('{"grade": 2}')) as judge:
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL", judge.model)
        given = ("distil", "items.csv", "--teacher", teacher, "--out", "small", "--dim", 8)
        made = ask(*given, "--judgements", 20)["judgements"]
        assert len(judge.asked) == 20
    assert (made["pairs"], made["used"]) == (20, False)  # the same grade for all


def test_rankings_are_asked_in_two_orders_and_a_position_is_no_answer(
    teacher, here, call, monkeypatch
):
    with chat_server(lambda _: chat_body('{"best": 1}')) as judge:
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL", judge.model)
        given = ("distil", "items.csv", "--teacher", teacher, "--out", "small", "--dim", 8)
        status, _, err = call(*given, "--rankings", 20, "--language", "zh")
        assert len(judge.asked) == 40
    assert status == 3
    assert "20 judgements or more, got 0 grades and 0 rankings" in err


def test_a_file_with_judgements_of_both_kinds_needs_no_language_model(teacher, here, call, ask):
    lines = []
    for n in range(20):
        first, second = f"red globe number {n}", f"red globe number {n + 1}"
        lines.append({"kind": "similarity", "first": first, "second": second, "grade": n % 5})
        lines.append({"kind": "ranking", "chosen": [first], "best": second, "others": ["rum"]})
    text = "\n".join(map(json.dumps, lines))
    (here / "judged.jsonl").write_text(text, "utf-8")
    given = ("distil", "items.csv", "--teacher", teacher, "--dim", 8, "--judgements")
    made = ask(*given, "judged.jsonl", "--out", "small")["judgements"]
    assert (made["pairs"], made["rankings"], made["file"]) == (20, 20, "judged.jsonl")
    status, out, err = call(*given, "judged.jsonl", "--out", "s")
    assert status == 0, err
    assert "20 rankings: agreement on held-out ones" in out
    (here / "judged.jsonl").write_text(text + '\n{"kind": "votes"}', "utf-8")
    status, _, err = call(*given, "judged.jsonl", "--out", "t")
    assert status == 3
    assert "judged.jsonl: line 41 is no judgement" in err
    assert call(*given, "-1", "--out", "t")[0] == 2
    assert call(*given, "nothing.jsonl", "--out", "t")[0] == 5


def test_answers_are_kept_in_a_store_and_in_the_folder(teacher, here, ask, call, monkeypatch):
    call("import", "items.csv", "--store", "kept.db")
    with chat_server(lambda _: chat_body('{"grade": 2}')) as judge:
        monkeypatch.setenv("DAYBREAK_LANGUAGE_MODEL", judge.model)
        given = ("distil", "items.csv", "--teacher", teacher, "--out", "small", "--dim", 8)
        for _ in range(2):
            made = ask(*given, "--judgements", 20, "--store", "kept.db")["judgements"]
        assert len(judge.asked) == 20
    assert made["usage"]["cached"] == 20
    again = ask(*given, "--judgements", "small/judgements.jsonl")["judgements"]
    assert again["pairs"] == 20


@pytest.mark.usefixtures("few_strategies")
def test_the_curve_of_the_shop_is_measured_and_kept_with_the_release(many, here, ask, call):
    status, out, err = call("evaluate", "--shop-curve")
    assert status == 0, err
    assert "against popular" in out
    assert (here / "releases" / many / "shop_curve.json").is_file()
    assert {one["users"] for one in ask("evaluate", "--shop-curve")["points"]} >= {5}


@pytest.mark.usefixtures("few_strategies")
def test_an_evaluation_by_slice_is_kept_with_the_release(many, here, call):
    status, out, err = call("evaluate", "--keep")
    assert status == 0, err
    assert "cold_user_nothing" in out
    assert (here / "releases" / many / "evaluation.json").is_file()
