import shutil

import pytest

EVERYBODY = ["ann", "a stranger"]


def test_known_and_unknown_users_get_a_list(trained, ask):
    rows = ask("recommend", *EVERYBODY, "-k", "2")["recommendations"]
    assert [row["user_id"] for row in rows] == ["ann", "ann", "a stranger", "a stranger"]
    assert {"item_id", "title", "rank", "score", "strategy", "user_temperature"} <= set(rows[0])


def test_a_sentence_warms_somebody_new(trained, ask):
    rows = ask("recommend", "--profile", "a pot for tea", "-k", "1")["recommendations"]
    assert rows[0]["user_temperature"] == "warm"


def test_an_event_makes_somebody_hot_and_is_not_recommended_again(trained, ask):
    rows = ask("recommend", "new", "--event", "tea")["recommendations"]
    assert rows[0]["user_temperature"] == "hot"
    assert "tea" not in [row["item_id"] for row in rows]


def test_candidates_can_be_named(trained, ask):
    rows = ask("recommend", "new", "--items", "pot", "--items", "rum")["recommendations"]
    assert {row["item_id"] for row in rows} == {"pot", "rum"}


def test_what_is_seen_can_be_kept(trained, ask):
    rows = ask("recommend", "ann", "--seen")["recommendations"]
    assert "tea" in [row["item_id"] for row in rows]


def test_options_have_the_names_of_python_and_http(trained, ask):
    rows = ask("recommend", "--user-id", "ann", "--no-exclude-seen")["recommendations"]
    assert {row["user_id"] for row in rows} == {"ann"}
    assert "tea" in [row["item_id"] for row in rows]
    kept = ask("recommend", "ann", "--exclude-seen")["recommendations"]
    assert "tea" not in [row["item_id"] for row in kept]
    said = ask("recommend", "--text", "a pot for tea", "-k", "1")["recommendations"]
    assert said == ask("recommend", "--profile", "a pot for tea", "-k", "1")["recommendations"]
    assert {
        row["item_id"] for row in ask("similar", "tea", "--where", "item_id != 'cup'")["items"]
    } == {"pot"}


def test_types_of_events_that_exclude_can_be_named(trained, ask):
    had = {row["item_id"] for row in ask("recommend", "ann", "--seen")["recommendations"]}
    every = ask("recommend", "ann", "--exclude-event", "impression", "-k", "99")
    assert had <= {row["item_id"] for row in every["recommendations"]}


def test_people_see_a_table_for_each_user(trained, call):
    status, out, _ = call("recommend", *EVERYBODY, "--explain")
    assert status == 0
    assert "For ann (hot)" in out
    assert "For a stranger (cold)" in out
    assert "Tea pot" in out


def test_similar_items_of_an_item_and_of_a_text(trained, ask):
    assert ask("similar", "tea")["items"][0]["item_id"] in {"cup", "pot"}
    assert ask("similar", "--text", "some rum")["items"][0]["item_id"] == "rum"


def test_the_audience_of_an_item_leaves_out_who_has_it(trained, ask):
    assert "ann" not in [row["user_id"] for row in ask("audience", "cup")["users"]]


def test_the_numbers_of_an_explanation_add_up(trained, ask):
    row = ask("recommend", "ann", "-k", "1")["recommendations"][0]
    why = ask("explain", "ann", row["item_id"])
    assert why["score"] == pytest.approx(row["score"], abs=1e-4)


def test_similar_items_and_audiences_are_explained(trained, ask, call):
    similar = ask("similar", "tea", "--explain")["items"][0]
    assert sum(r["value"] for r in similar["reasons"]) == pytest.approx(similar["score"])
    assert ask("audience", "cup", "--explain")["users"][0]["reasons"][0]["text"]
    status, out, _ = call("similar", "tea", "--explain")
    assert status == 0
    assert out.startswith("Similar to tea (Green tea)")
    assert call("audience", "cup")[1].startswith("Users for cup (Tea cup)")
    assert "both" in out or "chosen by the same people" in out


@pytest.mark.parametrize("command", [["similar"], ["audience"], ["explain", "ann"]])
def test_a_mistyped_item_is_not_found(trained, call, command):
    status, _, err = call(*command, "teaa")
    assert status == 5
    assert "'teaa'" in err


def test_a_text_of_unknown_words_is_named(trained, call, ask):
    answer = ask("recommend", "--profile", "喜剧", "-k", "1")
    assert len(answer["recommendations"]) == 1
    assert "'喜剧' has no effect" in answer["notes"][0]
    answer = ask("similar", "--text", "喜剧")
    assert answer["items"] == []
    assert "'喜剧' has no effect" in answer["notes"][0]
    assert "'喜剧' has no effect" in call("recommend", "--profile", "喜剧")[2]


def test_a_price_without_a_column_of_prices_is_named(trained, ask):
    answer = ask("recommend", "--profile", "tea under 20 euros", "-k", "1")
    assert len(answer["recommendations"]) == 1
    assert "'under 20 euros'" in answer["notes"][0]
    assert "the catalogue has no column of prices" in answer["notes"][0]


def test_a_mistyped_candidate_is_named_and_the_others_are_ranked(trained, call, ask):
    candidates = ("--items", "teaa", "--items", "pot")
    answer = ask("recommend", "new", *candidates)
    assert [row["item_id"] for row in answer["recommendations"]] == ["pot"]
    assert answer["notes"] == ["1 of 2 items are unknown and left out: 'teaa'"]
    answer = ask("recommend", "new", "--exclude", "teaa")
    assert answer["notes"] == ["1 of 1 items to exclude are unknown: 'teaa'"]
    status, out, err = call("recommend", "new", *candidates)
    assert (status, "pot" in out) == (0, True)
    assert "'teaa'" in err


