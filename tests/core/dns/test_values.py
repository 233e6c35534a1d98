"""Values of records: what each type takes, and Route 53's words for what it does not."""

from __future__ import annotations

import pytest

from simlb.core.dns.values import Address, Authority, Data, DnsValueError, Exchange, Name, Start, Texts, read_value


@pytest.mark.parametrize(
    ("type_", "value", "data"),
    [
        ("A", "192.0.2.1", Address("192.0.2.1")),
        ("AAAA", "2001:DB8:0:0::1", Address("2001:db8::1")),
        ("CNAME", "Api.shop.test", Name("api.shop.test.")),
        ("NS", "ns1.example.com.", Name("ns1.example.com.")),
        ("TXT", '"hello"', Texts((b"hello",))),
        ("TXT", '"a b" "c"', Texts((b"a b", b"c"))),
        ("TXT", r'"say \"hi\" \303\251"', Texts((b'say "hi" \xc3\xa9',))),
        ("TXT", '""', Texts((b"",))),
        ("MX", "10 mail.shop.test", Exchange(10, "mail.shop.test.")),
        ("CAA", '0 issue "amazon.com"', Authority(0, "issue", b"amazon.com")),
        ("SOA", "ns.a. me.a. 1 7200 900 1209600 86400", Start("ns.a.", "me.a.", 1, 7200, 900, 1209600, 86400)),
    ],
)
def test_values(type_: str, value: str, data: Data) -> None:
    assert read_value(type_, value) == data


@pytest.mark.parametrize(
    ("type_", "value", "problem"),
    [
        ("A", "192.0.2", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        ("A", "shop.test", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        ("A", "::1", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        ("AAAA", "127.0.0.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
        ("AAAA", "fe80::1%eth0", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
        ("CNAME", "a..test", "DomainLabelEmpty (Domain label is empty)"),
        ("CNAME", "http://a.test/ x", "UnsupportedCharacter (Value contains unsupported characters)"),
        ("TXT", "hello", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ("TXT", '"hello', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ("TXT", '"a""b"', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ("TXT", f'"{"x" * 256}"', "CharacterStringTooLong (Value is too long)"),
        ("TXT", '"x" ' * 2000, "CharacterStringTooLong (Value is too long)"),
        ("MX", "mail.shop.test", "MXRRDATANotTwoFields"),
        ("MX", "70000 mail.shop.test", "IllegalNumber"),
        ("CAA", "0 issue amazon.com", "InvalidCharacterString"),
        ("CAA", '256 issue "a"', "IllegalNumber"),
        ("CAA", r'0 issue "\303\251"', "CAARRDATAIllegalValue"),
        ("SOA", "ns.a. me.a. 1", "SOARRDATANotSevenFields"),
    ],
)
def test_what_a_type_does_not_take(type_: str, value: str, problem: str) -> None:
    with pytest.raises(DnsValueError) as caught:
        read_value(type_, value)
    assert caught.value.words.startswith(f"FATAL problem: {problem}")
