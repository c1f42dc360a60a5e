"""Damage of every file of a release: flipped bits, cut, missing, deep and huge files."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from daybreak import Recommender
from daybreak.errors import DataError, DaybreakError, NotFoundError
from daybreak.service.releases import integrity
from daybreak.service.releases import release as release_files
from daybreak.service.releases.integrity import MANIFEST_FILE
from daybreak.service.releases.release import HEADER_FILE, in_serving_order, read_release
from daybreak.store import Release
from tests.service.releases.old_release import as_before_checksums

FLIPS_PER_FILE = 12

LOAD_FLIPPED = """
import sys
import time
from contextlib import suppress
from pathlib import Path
import numpy as np
from daybreak import Recommender
from daybreak.errors import DaybreakError
folder, rng = Path(sys.argv[1]), np.random.default_rng(int(sys.argv[2]))
files = sorted(path for path in folder.rglob("*") if path.is_file())
for path in files:
    intact = path.read_bytes()
    for _ in range(int(sys.argv[3])):
        damaged = bytearray(intact)
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            model = Recommender.load(folder)
        except DaybreakError:
            continue
        with suppress(Exception):
            model.recommend(["x"])
    path.write_bytes(intact)
print("survived")
"""


@pytest.fixture
def folder(release, tmp_path):
    copy = tmp_path / "shop"
    shutil.copytree(release, copy)
    return copy


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_flipped_bit_is_found(folder):
    rng = np.random.default_rng(0)
    for path in files_of(folder):
        intact = path.read_bytes()
        for _ in range(FLIPS_PER_FILE):
            damaged = bytearray(intact)
            damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            with pytest.raises(DaybreakError):
                read_release(folder)
        path.write_bytes(intact)
    assert Recommender.load(folder).recommend(["x"]).height == 10


def test_flipped_bits_of_a_release_without_checksums_never_end_the_process(folder):
    as_before_checksums(folder)
    command = [sys.executable, "-c", LOAD_FLIPPED, str(folder), "1", "6"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stdout.strip()) == (0, "survived"), found.stderr


def test_a_column_out_of_bounds_is_found_in_every_sparse_matrix_without_checksums(folder):
    as_before_checksums(folder)
    matrices = 0
    for path in folder.rglob("state.safetensors"):
        arrays = load_file(path)
        for name in [name for name in arrays if name.endswith((".indices", ".indptr"))]:
            for value in (2**30, -5):
                changed = {key: array.copy() for key, array in arrays.items()}
                if not len(changed[name]):
                    continue
                changed[name][len(changed[name]) // 2] = value
                save_file(changed, path)
                matrices += 1
                with pytest.raises(DataError, match="damaged"):
                    read_release(folder)
        save_file(arrays, path)
    assert matrices > 4


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_found_without_checksums(folder, number):
    as_before_checksums(folder)
    for path in folder.rglob("state.safetensors"):
        arrays = load_file(path)
        for name in [name for name, a in arrays.items() if a.dtype.kind == "f" and a.size]:
            changed = {key: array.copy() for key, array in arrays.items()}
            if np.isnan(changed[name]).any() or name == "births":  # NaN: unknown
                continue
            changed[name].flat[0] = number
            save_file(changed, path)
            with pytest.raises(DataError, match="not finite"):
                read_release(folder)
        save_file(arrays, path)


def test_cut_and_missing_files_are_found(folder):
    rng = np.random.default_rng(0)
    for path in files_of(folder):
        intact = path.read_bytes()
        for end in {0, int(rng.integers(len(intact))), len(intact) - 1}:
            path.write_bytes(intact[:end])
            with pytest.raises(DaybreakError):
                read_release(folder)
        path.unlink()
        with pytest.raises((DataError, NotFoundError)):
            read_release(folder)
        path.write_bytes(intact)


@pytest.mark.parametrize("checksums", [True, False])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500])
def test_deep_json_is_found(folder, text, checksums):
    if not checksums:
        as_before_checksums(folder)
    for path in folder.rglob("*.json"):
        intact = path.read_bytes()
        path.write_text(text)
        with pytest.raises(DaybreakError):
            read_release(folder)
        path.write_bytes(intact)


def test_a_huge_json_file_is_not_read(folder, monkeypatch):
    as_before_checksums(folder)
    with (folder / "items.json").open("r+b") as file:
        file.truncate(2**40)  # sparse: it takes no room
    with pytest.raises(DataError, match="at most"):
        read_release(folder)


def test_checksums_cannot_be_removed(folder):
    (folder / MANIFEST_FILE).unlink()
    with pytest.raises(DataError, match="checksums"):
        read_release(folder)


def test_an_earlier_release_has_no_checksums_and_is_read(folder):
    as_before_checksums(folder)
    assert Recommender.load(folder).recommend(["x"]).height == 10


def test_a_release_is_not_read_twice_for_its_checksums(folder, monkeypatch):
    read_release(folder)
    monkeypatch.setattr(integrity, "_describe_file", lambda path: {})
    read_release(folder)
    os.utime(folder / "items.json", (1, 1))
    with pytest.raises(DataError, match="differs from its checksum"):
        read_release(folder)


def test_every_file_is_on_the_disk_before_the_release_gets_its_name(
    shop, tmp_path, monkeypatch
):
    flushed, rename, sync = set(), type(tmp_path).rename, os.fsync

    def fsync(descriptor):
        flushed.add(os.fstat(descriptor).st_ino)
        sync(descriptor)

    def checked_rename(self, target):
        assert {path.stat().st_ino for path in [self, *self.rglob("*")]} <= flushed
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(type(tmp_path), "rename", checked_rename)
    shop.save(tmp_path / "shop")
    assert tmp_path.stat().st_ino in flushed


def test_a_full_disk_leaves_the_old_release(folder, monkeypatch):
    model = Recommender.load(folder)

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(release_files, "flush_folder", full)
    with pytest.raises(DataError, match="No space left"):
        model.save(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["shop"]
    assert Recommender.load(folder).recommend(["x"]).height == 10


def test_the_releases_before_the_active_one_are_tried_before_those_after_it():
    releases = [Release(f"r{n}", float(n), "", active=n == 3) for n in (1, 4, 3, 5, 2)]
    assert [one.id for one in in_serving_order(releases)] == ["r3", "r2", "r1", "r5", "r4"]
    unused = [Release(f"r{n}", float(n), "") for n in (1, 3, 2)]
    assert [one.id for one in in_serving_order(unused)] == ["r3", "r2", "r1"]


def test_the_manifest_lists_every_other_file(folder):
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    names = {path.relative_to(folder).as_posix() for path in files_of(folder)}
    assert set(manifest["files"]) == names - {MANIFEST_FILE}
    assert HEADER_FILE in names


def count_compared(monkeypatch):
    """Forget what this process has verified; return a list that grows with every file read."""
    monkeypatch.setattr(integrity, "_verified", {})
    compared, describe = [], integrity._describe_file

    def counted(path):
        compared.append(path.name)
        return describe(path)

    monkeypatch.setattr(integrity, "_describe_file", counted)
    return compared


def test_another_process_does_not_compare_a_release_again(folder, monkeypatch):
    read_release(folder, remember=True)
    compared = count_compared(monkeypatch)
    read_release(folder, remember=True)
    assert not compared
    monkeypatch.setattr(integrity, "_verified", {})
    read_release(folder)
    assert len(compared) == len(files_of(folder)) - 1


def test_damage_is_found_although_the_time_of_the_file_is_set_back(folder, monkeypatch):
    read_release(folder, remember=True)
    for path in files_of(folder):
        intact, stat = path.read_bytes(), path.stat()
        damaged = bytearray(intact)
        damaged[len(damaged) // 2] ^= 4
        path.write_bytes(damaged)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        monkeypatch.setattr(integrity, "_verified", {})
        with pytest.raises(DaybreakError):
            read_release(folder, remember=True)
        path.write_bytes(intact)


def test_a_verification_counts_for_a_week_and_for_these_files_only(folder, monkeypatch):
    read_release(folder, remember=True)
    kept = folder.parent / integrity.VERIFIED_FILE
    known = json.loads(kept.read_text())
    for age, is_old in ((6 * 86_400, False), (8 * 86_400, True), (-60, True)):
        known["releases"]["shop"]["at"] = time.time() - age
        kept.write_text(json.dumps(known))
        compared = count_compared(monkeypatch)
        read_release(folder, remember=True)
        assert bool(compared) == is_old
    shutil.copytree(folder, folder.with_name("copy"))
    compared = count_compared(monkeypatch)
    read_release(folder.with_name("copy"), remember=True)
    assert compared


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1, "releases": {"shop": 3}}'])
def test_a_damaged_list_of_verifications_is_replaced(folder, monkeypatch, text):
    kept = folder.parent / integrity.VERIFIED_FILE
    kept.write_text(text)
    compared = count_compared(monkeypatch)
    read_release(folder, remember=True)
    assert compared
    assert set(json.loads(kept.read_text())["releases"]) == {"shop"}


def test_verifications_are_not_kept_where_nothing_can_be_written(folder, monkeypatch):
    def refuse(self, *args, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(folder), "write_text", refuse)
    read_release(folder, remember=True)
    assert [path.name for path in folder.parent.iterdir()] == ["shop"]


def test_verifications_of_releases_that_are_gone_are_forgotten(folder):
    shutil.copytree(folder, folder.with_name("second"))
    for name in ("shop", "second"):
        read_release(folder.with_name(name), remember=True)
    shutil.rmtree(folder)
    integrity._keep_verified(folder.parent / integrity.VERIFIED_FILE, "second", ())
    kept = json.loads((folder.parent / integrity.VERIFIED_FILE).read_text())
    assert set(kept["releases"]) == {"second"}
