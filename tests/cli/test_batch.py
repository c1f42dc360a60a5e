import polars as pl
import pytest


@pytest.mark.parametrize("engine", ["serial", "processes:1"])
def test_all_users_are_answered_as_one_by_one(trained, here, ask, engine):
    told = ask("recommend", "--all", "--out", "lists.parquet", "--engine", engine, "-k", "2")
    lists = pl.read_parquet(here / "lists.parquet")
    assert told["users"] == lists["user_id"].n_unique()
    assert told["rows"] == lists.height
    assert lists["user_id"].is_sorted()
    users = lists["user_id"].unique(maintain_order=True).to_list()
    rows = ask("recommend", *users, "-k", "2")["recommendations"]
    assert lists.select("user_id", "item_id", "title", "rank").to_dicts() == [
        {name: row[name] for name in ("user_id", "item_id", "title", "rank")} for row in rows
    ]


def test_options_of_lists_count_for_all_users(trained, here, ask):
    asked = ("--engine", "serial", "--items", "pot", "--where", "item_id != 'rum'", "--seen")
    ask("recommend", "--all", "--out", "lists.csv", *asked)
    assert set(pl.read_csv(here / "lists.csv")["item_id"]) == {"pot"}


def test_people_are_told_how_many_lists_there_are(trained, here, call):
    status, out, _ = call("recommend", "--all", "--out", "a.ndjson", "--engine", "serial")
    assert status == 0
    assert "users" in out
    assert "a.ndjson" in out
    assert pl.read_ndjson(here / "a.ndjson").height


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--all"], "--out FILE is missing"),
        (["--out", "x.csv"], "--all is missing"),
        (["ann", "--all", "--out", "x.csv"], "do not name"),
        (["--text", "tea", "--all", "--out", "x.csv"], "do not name"),
        (["--all", "--out", "x.txt"], "must end with .parquet, .csv, .ndjson, .jsonl"),
        (["--all", "--out", "no/such/folder/x.csv", "--engine", "serial"], "cannot write"),
        (["--all", "--out", "x.csv", "--engine", "moon"], "no engine named 'moon'"),
    ],
)
def test_wrong_options_are_named(trained, here, call, asked, told):
    status, _, err = call("recommend", *asked)
    assert status != 0
    assert told in err
    assert not list(here.glob("*x.csv*"))


def test_a_file_that_exists_stays_when_an_answer_fails(trained, here, call):
    (here / "x.csv").write_text("before")
    asked = ("--engine", "serial", "--where", "no_such_column < 1")
    status, _, err = call("recommend", "--all", "--out", "x.csv", *asked)
    assert status != 0
    assert "no_such_column" in err
    assert (here / "x.csv").read_text() == "before"
    assert not list(here.glob(".x.csv*"))


def test_without_a_training_the_next_step_is_named(imported, call):
    status, _, err = call("recommend", "--all", "--out", "x.csv")
    assert status != 0
    assert "nothing has been trained" in err
