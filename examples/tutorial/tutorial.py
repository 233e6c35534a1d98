#!/usr/bin/env python3
"""The tutorial: a load balancer with health checks, a domain and HTTPS, in the order of AWS's console, with boto3.

It tells what there is to see after each step, and stops where that is not as expected.

    simlb up               in this folder, in one terminal
    python3 tutorial.py    in another
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import urllib3
from botocore.exceptions import ClientError
from dnslib import DNSRecord

SHOP = Path(__file__).with_name("shop.py")


def simlb(*arguments):
    """What a command of simlb's prints."""
    return subprocess.run(["simlb", *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def step(title):
    """A heading."""
    print(f"\n{title}", flush=True)


def see(what, seen, expected):
    """One thing that there is to see. `expected` is a pattern, as for the names of files."""
    print(f"   {what:<28} {seen}", flush=True)
    if not fnmatchcase(str(seen), str(expected)):
        sys.exit(f"   expected: {expected}")


def see_soon(what, expected, ask):
    """The same for what `ask` returns, which is asked again until it is as expected.

    boto3's waiters do that too, but every 15 s or every minute, where a minute of the load balancer's takes 3 s.
    """
    give_up_at = time.monotonic() + 30
    while ask() != expected and time.monotonic() < give_up_at:
        time.sleep(0.1)
    see(what, ask(), expected)


def refused(call, **parameters):
    """The code of AWS's error, for a call that is to fail."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def look_up(name):
    """The addresses of a name, from simlb's DNS server. Your system does not ask it."""
    answer = DNSRecord.parse(DNSRecord.question(name).send(dns_host, int(dns_port), timeout=5))
    return " ".join(str(record.rdata) for record in answer.rr)


def browse(url, listener):
    """The answer to GET. On your machine port 80 may be another one: the listener's tag `aws:simlb:url` tells."""
    scheme, host, path, query, _ = urlsplit(url)
    (described,) = elbv2.describe_tags(ResourceArns=[listener])["TagDescriptions"]
    (place,) = (urlsplit(tag["Value"]) for tag in described["Tags"] if tag["Key"] == "aws:simlb:url")
    if scheme == "https":
        names = {"server_hostname": host, "assert_hostname": host, "ca_certs": simlb("cert", "path")}
        pool = urllib3.HTTPSConnectionPool(look_up(host), place.port or 443, **names)
    else:
        pool = urllib3.HTTPConnectionPool(look_up(host), place.port or 80)
    with pool:
        target = f"{path}?{query}" if query else path
        return pool.request("GET", target, headers={"Host": host}, redirect=False, retries=False, timeout=10)


def ask(url):
    """The status code of a program that is asked directly; nothing while it does not listen."""
    try:
        return urllib3.request("GET", url, retries=False).status
    except urllib3.exceptions.HTTPError:
        return None


def counted(lines):
    """Equal lines as one, with their number."""
    return ",".join(f"{count} {line}" for line, count in sorted(Counter(lines).items()))


def line_of(text, beginning):
    """The first line that begins so."""
    return next((line for line in text.splitlines() if line.startswith(beginning)), "")


step("0  시작  Start")
environment = json.loads(simlb("env", "--json"))
for name in environment["unset"]:
    os.environ.pop(name, None)
os.environ.update(environment["set"], NO_PROXY="*", no_proxy="*")
account = boto3.client("sts").get_caller_identity()["Account"]
if account != "000000000000":
    sys.exit(f"Account {account} is not simlb's: nothing was done.")
see("account", account, "000000000000")
dns_host, _, dns_port = json.loads(simlb("dns", "--json"))["dns"].rpartition(":")

step("1  리전  Region")
REGION = "ap-northeast-2"
ec2, elbv2, acm, route53 = (boto3.client(service, region_name=REGION) for service in ("ec2", "elbv2", "acm", "route53"))
# The instances are there. After an earlier run they are stopped; to start one that runs changes nothing.
described = [reservation["Instances"][0] for reservation in ec2.describe_instances()["Reservations"]]
instances = [instance["InstanceId"] for instance in described]
old_address = described[0]["PrivateIpAddress"]
(web_3_at,) = (tag["Value"] for tag in described[2]["Tags"] if tag["Key"] == "simlb:address")
see("instances", len(ec2.start_instances(InstanceIds=instances)["StartingInstances"]), 3)
ec2.get_waiter("instance_running").wait(InstanceIds=instances, WaiterConfig={"Delay": 1})
web_1, web_2, web_3 = ({"Id": instance} for instance in instances)

step("2-4  유형, 기본 구성, 네트워크 매핑  Type, basic configuration, network mapping")
(vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
described = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
subnets = [subnet["SubnetId"] for subnet in described]
see("subnets, one in each zone", len(subnets), 4)
see("only one zone", refused(elbv2.create_load_balancer, Name="my-alb", Subnets=subnets[:1]), "ValidationError")

step("5  보안 그룹  Security group")
group = ec2.create_security_group(GroupName="alb-sg", Description="alb", VpcId=vpc["VpcId"])["GroupId"]
for port in (80, 443):
    rules = ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
    )["SecurityGroupRules"]
    see("open", f"{rules[0]['FromPort']} {rules[0]['CidrIpv4']}", f"{port} 0.0.0.0/0")

step("6  대상 그룹과 상태 검사  Target group and health check")
(made,) = elbv2.create_target_group(
    Name="web-tg", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"], TargetType="instance", HealthCheckPath="/health"
)["TargetGroups"]
web = made["TargetGroupArn"]
see("target group", web, f"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/web-tg/*")


def health(**chosen):
    """Of each target the state, and why."""
    described = elbv2.describe_target_health(TargetGroupArn=web, **chosen)["TargetHealthDescriptions"]
    return [one["TargetHealth"] for one in described]


def targets():
    """How many targets are in which state, and why."""
    return counted(f"{one['State']} {one.get('Reason')}" for one in health())


step("7  대상 등록  Register targets")
elbv2.register_targets(TargetGroupArn=web, Targets=[web_1, web_2])
see("targets", targets(), "2 unused Target.NotInUse")  # no listener forwards to them yet

step("8  로드 밸런서와 리스너  Load balancer and listener")
(made,) = elbv2.create_load_balancer(Name="my-alb", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"]
balancer = made["LoadBalancerArn"]
see("load balancer", made["State"]["Code"], "provisioning")
elbv2.get_waiter("load_balancer_available").wait(LoadBalancerArns=[balancer], WaiterConfig={"Delay": 1})
forward = {"Type": "forward", "TargetGroupArn": web}
made = elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
http = made["Listeners"][0]["ListenerArn"]
see("targets", targets(), "[12] initial Elb.*")  # until the health checks have decided
(my_alb,) = elbv2.describe_load_balancers(Names=["my-alb"])["LoadBalancers"]
dns_name = my_alb["DNSName"]
see("load balancer", my_alb["State"]["Code"], "active")
elsewhere = boto3.client("elbv2", region_name="us-east-1")
see("in another region", elsewhere.describe_load_balancers()["LoadBalancers"], "[[]]")
# Two health checks fail: the program has no /health.
see_soon("targets", "2 unhealthy Target.ResponseCodeMismatch", targets)
see("why", health()[0]["Description"], "Health checks failed with these codes: [[]404[]]")
# All of them are unhealthy, so all of them get requests all the same: the load balancer fails open.
see("status code", browse(f"http://{dns_name}/", http).status, 200)

step("9  Health Check API 추가  Add the health check API")
program = SHOP.read_text(encoding="utf-8")
SHOP.write_text(program.replace("# PAGES", "PAGES"), encoding="utf-8")
try:
    ec2.reboot_instances(InstanceIds=instances)
    see_soon("ask web-3 itself", 200, lambda: ask(f"http://{web_3_at}/health"))
    # A new target is healthy when it has passed its first check; one that was unhealthy has to pass five.
    elbv2.register_targets(TargetGroupArn=web, Targets=[web_3])
    see_soon("the new target", "healthy", lambda: health(Targets=[web_3])[0]["State"])
    see("the others", health(Targets=[web_1])[0]["State"], "unhealthy")
    see_soon("targets", "3 healthy None", targets)
finally:
    SHOP.write_text(program, encoding="utf-8")  # as it was, for the next time

step("10  주소로 접속  Open the address")
see(dns_name, look_up(dns_name), "127.0.*")
page = browse(f"http://{dns_name}/", http).data.decode()
for header in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Amzn-Trace-Id"):
    see("the program saw", line_of(page, header), f"{header}: ?*")
see("and of a health check", line_of(page, "User-Agent: ELB"), "User-Agent: ELB-HealthChecker/2.0")
pages = [browse(f"http://{dns_name}/", http).data.decode() for _ in range(6)]
see("six requests", counted(line_of(page, "Hello") for page in pages), "2 *web-1,2 *web-2,2 *web-3")
logged = f'http * app/my-alb/* 200 200 * "GET http://{dns_name}:80/ HTTP/1.1" * "forward" *'
see("access log", simlb("logs", "-n", "1"), logged)

step("11  도메인 연결  Connect a domain")
zone = route53.create_hosted_zone(Name="simlb.test", CallerReference=str(time.time()))["HostedZone"]["Id"]


def change(action, *records):
    """Creates or deletes records in the zone."""
    changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
    made = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return made["ChangeInfo"]["Status"]


# Until today the domain led to an instance. That record has to go first.
old = {"Name": "api.simlb.test", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": old_address}]}
alias = {
    "Name": "api.simlb.test",
    "Type": "A",
    "AliasTarget": {
        "HostedZoneId": my_alb["CanonicalHostedZoneId"],
        "DNSName": f"dualstack.{dns_name}",
        "EvaluateTargetHealth": True,
    },
}
see("create the old record", change("CREATE", old), "PENDING")
see("api.simlb.test", look_up("api.simlb.test"), old_address)
see("delete the old record", change("DELETE", old), "PENDING")
see("api.simlb.test", look_up("api.simlb.test"), "")
see("create the alias", change("UPSERT", alias), "PENDING")
see("api.simlb.test", look_up("api.simlb.test"), look_up(dns_name))
page = browse("http://api.simlb.test/", http).data.decode()
see("the program saw", line_of(page, "Host"), "Host: api.simlb.test")

step("12  인증서 발급  Request a certificate")
certificate = acm.request_certificate(
    DomainName="api.simlb.test", SubjectAlternativeNames=["simlb.test"], ValidationMethod="DNS"
)["CertificateArn"]


def certificate_status():
    """Whether it is issued."""
    return acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"]


time.sleep(1)  # 20 s of load-balancer time, in which nothing happens
see("certificate", certificate_status(), "PENDING_VALIDATION")
# The CNAME records that prove whose the domains are.
options = acm.describe_certificate(CertificateArn=certificate)["Certificate"]["DomainValidationOptions"]
proofs = [
    {"Name": proof["Name"], "Type": proof["Type"], "TTL": 300, "ResourceRecords": [{"Value": proof["Value"]}]}
    for proof in (option["ResourceRecord"] for option in options)
]
see("create the CNAME records", change("CREATE", *proofs), "PENDING")
see_soon("certificate", "ISSUED", certificate_status)

step("13  HTTPS 리스너  HTTPS listener")
(made,) = elbv2.create_listener(
    LoadBalancerArn=balancer,
    Protocol="HTTPS",
    Port=443,
    Certificates=[{"CertificateArn": certificate}],
    SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    DefaultActions=[forward],
)["Listeners"]
https = made["ListenerArn"]
see("listener", made["Port"], 443)
page = browse("https://api.simlb.test/", https).data.decode()
see("the program saw", line_of(page, "X-Forwarded-Proto"), "X-Forwarded-Proto: https")
# The certificate is for the domain, not for the load balancer's own name.
try:
    browse(f"https://{dns_name}/", https)
    reason = "nothing"
except urllib3.exceptions.SSLError as error:
    reason = error
see("by the other name", reason, "*doesn't match*'api.simlb.test'*")

step("14  리디렉션  Redirect")
# In the console: delete HTTP:80 and add it again.
redirect = {
    "Protocol": "HTTPS",
    "Port": "443",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
    "StatusCode": "HTTP_301",
}
action = {"Type": "redirect", "RedirectConfig": redirect}
(made,) = elbv2.modify_listener(ListenerArn=http, DefaultActions=[action])["Listeners"]
see("the action of HTTP:80", made["DefaultActions"][0]["Type"], "redirect")
answer = browse("http://api.simlb.test/a?b=1", http)
see("status code", answer.status, 301)
see("path and query are kept", answer.headers["Location"], "https://api.simlb.test:443/a[?]b=1")
logged = 'http * - -1 -1 -1 301 - * "GET http://api.simlb.test:80/a[?]b=1 HTTP/1.1" * "redirect" *'
see("access log", simlb("logs", "-n", "1"), logged)

step("15  종료  Clean up")
# In the wrong order: all of these are in use.
see("delete the target group", refused(elbv2.delete_target_group, TargetGroupArn=web), "ResourceInUse")
see("delete the certificate", refused(acm.delete_certificate, CertificateArn=certificate), "ResourceInUseException")
see("delete the security group", refused(ec2.delete_security_group, GroupId=group), "DependencyViolation")
see("delete the hosted zone", refused(route53.delete_hosted_zone, Id=zone), "HostedZoneNotEmpty")


def protect(value):
    """Sets deletion protection."""
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
    )


protect("true")
see("while it is protected", refused(elbv2.delete_load_balancer, LoadBalancerArn=balancer), "OperationNotPermitted")
protect("false")
# In the right order: records first, so that nobody is sent to what is gone.
records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
records = [record for record in records if record["Type"] not in ("NS", "SOA")]
see("delete the records", change("DELETE", *records), "PENDING")
see("api.simlb.test", look_up("api.simlb.test"), "")
elbv2.delete_load_balancer(LoadBalancerArn=balancer)
elbv2.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[balancer], WaiterConfig={"Delay": 1})
see("its listeners", refused(elbv2.describe_listeners, LoadBalancerArn=balancer), "LoadBalancerNotFound")
see("targets", targets(), "3 unused Target.NotInUse")  # they run on, registered until the group goes
elbv2.delete_target_group(TargetGroupArn=web)
acm.delete_certificate(CertificateArn=certificate)
see("security group deleted", ec2.delete_security_group(GroupId=group)["Return"], True)
see("hosted zone deleted", route53.delete_hosted_zone(Id=zone)["ChangeInfo"]["Status"], "PENDING")
stopping = ec2.stop_instances(InstanceIds=instances)["StoppingInstances"]
see("instances", " ".join(one["CurrentState"]["Name"] for one in stopping), "stopping stopping stopping")
