"""Several services of AWS behind one address: the scope of the signature says which one a request is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from simlb.controlplane.query.credentials import read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.controlplane.query.told import OnAnswered, answered_call


class Service(Protocol):
    """One service, whatever its protocol. It reads the scope again, by itself: the region is in there too."""

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all; what goes wrong is told in the service's own way."""

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call: to what is not let in or cannot be read."""


class Services:
    """A `Service` made of several, by their names in a scope: `elasticloadbalancing`, `sts` ..."""

    def __init__(self, services: Mapping[str, Service], on_answered: OnAnswered | None = None) -> None:
        """The first one answers what names no service; and it refuses, in its own words, what is for none of them.

        `on_answered` is told of every call.
        """
        self._services = services
        self._first = next(iter(services.values()))
        self._on_answered = on_answered

    async def answer(self, request: QueryRequest) -> QueryReply:
        """See `Service.answer`."""
        reply = await self._answer(request)
        if self._on_answered is not None:
            call = answered_call(request, reply)
            if call is not None:
                self._on_answered(call)
        return reply

    async def _answer(self, request: QueryRequest) -> QueryReply:
        try:
            name = read_scope(request.authorization, read_form(request.query)).service
        except QueryError:
            return await self._first.answer(request)  # which says what is wrong with it
        service = self._services.get(name)
        if service is not None:
            return await service.answer(request)
        return self.refuse(
            "UnsupportedOperation",
            f"simlb does not emulate the service '{name}': this endpoint answers {', '.join(sorted(self._services))}. "
            "To point no other client here, set AWS_ENDPOINT_URL_<SERVICE> of these in place of AWS_ENDPOINT_URL.",
            request.content_type,
        )

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """See `Service.refuse`."""
        return self._first.refuse(code, message, content_type)
