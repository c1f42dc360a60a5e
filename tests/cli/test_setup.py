import json
import subprocess
import sys


def test_without_a_command_the_help_is_shown(call):
    status, out, _ = call()
    assert status == 0
    assert "Commands:" in out


def test_the_version_is_printed(call):
    status, out, _ = call("--version")
    assert status == 0
    assert out.startswith("daybreak 0.")


def test_python_m_runs_the_command_line():
    run = subprocess.run(
        [sys.executable, "-m", "daybreak", "config", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout)["settings"]


def test_a_flag_goes_before_the_environment_before_the_file(here, ask, monkeypatch):
    (here / "daybreak.toml").write_text('k = 3\nseed = 4\nstore = "shop.db"\n')
    monkeypatch.setenv("DAYBREAK_SEED", "5")
    found = {s["name"]: (s["value"], s["origin"]) for s in ask("config", "-k", 7)["settings"]}
    assert found["k"] == (7, "flag")
    assert found["seed"] == (5, "environment DAYBREAK_SEED")
    assert found["store"] == ("shop.db", "file daybreak.toml")
    assert found["threads"] == (0, "default")


def test_an_unknown_setting_in_the_file_is_refused(here, call):
    (here / "daybreak.toml").write_text("kk = 3\n")
    status, _, err = call("config")
    assert status == 2
    assert "'kk'; known: store" in err


def test_doctor_finds_this_installation_sound(call):
    status, out, _ = call("doctor")
    assert status == 0
    assert "PASS python" in out
    assert "PASS data" in out
    assert "WARN store: no store at 'daybreak.db' yet" in out


def test_doctor_looks_into_the_store(imported, ask):
    found = {finding["code"]: finding["message"] for finding in ask("doctor")["findings"]}
    assert "4 items, 2 users, 4 events, 0 releases" in found["store"]
