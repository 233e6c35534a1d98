"""Tags of certificates. They lie with the tags of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simlb.controlplane.acm.call import AcmCall, Handlers, Result
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.tags import RESERVED, TAGS_MAX
from simlb.controlplane.query.errors import QueryError


async def list_tags(call: AcmCall) -> Result:
    """In the order in which they were added."""
    certificate = await call.certificate(_parameter(call))
    tags = call.workshop.tags(certificate.arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


async def add_tags(call: AcmCall) -> Result:
    """Add tags, or give those that are there other values."""
    given = read_tags(call.parameters["Tags"])
    arn = (await call.certificate(_parameter(call))).arn

    def add(draft: Draft) -> Result:
        tags = {**draft.changes.tags.get(arn, {}), **given}
        check_count(tags)
        draft.put_tags(arn, tags)
        return {}

    return await call.workshop.change(add)


async def remove_tags(call: AcmCall) -> Result:
    """A tag with a value goes only when it has that value; one without a value whatever it has."""
    arn = (await call.certificate(_parameter(call))).arn
    leaving = [(tag["Key"], tag.get("Value")) for tag in call.parameters.get("Tags", ())]
    leaving += [(key, None) for key in call.parameters.get("TagKeys", ())]

    def remove(draft: Draft) -> Result:
        tags = dict(draft.changes.tags.get(arn, {}))
        for key, value in leaving:
            if value is None or tags.get(key) == value:
                tags.pop(key, None)
        draft.put_tags(arn, tags)
        return {}

    return await call.workshop.change(remove)


def read_tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The `Tags` of a call. Raises QueryError InvalidTagException or TooManyTagsException."""
    tags: dict[str, str] = {}
    for tag in given:
        key = tag["Key"]
        if key.lower().startswith(RESERVED):
            raise QueryError("InvalidTagException", f"Tag keys that begin with '{RESERVED}' are AWS's own: '{key}'.")
        if key in tags:
            raise QueryError("InvalidTagException", f"The tag key '{key}' is there more than once.")
        tags[key] = tag.get("Value", "")
    return tags


def check_count(tags: Mapping[str, str]) -> None:
    """Raise QueryError TooManyTagsException for more than a certificate may have."""
    if len(tags) > TAGS_MAX:
        raise QueryError("TooManyTagsException", f"A certificate has at most {TAGS_MAX} tags.")


def _parameter(call: AcmCall) -> str:
    return "ResourceArn" if "ResourceArn" in call.parameters else "CertificateArn"


HANDLERS: Handlers = {
    "AddTagsToCertificate": add_tags,
    "ListTagsForCertificate": list_tags,
    "ListTagsForResource": list_tags,
    "RemoveTagsFromCertificate": remove_tags,
    "TagResource": add_tags,
    "UntagResource": remove_tags,
}
