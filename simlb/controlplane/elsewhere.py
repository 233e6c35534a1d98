"""What simlb itself does not answer of EC2, IAM, STS and Route 53, and who does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from simlb.controlplane.query.credentials import Scope, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Model
from simlb.controlplane.query.parameters import merged, read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest, QueryService

READING = ("Describe", "Get", "List")
"""How the names of operations begin that change nothing."""


class Elsewhere(Protocol):
    """Somebody who answers in simlb's stead: moto, where it is installed."""

    @property
    def has_begun(self) -> bool:
        """Whether it runs. Until it does it has nothing, and is not worth asking for anything."""

    def check(self, what: str) -> None:
        """Raise QueryError UnsupportedOperation when there is nobody to answer `what`: `AssumeRole of STS`."""

    async def ask(self, request: QueryRequest, what: str) -> QueryReply:
        """Its answer as it is, whatever it says; beginning it first if it does not run. `what` is for messages.

        Raises QueryError UnsupportedOperation as `check` and for what it does not have either, ServiceUnavailable when
        it does not answer.
        """


class QueryElsewhere:
    """A service of the Query protocol of which simlb itself has some operations, or none."""

    def __init__(self, own: QueryService, name: str, answered: Collection[str], elsewhere: Elsewhere) -> None:
        """`answered` are the operations that `own` carries out; it also refuses what is no call at all."""
        self._own = own
        self._name = name
        self._answered = answered
        self._elsewhere = elsewhere

    async def answer(self, request: QueryRequest) -> QueryReply:
        """See `Service.answer`."""
        try:
            query = read_form(request.query)
            scope = read_scope(request.authorization, query)
            parameters = merged([*query.items(), *read_form(request.body.decode()).items()])
        except (QueryError, UnicodeDecodeError):
            return await self._own.answer(request)
        action = parameters.get("Action", "")
        if not action or action in self._answered or parameters.get("Version") != self._own.version:
            return await self._own.answer(request)
        try:
            check_signed(action, scope)
            return await self._elsewhere.ask(request, f"{action} of {self._name}")
        except QueryError as error:
            return self._own.refuse(error.code, error.message, request.content_type)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """See `Service.refuse`."""
        return self._own.refuse(code, message, content_type)


def check_signed(action: str, scope: Scope) -> None:
    """Any web page can have a browser open a URL; only AWS's clients set the header. Raises QueryError AccessDenied."""
    if not scope.in_header and not action.startswith(READING):
        raise QueryError("AccessDenied", f"{action} has to be signed in the Authorization header.")


def iam_service(elsewhere: Elsewhere) -> QueryElsewhere:
    """IAM: simlb has nothing of it."""
    model = Model(
        service="iam",
        version="2010-05-08",
        namespace="https://iam.amazonaws.com/doc/2010-05-08/",
        operations={},
        errors={},
    )

    def none(*_: object) -> dict[str, object]:
        raise AssertionError("there are no operations")

    return QueryElsewhere(QueryService(model, none, "AWSIdentityManagement"), "IAM", (), elsewhere)
