import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from daybreak import errors
from daybreak.cli import output, progress, tables
from daybreak.cli.app import COMMANDS, app, run


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "nonsense"),
        (["train", "--seed", "many"], 2, "--seed"),
        (["recommend", "-k", "0"], 2, "-k"),
        (["import"], 2, "nothing to read"),
        (["import", "nowhere.csv"], 5, "nowhere.csv"),
        (["import", "log.csv"], 3, "--column user_id=NAME"),
        (["import", "log.csv", "--column", "wer"], 2, "NAME=VALUE"),
        (["import", "log.csv", "--weight", "rating=much"], 2, "TYPE=NUMBER"),
        (["import", "log.csv", "--positive", "rating>>4"], 2, "rating>>4"),
        (["describe"], 5, "daybreak import"),
        (["train", "--store", "redis://x"], 5, "redis"),
        (["doctor", "--encoder", "./nowhere"], 1, "FAIL"),
    ],
)
def test_a_mistake_is_one_line_with_a_status_and_the_next_step(call, arguments, code, words):
    found, _, err = call(*arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err
    assert all(line.startswith("daybreak: ") for line in err.splitlines())


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 999, b"a,b\n1,2\n", b"\xff\xfe"])
def test_garbage_is_bad_data(here, call, content):
    (here / "events.csv").write_bytes(content)
    found, _, err = call("import", "events.csv")
    assert found == 3
    assert err.startswith("daybreak: ")


def test_another_kind_of_file_is_no_store(here, call):
    (here / "daybreak.db").write_bytes(b"not a database" * 100)
    found, _, err = call("describe")
    assert found == 6
    assert "not an SQLite file" in err


def test_training_needs_data(call):
    call("import", "things.csv")
    found, _, err = call("recommend", "ann")
    assert found == 5
    assert "daybreak train" in err


def test_every_error_code_has_a_status():
    kinds = [errors.DaybreakError, *errors.DaybreakError.__subclasses__()]
    assert {kind.code for kind in kinds} == set(output.EXIT_STATUSES)


@pytest.mark.parametrize("step", errors.NextStep)
def test_every_next_step_names_commands_and_options_that_exist(step):
    text = output.NEXT_STEPS[step]
    command = re.search(r"daybreak ([a-z]+(?: [a-z]+)?)", text)
    known = typer.main.get_command(app).commands
    groups = [known[name].commands for name in known if hasattr(known[name], "commands")]
    commands = [*known.values(), *(command for group in groups for command in group.values())]
    options = {
        name for command in commands for option in command.params for name in option.opts
    }
    assert command is None or command[1] in COMMANDS
    assert set(re.findall(r"--[a-z-]+", text)) <= options
    assert command or "--" in text


def test_the_next_step_follows_the_message(capsys):
    error = errors.DataError("odd", next_step=errors.NextStep.MAP_COLUMN, column="user_id")
    assert output.report_error(error) == 3
    assert capsys.readouterr().err == (
        "daybreak: odd; name the column with --column user_id=NAME\n"
    )


def test_a_bug_is_a_short_line_that_says_how_to_see_more(capsys, monkeypatch):
    monkeypatch.delenv(output.DEBUG_VARIABLE, raising=False)
    assert output.report_error(RuntimeError("odd")) == 70
    assert capsys.readouterr().err == (
        "daybreak: unexpected RuntimeError: odd; set DAYBREAK_DEBUG=1 to see the traceback\n"
    )


def test_the_traceback_comes_when_asked_for(capsys, monkeypatch):
    monkeypatch.setenv(output.DEBUG_VARIABLE, "1")
    output.report_error(errors.DataError("odd"))
    assert "DataError: odd" in capsys.readouterr().err


def test_being_stopped_has_its_own_status(capsys):
    assert output.report_error(KeyboardInterrupt()) == 130


