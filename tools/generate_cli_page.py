"""Generate the option tables of ``docs/cli.md`` from the commands.

Run it after a change of a command or of an option. A test fails if the page is out of date.
"""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import typer

from daybreak.cli.app import COMMANDS, app
from daybreak.config import Settings

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEADER = "| option | default | meaning |\n| --- | --- | --- |\n"
TABLE = re.compile(rf"^{re.escape(HEADER)}(?:\|.*\n?)+", re.MULTILINE)
NUMBERS = {int, float, int | None, float | None}
SETTINGS = {setting.name for setting in fields(Settings)}
"""Options whose default is a setting."""


def generate_page(text: str) -> str:
    """Return the page with the option table of every command replaced.

    Args:
        text: The page, with a section per command that contains a table.

    Raises:
        ValueError: A command has no section, or its section has no table.
    """
    for command in COMMANDS:
        before, heading, rest = text.partition(f"\n## daybreak {command}\n")
        section, next_heading, after = rest.partition("\n## ")
        table = TABLE.search(section)
        if table is None:
            raise ValueError(f"docs/cli.md has no section with a table for {command!r}")
        section = section[: table.start()] + option_table(command) + section[table.end() :]
        text = before + heading + section + next_heading + after
    return text


def option_table(command: str) -> str:
    """Return the Markdown table of the arguments and options of a command."""
    parser: Any = typer.main.get_command(app)
    for word in command.split():
        parser = parser.commands[word]
    types = get_type_hints(COMMANDS[command])
    declared = get_type_hints(COMMANDS[command], include_extras=True)
    rows = []
    for parameter in parser.params:
        if parameter.name in types:
            label = _label(parameter, types[parameter.name])
            meaning, _, default = parameter.help.partition(" Default: ")
            default = default.rstrip(".") or _default(parameter)
            meaning += _range(declared[parameter.name])
            rows.append(f"| {label} | {default} | {meaning} |\n")
    return HEADER + "".join(rows)


def _default(parameter: Any) -> str:
    """Return the default of a parameter; empty for flags and for options that are not used."""
    if parameter.required:
        return "required"
    if parameter.name in SETTINGS and parameter.default is None:
        return "setting"
    if parameter.param_type_name == "argument" or parameter.is_flag or not parameter.default:
        return ""
    is_number = isinstance(parameter.default, float | int)
    return f"`{parameter.default:g}`" if is_number else f"`{parameter.default}`"


def _range(annotation: Any) -> str:
    """Return the range of a numeric option as a sentence, empty if it is not limited."""
    low, high = (getattr(annotation.__metadata__[0], name) for name in ("min", "max"))
    if low is None:
        return ""
    return f" Range: at least {low}." if high is None else f" Range: {low} to {high:,}."


def _label(parameter: Any, kind: object) -> str:
    """Return the names of a parameter and the placeholder of its value."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    return f"{names} {parameter.metavar or ('NUMBER' if kind in NUMBERS else 'TEXT')}"


if __name__ == "__main__":
    PAGE.write_text(generate_page(PAGE.read_text("utf-8")), "utf-8")
