"""Reissuing the local authority's certificates in time, for instances that run for weeks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.controlplane.query.errors import QueryError
from simlb.core.events import Notice
from simlb.core.model import Configuration
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.certs.store import IssuedCertificate

CHECK_S = 12 * 3600.0
"""How often the store is asked, in real seconds. It reissues what has less than 30 days left."""


async def renew_certificates(app: App) -> None:
    """Look after the certificates of a running instance until cancelled."""
    while True:
        await asyncio.sleep(CHECK_S)
        async with app.reloading:
            await renew_once(app)
        await renew_requested(app)


async def renew_once(app: App) -> None:
    """Ask the store now, present what it has issued anew, and tell what it has to say."""
    try:
        issued = await asyncio.to_thread(_ensure, app.options.certs_dir, app.base)
        fresh = {arn for arn, certificate in issued.items() if certificate.fresh}
        for node in app.nodes.values():
            node.reload_certificates(fresh)
        app.certificates.renewed(fresh)
    except SimlbError as error:
        app.narrator.failed(error, "The certificates that were in use stay in use.")
        return
    for text in dict.fromkeys(notice for one in issued.values() for notice in one.notices):
        app.narrator.notice(Notice(level="warning", text=text))


async def renew_requested(app: App) -> None:
    """The same for what was requested through ACM."""
    try:
        await app.acm.issuing.renew()
    except SimlbError as error:
        app.narrator.failed(error, "The certificates that were in use stay in use.")
    except QueryError as error:
        app.narrator.notice(Notice(level="error", text=f"A certificate could not be renewed: {error.message}"))


def _ensure(certs_dir: Path, configuration: Configuration) -> dict[str, IssuedCertificate]:
    """Every certificate in use that is the store's own, by ARN."""
    from simlb.certs.store import CertificateStore

    store = CertificateStore(certs_dir)
    own = {
        certificate.arn: certificate
        for load_balancer in configuration.load_balancers
        for listener in load_balancer.listeners
        for certificate in listener.certificates
        if Path(certificate.certificate_path).parent == certs_dir
    }
    return {arn: store.ensure(certificate.names) for arn, certificate in own.items()}
