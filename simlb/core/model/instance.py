"""Instances: what target groups of type `instance` name by an id. Each is a program on this machine, or a few."""

from __future__ import annotations

from dataclasses import dataclass

from simlb.core.model.target_group import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePort:
    """A port on which an instance listens, and what the target there is called; `process` is the one simlb runs."""

    port: int
    target: str
    process: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance of the configuration. `ip` is its address, `dial_host` what is connected to.

    Every target of the file is one, or a port of one. Its first port is where its traffic goes unless it is said where.
    """

    id: str
    name: str
    ip: str
    dial_host: str
    ports: tuple[InstancePort, ...]

    def target(self, port: int, group_port: int) -> Target:
        """The instance as a target that is registered with `port` in a group whose targets listen on `group_port`.

        All instances share a few addresses, so that the group's own port stands for the instance's, wherever that is;
        any other port is that very port.
        """
        own = self.ports[0]
        is_own = port == group_port and all(each.port != port for each in self.ports)
        dial_port = own.port if is_own else port
        known = next((each for each in self.ports if each.port == dial_port), None)
        return Target(
            id=self.id,
            port=port,
            dial_host=self.dial_host,
            dial_port=dial_port,
            name=known.target if known is not None else self.name,
            process=known.process if known is not None else None,
            instance_ip=self.ip,
        )
