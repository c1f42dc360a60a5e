"""Sessions of browsers in files that the workers of one server share."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from daybreak.server.sessions import MAX_SESSION_S, MAX_SESSIONS, BrowserSession, new_session

SESSION_SUFFIX = ".session"


class SharedSessionStore:
    """The :class:`~daybreak.server.sessions.SessionStore` of a server with several workers.

    A file is named by the hash of its cookie, so that its name does not log anybody in.

    Args:
        folder: Folder that only the user of this process may read; it is removed with the
            server.
        clock: Function that returns the time, the same in all processes [s].
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock

    def __len__(self) -> int:
        return len(list(self._folder.glob(f"*{SESSION_SUFFIX}")))

    def create(self, key_id: str) -> tuple[str, BrowserSession]:
        """Begin a session; return the value of its cookie, and the session."""
        token, session = new_session(key_id, self._clock() + MAX_SESSION_S)
        path = self._path(token)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(json.dumps(asdict(session)), "utf-8")
        draft.rename(path)
        self._end_oldest()
        return token, session

    def find(self, token: str) -> BrowserSession | None:
        """Return the session of a cookie; None: there is none, or it has ended."""
        if not token:
            return None
        try:
            text = self._path(token).read_text("utf-8")
        except FileNotFoundError:
            return None
        session = BrowserSession(**json.loads(text))
        if session.ends_at <= self._clock():
            self.end(token)
            return None
        return session

    def end(self, token: str) -> None:
        """End a session."""
        self._path(token).unlink(missing_ok=True)

    def _path(self, token: str) -> Path:
        name = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return self._folder / f"{name}{SESSION_SUFFIX}"

    def _end_oldest(self) -> None:
        paths = list(self._folder.glob(f"*{SESSION_SUFFIX}"))
        if len(paths) <= MAX_SESSIONS:
            return
        with suppress(OSError):  # another worker ends it at the same time
            min(paths, key=lambda path: path.stat().st_mtime).unlink(missing_ok=True)
