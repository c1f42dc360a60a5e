"""All functions of Daybreak on data, models and a store, without HTTP or a command line.

The adapters ``daybreak.cli`` and ``daybreak.server`` import this package; it imports everything
below them. Start with :class:`Recommender` (library), :mod:`.workspace` (command line) or
:mod:`.serving` (running service).
"""

from daybreak.service.recommender import Recommender

__all__ = ["Recommender"]
