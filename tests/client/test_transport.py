import random

import httpx
import pytest

from daybreak.client import Retries
from daybreak.errors import ConfigError

LOST = httpx.ReadTimeout("no answer")
NEVER_SENT = httpx.ConnectError("refused")


def answer(status, **headers):
    return httpx.Response(status, headers=headers)


@pytest.mark.parametrize(
    ("outcome", "repeatable", "again"),
    [
        (LOST, True, True),
        (LOST, False, False),
        (NEVER_SENT, False, True),
        (answer(200), True, False),
        (answer(400), True, False),
        (answer(429), False, True),
        (answer(500), True, False),
        (answer(502), True, True),
        (answer(503), True, True),
        (answer(503), False, False),
        (answer(504), False, False),
    ],
)
def test_only_safe_requests_are_retried(outcome, repeatable, again):
    wait = Retries().wait_s(outcome, attempt=0, repeatable=repeatable)
    assert (wait is not None) == again


def test_retry_waits_grow_and_differ_between_clients():
    """Uniform up to 0.1, 0.2, 0.4: their means over many draws are half of that."""
    retries = Retries(base_s=0.1, chance=random.Random(3))
    for attempt, longest in enumerate((0.1, 0.2, 0.4)):
        waits = [retries.wait_s(LOST, attempt=attempt, repeatable=True) for _ in range(2000)]
        assert max(waits) <= longest
        assert sum(waits) / len(waits) == pytest.approx(longest / 2, rel=0.05)


def test_retry_after_is_respected():
    wait = Retries(base_s=0.0).wait_s(
        answer(503, **{"retry-after": "2"}), attempt=0, repeatable=True
    )
    assert wait == 2.0


def test_a_retry_after_above_the_longest_wait_is_not_retried():
    asked = answer(429, **{"retry-after": "3600"})
    assert Retries().wait_s(asked, attempt=0, repeatable=True) is None


def test_the_number_of_attempts_is_limited():
    assert Retries(times=2).wait_s(LOST, attempt=2, repeatable=True) is None


def test_negative_numbers_are_rejected():
    with pytest.raises(ConfigError, match="must not be negative"):
        Retries(times=-1)
