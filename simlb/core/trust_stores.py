"""Trust stores: reading bundles and revocation lists, records of what the API has made, and which listeners use them.

A trust store is a record among those of `simlb.core.changes`, with its contents, so that nothing depends on the object
it was once read from. A listener of the configuration file brings its own (reference 6.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from simlb.core import ids
from simlb.core.model.load_balancer import Configuration, LoadBalancer
from simlb.core.model.mutual_authentication import Revocation, TrustStore
from simlb.core.quotas import CA_CERTIFICATES_PER_TRUST_STORE, REVOCATION_ENTRIES_PER_TRUST_STORE
from simlb.core.remembered import Remembered, RememberedBeside

KIND = "elbv2.trust-store"
"""Of the records; their keys are ARNs."""
CONTENT_MAX_BYTES = 1 << 20
"""Of a bundle, and of a revocation list."""
NAME = re.compile(r"([a-zA-Z0-9]+-)*[a-zA-Z0-9]+")
NAME_MAX = 32

_COMMENT = "#"
_CERTIFICATE = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
_LIST = ("-----BEGIN X509 CRL-----", "-----END X509 CRL-----")


class ContentError(ValueError):
    """A bundle or a revocation list that is none; the text says why."""


class TooManyEntriesError(ContentError):
    """More than a trust store may hold."""


def trust_store_arn(region: str, name: str, store_id: str) -> str:
    """ARN of a trust store."""
    return f"arn:aws:elasticloadbalancing:{region}:{ids.ACCOUNT}:truststore/{name}/{store_id}"


def in_region(stores: Mapping[str, TrustStore], region: str) -> dict[str, TrustStore]:
    """Those of a region, by ARN."""
    return {arn: store for arn, store in stores.items() if ids.region_of(arn) == region}


def read_bundle(content: bytes) -> tuple[str, int]:
    """A bundle as it is kept, and how many certificates it has. Raises ContentError."""
    from cryptography import x509  # not for those who have no trust stores: it takes 30 ms

    text = _text(content)
    blocks = list(_blocks(text, *_CERTIFICATE))
    if not blocks:
        raise ContentError("it has no certificate")
    if len(blocks) > CA_CERTIFICATES_PER_TRUST_STORE.limit:
        raise ContentError(f"it has more than {CA_CERTIFICATES_PER_TRUST_STORE.limit} certificates")
    for number, block in enumerate(blocks, 1):
        try:
            extensions = x509.load_pem_x509_certificate(block.encode()).extensions
            is_authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            is_authority = False
        except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
            raise ContentError(f"certificate {number} cannot be read: {error}") from error
        if not is_authority:
            raise ContentError(f"certificate {number} is not that of a certificate authority")
    return text, len(blocks)


def read_revocation_list(content: bytes) -> tuple[str, int]:
    """A revocation list as it is kept, and how many certificates it revokes. Raises ContentError."""
    from cryptography import x509

    text = _text(content)
    blocks = list(_blocks(text, *_LIST))
    if len(blocks) != 1:
        raise ContentError(f"it has {len(blocks)} revocation lists in PEM, not one")
    try:
        revoked = x509.load_pem_x509_crl(blocks[0].encode())
        serial_numbers = [entry.serial_number for entry in revoked]
    except ValueError as error:
        raise ContentError(f"it cannot be read: {error}") from error
    if any(number < 0 for number in serial_numbers):
        raise ContentError("it has a negative serial number")
    return text, len(serial_numbers)


def with_revocations(store: TrustStore, lists: Iterable[tuple[str, int]]) -> tuple[TrustStore, tuple[Revocation, ...]]:
    """The store with further revocation lists, as `read_revocation_list` gives them, and those alone.

    Raises TooManyEntriesError.
    """
    added = []
    for number, (text, entries) in enumerate(lists, store.next_revocation_id):
        added.append(Revocation(id=number, content=text, entries=entries))
    revocations = (*store.revocations, *added)
    changed = replace(store, revocations=revocations, next_revocation_id=store.next_revocation_id + len(added))
    if changed.total_revoked_entries > REVOCATION_ENTRIES_PER_TRUST_STORE.limit:
        raise TooManyEntriesError("it would have too many entries")
    return changed, tuple(added)


def _text(content: bytes) -> str:
    if len(content) > CONTENT_MAX_BYTES:
        raise ContentError(f"it has more than {CONTENT_MAX_BYTES >> 20} MiB")
    try:
        return content.decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ContentError("it is no PEM: it has characters beyond ASCII") from None


def _blocks(text: str, begin: str, end: str) -> Iterator[str]:
    """PEM blocks of one kind, with nothing but comments between them. Raises ContentError."""
    block: list[str] = []
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        line = line.rstrip(" \t")
        if block:
            if not line:
                raise ContentError(f"line {number} is blank in the middle of a PEM block")
            block.append(line)
            if line == end:
                yield "\n".join((*block, ""))
                block = []
            continue
        if line == begin:
            block = [line]
        elif line.startswith(_COMMENT) and "-" not in line:
            continue
        elif line:
            raise ContentError(
                f"line {number} is neither {begin} nor a comment, which begins with '#' and has no hyphen"
            )
    if block:
        raise ContentError(f"its last block has no {end}")


# -- records -----------------------------------------------------------------------------------------------------------


def to_record(store: TrustStore) -> Any:
    """Plain JSON values."""
    return {
        "name": store.name,
        "ca_certificates": store.ca_certificates,
        "number_of_ca_certificates": store.number_of_ca_certificates,
        "revocations": [
            {"id": revocation.id, "content": revocation.content, "entries": revocation.entries}
            for revocation in store.revocations
        ],
        "next_revocation_id": store.next_revocation_id,
    }


def of_record(arn: str, body: Any) -> TrustStore:
    """Back from a record. Raises KeyError, TypeError or ValueError for one that is none."""
    return TrustStore(
        name=str(body["name"]),
        arn=arn,
        ca_certificates=str(body["ca_certificates"]),
        number_of_ca_certificates=int(body["number_of_ca_certificates"]),
        revocations=tuple(
            Revocation(id=int(one["id"]), content=str(one["content"]), entries=int(one["entries"]))
            for one in body["revocations"]
        ),
        next_revocation_id=int(body["next_revocation_id"]),
    )


def check_record(arn: str, body: Any) -> None:
    """Raise KeyError, TypeError or ValueError for a record that no call would have written."""
    store = of_record(arn, body)
    if NAME.fullmatch(store.name) is None or len(store.name) > NAME_MAX:
        raise ValueError(f"'{store.name}' is no name of a trust store")
    if arn != trust_store_arn(ids.region_of(arn), store.name, arn.rpartition("/")[2]):
        raise ValueError("its ARN and its name do not go together")
    if read_bundle(store.ca_certificates.encode()) != (store.ca_certificates, store.number_of_ca_certificates):
        raise ValueError("it has another number of certificates than it says")
    numbers = [one.id for one in store.revocations]
    if sorted(set(numbers)) != numbers or not all(0 < number < store.next_revocation_id for number in numbers):
        raise ValueError("its revocations are not numbered one after the other")
    for one in store.revocations:
        if read_revocation_list(one.content.encode()) != (one.content, one.entries):
            raise ValueError(f"revocation {one.id} has another number of entries than it says")


@RememberedBeside
def _decoded(body: Any, arn: str) -> TrustStore:
    return of_record(arn, body)


def of_records(records: Mapping[str, Mapping[str, Any]]) -> dict[str, TrustStore]:
    """Those that the API has made, by ARN."""
    return {arn: _decoded(body, arn) for arn, body in records.get(KIND, {}).items()}


# -- listeners ---------------------------------------------------------------------------------------------------------


@Remembered
def of_file(file: Configuration) -> dict[str, TrustStore]:
    """Those that listeners of the configuration file bring, by ARN."""
    found: dict[str, TrustStore] = {}
    for balancer in file.load_balancers:
        for listener in balancer.listeners:
            mutual = listener.mutual_authentication
            if mutual is not None and mutual.trust_store is not None:
                found[mutual.trust_store.arn] = mutual.trust_store
    return found


@Remembered
def named_by(balancer: LoadBalancer) -> tuple[str, ...]:
    """ARNs of the trust stores that listeners of a load balancer verify against, each once."""
    named = (listener.mutual_authentication for listener in balancer.listeners)
    return tuple(dict.fromkeys(one.trust_store_arn for one in named if one is not None and one.trust_store_arn))


def resolved(balancer: LoadBalancer, stores: Mapping[str, TrustStore]) -> LoadBalancer:
    """The load balancer with its listeners' trust stores as they are; the same object where nothing has changed."""
    named = named_by(balancer)
    return _with_stores(balancer, tuple(stores.get(arn) for arn in named)) if named else balancer


@RememberedBeside
def _with_stores(balancer: LoadBalancer, stores: tuple[TrustStore | None, ...]) -> LoadBalancer:
    by_arn = dict(zip(named_by(balancer), stores, strict=True))
    listeners = []
    for listener in balancer.listeners:
        mutual = listener.mutual_authentication
        if mutual is not None and mutual.trust_store_arn is not None:
            store = by_arn[mutual.trust_store_arn]
            if mutual.trust_store != store:
                listener = replace(listener, mutual_authentication=replace(mutual, trust_store=store))
        listeners.append(listener)
    if all(one is other for one, other in zip(listeners, balancer.listeners, strict=True)):
        return balancer
    return replace(balancer, listeners=tuple(listeners))
