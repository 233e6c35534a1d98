"""Records of other services than elbv2: what may come in with `simlb state import`, and what leaves only when asked.

A service has a row here for each kind of record that it keeps (`acm.certificate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simlb.controlplane.acm import certificate

CHECKS: Mapping[str, Callable[[str, Any], None]] = {certificate.KIND: certificate.check_record}
"""By kind: raises RecordError for a key and a body that no call of the service would have written."""

SECRET_MEMBERS = frozenset({"private_key"})
"""Members of a body that are exported only with `--with-keys`."""
