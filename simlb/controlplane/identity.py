"""STS, as far as scripts ask it who they are: `GetCallerIdentity`. simlb has one account and one user.

STS is one for all regions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.controlplane.elsewhere import Elsewhere, QueryElsewhere
from simlb.controlplane.query.credentials import Scope
from simlb.controlplane.query.model import Model, Operation
from simlb.controlplane.query.protocol import QueryService, Values
from simlb.core.ids import ACCOUNT

USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/simlb"
USER_ID = "AIDASIMLBSIMLBSIMLB22"
"""21 signs, as AWS's user ids."""

_TEXT = {"type": "string"}
_NOTHING = {"type": "structure", "members": {}}
TABLE: Mapping[str, Any] = {
    "service": "sts",
    "version": "2011-06-15",
    "namespace": "https://sts.amazonaws.com/doc/2011-06-15/",
    "operations": {
        "GetAccessKeyInfo": {"input": "AccessKey", "output": "Account", "errors": []},
        "GetCallerIdentity": {"input": "Nothing", "output": "Identity", "errors": []},
    },
    "errors": {},
    "shapes": {
        "Text": _TEXT,
        "Nothing": _NOTHING,
        "AccessKeyId": {"type": "string", "min": 16, "max": 128, "pattern": r"[\w]*"},
        "AccessKey": {"type": "structure", "members": {"AccessKeyId": "AccessKeyId"}, "required": ["AccessKeyId"]},
        "Account": {"type": "structure", "members": {"Account": "Text"}},
        "Identity": {"type": "structure", "members": {"UserId": "Text", "Account": "Text", "Arn": "Text"}},
    },
}
"""The part of the API of 2011-06-15 that simlb itself answers."""


def sts_service(elsewhere: Elsewhere) -> QueryElsewhere:
    """The service, ready to be asked. Roles, sessions and tokens are elsewhere."""
    own = QueryService(Model.of(TABLE), _run, "AWSSecurityTokenServiceV20110615")
    return QueryElsewhere(own, "STS", TABLE["operations"].keys(), elsewhere)


def _run(operation: Operation, _: Scope, __: Values) -> Values:
    if operation.name == "GetCallerIdentity":
        return {"UserId": USER_ID, "Account": ACCOUNT, "Arn": USER_ARN}
    return {"Account": ACCOUNT}
