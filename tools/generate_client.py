"""Generate the blocking client from the asynchronous one: ``client.py`` and its parts.

Without options the script writes the files; with ``--check`` it exits with 1 if one is out of
date.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[1] / "src" / "daybreak" / "client"
SOURCES = (
    "async_client.py",
    "async_experiments.py",
    "async_admin.py",
    "async_encoders.py",
    "async_language.py",
)
"""Files of the asynchronous client; the names of the others lack ``async_``."""

HEADER = '''"""{title}

Generated from ``{source}`` by ``tools/generate_client.py``: change that file.
"""
'''
TITLES = {
    "async_client.py": "Blocking client of a Daybreak service.",
    "async_admin.py": "Blocking methods for operators: ``client.admin``.",
    "async_encoders.py": "Blocking methods for fine-tuned encoders: ``client.encoders``.",
    "async_language.py": "Blocking methods of a language model: ``client.language``.",
    "async_experiments.py": "Blocking methods for experiments: ``client.experiments``.",
}
"""First sentences of the generated files."""
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
    (r"\basync_(experiments|admin|encoders|language)\b", r"\1"),
    (r"\bAsync(Client|Iterator|SendFn)\b", r"\1"),
    (r"\bAsync(Experiments|Admin|Encoders|Language)Api\b", r"\1Api"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
)
"""Regular expressions of asynchronous syntax and names, with their replacements."""


def target_of(name: str) -> Path:
    """Return the path of the file that is generated from another one."""
    return CLIENT / name.removeprefix("async_")


def generate(name: str) -> str:
    """Return the text of the blocking client for a file of the asynchronous one."""
    _, _, text = (CLIENT / name).read_text("utf-8").partition('"""\n')
    for sentence, replacement in TEXT.items():
        text = text.replace(sentence, replacement)
    for pattern, replacement in TOKENS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    text = HEADER.format(title=TITLES[name], source=name) + text
    checks = ("check", "--select=I,UP028", "--fix", "--unsafe-fixes")
    sorted_text = _run_ruff(text, target_of(name), *checks)
    return _run_ruff(sorted_text, target_of(name), "format")


def _run_ruff(text: str, target: Path, *arguments: str) -> str:
    call = [sys.executable, "-m", "ruff", *arguments, f"--stdin-filename={target}", "-"]
    run = subprocess.run(call, input=text, capture_output=True, text=True, check=True)  # noqa: S603
    return run.stdout


def main() -> None:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only")
    only_compare = parser.parse_args().check
    for name in SOURCES:
        text, target = generate(name), target_of(name)
        if not only_compare:
            target.write_text(text, "utf-8")
        elif target.read_text("utf-8") != text:
            sys.exit(f"{target.name} is out of date: run python tools/generate_client.py")


if __name__ == "__main__":
    main()
