"""Trust stores: authorities whose clients a listener lets in, and whom they have revoked (reference 6.6).

Their contents come from buckets, which are folders of the state folder, and are kept with the state. A trust store of
the configuration file is changed there. Policies and associations across accounts do not arise: there is one account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Never

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import KINDS, TRUST_STORE, check_exclusive
from simlb.controlplane.operations.tags import read_tags
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.controlplane.trust_store_paths import bundle_path, revocation_path
from simlb.core import quotas, trust_stores
from simlb.core.model import Configuration, Revocation, TrustStore
from simlb.core.trust_stores import CONTENT_MAX_BYTES, KIND, ContentError, TooManyEntriesError

NO_VERSION = "null"
"""The version of every object in a bucket that keeps no versions, as S3 has it."""
REVOCATIONS_AT_ONCE = 20


def trust_stores_of(call: Call, draft: Draft | None = None) -> dict[str, TrustStore]:
    """Those of the call's region, by ARN; with a draft as it has them."""
    changes = call.estate.changes if draft is None else draft.changes
    return trust_stores.in_region(changes.trust_stores(call.estate.file), call.region)


def describe_trust_stores(call: Call) -> Result:
    """All of them, or those of given ARNs or names."""
    check_exclusive(
        call,
        "TrustStoreArns",
        "Names",
        message="Trust store names and trust store ARNs cannot be specified at the same time",
    )
    held = trust_stores_of(call)
    found: Iterable[TrustStore] = held.values()
    if call.given("TrustStoreArns"):
        found = TRUST_STORE.find(held, call.texts("TrustStoreArns"))
    elif names := call.texts("Names"):
        found = [store for store in held.values() if store.name in names]
        if len({store.name for store in found}) < len(names):
            raise TRUST_STORE.missing()
    return paged(call, "TrustStores", found, _shown, lambda store: store.arn)


async def create_trust_store(call: Call) -> Result:
    """A new one, from a bundle in a bucket. The same call again finds it there."""
    tags = read_tags(call.parameters.get("Tags"))
    name = call.text("Name")
    if trust_stores.NAME.fullmatch(name) is None:
        raise invalid(f"Trust store name '{name}' can only contain alphanumeric characters and single hyphens between")
    bundle, count = await _bundle(call)

    def create(draft: Draft) -> Result:
        held = trust_stores_of(call, draft)
        present = next((store for store in held.values() if store.name == name), None)
        if present is not None:
            if present.ca_certificates != bundle or tags != draft.changes.tags.get(present.arn, {}):
                raise QueryError("DuplicateTrustStoreName", f"A trust store with the name '{name}' already exists")
            return {"TrustStores": [_shown(present)]}
        if len(held) >= quotas.TRUST_STORES.limit:
            raise QueryError(quotas.TRUST_STORES.code, quotas.TRUST_STORES.message)
        arn = trust_stores.trust_store_arn(call.region, name, draft.new_id())
        store = TrustStore(name=name, arn=arn, ca_certificates=bundle, number_of_ca_certificates=count)
        _put(draft, store)
        draft.put_tags(arn, tags)
        return {"TrustStores": [_shown(store)]}

    return await call.estate.change(create)


async def modify_trust_store(call: Call) -> Result:
    """Another bundle: its listeners ask for clients of these authorities from the next handshake on."""
    _own(call, trust_stores_of(call))
    bundle, count = await _bundle(call)

    def modify(draft: Draft) -> Result:
        present = _own(call, trust_stores_of(call, draft))
        changed = TrustStore(
            name=present.name,
            arn=present.arn,
            ca_certificates=bundle,
            number_of_ca_certificates=count,
            revocations=present.revocations,
            next_revocation_id=present.next_revocation_id,
        )
        _put(draft, changed)
        return {"TrustStores": [_shown(changed)]}

    return await call.estate.change(modify)


async def delete_trust_store(call: Call) -> Result:
    """Forget one that no listener uses."""

    def delete(draft: Draft) -> Result:
        present = TRUST_STORE.find_one(trust_stores_of(call, draft), call.text("TrustStoreArn"))
        if users := _users(draft.configuration, present.arn):
            raise QueryError("TrustStoreInUse", f"Trust store '{present.arn}' is in use by '{users[0]}'")
        _own(call, trust_stores_of(call, draft))
        draft.remove_record(KIND, present.arn)
        draft.put_tags(present.arn, {})
        return {}

    return await call.estate.change(delete)


