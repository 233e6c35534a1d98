"""Trust stores, of which there are none yet, and policies of shared ones."""

from __future__ import annotations

from typing import Never

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.references import TRUST_STORE, check_exclusive
from simlb.controlplane.query.errors import QueryError


def describe_trust_stores(call: Call) -> Result:
    """None."""
    check_exclusive(
        call,
        "TrustStoreArns",
        "Names",
        message="Trust store names and trust store ARNs cannot be specified at the same time",
    )
    TRUST_STORE.check(call.texts("TrustStoreArns"))
    if call.given("TrustStoreArns", "Names"):
        raise TRUST_STORE.missing()
    return {"TrustStores": []}


def of_a_trust_store(call: Call) -> Never:
    """Whatever asks about one."""
    TRUST_STORE.check([call.text("TrustStoreArn")])
    raise TRUST_STORE.missing()


def get_resource_policy(call: Call) -> Never:
    """Only a trust store that is shared has one."""
    raise QueryError("ResourceNotFound", f"The resource '{call.text('ResourceArn')}' has no resource policy")


HANDLERS: Handlers = {
    "DescribeTrustStores": describe_trust_stores,
    "DescribeTrustStoreAssociations": of_a_trust_store,
    "DescribeTrustStoreRevocations": of_a_trust_store,
    "GetTrustStoreCaCertificatesBundle": of_a_trust_store,
    "GetTrustStoreRevocationContent": of_a_trust_store,
    "GetResourcePolicy": get_resource_policy,
}
