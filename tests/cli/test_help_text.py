"""Help of the commands in Chinese."""

import re
import tomllib
from importlib.resources import files

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from daybreak.cli.app import app
from daybreak.cli.help_text import split_paragraphs, translate_help, wrap_columns
from daybreak.cli.language import choose_language
from daybreak.messages import translate_text

CHINESE = re.compile("[\u4e00-\u9fff]")
EXTRAS = {"required", "default: {}", "Show this message and exit."}
"""Texts of the parser."""


def find_texts(command):
    """Return the help texts of a command, its options and its subcommands."""
    texts = {*split_paragraphs(command.help), *split_paragraphs(command.epilog)}
    for parameter in command.params:
        texts.update(split_paragraphs(getattr(parameter, "help", None)))
    for part in getattr(command, "commands", {}).values():
        texts |= find_texts(part)
    return texts


TEXTS = sorted(find_texts(typer.main.get_command(app)))


@pytest.fixture
def chinese():
    choose_language("zh")
    yield
    choose_language(None)


@pytest.mark.parametrize("text", TEXTS)
def test_every_help_text_has_a_chinese_text(text):
    translated = translate_text(text, "zh")
    assert CHINESE.search(translated), text
    for pattern in (r"--[a-z-]+", r"\b[A-Z]+_[A-Z_]+\b"):
        assert set(re.findall(pattern, text)) == set(re.findall(pattern, translated))


def test_the_catalogue_has_no_help_that_no_command_uses():
    raw = tomllib.loads(files("daybreak.messages").joinpath("zh.toml").read_text("utf-8"))
    assert set(raw["help"]) - set(TEXTS) <= EXTRAS
    assert len(TEXTS) > 200


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (
            "--lang zh",
            ["用法：daybreak [选项] 命令 [参数]...", "train        用存储中的数据训练"],
        ),
        ("--lang zh --help", ["命令：", "experiments  管理在线实验", "显示此帮助并退出"]),
        ("--lang zh train --help", ["用法：daybreak train [选项]", "默认：cold_start"]),
        ("--lang zh explain --help", ["参数：", "用户的编号，已知或未知。", "[必填]"]),
        ("--lang zh keys --help", ["create  创建 API 密钥，只显示一次。"]),
        ("demo --lang zh --help", ["用法：daybreak demo [选项]", "随机种子。"]),
    ],
)
def test_help_is_told_in_chinese(call, words, texts):
    status, out, _ = call(*words.split())
    assert status == 0
    for text in texts:
        assert text in out
    assert all(cell_len(line) <= 82 for line in out.splitlines())


def test_the_system_chooses_the_language_of_help(call, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "选项：" in call("doctor", "--help")[1]
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "Usage: daybreak doctor [OPTIONS]" in call("doctor", "--help")[1]


def test_ranges_and_defaults_are_kept(chinese):
    assert translate_help("Random seed.  [default: 5; x>=0]") == "随机种子。 [默认：5；x>=0]"
    assert translate_help("Random seed.") == "随机种子。"
    assert translate_help("Something new.  [required]") == "Something new. [必填]"


def test_lines_break_between_chinese_characters_but_not_within_words():
    lines = wrap_columns("用 daybreak train 训练，然后推荐。", 12)
    assert lines == ["用 daybreak", "train 训练，", "然后推荐。"]


@given(st.text("ab中文， 。[-", max_size=60), st.integers(4, 30))
def test_wrapping_keeps_the_text_and_the_width(text, width):
    lines = wrap_columns(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        body = line.rstrip("，。")
        assert cell_len(body) <= width or " " not in body


def test_a_missing_folder_of_the_demo_is_told_with_what_it_needs(call):
    status, _, err = call("--lang", "zh", "demo", "--data", "anime", "--quick")
    assert status == 5
    assert "演示没有文件夹 'anime'；其中应有事件文件" in err
    assert "Bangumi" in err
    status, _, err = call("demo", "--data", "anime", "--quick")
    assert status == 5
    assert "no folder 'anime' for the demo; it needs a file of events" in err
