"""The contents of trust stores, where GetTrustStoreCaCertificatesBundle and GetTrustStoreRevocationContent lead.

    GET  /api/v1/trust-stores/{region}/{name}/{id}/ca-certificates-bundle.pem
    GET  /api/v1/trust-stores/{region}/{name}/{id}/revocations/{revocation}.pem

Certificates and revocation lists are public: reading them needs no token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from simlb.controlplane.trust_store_paths import PREFIX, bundle_path, revocation_path
from simlb.core.model import TrustStore

_STORE = PREFIX + "/{region}/{name}/{id}"
_TYPE = "application/x-pem-file"


def trust_store_routes(held: Callable[[], Mapping[str, TrustStore]]) -> list[web.RouteDef]:
    """The routes, for `ControlServer`. `held` are all trust stores."""

    async def bundle(request: web.Request) -> web.Response:
        for store in held().values():
            if bundle_path(store.arn) == request.path:
                return web.Response(text=store.ca_certificates, content_type=_TYPE)
        raise web.HTTPNotFound

    async def revocation(request: web.Request) -> web.Response:
        for store in held().values():
            for one in store.revocations:
                if revocation_path(store.arn, one.id) == request.path:
                    return web.Response(text=one.content, content_type=_TYPE)
        raise web.HTTPNotFound

    return [
        web.get(f"{_STORE}/ca-certificates-bundle.pem", bundle),
        web.get(f"{_STORE}/revocations/{{revocation}}.pem", revocation),
    ]
