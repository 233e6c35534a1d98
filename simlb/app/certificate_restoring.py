"""Certificates of ACM in changes that come from a file: a key for each, and listeners that find it here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from simlb.certs.names import normalised
from simlb.controlplane.acm.certificate import KIND, ManagedCertificate, certificates
from simlb.core.changes import Changes
from simlb.core.events import Notice
from simlb.core.model import Certificate
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.app.certificate_files import CertificateFiles
    from simlb.app.flawed_certificates import Issuer
    from simlb.app.options import AppOptions
    from simlb.certs.authority import KeyAlgorithm

UNREADABLE = "E823"
"""A record of a certificate that no call has written."""

STOOD_IN = "E822"
"""The key of an imported certificate is gone."""


async def restore(app: App, changes: Changes) -> Changes:
    """Before changes are served that come from a file: have a file for everything that is issued in them.

    A certificate whose key did not come along is issued anew; one that was imported gets a stand-in. Gives the changes
    back with these, and with listeners that look for the files here. Raises SimlbError.
    """
    try:
        held = certificates(changes.records)
    except msgspec.ValidationError as error:
        raise SimlbError(
            UNREADABLE,
            f"A certificate in the kept state cannot be read: {error}.",
            "a state from before: simlb state import FILE        → or without one: simlb state reset",
        ) from error
    if not held:
        return changes
    files = app.acm.files
    renewed = await asyncio.to_thread(_restored, app.options, files, list(held.values()))
    for certificate in renewed.values():
        if certificate.type == "IMPORTED":
            app.narrator.notice(_stood_in(certificate))
    records = dict(changes.records[KIND])
    records |= {arn: certificate.to_record() for arn, certificate in renewed.items()}
    return _here(replace(changes, records={**changes.records, KIND: records}), held, files)


def signed(options: AppOptions, certificate: ManagedCertificate, *, is_stand_in: bool = False) -> ManagedCertificate:
    """With a new key and signed anew, by a CA that nobody trusts for a stand-in. Blocks. Raises SimlbError."""
    from simlb.certs.described import facts, read_certificates
    from simlb.certs.ephemeral import EphemeralAuthority
    from simlb.certs.store import CertificateStore

    issuer: Issuer
    if is_stand_in:
        issuer = EphemeralAuthority()
        names = tuple(name for name in certificate.names if _is_a_name(name)) or ("localhost",)
    else:
        issuer = options.issuer or CertificateStore(options.certs_dir)
        names = certificate.names
    chain_pem, key_pem = issuer.issue(names, _algorithm(certificate))
    return replace(
        certificate,
        facts=facts(read_certificates(chain_pem)[0]),
        chain=chain_pem.decode("ascii"),
        private_key=key_pem.decode("ascii"),
    )


def _restored(
    options: AppOptions, files: CertificateFiles, held: list[ManagedCertificate]
) -> dict[str, ManagedCertificate]:
    """Those that had to be made anew, by ARN."""
    renewed = {}
    for certificate in held:
        facts, arn = certificate.facts, certificate.arn
        if facts is None or files.has(arn, facts.serial):
            continue
        if certificate.private_key:
            files.write(arn, certificate.chain, certificate.private_key)
            if files.has(arn, facts.serial):
                continue
        made = signed(options, certificate, is_stand_in=certificate.type == "IMPORTED")
        files.write(arn, made.chain, made.private_key)
        renewed[arn] = made
    return renewed


def _here(changes: Changes, held: Mapping[str, ManagedCertificate], files: CertificateFiles) -> Changes:
    def moved(certificate: Certificate) -> Certificate:
        if certificate.arn not in held:
            return certificate
        path = files.path(certificate.arn)
        return replace(certificate, certificate_path=path, key_path=path)

    balancers = {
        arn: replace(
            balancer,
            listeners=tuple(
                replace(listener, certificates=tuple(map(moved, listener.certificates)))
                for listener in balancer.listeners
            ),
        )
        for arn, balancer in changes.load_balancers.items()
    }
    return replace(changes, load_balancers=balancers)


def _stood_in(certificate: ManagedCertificate) -> Notice:
    return Notice(
        level="warning",
        code=STOOD_IN,
        text=f"The key of the imported certificate for {certificate.names[0]} is gone: a stand-in that no client "
        "trusts is shown.",
        hints=(f"import it again: aws acm import-certificate --certificate-arn {certificate.arn} ...",),
    )


def _algorithm(certificate: ManagedCertificate) -> KeyAlgorithm:
    match certificate.key_algorithm:
        case "RSA_2048" | "EC_secp384r1" as algorithm:
            return algorithm
        case _:
            return "EC_prime256v1"


def _is_a_name(name: str) -> bool:
    try:
        normalised([name])
    except SimlbError:
        return False
    return True
