"""Certificates of a listener beside its default one, which SNI chooses (reference 6.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import ListenerEntry
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.listener_changes import put_listener
from simlb.controlplane.operations.listener_parameters import find_certificate
from simlb.controlplane.operations.references import LISTENER
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.model import Protocol


async def add_listener_certificates(call: Call) -> Result:
    """One more. One that is among them already is passed over; the default one may be among them as well."""

    def add(draft: Draft) -> Result:
        entry = _entry(call, draft)
        certificate = find_certificate(call, _only(call), is_default=False)
        listener = entry.listener
        if certificate not in listener.certificates[1:]:
            put_listener(draft, entry, replace(listener, certificates=(*listener.certificates, certificate)))
        return {"Certificates": [{"CertificateArn": certificate.arn, "IsDefault": False}]}

    return await call.estate.change(add)


async def remove_listener_certificates(call: Call) -> Result:
    """One less. Never the default one; one that is not among them is passed over."""

    def remove(draft: Draft) -> Result:
        entry = _entry(call, draft)
        arn = _only(call).get("CertificateArn")
        if not arn:
            raise invalid("A certificate ARN must be specified")
        default, *others = entry.listener.certificates
        rest = [certificate for certificate in others if certificate.arn != arn]
        if arn == default.arn and len(rest) == len(others):
            raise QueryError(
                "OperationNotPermitted",
                f"Certificate '{arn}' is the default certificate of the listener and cannot be removed; "
                "use ModifyListener to replace it",
            )
        put_listener(draft, entry, replace(entry.listener, certificates=(default, *rest)))
        return {}

    return await call.estate.change(remove)


def _entry(call: Call, draft: Draft) -> ListenerEntry:
    entry = LISTENER.find_one(draft.catalog.listeners, call.text("ListenerArn"))
    if entry.listener.protocol is not Protocol.HTTPS:
        raise QueryError(
            "InvalidConfigurationRequest", "Certificates can only be specified for listeners with protocol HTTPS"
        )
    return entry


def _only(call: Call) -> dict[str, Any]:
    given: list[dict[str, Any]] = call.parameters["Certificates"]
    if len(given) != 1:
        raise invalid("You must specify exactly one certificate")
    return given[0]


HANDLERS: Handlers = {
    "AddListenerCertificates": add_listener_certificates,
    "RemoveListenerCertificates": remove_listener_certificates,
}
