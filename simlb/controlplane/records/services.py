"""Records of other services than elbv2: what may come in with `simlb state import`, and what leaves only when asked.

A service has a row here for each kind of record that it keeps (`acm.certificate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simlb.controlplane.acm import certificate
from simlb.controlplane.records.codec import RecordError
from simlb.core import foreign, trust_stores
from simlb.core.dns.bodies import KIND as HOSTED_ZONE
from simlb.core.dns.bodies import from_body


def _hosted_zone(key: str, body: Any) -> None:
    try:
        from_body(key, body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"it is no hosted zone: {error!r}", (key,)) from None


def _foreign(read: Callable[[str, Any], object]) -> Callable[[str, Any], None]:
    def check(key: str, body: Any) -> None:
        try:
            read(key, body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RecordError(f"it is nothing of another endpoint: {error!r}", (key,)) from None

    return check


def _trust_store(key: str, body: Any) -> None:
    try:
        trust_stores.check_record(key, body)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"it is no trust store: {error!r}", (key,)) from None


CHECKS: Mapping[str, Callable[[str, Any], None]] = {
    certificate.KIND: certificate.check_record,
    HOSTED_ZONE: _hosted_zone,
    trust_stores.KIND: _trust_store,
    foreign.SUBNET: _foreign(foreign.subnet_of),
    foreign.SECURITY_GROUP: _foreign(foreign.group_of),
    foreign.TARGET_GROUP: _foreign(foreign.vpc_of),
}
"""By kind: raises RecordError for a key and a body that no call of the service would have written."""

SECRET_MEMBERS = frozenset({"private_key"})
"""Members of a body that are exported only with `--with-keys`."""
