"""A thousand spoiled requests: each is answered with a code that clients know, or was sound after all."""

from __future__ import annotations

import random

from simlb.app.elbv2 import AppEstate
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.route53 import xml
from simlb.controlplane.route53.errors import STATUS, Route53Error
from simlb.controlplane.route53.operations import Route53
from simlb.controlplane.route53.shapes import OPERATIONS
from tests.app.conftest import Bench

BODIES = {
    "CreateHostedZone": b"<CreateHostedZoneRequest><Name>shop.test</Name><CallerReference>1</CallerReference>"
    b"<HostedZoneConfig><Comment>c</Comment></HostedZoneConfig></CreateHostedZoneRequest>",
    "ChangeResourceRecordSets": b"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change>"
    b"<Action>UPSERT</Action>"
    b"<ResourceRecordSet><Name>a.shop.test</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>"
    b'<Value>"x" "\\101"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes>'
    b"</ChangeBatch></ChangeResourceRecordSetsRequest>",
    "ChangeTagsForResource": b"<ChangeTagsForResourceRequest><AddTags><Tag><Key>k</Key><Value>v</Value></Tag></AddTags>"
    b"<RemoveTagKeys><Key>x</Key></RemoveTagKeys></ChangeTagsForResourceRequest>",
}
PIECES = (b"<", b"</Name>", b"&#0;", b"&a;", b"\xff", b"\x00", b"..", b'"', b"\\", b"-1", b"<!DOCTYPE a>", b"")
IN_URL = {"ResourceType": "hostedzone", "ResourceId": "", "Id": ""}


async def test_a_thousand_spoiled_requests(bench: Bench) -> None:
    app = await bench.start()
    route53 = Route53(AppEstate(app), app.names)
    created = await route53.run("CreateHostedZone", {"Name": "shop.test", "CallerReference": "0"})
    zone = created["HostedZone"]["Id"].rpartition("/")[2]
    shapes = {operation.name: operation for operation in OPERATIONS}
    draw = random.Random(53)
    codes = set()
    for _ in range(1000):
        name = draw.choice(list(BODIES))
        body = BODIES[name]
        for _ in range(draw.randrange(1, 4)):
            place, length = draw.randrange(len(body)), draw.randrange(3)
            body = body[:place] + draw.choice(PIECES) + body[place + length :]
        shape = shapes[name].reads
        assert shape is not None
        try:
            given = xml.read(body, f"{name}Request", shape)
            await route53.run(name, {**IN_URL, "ResourceId": zone, "Id": zone, **given})
        except xml.XmlError:
            codes.add("InvalidInput")
        except (Route53Error, QueryError) as error:
            codes.add(error.code)
    assert codes <= STATUS.keys()
    assert len(codes) >= 3