class PanicException(BaseException):
    """Polars raises such an exception for some damaged files."""


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "shop.csv"), 1, "No space left"),
        (
            PermissionError(errno.EACCES, "Permission denied", "shop.csv"),
            1,
            "'shop.csv' cannot",
        ),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "shop"), 1, "'shop' cannot be used"),
        (OSError(errno.EMFILE, "Too many open files"), 1, "Too many open files"),
        (MemoryError(), 1, "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), 3, "nested too deeply"),
        (PanicException("not implemented"), 3, "is damaged"),
        (ValueError("a bug"), 70, "unexpected ValueError"),
    ],
)
def test_what_the_machine_or_a_file_causes_is_no_bug(capsys, monkeypatch, error, code, words):
    def fails(*_):
        raise error

    monkeypatch.setattr("daybreak.cli.app._parser", lambda: lambda *_, **__: fails())
    assert run(["doctor"]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_deep_json_in_a_release_is_one_line(imported, call, here):
    assert call("train", "--encoder", "none")[0] == 0
    for path in here.glob("releases/*/*/*/model.json"):
        path.write_text("[" * 100_000)
    status, _, err = call("recommend", "ann")
    assert (status, "damaged" in err, "Traceback" in err) == (3, True, False)


def frame_of(n_numbers, words="a bird ornament"):
    numbers = {f"number {row}": [1234.5 + row, 2.0] for row in range(n_numbers)}
    return pl.DataFrame({"item_id": ["84879", "x" * 40], "title": [words, "tea"], **numbers})


def shown(monkeypatch, capsys, frame, width, title="Items"):
    """Return what a terminal of some width shows."""
    console = Console(file=sys.stdout, width=width, highlight=False)
    monkeypatch.setattr(tables, "create_console", lambda: console)
    tables.show_frame(frame, title)
    return capsys.readouterr().out


@pytest.mark.parametrize("n_numbers", [0, 2, 4, 9])
@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_number_is_cut_and_no_line_is_too_long(monkeypatch, capsys, n_numbers, width):
    frame = frame_of(n_numbers)
    out = shown(monkeypatch, capsys, frame, width)
    assert all(len(line.rstrip()) <= width for line in out.splitlines())
    assert out.startswith("Items")
    assert "84879" in out
    for row in range(n_numbers):
        assert f"{1234.5 + row:.3f}" in out


def test_reasons_stand_below_titles_in_a_narrow_terminal(monkeypatch, capsys):
    why = "because you chose Tea cup +1.20, popular with everybody +0.31"
    frame = frame_of(2).with_columns(reasons=pl.lit(why))
    narrow = shown(monkeypatch, capsys, frame, 80)
    assert "reasons" not in narrow
    assert "because you chose" in narrow
    assert "reasons" in shown(monkeypatch, capsys, frame, 160)


def test_a_table_without_rows_is_shown(monkeypatch, capsys):
    assert "item id" in shown(monkeypatch, capsys, frame_of(1).clear(), 60)


@given(st.integers(1, 50), st.integers(1, 50), st.floats(1, 1e6))
def test_the_time_to_go_is_proportional_to_the_time_so_far(done, rest, elapsed):
    times = iter([0.0, elapsed])
    said = progress.RemainingTime(lambda: next(times)).describe(done / (done + rest))
    share, _, to_go = said.partition(", about ")
    assert share == f"{done / (done + rest):.0%} done".replace("%", " %")
    assert to_go == f"{progress.format_duration(elapsed * rest / done)} to go"


def test_steps_before_an_interruption_took_no_time():
    times = iter([0.0, 10.0])
    remaining = progress.RemainingTime(lambda: next(times), first=0.5)
    assert remaining.describe(0.525) == "52 % done, about 3 min to go"  # 10 s * 19 = 190 s


def test_a_task_that_goes_on_estimates_from_its_own_steps(monkeypatch):
    begun = []

    class Recorder(progress.RemainingTime):
        def __init__(self, first=0.0):
            super().__init__(first=first)
            begun.append(first)

    monkeypatch.setattr(progress, "RemainingTime", Recorder)
    with progress.show_progress("reading") as shown_progress:
        shown_progress.update(0, 1, "hiding items")
        for done in (200, 210, 220):
            shown_progress.update(done, 400, "training")
        shown_progress.update(0, 1, "measuring")
    assert begun == [0.0, 0.0, 0.5, 0.0]


def test_steps_with_numbers_are_the_share_that_is_done(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 0.0)
    with progress.show_progress("reading") as shown_progress:
        for step in ("encoding", "cold start 1 of 2", "cold start 2 of 2", "weights", "all"):
            shown_progress.start(step)
        shown_progress.update(3, 4, "trainings")
    lines = capsys.readouterr().err.splitlines()
    steps = ("reading", "encoding", "cold start 1 of 2")
    assert lines[:3] == [f"daybreak: {step}" for step in steps]
    found = [re.search(r"\((\d+) % done", line) for line in lines[3:]]
    assert [int(one[1]) for one in found] == [20, 40, 60, 75]


def test_a_step_is_told_once_however_often_it_is_reported(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 0.0)
    with progress.show_progress("reading", counts_steps=False) as shown_progress:
        for step in ("encoding", "encoding", "cold start 1 of 2", "encoding"):
            shown_progress.start(step)
    told = capsys.readouterr().err.replace("daybreak: ", "").splitlines()
    assert told == ["reading", "encoding", "cold start 1 of 2", "encoding"]


def test_the_shell_completes_commands_and_options():
    program = Path(sys.executable).with_name("daybreak")
    for words, wanted in (("daybreak rec", "recommend"), ("daybreak similar --wh", "--where")):
        run = subprocess.run(
            [program],
            env={
                **os.environ,
                "_DAYBREAK_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split()) - 1),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert wanted in run.stdout.split(), run.stderr
