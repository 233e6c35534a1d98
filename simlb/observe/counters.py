"""Sums of what exchanges came to, by CloudWatch's names where it has one (reference 7.4)."""

from __future__ import annotations

from collections import Counter

from simlb.observe.recorder import Batch


class Counters:
    """Counts batches of exchanges. One per instance."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()

    def take(self, batch: Batch) -> None:
        """A batch is over."""
        # Most records of a batch are alike: tell them apart first, then count each kind once.
        kinds: dict[tuple[int, int, str, bool], int] = {}
        for record in batch.records:
            kind = (record.target_status_code, record.elb_status_code, record.action, record.target_address is not None)
            kinds[kind] = kinds.get(kind, 0) + 1
        for kind, count in kinds.items():
            self._count(*kind, count)

    def _count(self, target_status_code: int, elb_status_code: int, action: str, has_target: bool, count: int) -> None:
        sums = self.sums
        if has_target:
            sums["RequestCount"] += count
        if target_status_code:
            sums[f"HTTPCode_Target_{target_status_code // 100}XX_Count"] += count
            return
        if action == "redirect":
            sums["HTTP_Redirect_Count"] += count
        elif action == "fixed-response":
            sums["HTTP_Fixed_Response_Count"] += count
        if elb_status_code >= 300:
            sums[f"HTTPCode_ELB_{elb_status_code // 100}XX_Count"] += count
        if elb_status_code in {500, 502, 503, 504}:
            sums[f"HTTPCode_ELB_{elb_status_code}_Count"] += count
