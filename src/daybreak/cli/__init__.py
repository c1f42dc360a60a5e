"""The command line: each command turns its arguments into one call and the answer into text."""


def main() -> None:
    """Run the command line and leave with its exit status."""
    import sys

    from daybreak.cli.app import run

    sys.exit(run(sys.argv[1:]))
