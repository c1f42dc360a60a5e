"""Checks of the installation, one finding each."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daybreak.config import EffectiveSetting, Settings, resolve_settings
from daybreak.data import Finding
from daybreak.encoders import (
    DEFAULT_MODEL,
    MULTILINGUAL_MODEL,
    cache_folder,
    resolve,
    thread_count,
)
from daybreak.encoders.media.finding import describe_picture_model
from daybreak.errors import DaybreakError
from daybreak.service.inputs.bundled import FILES, gift_shop
from daybreak.service.language import check_language_model
from daybreak.service.releases.release import store_path
from daybreak.service.workspace import Workspace
from daybreak.store import hide_password


def displayed_settings(flags: Mapping[str, Any]) -> list[EffectiveSetting]:
    """Return the effective settings; the password in the URL of the store is hidden.

    Args:
        flags: Settings given by the caller; None: not given.
    """
    return [
        replace(setting, value=hide_password(str(setting.value)))
        if setting.name == "store"
        else setting
        for setting in resolve_settings(flags)
    ]


def run_checks(settings: Settings) -> list[Finding]:
    """Check the installation: from Python and models to the store and the bundled data.

    Example:
        >>> found = run_checks(Settings(store="sqlite:///:memory:"))
        >>> next(str(finding) for finding in found if finding.code == "data")
        'PASS data: the bundled gift_shop is complete'
    """
    return [
        _check_python(),
        *_check_packages(),
        *_check_encoders(settings.encoder),
        _check_pictures(settings.picture_encoder),
        *check_language_model(settings),
        _check_store(settings),
        *_check_write_access(settings.store),
        _check_threads(),
        _check_bundled_data(),
    ]


def _check_python() -> Finding:
    python_version = ".".join(map(str, sys.version_info[:3]))
    return Finding("PASS", "python", f"Python {python_version}")


def _check_packages() -> Iterator[Finding]:
    """Report the version of every package that the base installation needs."""
    needed = [line for line in requires("daybreak") or [] if "extra ==" not in line]
    names = sorted(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed)
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            text = f"{name} is missing; install it with: pip install {name}"
            yield Finding("FAIL", "package", text)
    yield Finding("PASS", "packages", ", ".join([f"daybreak {version('daybreak')}", *versions]))
    for name, why in (("pandas", "frames of pandas"), ("onnx", "8-bit text models")):
        if find_spec(name) is None:
            text = f"{name} is not installed; only needed for {why}"
            yield Finding("PASS", "extra", text)


def _check_encoders(chosen: str) -> Iterator[Finding]:
    """Report where each text model is loaded from."""
    if chosen == "none":
        yield Finding("PASS", "encoder", "switched off: words and attributes only")
        return
    named = chosen != "auto"
    for name in (chosen,) if named else (DEFAULT_MODEL, MULTILINGUAL_MODEL):
        try:
            yield Finding("PASS", "encoder", str(resolve(name)))
        except DaybreakError as error:
            text = f"{error}; without it only words and attributes are compared"
            yield Finding("FAIL" if named else "WARN", "encoder", str(error) if named else text)


def _check_pictures(name: str) -> Finding:
    """Report the picture model."""
    is_usable, text = describe_picture_model(name)
    return Finding("PASS" if is_usable else "FAIL", "pictures", text)


def _check_store(settings: Settings) -> Finding:
    file = store_path(settings.store)
    if file is not None and not file.exists():
        return Finding("WARN", "store", f"no store at {str(file)!r} yet")
    try:
        with Workspace(settings) as workspace:
            releases = workspace.store.releases()
            tables = workspace.tables
    except DaybreakError as error:
        return Finding("FAIL", "store", str(error))
    text = (
        f"{hide_password(settings.store)}: {tables.items.height:,} items, "
        f"{tables.users.height:,} users, {tables.events.height:,} events, "
        f"{len(releases)} releases"
    )
    return Finding("PASS", "store", text)


def _check_write_access(url: str) -> Iterator[Finding]:
    file = store_path(url)
    folders = {"cache": cache_folder()} | ({"store": file.parent} if file else {})
    for kind, folder in folders.items():
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if os.access(existing, os.W_OK):
            yield Finding("PASS", "rights", f"the folder of the {kind} can be written")
        else:
            text = f"the folder of the {kind}, {str(existing)!r}, cannot be written"
            yield Finding("FAIL" if kind == "store" else "WARN", "rights", text)


def _check_threads() -> Finding:
    return Finding("PASS", "threads", f"{thread_count()} of {os.cpu_count() or 1} cores used")


def _check_bundled_data() -> Finding:
    missing = [name for name in FILES if not Path(gift_shop() / name).is_file()]
    if missing:
        text = f"the bundled gift_shop lacks {', '.join(missing)}; install daybreak again"
        return Finding("FAIL", "data", text)
    return Finding("PASS", "data", "the bundled gift_shop is complete")
