"""The command line: a command turns its arguments into one call and the result into text.

It may import every other package; no package imports it. Start reading in ``app.py``, the table
of all commands; ``options.py`` and ``output.py`` are shared by the commands.
"""


def main() -> None:
    """Run the command line and exit with its status."""
    import sys

    from daybreak.cli.process_arguments import hide_store_password

    hide_store_password()
    from daybreak.cli.app import run

    sys.exit(run(sys.argv[1:]))
