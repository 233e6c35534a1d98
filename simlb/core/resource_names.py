"""What an instance calls the load balancers and target groups that logs and metrics name in AWS's way.

There it is `app/<name>/<id>` and `targetgroup/<name>/<id>`, or an ARN. The name in it is AWS's, which may be that of
others in other regions (`simlb.core.ids.name_here`).
"""

from __future__ import annotations

from simlb.core.ids import aws_name
from simlb.core.model import Configuration


class ResourceNames:
    """Knows those that the configurations had that it was shown: logs and metrics speak of what is gone, too."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, configuration: Configuration) -> None:
        """These are there now."""
        for balancer in configuration.load_balancers:
            self._learn(balancer.resource, balancer.name)
        for group in configuration.target_groups.values():
            self._learn(group.resource, group.name)

    def _learn(self, resource: str, name: str) -> None:
        if name != aws_name(name) or resource in self._known:  # else the name in it is the right one
            self._known[resource] = name

    def of(self, resource: str) -> str:
        """The name of what is called `resource`, or has that ARN; `-` is nothing's."""
        resource = resource.rpartition(":")[2]
        known = self._known.get(resource)
        if known is not None:
            return known
        parts = resource.split("/")
        return parts[1] if len(parts) > 1 else resource
