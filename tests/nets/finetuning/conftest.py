import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks are faster on one thread, much so where the machine does other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
