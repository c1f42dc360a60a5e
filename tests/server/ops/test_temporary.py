import os
import pathlib
import subprocess
import sys
import time

from daybreak.server.ops.temporary import (
    MIN_ABANDONED_AGE_S,
    remove_abandoned_folders,
    temporary_folder,
)

CREATE = """
import sys
from daybreak.server.ops.temporary import create_temporary_folder
folder = create_temporary_folder()
(folder / "upload").write_bytes(b"half of a file")
print(folder, flush=True)
sys.stdin.read()
"""


def test_a_folder_is_removed_at_its_end_and_only_its_user_reads_it():
    with temporary_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "upload").write_bytes(b"a file")
    assert not folder.exists()


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_running_one_stays(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    command = [sys.executable, "-c", CREATE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen(
            command, env={**os.environ, "TMPDIR": str(tmp_path)}, **pipes
        ) as process,
        temporary_folder() as own,
    ):
        folder = process.stdout.readline().strip()
        assert folder.startswith(str(tmp_path))
        assert remove_abandoned_folders() == 0
        process.kill()
        process.wait()
        assert remove_abandoned_folders() == 1
        assert not pathlib.Path(folder).exists()
        assert own.exists()


def test_a_folder_without_a_lock_is_removed_when_it_is_old(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "daybreak-files-x"
    folder.mkdir()
    (tmp_path / "daybreak-other").mkdir()
    assert remove_abandoned_folders() == 0
    old = time.time() - MIN_ABANDONED_AGE_S - 1
    os.utime(folder, (old, old))
    assert remove_abandoned_folders() == 1
    assert [path.name for path in tmp_path.iterdir()] == ["daybreak-other"]
