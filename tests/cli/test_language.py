import re
import string

import pytest

from daybreak import errors
from daybreak.cli.language import (
    choose_language,
    find_language_option,
    language_of,
    message,
    read_messages,
    translate,
    translate_column,
)
from daybreak.cli.output import EXIT_STATUSES, describe_error

SECTIONS = ("errors", "next_steps", "messages", "columns", "values")


@pytest.fixture
def chinese():
    choose_language("zh")
    yield
    choose_language(None)


def braces(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys():
    english, chinese = read_messages("en"), read_messages("zh")
    assert list(english) == list(chinese) == list(SECTIONS)
    for section in ("errors", "next_steps", "messages"):
        assert list(english[section]) == list(chinese[section])


def test_every_error_code_and_next_step_has_a_chinese_text():
    chinese = read_messages("zh")
    assert set(chinese["errors"]) == set(EXIT_STATUSES)
    assert all(chinese["errors"].values())
    assert set(chinese["next_steps"]) == {step.value for step in errors.NextStep}


def test_translations_name_the_same_values_commands_and_options():
    english, chinese = read_messages("en"), read_messages("zh")
    for step, text in english["next_steps"].items():
        other = chinese["next_steps"][step]
        assert braces(text) == braces(other)
        for pattern in (r"--[a-z-]+", r"daybreak [a-z]+"):
            assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, other))
    for key, text in english["messages"].items():
        assert braces(text) <= braces(chinese["messages"][key])


def test_chinese_texts_are_chinese():
    for section in SECTIONS:
        for key, text in read_messages("zh")[section].items():
            assert re.search(r"[\u4e00-\u9fff]|\{", text), key


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW", "LC_ALL": "en_GB"}, "en"),
        ({"DAYBREAK_LANG": "zh", "LC_ALL": "de_DE"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_environment_chooses_the_language(environment, language):
    assert language_of(environment) == language


def test_an_error_in_chinese_keeps_its_code_and_its_next_step(chinese):
    error = errors.NotFoundError(
        "nothing has been trained yet", next_step=errors.NextStep.TRAIN
    )
    assert describe_error(error) == "找不到：还没有训练过；运行：daybreak train"


def test_what_has_no_translation_stays_as_it_is(chinese):
    assert describe_error(errors.DataError("odd value 'x'")) == "数据有误：odd value 'x'"
    assert translate_column("no_such") == "no such"


def test_reasons_are_translated_one_by_one(chinese):
    told = (
        "because you chose Tea cup +0.50, matches 'tea, no rum' +0.30, "
        "popular with everybody +0.10"
    )
    assert translate(told) == (
        "因为您选过 Tea cup +0.50, 符合“tea, no rum” +0.30, 大家都喜欢 +0.10"
    )
    assert message("wrote", path="x") == "已写入 x"


def test_the_command_line_answers_in_the_language(trained, call, monkeypatch):
    status, out, _ = call("--lang", "zh", "recommend", "ann", "--explain", "-k", "1")
    assert (status, "名次" in out, "理由" in out) == (0, True, True)
    monkeypatch.setenv("DAYBREAK_LANG", "zh")
    status, _, err = call("explain", "ann", "nothing")
    assert status == 5
    assert err.startswith("daybreak: 找不到：4 个物品的目录中没有物品 'nothing'")
    status, out, _ = call("interview", "--answer", "都不是", "-k", "1")
    assert "您喜欢什么" in out or "也可以用自己的话回答" in out


def test_json_is_not_translated(trained, ask, monkeypatch):
    monkeypatch.setenv("DAYBREAK_LANG", "zh")
    rows = ask("recommend", "ann", "--explain", "-k", "1")["recommendations"]
    assert "rank" in rows[0]
    assert not re.search(r"[\u4e00-\u9fff]", str(rows))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["no-such"], "没有命令 'no-such'。"),
        (["recommend", "--no-such"], "没有选项 --no-such"),
        (["explain", "ann"], "缺少参数 'ITEM'"),
        (["explain", "ann", "tea", "cup"], "多余的参数（cup）"),
    ],
)
def test_wrong_options_are_told_in_the_language(call, words, text, monkeypatch):
    monkeypatch.setenv("DAYBREAK_LANG", "zh")
    status, _, err = call(*words)
    assert status == 2
    assert text in err


def test_findings_are_told_in_the_language_and_keep_their_codes(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "甲,茶,5星,2024年3月5日\n乙,茶,差评,2024年3月6日\n甲,杯,好评,2024年3月7日\n"
    (tmp_path / "订单.csv").write_bytes(f"用户,商品,评价,时间\n{rows}".encode("gb18030"))
    status, out, _ = call("--lang", "zh", "validate", "订单.csv")
    assert status == 0
    assert "PASS times: 每个事件都有时间" in out
    assert "文字读作数字：'5星' = 5, '差评' = 1, '好评' = 5" in out
    assert "按 GB18030 (GBK) 读取" in out


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("--lang zh no-such", "zh"),
        ("--lang=zh recommend ann", "zh"),
        ("--version --lang zh", "zh"),
        ("--lang en demo --lang=zh --quick", "zh"),
        ("demo --quick --lang zh", "zh"),
        ("recommend --lang zh", None),
        ("interview --lang zh", None),
        ("--lang", None),
        ("", None),
    ],
)
def test_the_option_is_found_before_the_command_runs(words, language):
    assert find_language_option(words.split()) == language


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("--lang zh NOSUCHCOMMAND", "没有命令 'NOSUCHCOMMAND'"),
        ("--lang zh --no-such train", "没有选项 --no-such"),
        ("demo --lang zh --no-such", "没有选项 --no-such"),
        ("--lang zh keys no-such", "没有命令 'no-such'"),
        ("--lang en NOSUCHCOMMAND", "No such command 'NOSUCHCOMMAND'"),
    ],
)
def test_the_option_holds_for_wrong_commands_and_options(call, words, text):
    status, _, err = call(*words.split())
    assert status == 2
    assert text in err


def test_an_unknown_language_is_refused(call):
    status, _, err = call("--lang", "tlh", "train")
    assert status == 2
    assert "the language must be en or zh, got 'tlh'" in err