def describe_trust_store_associations(call: Call) -> Result:
    """Load balancers with a listener that uses it."""
    store = _named(call)
    arns = _users(call.estate.configuration(), store.arn)
    return paged(call, "TrustStoreAssociations", arns, lambda arn: {"ResourceArn": arn}, lambda arn: arn)


async def add_trust_store_revocations(call: Call) -> Result:
    """Further revocation lists. They hold from the next handshake on."""
    _own(call, trust_stores_of(call))
    given: list[dict[str, Any]] = call.parameters.get("RevocationContents") or []
    if not given:
        raise invalid("At least one revocation content must be specified")
    if len(given) > REVOCATIONS_AT_ONCE:
        raise invalid(f"A maximum of {REVOCATIONS_AT_ONCE} revocation contents can be specified in one request")
    lists = [await _revocation_list(call, one) for one in given]

    def add(draft: Draft) -> Result:
        present = _own(call, trust_stores_of(call, draft))
        try:
            changed, added = trust_stores.with_revocations(present, lists)
        except TooManyEntriesError:
            quota = quotas.REVOCATION_ENTRIES_PER_TRUST_STORE
            raise QueryError(quota.code, quota.message) from None
        _put(draft, changed)
        return {"TrustStoreRevocations": [_revocation(present.arn, one) for one in added]}

    return await call.estate.change(add)


async def remove_trust_store_revocations(call: Call) -> Result:
    """Fewer revocation lists, by their ids."""
    wanted = set(call.parameters.get("RevocationIds") or ())
    if not wanted:
        raise invalid("At least one revocation ID must be specified")

    def remove(draft: Draft) -> Result:
        present = _own(call, trust_stores_of(call, draft))
        _check_revocations(present, wanted)
        rest = tuple(one for one in present.revocations if one.id not in wanted)
        _put(
            draft,
            TrustStore(
                name=present.name,
                arn=present.arn,
                ca_certificates=present.ca_certificates,
                number_of_ca_certificates=present.number_of_ca_certificates,
                revocations=rest,
                next_revocation_id=present.next_revocation_id,
            ),
        )
        return {}

    return await call.estate.change(remove)


def describe_trust_store_revocations(call: Call) -> Result:
    """All revocation lists of a trust store, or those of given ids."""
    store = _named(call)
    wanted = set(call.parameters.get("RevocationIds") or ())
    _check_revocations(store, wanted)
    found = [one for one in store.revocations if not wanted or one.id in wanted]
    return paged(call, "TrustStoreRevocations", found, lambda one: _revocation(store.arn, one), lambda one: str(one.id))


def get_trust_store_ca_certificates_bundle(call: Call) -> Result:
    """Where it can be had: at the control port, for as long as simlb runs."""
    return {"Location": call.estate.control_url(bundle_path(_named(call).arn))}


def get_trust_store_revocation_content(call: Call) -> Result:
    """Where it can be had, as the bundle."""
    store = _named(call)
    number: int = call.parameters["RevocationId"]
    _check_revocations(store, {number})
    return {"Location": call.estate.control_url(revocation_path(store.arn, number))}


def get_resource_policy(call: Call) -> Never:
    """Only a trust store that is shared with other accounts has one, and there are none."""
    raise QueryError("ResourceNotFound", f"The resource '{call.text('ResourceArn')}' has no resource policy")


def delete_shared_trust_store_association(call: Call) -> Never:
    """Only for associations of other accounts, and there are none."""
    TRUST_STORE.find_one(trust_stores_of(call), call.text("TrustStoreArn"))
    resource = call.text("ResourceArn")
    if not any(kind.fits(resource) for kind in KINDS):
        raise invalid(f"'{resource}' is not a valid resource ARN")
    if resource in _users(call.estate.configuration(), call.text("TrustStoreArn")):
        raise QueryError(
            "DeleteAssociationSameAccount",
            "The specified association can't be deleted in the same account: use ModifyListener",
        )
    raise QueryError("AssociationNotFound", "The specified association does not exist")


# -- parts -------------------------------------------------------------------------------------------------------------


def _named(call: Call) -> TrustStore:
    return TRUST_STORE.find_one(trust_stores_of(call), call.text("TrustStoreArn"))


