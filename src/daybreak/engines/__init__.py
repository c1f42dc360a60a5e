"""Engines: where independent tasks run, on one machine or on several.

Start with :class:`.base.Engine`. An engine is a file of its own and one import line below; it
may import the modules of the root alone.
"""

# One line an engine. Importing a file registers its engine.
# isort: off
from daybreak.engines import serial
from daybreak.engines import processes
from daybreak.engines import ray_cluster

# isort: on
from daybreak.engines.base import (
    Engine,
    current_engine,
    engines,
    open_engine,
    split_rows,
    use_engine,
    use_named_engine,
)
from daybreak.engines.shared_values import SharedValue

__all__ = [
    "Engine",
    "SharedValue",
    "current_engine",
    "engines",
    "open_engine",
    "split_rows",
    "use_engine",
    "use_named_engine",
]
