from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from daybreak.errors import NotFoundError, ServiceError
from daybreak.server.links.peers import Peers, PeerServer, socket_path


def fail(message):
    raise NotFoundError(message)


@pytest.fixture
def servers(tmp_path):
    calls = {"double": lambda n: 2 * n, "fail": fail, "divide": lambda n: 1 / n}
    made = [PeerServer(socket_path(tmp_path, number), b"secret", calls) for number in (1, 2)]
    yield made
    for server in made:
        server.close()


def test_all_other_workers_answer(servers, tmp_path):
    assert Peers(tmp_path, b"secret", 3, 0).call_all("double", 4) == [8, 8]


def test_a_worker_that_does_not_run_is_left_out(servers, tmp_path):
    assert Peers(tmp_path, b"secret", 4, 0).call_all("double", 1) == [2, 2]
    servers[0].close()
    socket_path(tmp_path, 1).unlink(missing_ok=True)
    assert Peers(tmp_path, b"secret", 3, 0).call_all("double", 1) == [2]


def test_errors_are_raised_at_the_caller(servers, tmp_path):
    peers = Peers(tmp_path, b"secret", 2, 0)
    with pytest.raises(NotFoundError, match="no list x"):
        peers.call_all("fail", "no list x")
    with pytest.raises(ServiceError, match="division by zero"):
        peers.call_all("divide", 0)


def test_a_program_without_the_secret_is_refused_and_disturbs_nobody(servers, tmp_path):
    with pytest.raises(AuthenticationError):
        Client(str(socket_path(tmp_path, 1)), "AF_UNIX", authkey=b"guess")
    assert Peers(tmp_path, b"secret", 2, 0).call_all("double", 3) == [6]
