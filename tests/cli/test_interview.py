def test_answers_are_given_as_options(trained, ask):
    found = ask("interview", "--answer", "tea pot", "--answer", "undo", "-k", "2")
    assert found["turns"] == []
    assert found["question"]["text"]
    assert len(found["items"]) == 2


def test_what_was_said_is_shown_with_the_list(trained, ask):
    found = ask("interview", "--answer", "no rum", "--answer", "skip", "--lang", "zh")
    assert len(found["turns"]) == 2
    assert found["readings"][1]["is_none"]


def test_people_see_a_table_and_the_next_question(trained, call):
    status, out, _ = call("interview", "--answer", "stop", "--choices", "2")
    assert status == 0
    assert "1." in out


def test_an_unknown_language_is_named(trained, call):
    status, _, err = call("interview", "--lang", "xx", "--answer", "1")
    assert status == 2
    assert "xx" in err


def test_without_a_model_templates_ask(trained, ask):
    found = ask("interview", "--use-model", "--answer", "tea pot", "-k", "2")
    assert found["question"]["source"] == "template"
    assert found["readings"][0]["source"] == "rules"
