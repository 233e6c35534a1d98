"""XML bodies: read strictly, written so that any parser reads them back."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from simlb.controlplane.route53.xml import NAMESPACE, Shape, XmlError, read, write

SHAPE: Shape = {"Name": str, "TTL": int, "Flag": bool, "Items": ("Item", {"Value": str})}


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("<R/>", {}),
        (f'<R xmlns="{NAMESPACE}"><Name>a &amp; b</Name></R>', {"Name": "a & b"}),
        ('<x:R xmlns:x="urn:x"><x:TTL> 60 </x:TTL></x:R>', {"TTL": 60}),
        ("<R><Flag>true</Flag><TTL>-1</TTL></R>", {"Flag": True, "TTL": -1}),
        (
            "<R>\n <Items>\n  <Item><Value>1</Value></Item><Item><Value/></Item></Items></R>",
            {"Items": [{"Value": "1"}, {"Value": ""}]},
        ),
    ],
)
def test_read(body: str, values: object) -> None:
    assert read(body.encode(), "R", SHAPE) == values


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "cannot be read"),
        (b"<R>", "cannot be read"),
        (b"\xff\xfe<", "cannot be read"),
        (b'<?xml version="1.0" encoding="x-none"?><R/>', "cannot be read"),
        (b"{}", "cannot be read"),
        (b"<Other/>", "'R' is expected"),
        (b"<R><Wrong/></R>", "starting with element 'Wrong'"),
        (b"<R><Name>a</Name><Name>b</Name></R>", "each once"),
        (b"<R><Items><Other/></Items></R>", "'Item' is expected"),
        (b"<R><TTL>soon</TTL></R>", "a whole number"),
        (b"<R><Flag>yes</Flag></R>", "true or false"),
        (b"<R><Name><b/></Name></R>", "no element children"),
        (b"<R>" + b"<Items>" * 20 + b"</Items>" * 20 + b"</R>", "too deeply"),
        (b'<!DOCTYPE R [<!ENTITY a "aaaa">]><R><Name>&a;</Name></R>', "not allowed"),
        (b'<!DOCTYPE R SYSTEM "file:///etc/passwd"><R/>', "not allowed"),
    ],
)
def test_refused(body: bytes, message: str) -> None:
    with pytest.raises(XmlError, match=message):
        read(body, "R", SHAPE)


def test_written() -> None:
    values = {"Name": "<&>\x01", "TTL": 0, "Flag": False, "Items": [{"Value": "x"}, {}]}
    root = ET.fromstring(write("R", SHAPE, values))  # noqa: S314 - of our own making
    assert root.tag == f"{{{NAMESPACE}}}R"
    assert [child.tag.partition("}")[2] for child in root] == ["Name", "TTL", "Flag", "Items"]
    assert root[0].text == "<&>\N{REPLACEMENT CHARACTER}"
    assert [root[1].text, root[2].text] == ["0", "false"]
