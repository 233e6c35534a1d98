"""Listeners and their certificates by calls: what is made, what is refused in which words, and what then is shown."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.model import LoadBalancer
from tests.controlplane.operations.conftest import Api, Held
from tests.controlplane.operations.shop import SHOP

FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "hi"}}]
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


class Shop:
    """The configuration of most tests, and the ARNs in it."""

    def __init__(self, api: Api, held: Held) -> None:
        self.api = api
        self.held = held
        configuration = held.configuration()
        self.shop, self.inner = configuration.load_balancers
        self.http, self.https = self.shop.listeners
        self.default, self.other, *_ = (certificate.arn for certificate in self.https.certificates)
        self.groups = {group.name: group.arn for group in configuration.target_groups.values()}

    def balancer(self) -> LoadBalancer:
        return self.held.configuration().load_balancers[0]

    async def create(self, **given: Any) -> dict[str, Any]:
        result = await self.api(
            "CreateListener", **({"LoadBalancerArn": self.shop.arn, "DefaultActions": FIXED} | given)
        )
        (listener,) = result["Listeners"]
        return dict(listener)

    async def fails(self, operation: str, **given: Any) -> tuple[str, str]:
        """Code and message. Nothing has changed."""
        before = self.held.changes
        failure = await self.api.fails(operation, **given)
        assert self.held.changes is before
        return failure

    async def create_fails(self, **given: Any) -> tuple[str, str]:
        return await self.fails(
            "CreateListener", **({"LoadBalancerArn": self.shop.arn, "DefaultActions": FIXED} | given)
        )

    async def modify_fails(self, arn: str, **given: Any) -> tuple[str, str]:
        return await self.fails("ModifyListener", ListenerArn=arn, **given)

    async def shown(self, arn: str) -> dict[str, Any]:
        (listener,) = (await self.api("DescribeListeners", ListenerArns=[arn]))["Listeners"]
        return dict(listener)

    async def certificates(self) -> list[tuple[str, bool]]:
        found = await self.api("DescribeListenerCertificates", ListenerArn=self.https.arn)
        return [(each["CertificateArn"], each["IsDefault"]) for each in found["Certificates"]]


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop(api, api.load(SHOP))


async def test_a_new_listener_is_there_as_it_was_given(shop: Shop) -> None:
    made = await shop.create(Protocol="HTTP", Port=8080, Tags=[{"Key": "team", "Value": "a"}])
    assert made == {
        "ListenerArn": made["ListenerArn"],
        "LoadBalancerArn": shop.shop.arn,
        "Port": 8080,
        "Protocol": "HTTP",
        "DefaultActions": [
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "hi"}}
        ],
    }
    assert made["ListenerArn"].startswith(shop.shop.arn.replace(":loadbalancer/", ":listener/"))
    assert await shop.shown(made["ListenerArn"]) == made
    (tags,) = (await shop.api("DescribeTags", ResourceArns=[made["ListenerArn"]]))["TagDescriptions"]
    assert tags["Tags"][0] == {"Key": "team", "Value": "a"}
    (rule,) = (await shop.api("DescribeRules", ListenerArn=made["ListenerArn"]))["Rules"]
    assert rule["IsDefault"]


async def test_https_has_the_policy_of_aws_s_api_unless_it_is_given(shop: Shop) -> None:
    given: Any = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": shop.other}]}
    plain = await shop.create(Port=8443, **given)
    chosen = await shop.create(Port=8444, SslPolicy=POLICY, **given)
    assert (plain["SslPolicy"], chosen["SslPolicy"]) == ("ELBSecurityPolicy-2016-08", POLICY)
    assert plain["Certificates"] == [{"CertificateArn": shop.other}]
    assert plain["MutualAuthentication"] == {"Mode": "off"}
    assert (await shop.shown(shop.https.arn))["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


async def test_the_same_call_again_finds_the_listener(shop: Shop) -> None:
    first = await shop.create(Protocol="HTTP", Port=8080)
    before = shop.held.changes
    assert await shop.create(Protocol="HTTP", Port=8080) == first
    assert shop.held.changes.load_balancers == before.load_balancers
    tagged = await shop.create_fails(Protocol="HTTP", Port=8080, Tags=[{"Key": "a", "Value": "b"}])
    other = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    changed = await shop.create_fails(Protocol="HTTP", Port=8080, DefaultActions=other)
    message = f"A listener already exists on this port for this load balancer '{shop.shop.arn}'"
    assert tagged == changed == ("DuplicateListener", message)


EXACTLY_ONE = "You must provide a list containing exactly one certificate if the listener protocol is HTTPS."
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"Port": 81}, "ValidationError", "A listener protocol must be specified"),
    ({"Protocol": "HTTP"}, "ValidationError", "A listener port must be specified"),
    ({"Protocol": "TCP", "Port": 81}, "ValidationError", "Listener protocol 'TCP' must be one of 'HTTP, HTTPS'"),
    (
        {"Protocol": "HTTPS", "Port": 81},
        "ValidationError",
        "A certificate must be specified for HTTPS listeners",
    ),
    (
        {"Protocol": "HTTPS", "Port": 81, "Certificates": [{"CertificateArn": "a"}, {"CertificateArn": "b"}]},
        "InvalidConfigurationRequest",
        EXACTLY_ONE,
    ),
    (
        {"Protocol": "HTTPS", "Port": 81, "Certificates": [{"CertificateArn": "arn:aws:acm:x"}]},
        "CertificateNotFound",
        "Certificate arn:aws:acm:x not found",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "Certificates": [{"CertificateArn": "a"}]},
        "ValidationError",
        "A certificate cannot be specified for HTTP listeners",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "SslPolicy": POLICY},
        "ValidationError",
        "An SSL policy cannot be specified for HTTP listeners",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "AlpnPolicy": ["HTTP2Only"]},
        "InvalidConfigurationRequest",
        "ALPN policies are only supported for TLS listeners",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "MutualAuthentication": {"Mode": "verify"}},
        "ValidationError",
        "Mutual authentication can only be specified for HTTPS listeners",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "MutualAuthentication": {"Mode": "off", "TrustStoreArn": "a"}},
        "ValidationError",
        "A trust store cannot be specified if the MutualAuthentication mode is 'off'",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "MutualAuthentication": {"IgnoreClientCertificateExpiry": True}},
        "ValidationError",
        "IgnoreClientCertificateExpiry cannot be specified if the MutualAuthentication mode is 'off'",
    ),
    (
        {"Protocol": "HTTP", "Port": 81, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
        "DuplicateTagKeys",
        "Tag key was specified more than once: a",
    ),
]


@pytest.mark.parametrize(("given", "code", "message"), REFUSED)
async def test_what_makes_no_listener(shop: Shop, given: dict[str, Any], code: str, message: str) -> None:
    assert await shop.create_fails(**given) == (code, message)


async def test_policies_that_are_not_there_or_cannot_be_served(shop: Shop) -> None:
    given: Any = {"Protocol": "HTTPS", "Port": 81, "Certificates": [{"CertificateArn": shop.default}]}
    unknown = await shop.create_fails(SslPolicy="ELBSecurityPolicy-None", **given)
    assert unknown == ("SSLPolicyNotFound", "Policy ELBSecurityPolicy-None not found")
    code, message = await shop.create_fails(SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", **given)
    assert code == "SSLPolicyNotFound"
    assert message.startswith("Policy ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 is not supported by simlb: ")
    not_default = [{"CertificateArn": shop.default, "IsDefault": False}]
    code, _ = await shop.create_fails(**(given | {"Certificates": not_default}))
    assert code == "ValidationError"


async def test_a_load_balancer_that_is_not_there(shop: Shop) -> None:
    code, _ = await shop.create_fails(LoadBalancerArn=shop.shop.arn + "0", Protocol="HTTP", Port=81)
    assert code == "LoadBalancerNotFound"


async def test_a_target_group_of_another_load_balancer(shop: Shop) -> None:
    api = shop.groups["api"]
    actions = [{"Type": "forward", "TargetGroupArn": api}]
    assert await shop.create_fails(Protocol="HTTP", Port=81, DefaultActions=actions) == (
        "TargetGroupAssociationLimit",
        f"The following target groups cannot be associated with more than one load balancer: {api}",
    )
    missing = [{"Type": "forward", "TargetGroupArn": f"{api}0"}]
    assert await shop.create_fails(Protocol="HTTP", Port=81, DefaultActions=missing) == (
        "TargetGroupNotFound",
        f"Target group '{api}0' not found",
    )


async def test_deleting_its_listener_frees_a_target_group(shop: Shop) -> None:
    (listener,) = shop.inner.listeners
    await shop.api("DeleteListener", ListenerArn=listener.arn)
    made = await shop.create(
        Protocol="HTTP", Port=81, DefaultActions=[{"Type": "forward", "TargetGroupArn": shop.groups["api"]}]
    )
    assert made["DefaultActions"][0]["TargetGroupArn"] == shop.groups["api"]


async def test_fifty_listeners(shop: Shop) -> None:
    for port in range(1000, 1048):
        await shop.create(Protocol="HTTP", Port=port)
    code, message = await shop.create_fails(Protocol="HTTP", Port=1048)
    assert code == "TooManyListeners"
    assert message == "You've reached the limit on the number of listeners per load balancer"


# -- modify ------------------------------------------------------------------------------------------------------------


async def test_what_a_change_does_not_name_stays(shop: Shop) -> None:
    before = await shop.shown(shop.https.arn)
    (changed,) = (await shop.api("ModifyListener", ListenerArn=shop.https.arn, Port=444))["Listeners"]
    assert changed == before | {"Port": 444}
    rules = (await shop.api("DescribeRules", ListenerArn=shop.https.arn))["Rules"]
    assert [rule["Priority"] for rule in rules] == ["20", "30", "40", "50", "60", "300", "default"]
    assert shop.balancer().listeners[1].binds != shop.https.binds


async def test_a_change_that_changes_nothing_is_no_drift(shop: Shop) -> None:
    await shop.api("ModifyListener", ListenerArn=shop.http.arn, Port=80, Protocol="HTTP")
    assert list(shop.held.changes.drift(shop.held.configuration())) == []
    await shop.api("ModifyListener", ListenerArn=shop.http.arn, Port=8080)
    (drift,) = shop.held.changes.drift(shop.held.configuration())
    assert drift.startswith("drift: load balancer shop was changed through the API")


async def test_a_port_with_a_listener_of_its_own(shop: Shop) -> None:
    message = f"A listener already exists on this port for this load balancer '{shop.shop.arn}'"
    assert await shop.modify_fails(shop.http.arn, Port=443) == ("DuplicateListener", message)


async def test_the_bind_of_a_listener_stays_when_its_port_does(shop: Shop) -> None:
    await shop.api("ModifyListener", ListenerArn=shop.http.arn, DefaultActions=FIXED)
    assert shop.balancer().listeners[0].binds == shop.http.binds


async def test_from_http_to_https_and_back(shop: Shop) -> None:
    arn = (await shop.create(Protocol="HTTP", Port=81))["ListenerArn"]
    certificate = [{"CertificateArn": shop.default}]
    assert (await shop.modify_fails(arn, Protocol="HTTPS", SslPolicy=POLICY))[1] == (
        "A certificate must be specified for HTTPS listeners"
    )
    assert (await shop.modify_fails(arn, Protocol="HTTPS", Certificates=certificate))[1] == (
        "An SSL policy must be specified if the protocol of a listener is changed to HTTPS"
    )
    await shop.api("ModifyListener", ListenerArn=arn, Protocol="HTTPS", Certificates=certificate, SslPolicy=POLICY)
    found = await shop.shown(arn)
    assert (found["Protocol"], found["SslPolicy"], found["Certificates"]) == ("HTTPS", POLICY, certificate)
    await shop.api("ModifyListener", ListenerArn=arn, Protocol="HTTP")
    assert not {"SslPolicy", "Certificates"} & (await shop.shown(arn)).keys()


async def test_a_redirect_has_to_fit_the_new_protocol_and_port(shop: Shop) -> None:
    given: Any = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": shop.default}], "SslPolicy": POLICY}
    await shop.api("DeleteListener", ListenerArn=shop.https.arn)
    code, message = await shop.modify_fails(shop.http.arn, Port=443, **given)
    assert (code, message.partition(":")[0]) == ("InvalidLoadBalancerAction", "The redirect creates a loop")
    to_http = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTP", "Port": "8080", "StatusCode": "HTTP_301"}}
    await shop.api("ModifyListener", ListenerArn=shop.http.arn, DefaultActions=[to_http])
    code, message = await shop.modify_fails(shop.http.arn, Port=443, **given)
    assert message == "A redirect from HTTPS to HTTP is not allowed"


async def test_a_new_default_certificate_leaves_the_others(shop: Shop) -> None:
    await shop.api("ModifyListener", ListenerArn=shop.https.arn, Certificates=[{"CertificateArn": shop.other}])
    assert await shop.certificates() == [(shop.other, True), (shop.other, False)]


@pytest.mark.parametrize("operation", ["ModifyListener", "DeleteListener"])
async def test_listeners_that_are_not_there(shop: Shop, operation: str) -> None:
    code, _ = await shop.fails(operation, ListenerArn=shop.http.arn + "0")
    assert code == "ListenerNotFound"
    code, _ = await shop.fails(operation, ListenerArn="shop")
    assert code == "ValidationError"


async def test_a_deleted_listener_takes_its_tags_along(shop: Shop) -> None:
    arn = (await shop.create(Protocol="HTTP", Port=81, Tags=[{"Key": "a", "Value": "b"}]))["ListenerArn"]
    await shop.api("DeleteListener", ListenerArn=arn)
    assert (await shop.fails("DeleteListener", ListenerArn=arn))[0] == "ListenerNotFound"
    assert (await shop.fails("DescribeTags", ResourceArns=[arn]))[0] == "ListenerNotFound"
    assert arn not in shop.held.changes.tags


async def test_attributes_of_a_listener(shop: Shop) -> None:
    key = "routing.http.response.strict_transport_security.header_value"

    async def modify(**given: str) -> dict[str, str]:
        attributes = [{"Key": name.replace("__", "."), "Value": value} for name, value in given.items()]
        result = await shop.api("ModifyListenerAttributes", ListenerArn=shop.https.arn, Attributes=attributes)
        assert result == await shop.api("DescribeListenerAttributes", ListenerArn=shop.https.arn)
        return {row["Key"]: row["Value"] for row in result["Attributes"]}

    values = await modify(routing__http__response__strict_transport_security__header_value="max-age=600")
    assert values[key] == "max-age=600"
    values = await modify(routing__http__response__server__enabled="false")
    assert (values[key], values["routing.http.response.server.enabled"]) == ("max-age=600", "false")
    values = await modify(routing__http__request__x_amzn_tls_version__header_name="X-Tls")
    assert values["routing.http.request.x_amzn_tls_version.header_name"] == "X-Tls"
    # An empty value resets.
    values = await modify(
        routing__http__response__strict_transport_security__header_value="",
        routing__http__request__x_amzn_tls_version__header_name="",
    )
    assert (values[key], values["routing.http.request.x_amzn_tls_version.header_name"]) == ("", "X-Amzn-Tls-Version")


@pytest.mark.parametrize(
    ("key", "value", "code", "message"),
    [
        ("a.b", "c", "InvalidConfigurationRequest", "Listener attribute key 'a.b' is not recognized"),
        ("routing.http.response.server.enabled", "no", "ValidationError", "must be one of 'true', 'false'"),
        ("routing.http.response.x_frame_options.header_value", 'a"b', "ValidationError", "invalid characters"),
        ("routing.http.response.x_frame_options.header_value", "a\r\nB: c", "ValidationError", "invalid characters"),
        ("routing.http.response.x_frame_options.header_value", "x" * 1025, "ValidationError", "too long"),
        (
            "routing.http.request.x_amzn_tls_version.header_name",
            "X-Tls",
            "InvalidConfigurationRequest",
            "is not recognized",
        ),
    ],
)
async def test_attributes_that_an_http_listener_cannot_have(
    shop: Shop, key: str, value: str, code: str, message: str
) -> None:
    before = await shop.api("DescribeListenerAttributes", ListenerArn=shop.http.arn)
    told = await shop.fails(
        "ModifyListenerAttributes", ListenerArn=shop.http.arn, Attributes=[{"Key": key, "Value": value}]
    )
    assert (told[0], message in told[1]) == (code, True)
    assert await shop.api("DescribeListenerAttributes", ListenerArn=shop.http.arn) == before


@pytest.mark.parametrize("name", ["Host", "content-length", "X-Forwarded-For", "a b", "a:b", "ä"])
async def test_names_that_no_header_of_the_load_balancers_can_have(shop: Shop, name: str) -> None:
    key = "routing.http.request.x_amzn_tls_cipher_suite.header_name"
    code, _ = await shop.fails(
        "ModifyListenerAttributes", ListenerArn=shop.https.arn, Attributes=[{"Key": key, "Value": name}]
    )
    assert code == "ValidationError"


# -- certificates ------------------------------------------------------------------------------------------------------


async def test_certificates_are_added_and_removed_one_by_one(shop: Shop) -> None:
    add: Any = {"ListenerArn": shop.https.arn, "Certificates": [{"CertificateArn": shop.default}]}
    assert await shop.certificates() == [(shop.default, True), (shop.other, False)]
    result = await shop.api("AddListenerCertificates", **add)
    assert result["Certificates"] == [{"CertificateArn": shop.default, "IsDefault": False}]
    assert await shop.certificates() == [(shop.default, True), (shop.other, False), (shop.default, False)]
    await shop.api("AddListenerCertificates", **add)
    assert len(await shop.certificates()) == 3
    await shop.api("RemoveListenerCertificates", **add)
    assert await shop.certificates() == [(shop.default, True), (shop.other, False)]
    code, message = await shop.fails("RemoveListenerCertificates", **add)
    assert code == "OperationNotPermitted"
    assert "default certificate" in message
    rest: Any = {"ListenerArn": shop.https.arn, "Certificates": [{"CertificateArn": shop.other}]}
    for _ in range(2):
        await shop.api("RemoveListenerCertificates", **rest)
        assert await shop.certificates() == [(shop.default, True)]


async def test_certificates_that_cannot_be_added(shop: Shop) -> None:
    one = [{"CertificateArn": shop.other}]
    code, message = await shop.fails("AddListenerCertificates", ListenerArn=shop.http.arn, Certificates=one)
    assert (code, "HTTPS" in message) == ("InvalidConfigurationRequest", True)
    unknown = [{"CertificateArn": "arn:aws:acm:none"}]
    code, _ = await shop.fails("AddListenerCertificates", ListenerArn=shop.https.arn, Certificates=unknown)
    assert code == "CertificateNotFound"
    code, _ = await shop.fails("AddListenerCertificates", ListenerArn=shop.https.arn, Certificates=one * 2)
    assert code == "ValidationError"


async def test_twenty_five_certificates_beside_the_default_ones(api: Api) -> None:
    names = ", ".join(f"n{number}.localhost" for number in range(26))
    shop = Shop(api, api.load(SHOP.replace("[shop.localhost, api.localhost]", f"[{names}]")))
    code, message = await shop.fails(
        "AddListenerCertificates",
        ListenerArn=shop.https.arn,
        Certificates=[{"CertificateArn": shop.https.certificates[0].arn}],
    )
    assert (code, message) == (
        "TooManyCertificates",
        "You've reached the limit on the number of certificates per load balancer",
    )
