"""The table of all commands, and how a command is run."""

import functools
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from daybreak.cli import (
    agents,
    bench,
    data,
    delete,
    enrich,
    experiments,
    finetune,
    interests,
    interview,
    keys,
    policy,
    recommend,
    serve,
    setup,
    store,
    train,
    transfer,
)
from daybreak.cli.help_text import TranslatedCommand, TranslatedGroup
from daybreak.cli.language import choose_language, find_language_option
from daybreak.cli.output import report_error

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": setup.demo,
    "import": data.import_,
    "describe": data.describe,
    "validate": data.validate,
    "train": train.train,
    "compare": train.compare,
    "evaluate": train.evaluate,
    "bench": bench.bench,
    "recommend": recommend.recommend,
    "similar": recommend.similar,
    "audience": recommend.audience,
    "explain": recommend.explain,
    "interests": interests.interests,
    "interview": interview.interview,
    "distil": train.distil,
    "finetune": finetune.finetune,
    "enrich": enrich.enrich,
    "match": transfer.match,
    "transfer": transfer.transfer,
    "pretrain": transfer.pretrain,
    "serve": serve.serve,
    "mcp": agents.mcp,
    "keys create": keys.create,
    "keys list": keys.list_,
    "keys revoke": keys.revoke,
    "policy show": policy.show,
    "policy set": policy.set_,
    "policy preview": policy.preview,
    "policy reset": policy.reset,
    "experiments create": experiments.create,
    "experiments start": experiments.start,
    "experiments stop": experiments.stop,
    "experiments change": experiments.change,
    "experiments delete": experiments.delete,
    "experiments list": experiments.list_,
    "experiments report": experiments.report,
    "experiments online": experiments.online,
    "items delete": delete.items,
    "users delete": delete.users,
    "events delete": delete.events,
    "store upgrade": store.upgrade,
    "store dump": store.dump,
    "store restore": store.restore,
    "config": setup.config,
    "doctor": setup.doctor,
}
"""Function of each command by name; two words name a command of a group."""
GROUPS = {
    "store": "Upgrade, dump and restore a store.",
    "keys": "Manage the API keys of the server.",
    "policy": "Show and change what holds for the whole shop: rules, retraining, retention.",
    "items": "Delete items.",
    "users": "Erase users.",
    "events": "Delete events.",
    "experiments": "Manage online experiments and report online metrics.",
}
"""Help text of each group of commands."""

app = typer.Typer(
    name="daybreak",
    cls=TranslatedGroup,
    help="Recommendations for cold starts: new users, new items and new catalogues.",
    epilog="Data goes to stdout, messages go to stderr. To begin, run: daybreak demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_group_apps = {
    name: typer.Typer(cls=TranslatedGroup, help=text) for name, text in GROUPS.items()
}
for _name, _group in _group_apps.items():
    app.add_typer(_group, name=_name)
for _name, _command in COMMANDS.items():
    _first, _, _second = _name.rpartition(" ")
    (_group_apps[_first] if _first else app).command(_second, cls=TranslatedCommand)(_command)


@app.callback(invoke_without_command=True)
def _print_version_or_help(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    lang: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Language of messages, en or zh. Default: DAYBREAK_LANG, or the system's.",
        ),
    ] = None,
) -> None:
    if lang is not None:
        choose_language(lang)
    if version:
        import daybreak

        typer.echo(f"daybreak {daybreak.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; an error is printed as one line on stderr."""
    try:
        choose_language(find_language_option(arguments))
        return _parser()(list(arguments), prog_name="daybreak", standalone_mode=False) or 0
    except BrokenPipeError:  # the reader closed the pipe, as in `daybreak recommend | head`
        _discard_stdout()
        return 0
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the last resort; Polars panics with it
        return report_error(error)


@functools.cache
def _parser() -> Callable[..., int | None]:
    """Return the parser of all commands, which takes longer to make than many commands run."""
    return typer.main.get_command(app)


def _discard_stdout() -> None:
    """Redirect stdout to the null device, so that the final flush does not fail."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
