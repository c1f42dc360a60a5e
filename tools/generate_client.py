"""Generate ``client/client.py``, the blocking client, from ``client/async_client.py``.

Without options the script writes the file; with ``--check`` it exits with 1 if the file is out
of date.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[1] / "src" / "daybreak" / "client"
SOURCE = CLIENT / "async_client.py"
TARGET = CLIENT / "client.py"

HEADER = '''"""Blocking client of a Daybreak service, and its part for experiments.

Generated from ``async_client.py`` by ``tools/generate_client.py``: do not change this file.
"""
'''
TEXT = {
    "Asynchronous client of a Daybreak service.": (
        "Blocking client of a Daybreak service; threads may share it."
    ),
}
"""Sentences that differ between the two clients."""
TOKENS = (
    (r"^ *>>> import asyncio\n", ""),
    (r"asyncio\.run\((.*)\)", r"\1"),
    (r"\bimport asyncio\b", "import time"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bhttpx\.AsyncBaseTransport\b", "httpx.BaseTransport"),
    (r"\bAsync(Client|Iterator|ExperimentsApi|SendFn)\b", r"\1"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
)
"""Regular expressions of asynchronous syntax and names, with their replacements."""


def generate(source: str) -> str:
    """Return the text of the blocking client for the text of the asynchronous one."""
    _, _, code = source.partition('"""\n')
    text = HEADER + code
    for sentence, replacement in TEXT.items():
        if sentence not in text:
            raise ValueError(f"{SOURCE.name} does not hold the sentence {sentence!r}")
        text = text.replace(sentence, replacement)
    for pattern, replacement in TOKENS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    sorted_text = _run_ruff(text, "check", "--select=I,UP028", "--fix", "--unsafe-fixes")
    return _run_ruff(sorted_text, "format")


def _run_ruff(text: str, *arguments: str) -> str:
    call = [sys.executable, "-m", "ruff", *arguments, f"--stdin-filename={TARGET}", "-"]
    run = subprocess.run(call, input=text, capture_output=True, text=True, check=True)  # noqa: S603
    return run.stdout


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only")
    only_compare = parser.parse_args().check
    text = generate(SOURCE.read_text("utf-8"))
    if not only_compare:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit(f"{TARGET.name} is out of date: run python tools/generate_client.py")


if __name__ == "__main__":
    main()
