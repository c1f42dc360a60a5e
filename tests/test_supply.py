"""The locked dependencies: hashes, no place of a registry, and all that the project needs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = {"requirements.lock": ("postgres",), "requirements-dev.lock": ("dev",)}
"""Locked extras by file."""
UNLOCKED = {"torch"}
"""Which build of it is offered depends on the machine."""


def locked(name):
    """Return the requirements of a lock file with their hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [
        (Requirement(line.partition(" --hash")[0]), line.count("--hash=")) for line in lines
    ]


def needed(extras):
    """Yield the requirements of the project with extras, and with the extras of these."""
    for text in PROJECT["dependencies"]:
        yield Requirement(text)
    for extra in extras:
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
            if requirement.name == PROJECT["name"]:
                yield from needed(requirement.extras)
            else:
                yield requirement


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_has_one_version_and_hashes(name):
    for requirement, n_hashes in locked(name):
        assert [one.operator for one in requirement.specifier] == ["=="]
        assert n_hashes > 0, requirement.name


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry_and_no_folder(name):
    text = (ROOT / name).read_text("utf-8")
    assert not re.findall(r"://|--index|--find-links|--trusted|file:|(?:^|\s)/\w+", text)


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_a_lock_has_what_the_project_needs_in_an_allowed_version(name, extras):
    """If this fails after a change of pyproject.toml: run make lock."""
    versions = {}
    for requirement, _ in locked(name):
        (specifier,) = requirement.specifier
        versions.setdefault(canonicalize_name(requirement.name), []).append(specifier.version)
    for requirement in needed(extras):
        found = versions.get(canonicalize_name(requirement.name), [])
        if requirement.name not in UNLOCKED:
            assert found, requirement.name
        assert all(map(requirement.specifier.contains, found)), requirement


def test_the_versions_of_a_lock_are_those_of_the_tests():
    dev = {str(requirement) for requirement, _ in locked("requirements-dev.lock")}
    base = {str(requirement) for requirement, _ in locked("requirements.lock")}
    assert {text.partition(";")[0].strip() for text in base} <= {
        text.partition(";")[0].strip() for text in dev
    }
