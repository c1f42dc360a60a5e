import pytest

from daybreak.testing.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres():
    """A real server; where none can be started, tests fail rather than be left out."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["memory", "file", "postgresql"])
def url(request, tmp_path):
    """The URL of a store that is not there yet, of every kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_database()
    return "sqlite:///:memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/a.db"


@pytest.fixture(params=["file", "postgresql"])
def lasting_url(request, tmp_path):
    """The URL of a store that outlives its process."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_database()
    return f"sqlite:///{tmp_path}/a.db"
