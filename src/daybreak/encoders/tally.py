"""How often texts were looked up, and found, among vectors that are kept."""

from threading import Lock


class Tally:
    """Two numbers that only grow; may be shared by threads.

    Example:
        >>> tally = Tally()
        >>> tally.add(asked=3, found=2)
        >>> tally.asked, tally.found
        (3, 2)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.asked = 0
        """Different texts of each call."""
        self.found = 0
        """Those that needed no model."""

    def add(self, *, asked: int, found: int) -> None:
        """Count what one call looked for."""
        with self._lock:
            self.asked += asked
            self.found += found


LOOKUPS = Tally()
"""Of all cached encoders of this process, whichever release they belong to."""
