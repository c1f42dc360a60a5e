import json

import pytest

from daybreak.cli.app import run

EVENTS = """wer,was,rating,time
ann,tea,5,2024-01-01
ann,cup,4,2024-01-02
bob,tea,5,2024-01-03
bob,rum,1,2024-01-03
,cup,4,2024-01-03
cid,tea,x7y,2024-01-04
"""
ITEMS = "item_id,title\ntea,Green tea\ncup,Tea cup\npot,Tea pot\nrum,Dark rum\n"
NAMED = ("--column", "user_id=wer", "--column", "item_id=was")
IMPORTED = (*NAMED, "--strict", "--max-rejected", "0.5")
"""Two of the six events are rejected."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with two files, without any setting from outside."""
    (tmp_path / "log.csv").write_text(EVENTS)
    (tmp_path / "things.csv").write_text(ITEMS)
    monkeypatch.chdir(tmp_path)
    for name in ("STORE", "SEED", "K", "DEBUG", "THREADS"):
        monkeypatch.delenv(f"DAYBREAK_{name}", raising=False)
    monkeypatch.setenv("DAYBREAK_ENCODER", "none")
    return tmp_path


@pytest.fixture
def call(here, capsys):
    """Run a command; return status, stdout and stderr."""

    def command(*arguments):
        status = run([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def ask(call):
    """Run a command that must go well; return its JSON."""

    def command(*arguments):
        status, out, err = call(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    return command


@pytest.fixture
def imported(ask):
    """A store with the two files."""
    ask("import", "log.csv", "things.csv", *IMPORTED)


@pytest.fixture
def trained(imported, ask):
    """A store with a release."""
    ask("train")
