"""Calls between the workers of one server, over sockets that only they can use."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from threading import Thread
from typing import Any

from daybreak.errors import DaybreakError, ServiceError

log = logging.getLogger(__name__)

MAX_CALL_S = 30.0
"""Longest wait for the answer of another worker [s]."""

Calls = Mapping[str, Callable[..., Any]]


class PeerServer:
    """Answers the calls of the other workers, each in a thread.

    Args:
        path: Path of its socket.
        secret: Secret that the workers share.
        calls: Functions by name. Arguments and results are copied.
    """

    def __init__(self, path: Path, secret: bytes, calls: Calls) -> None:
        path.unlink(missing_ok=True)  # a killed worker has left it
        self._listener = Listener(str(path), "AF_UNIX", authkey=secret)
        self._calls = calls
        self._closed = False
        self._thread = Thread(target=self._accept, name="peers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Accept no further calls."""
        self._closed = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError) as error:
                log.warning("refused a connection of another program: %s", error)
                continue
            except OSError:
                if not self._closed:
                    log.exception("calls of other workers cannot be accepted")
                return
            Thread(target=self._answer, args=(connection,), name="peer", daemon=True).start()

    def _answer(self, connection: "Connection[Any, Any]") -> None:
        with connection, suppress(OSError, EOFError):
            name, arguments = connection.recv()
            connection.send(self._result_of(name, arguments))

    def _result_of(self, name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
        try:
            return "result", self._calls[name](*arguments)
        except DaybreakError as error:
            return "error", error
        except Exception as error:  # the caller is told; the traceback is logged here
            log.exception("the call %s of another worker failed", name)
            return "error", ServiceError(f"another worker failed: {error}")


class Peers:
    """The other workers of this server.

    Args:
        folder: Folder with the sockets.
        secret: Secret that the workers share.
        n_workers: Number of workers.
        number: Number of this worker, from 0.
    """

    def __init__(self, folder: Path, secret: bytes, n_workers: int, number: int) -> None:
        self._folder = folder
        self._secret = secret
        self._numbers = [other for other in range(n_workers) if other != number]

    def call_all(self, name: str, *arguments: Any) -> list[Any]:
        """Return the results of all other workers that run.

        Raises:
            DaybreakError: The call failed in another worker, or took too long.
        """
        results = []
        for number in self._numbers:
            with suppress(FileNotFoundError, ConnectionError, EOFError):  # it is being started
                results.append(self._call(number, name, arguments))
        return results

    def _call(self, number: int, name: str, arguments: tuple[Any, ...]) -> Any:
        path = str(socket_path(self._folder, number))
        with Client(path, "AF_UNIX", authkey=self._secret) as connection:
            connection.send((name, arguments))
            if not connection.poll(MAX_CALL_S):
                raise ServiceError(f"worker {number} did not answer within {MAX_CALL_S:g} s")
            kind, value = connection.recv()
        if kind == "error":
            raise value
        return value


def socket_path(folder: Path, number: int) -> Path:
    """Return the path of the socket of a worker."""
    return folder / f"worker-{number}"
