"""What the pages say is true: code runs, commands, options, settings and errors are there."""

import dataclasses
import re
import subprocess
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest
import typer

import daybreak
from daybreak import errors
from daybreak.cli.app import COMMANDS, app
from daybreak.cli.output import EXIT_STATUSES
from daybreak.config import Settings
from daybreak.data import read_folder

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
WALKS = [
    ROOT / "docs" / page
    for page in ("tutorial.md", "how-to/nightly.md", "zh/cli.md", "zh/server.md")
]
"""Pages whose commands and Python blocks are run in their order, by ``test_site``."""
CLI = (ROOT / "docs" / "cli.md").read_text("utf-8")
PARSED = {
    f"{name} {second}".strip(): leaf
    for name, command in typer.main.get_command(app).commands.items()
    for second, leaf in getattr(command, "commands", {"": command}).items()
}
"""Commands as the parser has them; two words are a command of a group."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> list[str]:
    """Return the Python blocks of a page."""
    return re.findall(
        r"^```python\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def section(command: str) -> str:
    """Return what the command line page says of one command."""
    return CLI.partition(f"\n## daybreak {command}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="session")
def shop_files(tmp_path_factory):
    """A folder with a small cut of the gift shop, under the names that the README uses."""
    folder = tmp_path_factory.mktemp("shop")
    tables = read_folder(daybreak.gift_shop()).tables
    users = tables.users.gather_every(60)
    events = tables.events.join(users.select("user_id"), on="user_id")
    often = events.group_by("item_id").len().filter(pl.col("len") >= 3)
    items = tables.items.join(often.select("item_id"), on="item_id")
    events = events.join(items.select("item_id"), on="item_id")
    for table, frame in {"events": events, "items": items, "users": users}.items():
        frame.write_csv(folder / f"{table}.csv")
    return folder


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page) and page not in WALKS], ids=name
)
def test_the_python_of_a_page_runs(page, shop_files, monkeypatch, capsys):
    monkeypatch.chdir(shop_files)
    monkeypatch.setattr(daybreak, "gift_shop", lambda: shop_files, raising=False)
    space: dict[str, object] = {}
    try:
        for number, block in enumerate(blocks(page)):
            exec(compile(block, f"{name(page)} block {number + 1}", "exec"), space)
    finally:
        for process in space.values():
            if isinstance(process, subprocess.Popen):
                process.kill()
                process.wait()


@pytest.mark.parametrize("command", PARSED)
def test_the_section_of_a_command_begins_with_its_help(command):
    assert section(command).lstrip().startswith(PARSED[command].help.splitlines()[0])


def test_the_page_has_a_section_for_each_command_in_their_order():
    assert re.findall(r"^## daybreak ([\w ]+)$", CLI, re.MULTILINE) == list(COMMANDS)


def test_the_option_tables_are_those_of_the_commands():
    spec = spec_from_file_location("generate_cli_page", ROOT / "tools" / "generate_cli_page.py")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.generate_page(CLI) == CLI, "run tools/generate_cli_page.py"


def test_every_command_can_answer_in_json():
    for command in PARSED.values():
        assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_every_setting_is_documented():
    for setting in dataclasses.fields(Settings):
        assert f"| `{setting.name}` | `DAYBREAK_{setting.name.upper()}` |" in CLI


def test_every_error_has_a_documented_exit_status():
    kinds = [errors.DaybreakError, *errors.DaybreakError.__subclasses__()]
    assert {kind.code for kind in kinds} == set(EXIT_STATUSES)
    for code, status in EXIT_STATUSES.items():
        assert f"| {status} | `{code}` |" in CLI


def test_the_page_of_limits_names_constants_that_exist():
    rows = re.findall(
        r"^\| `(\w+)` \| .*? \| `([\w.]+)` \|",
        (ROOT / "docs/limits.md").read_text("utf-8"),
        re.M,
    )
    assert len(rows) == 12
    for constant, module in rows:
        assert hasattr(import_module(f"daybreak.{module}"), constant), constant


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_of_a_page_lead_somewhere(page):
    for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


def test_every_page_is_in_the_index():
    for page in (ROOT / "docs").rglob("*.md"):
        index = (page.parent / "README.md").read_text("utf-8")
        assert page.name == "README.md" or f"({page.name})" in index, page


@pytest.mark.parametrize("readme", sorted(ROOT.glob("README*.md")), ids=name)
def test_a_readme_names_every_command(readme):
    text = readme.read_text("utf-8")
    assert all(f"`daybreak {command.split()[0]}" in text for command in COMMANDS)


def test_both_readmes_have_the_same_code():
    english, chinese = (ROOT / "README.md", ROOT / "README.zh.md")
    fence = r"```\w+\n.*?```"
    first, second = (
        re.findall(fence, page.read_text("utf-8"), re.DOTALL) for page in (english, chinese)
    )
    assert first == second


def test_public_names_are_sorted_and_there():
    assert daybreak.__all__ == sorted(daybreak.__all__)
    for public in daybreak.__all__:
        assert getattr(daybreak, public) is not None


def test_the_changelog_knows_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"\n## {daybreak.__version__}" in changes
