"""What the data plane counts where no exchange tells of it: connections, handshakes, probes. Sums since the start."""

from __future__ import annotations


class GroupConnections:
    """Connections to the targets of one group. Those of health checks are not among them."""

    __slots__ = ("failed", "opened", "probes", "tls_failed")

    def __init__(self) -> None:
        self.opened = 0
        self.failed = 0
        """Refused, unreachable or not there in time."""
        self.tls_failed = 0
        """TLS handshakes that came to nothing."""
        self.probes: dict[tuple[str, bool], int] = {}
        """Health checks by what they met (`ProbeOutcome`), and whether that was a pass."""

    def probed(self, outcome: str, *, is_pass: bool) -> None:
        """A health check has its result."""
        key = (outcome, is_pass)
        self.probes[key] = self.probes.get(key, 0) + 1


class ConnectionCounts:
    """Connections of one load-balancer node."""

    __slots__ = ("groups", "opened", "rejected", "tls_failed")

    def __init__(self) -> None:
        self.opened = 0
        """From clients that were let in."""
        self.rejected = 0
        """From clients for whom there was no room."""
        self.tls_failed = 0
        """TLS handshakes of clients that came to nothing."""
        self.groups: dict[str, GroupConnections] = {}
        """By the ARN of the target group."""

    def of_group(self, arn: str) -> GroupConnections:
        """Those of a target group, which live as long as the node does."""
        found = self.groups.get(arn)
        if found is None:
            found = self.groups[arn] = GroupConnections()
        return found