def _own(call: Call, held: Mapping[str, TrustStore]) -> TrustStore:
    """The one that the call names, if the API may change it."""
    store = TRUST_STORE.find_one(held, call.text("TrustStoreArn"))
    if store.arn in trust_stores.of_file(call.estate.file):
        raise QueryError(
            "OperationNotPermitted",
            f"Trust store {store.name} is the configuration file's: edit its mutual_authentication there, "
            "and run: simlb reload",
        )
    return store


def _put(draft: Draft, store: TrustStore) -> None:
    draft.put_record(KIND, store.arn, trust_stores.to_record(store))


def _users(configuration: Configuration, arn: str) -> list[str]:
    return [balancer.arn for balancer in configuration.load_balancers if arn in trust_stores.named_by(balancer)]


async def _bundle(call: Call) -> tuple[str, int]:
    content = await _object(
        call,
        call.text("CaCertificatesBundleS3Bucket"),
        call.text("CaCertificatesBundleS3Key"),
        call.text("CaCertificatesBundleS3ObjectVersion"),
        "CaCertificatesBundleNotFound",
    )
    try:
        return await asyncio.to_thread(trust_stores.read_bundle, content)
    except ContentError as error:
        raise QueryError("InvalidCaCertificatesBundle", f"The CA certificates bundle is not valid: {error}") from error


async def _revocation_list(call: Call, given: Mapping[str, Any]) -> tuple[str, int]:
    bucket, key, version = given.get("S3Bucket"), given.get("S3Key"), given.get("S3ObjectVersion")
    content = await _object(call, bucket, key, version, "RevocationContentNotFound")
    try:
        return await asyncio.to_thread(trust_stores.read_revocation_list, content)
    except ContentError as error:
        raise QueryError("InvalidRevocationContent", f"The revocation content is not valid: {error}") from error


async def _object(call: Call, bucket: str | None, key: str | None, version: str | None, missing: str) -> bytes:
    if not bucket or not key:
        raise invalid("An S3 bucket and an S3 key must be specified")
    if version and version != NO_VERSION:
        raise QueryError(missing, f"Version '{version}' of '{key}' does not exist: simlb's buckets keep no versions")
    try:
        # One byte more than there may be: whoever reads it says what is too large.
        return await call.estate.read_object(bucket, key, CONTENT_MAX_BYTES + 1)
    except OSError as error:
        raise QueryError(
            missing,
            f"There is no object '{key}' in bucket '{bucket}' ({error.strerror or error}): a bucket is a folder in s3/ "
            "of simlb's state folder",
        ) from error


def _check_revocations(store: TrustStore, wanted: Iterable[int]) -> None:
    there = {one.id for one in store.revocations}
    if missing := [number for number in wanted if number not in there]:
        raise QueryError("RevocationIdNotFound", f"Revocation ID '{min(missing)}' not found")


def _shown(store: TrustStore) -> Result:
    return {
        "Name": store.name,
        "TrustStoreArn": store.arn,
        "Status": "ACTIVE",
        "NumberOfCaCertificates": store.number_of_ca_certificates,
        "TotalRevokedEntries": store.total_revoked_entries,
    }


def _revocation(arn: str, revocation: Revocation) -> Result:
    return {
        "TrustStoreArn": arn,
        "RevocationId": revocation.id,
        "RevocationType": "CRL",
        "NumberOfRevokedEntries": revocation.entries,
    }


HANDLERS: Handlers = {
    "CreateTrustStore": create_trust_store,
    "ModifyTrustStore": modify_trust_store,
    "DeleteTrustStore": delete_trust_store,
    "DescribeTrustStores": describe_trust_stores,
    "DescribeTrustStoreAssociations": describe_trust_store_associations,
    "AddTrustStoreRevocations": add_trust_store_revocations,
    "RemoveTrustStoreRevocations": remove_trust_store_revocations,
    "DescribeTrustStoreRevocations": describe_trust_store_revocations,
    "GetTrustStoreCaCertificatesBundle": get_trust_store_ca_certificates_bundle,
    "GetTrustStoreRevocationContent": get_trust_store_revocation_content,
    "GetResourcePolicy": get_resource_policy,
    "DeleteSharedTrustStoreAssociation": delete_shared_trust_store_association,
}
