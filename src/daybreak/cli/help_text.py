"""Help of the commands in the language of the messages.

The parser formats help in English by itself. In another language the same parts are printed
here, as lines are broken between Chinese characters and these are two columns wide.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from daybreak.cli.language import current_language, message, translate, translate_value

INDENT_COLUMNS = 2
"""Indentation of the parts of a help text [columns]."""
MAX_NAME_COLUMNS = 30
"""Largest width of the names of options beside their texts [columns]."""
_TOKENS = re.compile(r"[\[（“]?(?:[^\s\u2e80-\uffef]+|[\u2e80-\uffef])|\s+|.")
"""Words, blanks and single Chinese characters: a line may end after each of them."""
_NO_LINE_BEGINS_WITH = frozenset("，。；：、！？）”》…")


class TranslatedCommand(TyperCommand):
    """A command whose help is in the language of the messages."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the command."""
        if current_language() == "en":
            super().format_help(ctx, formatter)
        else:
            formatter.write("\n".join(_help_lines(self, ctx, formatter.width)) + "\n")

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help, for the list of commands."""
        if current_language() == "en":
            return super().get_short_help_str(limit)
        return translate(next(split_paragraphs(self.help), ""))


class TranslatedGroup(TyperGroup):
    """A group of commands whose help is in the language of the messages."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the group, with a line for each of its commands."""
        if current_language() == "en":
            super().format_help(ctx, formatter)
            return
        lines = _help_lines(self, ctx, formatter.width)
        formatter.write("\n".join(lines) + "\n")

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help, for the list of commands."""
        if current_language() == "en":
            return super().get_short_help_str(limit)
        return translate(next(split_paragraphs(self.help), ""))


def split_paragraphs(text: str | None) -> Iterator[str]:
    r"""Yield the paragraphs of a text, each as one line.

    Example:
        >>> list(split_paragraphs("Train\n    a model.\n\n    It takes time."))
        ['Train a model.', 'It takes time.']
    """
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text or "")):
        if part.strip():
            yield " ".join(part.split())


def wrap_columns(text: str, width: int) -> list[str]:
    """Return a text in lines; a Chinese character takes two columns of a terminal.

    Args:
        text: Text without line breaks.
        width: Width of a line [columns]; punctuation may stand beyond it.

    Example:
        >>> wrap_columns("存储的 URL，或路径。", 10)
        ['存储的 URL，', '或路径。']
    """
    from rich.cells import cell_len

    lines = [""]
    for token in _TOKENS.findall(text):
        if cell_len(lines[-1] + token) <= width or token in _NO_LINE_BEGINS_WITH:
            lines[-1] += token
        elif not token.isspace():
            lines.append(token)
    return [line.strip() for line in lines]


def translate_help(text: str) -> str:
    """Return the help of an option: its text, and default and range in brackets after it.

    Example:
        >>> translate_help("Number of results.  [default: 5; x>=1]")
        'Number of results.  [default: 5; x>=1]'
    """
    meaning, bracket, rest = " ".join(text.splitlines()).partition("  [")
    translated = translate(" ".join(meaning.split()))
    if not bracket:
        return translated
    limits = "；".join(map(translate, rest.removesuffix("]").split("; ")))
    return text if current_language() == "en" else f"{translated} [{limits}]"


def _help_lines(command: Any, ctx: Any, width: int) -> Iterator[str]:
    """Yield the lines of the help of a command or a group."""
    pieces = map(translate_value, command.collect_usage_pieces(ctx))
    yield message("help_usage", usage=" ".join([ctx.command_path, *pieces]))
    for text in split_paragraphs(command.help):
        yield from ["", *_indent(wrap_columns(translate(text), width - INDENT_COLUMNS))]
    for key, rows in _sections(command, ctx):
        if rows:
            yield from ["", message(key), *_definition_lines(rows, width)]
    for text in split_paragraphs(command.epilog):
        yield from ["", *_indent(wrap_columns(translate(text), width - INDENT_COLUMNS))]


def _sections(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield arguments, options and commands: key of the title, and names with texts."""
    shown = [(one, one.get_help_record(ctx)) for one in command.get_params(ctx)]
    for kind in ("argument", "option"):
        rows = [
            (record[0], translate_help(record[1]))
            for parameter, record in shown
            if record is not None and parameter.param_type_name == kind
        ]
        yield f"help_{kind}s", rows
    names = command.list_commands(ctx) if isinstance(command, TyperGroup) else ()
    found = [(name, command.get_command(ctx, name)) for name in names]
    yield "help_commands", [(name, one.get_short_help_str()) for name, one in found]


def _definition_lines(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield names with their texts beside them, or below a long name."""
    from rich.cells import cell_len

    column = min(max(cell_len(name) for name, _ in rows), MAX_NAME_COLUMNS) + 2
    for name, text in rows:
        lines = wrap_columns(text, width - INDENT_COLUMNS - column)
        if cell_len(name) > column - 2:
            lines.insert(0, "")
        names = [name, *[""] * (len(lines) - 1)]
        yield from _indent(
            f"{part}{' ' * (column - cell_len(part))}{line}".rstrip()
            for part, line in zip(names, lines, strict=True)
        )


def _indent(lines: Any) -> Iterator[str]:
    return (f"{' ' * INDENT_COLUMNS}{line}" for line in lines)