@pytest.mark.parametrize("command", ["similar", "audience"])
def test_an_item_or_a_text_must_be_given(trained, call, command):
    status, _, err = call(command)
    assert status == 2
    assert "--text" in err


def test_what_was_imported_after_training_counts_in_the_next_answer(trained, here, ask):
    (here / "items.csv").write_text("item_id,title\nherbs,Herbal tea\n")
    (here / "events.csv").write_text("user_id,item_id\nzoe,rum\n")
    ask("import", "items.csv", "events.csv")
    assert "herbs" in [row["item_id"] for row in ask("similar", "tea")["items"]]
    assert ask("recommend", "zoe")["recommendations"][0]["user_temperature"] == "hot"


def test_a_lost_release_is_named(trained, here, call):
    shutil.rmtree(here / "releases")
    status, _, err = call("recommend", "ann")
    assert status == 5
    assert "daybreak train" in err


def test_rules_are_options(trained, ask):
    def asked(*options):
        rows = ask("recommend", "new", "-k", "9", *options)["recommendations"]
        return {row["item_id"]: row["rule"] for row in rows}

    assert set(asked("--where", "title ilike '%tea%'")) == {"tea", "cup", "pot"}
    assert set(asked("--where", "item_id in ('tea', 'rum')", "--exclude", "tea")) == {"rum"}
    first, *_ = asked("--boost", "1e9:item_id = 'rum'", "--diversity", "0.1")
    assert first == "rum"
    assert len(asked("--at-most", "1:title", "--at-least", "1:item_id='rum'")) == 4
    assert "rule" not in ask("recommend", "new")["recommendations"][0]


def test_novelty_moves_items(trained, ask):
    rows = ask("recommend", "new", "-k", "9", "--novelty", "1")["recommendations"]
    assert len(rows) == 4
    assert {row["rule"] for row in rows} <= {None, "novelty"}


def test_popularity_is_an_option_of_lists(trained, ask):
    found = ask("recommend", "ann", "--popularity", "0.1")["recommendations"]
    assert {row["popularity"] for row in found} == {0.1}
    assert "popularity" not in ask("recommend", "ann")["recommendations"][0]


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--where", "prize < 3"], 11, "no column 'prize'"),
        (["--category", "tea"], 11, "no category column"),
        (["--boost", "price < 3"], 2, "--boost must look like FACTOR:FILTER"),
        (["--at-most", "2:"], 2, "--at-most must look like N:COLUMN"),
        (["--at-least", "1.5:title = 'x'"], 2, "--at-least needs a whole number"),
        (["--boost", "0:title = 'x'"], 2, "factor of a boost must be above 0"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(trained, call, options, status, says):
    got, _, err = call("recommend", "new", *options)
    assert got == status
    assert says in err


def test_interests_are_shown_for_a_user_and_for_the_audience(trained, ask, call, tmp_path):
    found = ask("interests", "ann", "--picture", str(tmp_path / "ann.svg"))
    assert sum(found["expected"]) == pytest.approx(1)
    assert (tmp_path / "ann.svg").read_text("utf-8").startswith("<svg")
    assert ask("interests")["topics"] == found["topics"]
    assert call("interests", "ann")[1].startswith("Interests of ann")
    assert call("interests")[1].startswith("Interests of the audience")


def test_the_interests_of_an_unknown_user_are_an_error(trained, call):
    status, _, message = call("interests", "nobody")
    assert status == 5
    assert "nobody" in message


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lose_header(folder):
    (folder / "release.json").unlink()


def change_version(folder):
    header = (folder / "release.json").read_text()
    (folder / "release.json").write_text(header.replace('"format": 2', '"format": 99'))


def flip_bit(folder):
    damage(next(folder.rglob("state.safetensors")))


LOSSES = (shutil.rmtree, lose_header, change_version, flip_bit)
QUESTIONS = (("similar", "tea"), ("explain", "ann", "pot"), ("audience", "pot"))


def test_a_release_that_cannot_be_loaded_is_replaced_by_the_one_before(
    trained, here, call, ask
):
    (first,) = [path.name for path in (here / "releases").iterdir() if path.is_dir()]
    assert ask("recommend", "ann")["notes"] == []
    ask("train", "--force")
    (active,) = {path.name for path in (here / "releases").iterdir() if path.is_dir()} - {first}
    folder = here / "releases" / active
    shutil.copytree(folder, here / "intact")
    for lose in LOSSES:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(here / "intact", folder)
        assert ask("recommend", "ann")["notes"] == []
        lose(folder)
        (note,) = ask("recommend", "ann")["notes"]
        assert note.startswith(f"release {active} cannot be used (")
        assert note.endswith(f"; {first} is in use instead")
    for command in (("recommend", "ann"), *QUESTIONS):
        assert ask(*command)["notes"] == [note]
        status, out, err = call(*command)
        assert (status, bool(out), note in err) == (0, True, True)


def test_the_error_is_that_of_the_active_release_if_none_can_be_loaded(trained, here, call):
    (folder,) = [path for path in (here / "releases").iterdir() if path.is_dir()]
    damage(folder / "items.json")
    status, _, err = call("recommend", "ann")
    assert status == 3
    assert "items.json differs from its checksum" in err
    shutil.rmtree(folder)
    status, _, err = call("recommend", "ann")
    assert status == 5
    assert "of the active release" in err


@pytest.mark.parametrize(("language", "first"), [("en", "Because "), ("zh", "因为")])
def test_a_sentence_can_explain_each_row(trained, ask, language, first):
    rows = ask("recommend", "ann", "--explain-text", language)["recommendations"]
    assert all(row["explanation"].startswith(first) for row in rows)
