"""The load generator: clients that keep to a plan, in a process of their own, so that they do not slow what they load.

`plan` says what to send and when, `generator` runs plans for an instance, `worker` is the program that sends. It sends
to nothing but this instance's listeners.
"""

from simlb.load.generator import LoadGenerator
from simlb.load.plan import Arrivals, LoadKind, LoadPlan
from simlb.load.result import ErrorKind, LoadResult
from simlb.load.running import Load, LoadState

__all__ = ["Arrivals", "ErrorKind", "Load", "LoadGenerator", "LoadKind", "LoadPlan", "LoadResult", "LoadState"]
