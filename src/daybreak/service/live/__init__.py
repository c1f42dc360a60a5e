"""The live service in one class: events and items in, better answers in the same second."""

from daybreak.service.live.accepted import Accepted, Rejected
from daybreak.service.live.answered import Answered, Reason, Recommended
from daybreak.service.live.ask import Ask
from daybreak.service.live.live import Live
from daybreak.service.live.options import LiveOptions

__all__ = [
    "Accepted",
    "Answered",
    "Ask",
    "Live",
    "LiveOptions",
    "Reason",
    "Recommended",
    "Rejected",
]
