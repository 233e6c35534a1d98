"""What is kept of an instance's state, as records that people and later versions of simlb can read.

`codec` has the small parts, `load_balancers` and `target_groups` the members of each thing, `state` the records of a
whole. `simlb.controlplane.store` writes them to disk.
"""

from simlb.controlplane.records.codec import RecordError
from simlb.controlplane.records.state import KINDS, Row, State, difference

__all__ = ["KINDS", "RecordError", "Row", "State", "difference"]
