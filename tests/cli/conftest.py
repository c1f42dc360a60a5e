import contextlib
import io
import json
import shutil

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


def enter(folder, monkeypatch):
    """Make a folder the current one, without any setting from outside."""
    monkeypatch.chdir(folder)
    for name in ("STORE", "SEED", "K", "DEBUG", "THREADS"):
        monkeypatch.delenv(f"DAYBREAK_{name}", raising=False)
    monkeypatch.setenv("DAYBREAK_ENCODER", "none")


def must(*arguments):
    """Run a command that must go well, and keep what it tells from the test."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        assert run([str(argument) for argument in arguments]) == 0, told.getvalue()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with two files, without any setting from outside."""
    write_files(tmp_path)
    enter(tmp_path, monkeypatch)
    return tmp_path


def write_files(folder):
    (folder / "log.csv").write_text(EVENTS)
    (folder / "things.csv").write_text(ITEMS)


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Return a function that calls another one in a folder, once for all tests."""
    folders = {}

    def once(fill):
        if fill not in folders:
            folders[fill] = tmp_path_factory.mktemp(fill.__name__)
            with pytest.MonkeyPatch.context() as patch:
                enter(folders[fill], patch)
                fill(folders[fill])
        return folders[fill]

    return once


@pytest.fixture
def copied(here, filled):
    """Return a function that copies into the folder what another one leaves there.

    What tests need before they start is imported and trained once, not in each of them.
    """

    def copy(fill):
        shutil.copytree(filled(fill), here, dirs_exist_ok=True)
        return here

    return copy


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


def import_files(folder):
    write_files(folder)
    must("import", "log.csv", "things.csv", *IMPORTED)


def train_files(folder):
    import_files(folder)
    must("train")


@pytest.fixture
def imported(copied):
    """A store with the two files."""
    copied(import_files)


@pytest.fixture
def trained(copied):
    """A store with a release."""
    copied(train_files)
