"""What builder calls stand for: the plain values of a `config/1` file, and which call each part of them came from.

The configuration's own compiler then says what is wrong with them, in the same words as for a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.config.problems import Place
from simlb.config.source import Source, Steps

LOAD_BALANCER_ATTRIBUTES = {
    "idle_timeout": "idle_timeout.timeout_seconds",
    "client_keep_alive": "client_keep_alive.seconds",
    "desync_mode": "routing.http.desync_mitigation_mode",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "preserve_host_header": "routing.http.preserve_host_header.enabled",
    "tls_headers": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "xff_client_port": "routing.http.xff_client_port.enabled",
    "xff_mode": "routing.http.xff_header_processing.mode",
}
"""Short names that Python can write, for AWS's keys; any other key goes through as it is."""

TARGET_GROUP_ATTRIBUTES = {
    "algorithm": "load_balancing.algorithm.type",
    "anomaly_mitigation": "load_balancing.algorithm.anomaly_mitigation",
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "minimum_healthy_targets": "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
    "slow_start": "slow_start.duration_seconds",
    "stickiness": "stickiness.enabled",
    "stickiness_cookie": "stickiness.app_cookie.cookie_name",
    "stickiness_type": "stickiness.type",
}


class CallSource:
    """Values of builder calls, perhaps on top of a file's."""

    def __init__(self, values: object, calls: Mapping[Steps, str], otherwise: str, base: Source | None = None) -> None:
        """`calls` names the call for a place and all below it, `otherwise` the one for what has none."""
        self.values = values
        self.path = base.path if base is not None else None
        self._calls = calls
        self._otherwise = otherwise
        self._base = base

    def place(self, steps: Steps) -> Place:
        """The call that gave the value at `steps`, or where the file has it."""
        held = steps
        while held:
            if held in self._calls:
                return Place(self._calls[held])
            held = held[:-1]
        return self._base.place(steps) if self._base is not None else Place(self._otherwise)

    def key_place(self, steps: Steps) -> Place:
        """The same as `place`: a call is both key and value."""
        if self._base is not None and not any(steps[:length] in self._calls for length in range(1, len(steps) + 1)):
            return self._base.key_place(steps)
        return self.place(steps)

    def written(self, steps: Steps) -> str | None:
        """As the file has it; what calls give is Python's."""
        if self._base is None or any(steps[:length] in self._calls for length in range(1, len(steps) + 1)):
            return None
        return self._base.written(steps)


def call(function: str, *given: object, **named: object) -> str:
    """How a call looks: `rule(path='/old/*')`. What is None was not given."""
    words = [repr(value) for value in given]
    words += [f"{name}={value!r}" for name, value in named.items() if value is not None]
    return f"{function}({', '.join(words)})"


def attributes(given: Mapping[str, Any], short: Mapping[str, str]) -> dict[str, Any]:
    """AWS's keys in place of short names."""
    return {short.get(key, key): value for key, value in given.items()}


def listed(value: Any) -> Any:
    """One or several, as a file would have them: tuples and other sequences become lists."""
    return list(value) if isinstance(value, tuple | set | frozenset) else value


def some(**given: object) -> dict[str, Any]:
    """The entries that are not None."""
    return {key: value for key, value in given.items() if value is not None}
