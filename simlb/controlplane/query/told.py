"""A call of AWS's API that was answered, in few words: for the stream of events. Made from the request's and the
answer's bytes, whatever the protocol, so that no service has to tell of itself.

Bounded: the first 24 parameters of the first 8 kB, 200 characters of each; keys and secrets are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simlb.controlplane.query import cbor
from simlb.controlplane.query.credentials import is_of_page, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.core.masking import MASK

PARAMETERS_MAX = 24
VALUE_CHARACTERS_MAX = 200
BODY_BYTES_MAX = 8 * 1024
NAMES: Mapping[str, str] = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
"""Of services whose name in a signature is not the one that the AWS CLI and boto3 have for them."""

_SECRET = re.compile(r"(?i)privatekey|secret|passphrase|userdata|password|token|credential")
_NO_PARAMETERS = frozenset({"Action", "Version"})
_ERROR = 400
_CODE = re.compile(rb"<Code>([A-Za-z0-9._]{1,80})</Code>")
_OPERATION = re.compile(r"[A-Za-z0-9]{1,80}")
_READING = ("Describe", "Get", "List")
_LIST = re.compile(r"\.(?:member|entry|item)(?=\.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCall:
    """One call. `service` is boto3's name, `error` the code of the error that it got; None where it went well.

    `parameters` have flat names, as the Query protocol has them: `Targets.1.Id`; lists count from 1.
    """

    service: str
    operation: str
    region: str
    error: str | None
    parameters: Mapping[str, str]


OnAnswered = Callable[[AnsweredCall], None]


def answered_call(request: QueryRequest, reply: QueryReply) -> AnsweredCall | None:
    """What a request called and what came of it; None for what names no operation of any service, or is not told."""
    try:
        query = read_form(request.query)
        scope = read_scope(request.authorization, query)
        if request.target:  # JSON
            operation = request.target.rpartition(".")[2]
            given = dict(flat(_json(request.body)))
        elif request.path.startswith("/service/"):
            operation, given = request.path.rpartition("/")[2], {}
        else:
            text = request.body[:BODY_BYTES_MAX].decode("utf-8", "replace")
            given = {**query, **read_form(text)}
            operation = given.get("Action", "")
    except QueryError:
        return None
    if _OPERATION.fullmatch(operation) is None or not is_told(operation, request.authorization):
        return None
    return AnsweredCall(
        service=NAMES.get(scope.service, scope.service),
        operation=operation,
        region=scope.region,
        error=error_code(reply.status, reply.body),
        parameters=bounded((_LIST.sub("", name), value) for name, value in given.items()),
    )


def is_told(operation: str, authorization: str | None) -> bool:
    """What changes something always is; what the console's page asks for itself is not."""
    return not (operation.startswith(_READING) and is_of_page(authorization))


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values by flat names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value, 1):
            yield from flat(inner, f"{name}.{number}")
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def bounded(given: Iterator[tuple[str, str]]) -> Mapping[str, str]:
    """The first of them, cut to their size; without those that may be secret."""
    shown = (item for item in given if item[0] not in _NO_PARAMETERS and not item[0].startswith("X-Amz-"))
    return {
        name[:VALUE_CHARACTERS_MAX]: MASK if _SECRET.search(name) else value[:VALUE_CHARACTERS_MAX]
        for name, value in islice(shown, PARAMETERS_MAX)
    }


def error_code(status: int, body: bytes) -> str | None:
    """The code in an answer of any of AWS's protocols; None where it is no error."""
    if status < _ERROR:
        return None
    found = _CODE.search(body)
    if found is not None:
        return found[1].decode()
    told = _json(body) or _cbor(body)
    return str(told.get("__type", ""))[:80] or str(status)


def _json(body: bytes) -> Mapping[str, Any]:
    if len(body) > BODY_BYTES_MAX:
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _cbor(body: bytes) -> Mapping[str, Any]:
    try:
        value = cbor.decode(body)
    except cbor.CborError:
        return {}
    return value if isinstance(value, dict) else {}
