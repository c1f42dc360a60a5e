"""The documentation page of the server: its commands, error codes and paths."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from daybreak.config import Settings
from daybreak.server.http.problems import LIBRARY_ERROR_STATUS, SERVER_ERROR_STATUS
from daybreak.service.serving import RecommenderService
from tests.server.conftest import WAIT_S, served

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text("utf-8")
SESSION = re.search(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE).group(1)
STEPS = re.findall(r"^\$ (.+)\n(.+)$", SESSION, re.MULTILINE)


def same(shown, said):
    """Say whether everything that is shown was said; ``...`` stands for anything."""
    if isinstance(shown, dict):
        return all(name in said and same(value, said[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(said) and all(map(same, shown, said))
    return shown in ("...", said)


@pytest.mark.skipif(not shutil.which("curl"), reason="the session is made of curl commands")
def test_the_commands_of_the_page_give_the_shown_responses(tmp_path):
    settings = Settings(store=f"sqlite:///{tmp_path / 'shop.db'}", encoder="none")
    with RecommenderService(settings) as live, served(live) as (_, url):
        live.retrain = lambda: "task"
        for command, shown in STEPS:
            run = subprocess.run(
                ["bash", "-c", command],
                env={"SHOP": f"{url}/api/v1", "PATH": "/usr/bin:/bin"},
                capture_output=True,
                check=True,
                text=True,
            )
            assert same(json.loads(shown), json.loads(run.stdout)), (command, run.stdout)


def test_the_page_lists_every_error_code():
    for code in (*LIBRARY_ERROR_STATUS, *SERVER_ERROR_STATUS):
        assert f"`{code}`" in PAGE, code


def test_the_page_lists_every_path(api):
    root = str(api.base_url).partition("/api/v1")[0]
    paths = httpx.get(f"{root}/openapi.json", timeout=WAIT_S).json()["paths"]
    for path in paths:
        if path.startswith("/api/v1"):
            short = path.removeprefix("/api/v1")
            last = "/" + short.rsplit("/", 1)[-1]
            assert short in PAGE or f"`{last}`" in PAGE, path
