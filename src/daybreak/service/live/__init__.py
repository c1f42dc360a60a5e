"""The live service in one class: events and items in, better answers in the same second."""

from daybreak.service.live.accepted import Accepted, Rejected
from daybreak.service.live.answered import Answered, Reason, Recommended
from daybreak.service.live.ask import Ask
from daybreak.service.live.live import Live

__all__ = ["Accepted", "Answered", "Ask", "Live", "Reason", "Recommended", "Rejected"]
