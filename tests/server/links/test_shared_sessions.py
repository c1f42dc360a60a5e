from daybreak.server.links import shared_sessions
from daybreak.server.links.shared_sessions import SharedSessionStore
from daybreak.server.sessions import MAX_SESSION_S


def test_a_session_is_found_by_all_workers_until_it_ends(tmp_path):
    now = [0.0]
    first, second = (SharedSessionStore(tmp_path, lambda: now[0]) for _ in range(2))
    token, session = first.create("k1")
    assert second.find(token) == session
    assert second.find("other") is None
    assert second.find("") is None
    now[0] = MAX_SESSION_S
    assert second.find(token) is None
    assert len(first) == 0


def test_a_session_is_ended_for_all_workers(tmp_path):
    first, second = SharedSessionStore(tmp_path), SharedSessionStore(tmp_path)
    token, _ = first.create("k1")
    second.end(token)
    second.end(token)
    assert first.find(token) is None


def test_the_oldest_session_ends_for_one_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_sessions, "MAX_SESSIONS", 3)
    sessions = SharedSessionStore(tmp_path)
    tokens = [sessions.create(f"k{n}")[0] for n in range(5)]
    assert len(sessions) == 3
    assert sessions.find(tokens[-1]).key_id == "k4"


def test_file_names_do_not_log_anybody_in(tmp_path):
    sessions = SharedSessionStore(tmp_path)
    token, _ = sessions.create("k1")
    (path,) = tmp_path.iterdir()
    assert token not in path.name
    assert sessions.find(path.stem) is None
