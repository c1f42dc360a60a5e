"""The cache of vectors in a file: cost, size, damage, several processes and threads."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.encoders import FileVectors, content_hash

DIM = 384


def vectors_of(texts, dim=DIM):
    return {content_hash(text): np.full(dim, len(text), np.float32) for text in texts}


def written_bytes():
    """Return the number of bytes that this process has handed to the system so far."""
    lines = Path("/proc/self/io").read_text("utf-8").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


@pytest.mark.parametrize("dim", [8, DIM])
def test_a_vector_costs_the_same_however_many_there_are(tmp_path, dim):
    """In bytes that are written, measured for hundred vectors one by one."""
    costs = []
    for n in (1, 5_000):
        cache = FileVectors(tmp_path / str(n))
        cache.put_vectors("m", vectors_of([f"item {number}" for number in range(n)], dim))
        before = written_bytes()
        for number in range(100):
            cache.put_vectors("m", vectors_of([f"new {number}"], dim))
        costs.append((written_bytes() - before) / 100)
    assert costs[1] < 2 * costs[0]
    assert costs[1] < 40_000


def test_the_file_has_a_largest_size_and_the_oldest_vectors_go(tmp_path):
    cache = FileVectors(tmp_path, max_bytes=400_000)
    for start in range(0, 2_000, 50):
        cache.put_vectors("m", vectors_of([f"text {start + n}" for n in range(50)]))
        assert cache.path.stat().st_size < 600_000
    last, first = content_hash("text 1999"), content_hash("text 0")
    assert list(cache.vectors("m", [first, last])) == [last]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("mn"), st.text(max_size=3), st.floats(width=32)), max_size=20
    )
)
def test_the_last_vector_of_each_text_is_found(tmp_path_factory, puts):
    cache = FileVectors(tmp_path_factory.mktemp("cache"))
    expected = {}
    for model, text, value in puts:
        row = np.array([value, 1], np.float32)
        cache.put_vectors(model, {content_hash(text): row})
        expected[model, content_hash(text)] = row
    for model in "mn":
        wanted = {key: row for (name, key), row in expected.items() if name == model}
        found = FileVectors(cache.folder).vectors(model, list(wanted))
        assert found.keys() == wanted.keys()
        for key, row in found.items():
            np.testing.assert_array_equal(row, wanted[key])


@pytest.mark.parametrize(
    "damage", [b"garbage" * 1_000, b"", b"SQLite format 3\0" + b"x" * 9_000]
)
def test_a_damaged_file_is_made_anew(tmp_path, damage, caplog):
    cache = FileVectors(tmp_path)
    cache.put_vectors("m", vectors_of(["a"]))
    cache.path.write_bytes(damage)
    assert cache.vectors("m", [content_hash("a")]) == {}
    cache.put_vectors("m", vectors_of(["b"]))
    assert list(cache.vectors("m", [content_hash("b")])) == [content_hash("b")]
    assert bool(damage) is ("damaged" in caplog.text)


def test_a_folder_that_cannot_be_used_is_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder", "utf-8")
    cache = FileVectors(tmp_path / "file" / "vectors")
    for _ in range(3):
        cache.put_vectors("m", vectors_of(["a"]))
        assert cache.vectors("m", [content_hash("a")]) == {}
    assert caplog.text.count("not used") == 1


def test_only_its_owner_can_read_the_file(tmp_path):
    cache = FileVectors(tmp_path / "new")
    cache.put_vectors("m", vectors_of(["a"]))
    assert cache.path.stat().st_mode & 0o077 == 0


def test_files_of_earlier_versions_are_removed(tmp_path):
    """They hold vectors of what people said, under hashes that can be guessed."""
    old = tmp_path / "0123abcd" / "4711.safetensors"
    old.parent.mkdir()
    old.write_bytes(b"old")
    other = tmp_path / "readme.txt"
    other.write_text("mine", "utf-8")
    FileVectors(tmp_path).put_vectors("m", vectors_of(["a"]))
    assert not old.exists()
    assert other.exists()


def test_threads_and_processes_share_the_file(tmp_path):
    code = (
        "import sys, numpy as np; from pathlib import Path;"
        "from daybreak.encoders import FileVectors, content_hash;"
        "cache = FileVectors(Path(sys.argv[1]));"
        "[cache.put_vectors('m', {content_hash(f'{sys.argv[2]} {n}'): np.ones(4)})"
        " for n in range(30)]"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], env=env)
        for name in "ab"
    ]
    cache = FileVectors(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: cache.put_vectors("m", vectors_of([f"c {n}"], 4)), range(30)))
    assert [process.wait() for process in processes] == [0, 0]
    keys = [content_hash(f"{name} {n}") for name in "abc" for n in range(30)]
    assert len(cache.vectors("m", keys)) == 90
