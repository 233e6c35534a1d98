#!/usr/bin/env bash
# The tutorial: a load balancer with health checks, a domain and HTTPS, in the order of AWS's console, as commands of the
# AWS CLI, and what there is to see after each. It stops where that is not as expected.
#
#   simlb up          in this folder, in one terminal
#   ./tutorial.sh     in another
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n%s\n' "$*"; }

# see WHAT SEEN EXPECTED: one thing that there is to see. EXPECTED is a pattern, as for the names of files.
see() {
  printf '   %-28s %s\n' "$1" "$2"
  # shellcheck disable=SC2053
  [[ $2 == $3 ]] || { echo "   expected: $3" >&2 && exit 1; }
}

# see_soon WHAT EXPECTED COMMAND...: the same for what the command prints, which is asked again until it is as expected.
# `aws ... wait` does that too, but every 15 s or every minute, where a minute of the load balancer's takes 3 s.
see_soon() {
  local what=$1 expected=$2 seen=
  shift 2
  for _ in {1..40}; do
    seen=$("$@") || true
    # shellcheck disable=SC2053
    if [[ $seen == $expected ]]; then break; fi
    sleep 1
  done
  see "$what" "$seen" "$expected"
}

# refused COMMAND...: the code of AWS's error, for a call that is to fail.
refused() { { "$@" 2>&1 || true; } | sed -n 's/.*An error occurred (\([^)]*\)).*/\1/p'; }

# browse ARGUMENTS...: curl, for URLs as they are on AWS. On your machine port 80 may be another one, and your system does
# not ask simlb's DNS server: curl has to be told where the listeners are. `simlb url` knows.
browse() { curl --silent --show-error --max-time 10 "${CONNECT[@]}" "$@"; }
find_listeners() {
  local url port at
  CONNECT=()
  for url in $(simlb url my-alb); do
    if [[ $url == https:* ]]; then port=443; else port=80; fi
    at=${url#*//}
    CONNECT+=(--connect-to ":$port:${at%/}")
  done
}

# counted: equal lines as one, with their number.
counted() { sort | uniq -c | tr -s ' \t' '  ' | sed 's/^ //' | paste -s -d, -; }

# look_up NAME: its address, from simlb's DNS server.
look_up() {
  if command -v dig >/dev/null; then
    dig "@${DNS%:*}" -p "${DNS#*:}" +short "$1" A
  else
    python3 -m dnslib.client --short --server "$DNS" "$1" A
  fi
}

step "0  시작  Start"
ENVIRONMENT=$(simlb env)
eval "$ENVIRONMENT"
export AWS_DEFAULT_OUTPUT=json AWS_PAGER= NO_PROXY='*' no_proxy='*' # whatever your own settings are
ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
if [[ $ACCOUNT != 000000000000 ]]; then
  echo "Account $ACCOUNT is not simlb's: nothing was done." >&2
  exit 1
fi
see "account" "$ACCOUNT" 000000000000
read -r _ _ DNS _ < <(simlb dns)

step "1  리전  Region"
export AWS_DEFAULT_REGION=ap-northeast-2
# The instances are there. After an earlier run they are stopped; to start one that runs changes nothing.
{ read -r WEB1 ADDRESS _ && read -r WEB2 _ && read -r WEB3 _ WEB3_AT; } < <(aws ec2 describe-instances --output text \
  --query 'Reservations[].Instances[].[InstanceId, PrivateIpAddress, Tags[?Key==`simlb:address`].Value | [0]]')
STARTING=$(aws ec2 start-instances --instance-ids "$WEB1" "$WEB2" "$WEB3" --query 'length(StartingInstances)')
see "instances" "$STARTING" 3

step "2-4  유형, 기본 구성, 네트워크 매핑  Type, basic configuration, network mapping"
VPC=$(aws ec2 describe-vpcs --filters Name=isDefault,Values=true --query 'Vpcs[0].VpcId' --output text)
SUBNETS=$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$VPC" --query 'Subnets[].SubnetId' --output text)
see "subnets, one in each zone" "$(wc -w <<<"$SUBNETS" | tr -d ' ')" 4
read -r ONE _ <<<"$SUBNETS"
see "only one zone" "$(refused aws elbv2 create-load-balancer --name my-alb --subnets "$ONE")" ValidationError

step "5  보안 그룹  Security group"
SG=$(aws ec2 create-security-group --group-name alb-sg --description alb --vpc-id "$VPC" --query GroupId --output text)
for port in 80 443; do
  OPEN=$(aws ec2 authorize-security-group-ingress --group-id "$SG" --protocol tcp --port $port --cidr 0.0.0.0/0 \
    --query 'SecurityGroupRules[0].[FromPort,CidrIpv4]' --output text)
  see "open" "$OPEN" "$port*0.0.0.0/0"
done

step "6  대상 그룹과 상태 검사  Target group and health check"
TG=$(aws elbv2 create-target-group --name web-tg --protocol HTTP --port 80 --vpc-id "$VPC" --target-type instance \
  --health-check-path /health --query 'TargetGroups[0].TargetGroupArn' --output text)
see "target group" "$TG" "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/web-tg/*"
# How many targets are in which state, and why.
targets() {
  aws elbv2 describe-target-health --target-group-arn "$TG" \
    --query 'TargetHealthDescriptions[].TargetHealth.[State,Reason]' --output text |
    counted
}

step "7  대상 등록  Register targets"
aws elbv2 register-targets --target-group-arn "$TG" --targets "Id=$WEB1" "Id=$WEB2"
see "targets" "$(targets)" "2 unused Target.NotInUse" # no listener forwards to them yet

step "8  로드 밸런서와 리스너  Load balancer and listener"
read -r LB STATE < <(aws elbv2 create-load-balancer --name my-alb --subnets $SUBNETS --security-groups "$SG" \
  --query 'LoadBalancers[0].[LoadBalancerArn,State.Code]' --output text)
see "load balancer" "$STATE" provisioning
aws elbv2 wait load-balancer-available --load-balancer-arns "$LB"
L80=$(aws elbv2 create-listener --load-balancer-arn "$LB" --protocol HTTP --port 80 \
  --default-actions "Type=forward,TargetGroupArn=$TG" --query 'Listeners[0].ListenerArn' --output text)
find_listeners
read -r ZONE DNSNAME STATE < <(aws elbv2 describe-load-balancers --names my-alb \
  --query 'LoadBalancers[0].[CanonicalHostedZoneId,DNSName,State.Code]' --output text)
see "load balancer" "$STATE" active
see "in another region" "$(aws elbv2 describe-load-balancers --region us-east-1 --query 'LoadBalancers')" "[]"
# The targets are initial, until two health checks have failed: the program has no /health.
see_soon "targets" "2 unhealthy Target.ResponseCodeMismatch" targets
# All of them are unhealthy, so all of them get requests all the same: the load balancer fails open.
see "status code" "$(browse --output /dev/null --write-out '%{http_code}' "http://$DNSNAME/")" 200

step "9  Health Check API 추가  Add the health check API"
trap 'mv shop.py.before shop.py' EXIT # at the end the program is as it was
sed -i.before 's/^# PAGES/PAGES/' shop.py
aws ec2 reboot-instances --instance-ids "$WEB1" "$WEB2" "$WEB3"
see_soon "ask web-3 itself" 200 curl --silent --output /dev/null --write-out '%{http_code}' "http://$WEB3_AT/health"
# A new target is healthy when it has passed its first check; one that was unhealthy has to pass five.
aws elbv2 register-targets --target-group-arn "$TG" --targets "Id=$WEB3"
see_soon "the new target" healthy aws elbv2 describe-target-health --target-group-arn "$TG" --targets "Id=$WEB3" \
  --query 'TargetHealthDescriptions[0].TargetHealth.State' --output text
see_soon "targets" "3 healthy None" targets

step "10  주소로 접속  Open the address"
see "$DNSNAME" "$(look_up "$DNSNAME")" "127.0.*"
PAGE=$(browse "http://$DNSNAME/")
for header in Host X-Forwarded-For X-Forwarded-Proto X-Forwarded-Port X-Amzn-Trace-Id; do
  see "the program saw" "$(grep -m 1 "^$header:" <<<"$PAGE")" "$header: ?*"
done
see "and of a health check" "$(grep "^User-Agent: ELB" <<<"$PAGE")" "User-Agent: ELB-HealthChecker/2.0"
HELLOS=$(for _ in {1..6}; do browse "http://$DNSNAME/" | grep Hello; done | counted)
see "six requests" "$HELLOS" "2 Hello from web-1,2 Hello from web-2,2 Hello from web-3"
see "access log" "$(simlb logs -n 1)" "http * app/my-alb/* 200 200 * \"GET http://$DNSNAME:80/ HTTP/1.1\" * \"forward\" *"

step "11  도메인 연결  Connect a domain"
HZ=$(aws route53 create-hosted-zone --name simlb.test --caller-reference "$(date)" --query HostedZone.Id --output text)
# change BATCH: changes records in the zone.
change() {
  aws route53 change-resource-record-sets --hosted-zone-id "$HZ" --change-batch "$1" --query ChangeInfo.Status --output text
}
# Until today the domain led to an instance. That record has to go first.
OLD='{"Name": "api.simlb.test", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "'$ADDRESS'"}]}'
ALIAS='{"Name": "api.simlb.test", "Type": "A", "AliasTarget": {"HostedZoneId": "'$ZONE'",
  "DNSName": "dualstack.'$DNSNAME'", "EvaluateTargetHealth": true}}'
see "create the old record" "$(change '{"Changes": [{"Action": "CREATE", "ResourceRecordSet": '"$OLD"'}]}')" PENDING
see "api.simlb.test" "$(look_up api.simlb.test)" "$ADDRESS"
see "delete the old record" "$(change '{"Changes": [{"Action": "DELETE", "ResourceRecordSet": '"$OLD"'}]}')" PENDING
see "api.simlb.test" "$(look_up api.simlb.test)" ""
see "create the alias" "$(change '{"Changes": [{"Action": "UPSERT", "ResourceRecordSet": '"$ALIAS"'}]}')" PENDING
see "api.simlb.test" "$(look_up api.simlb.test)" "$(look_up "$DNSNAME")"
see "the program saw" "$(browse http://api.simlb.test/ | grep -m 1 "^Host:")" "Host: api.simlb.test"

step "12  인증서 발급  Request a certificate"
CERT=$(aws acm request-certificate --domain-name api.simlb.test --subject-alternative-names simlb.test \
  --validation-method DNS --query CertificateArn --output text)
certificate() { aws acm describe-certificate --certificate-arn "$CERT" --query Certificate.Status --output text; }
see "certificate" "$(certificate)" PENDING_VALIDATION
# The CNAME records that prove whose the domains are, as changes for the zone.
PROOFS=$(aws acm describe-certificate --certificate-arn "$CERT" --query '{Changes:
  Certificate.DomainValidationOptions[].{Action: `"CREATE"`, ResourceRecordSet: {Name: ResourceRecord.Name,
  Type: ResourceRecord.Type, TTL: `300`, ResourceRecords: [{Value: ResourceRecord.Value}]}}}')
see "create the CNAME records" "$(change "$PROOFS")" PENDING
see_soon "certificate" ISSUED certificate

step "13  HTTPS 리스너  HTTPS listener"
PORT=$(aws elbv2 create-listener --load-balancer-arn "$LB" --protocol HTTPS --port 443 --certificates "CertificateArn=$CERT" \
  --ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06 --default-actions "Type=forward,TargetGroupArn=$TG" \
  --query 'Listeners[0].Port')
see "listener" "$PORT" 443
find_listeners
CA=$(simlb cert path)
see "the program saw" "$(browse --cacert "$CA" https://api.simlb.test/ | grep "^X-Forwarded-Proto")" "X-Forwarded-Proto: https"
# The certificate is for the domain, not for the load balancer's own name.
CODE=0
browse --cacert "$CA" "https://$DNSNAME/" 2>/dev/null || CODE=$?
see "by the other name, curl says" "$CODE" 60
if [[ -n ${OWN_NETWORK:-} ]]; then # own-network.sh: names and ports are as on AWS, for every program
  see "by its name alone" "$(curl --silent --max-time 10 --cacert "$CA" https://api.simlb.test/ | grep Hello)" "Hello from web-?"
fi

step "14  리디렉션  Redirect"
aws elbv2 delete-listener --listener-arn "$L80"
CODE=0
browse http://api.simlb.test/ 2>/dev/null || CODE=$?
see "without listener, curl says" "$CODE" 7 # the port refuses
# Instead of both, `aws elbv2 modify-listener --listener-arn "$L80" --default-actions ...` would do.
ACTION=$(aws elbv2 create-listener --load-balancer-arn "$LB" --protocol HTTP --port 80 --default-actions \
  'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,Host="#{host}",Path="/#{path}",Query="#{query}",StatusCode=HTTP_301}' \
  --query 'Listeners[0].DefaultActions[0].Type' --output text)
see "the action of HTTP:80" "$ACTION" redirect
find_listeners
HEAD=$(browse --head "http://api.simlb.test/a?b=1" | tr -d '\r')
see "status line" "$(grep ^HTTP <<<"$HEAD")" "HTTP/1.1 301 *"
see "path and query are kept" "$(grep ^Location <<<"$HEAD")" "Location: https://api.simlb.test:443/a[?]b=1"
see "access log" "$(simlb logs -n 1)" 'http * - -1 -1 -1 301 - * "HEAD http://api.simlb.test:80/a[?]b=1 HTTP/1.1" * "redirect" *'
see "curl follows" "$(browse --location --cacert "$CA" http://api.simlb.test/ | grep "^X-Forwarded-Proto")" \
  "X-Forwarded-Proto: https"

step "15  종료  Clean up"
# In the wrong order: all of these are in use.
see "delete the target group" "$(refused aws elbv2 delete-target-group --target-group-arn "$TG")" ResourceInUse
see "delete the certificate" "$(refused aws acm delete-certificate --certificate-arn "$CERT")" ResourceInUseException
see "delete the security group" "$(refused aws ec2 delete-security-group --group-id "$SG")" DependencyViolation
see "delete the hosted zone" "$(refused aws route53 delete-hosted-zone --id "$HZ")" HostedZoneNotEmpty
protect() {
  aws elbv2 modify-load-balancer-attributes --load-balancer-arn "$LB" \
    --attributes "Key=deletion_protection.enabled,Value=$1" \
    --query 'Attributes[?Key==`deletion_protection.enabled`].Value' --output text
}
see "deletion protection" "$(protect true)" true
see "delete the load balancer" "$(refused aws elbv2 delete-load-balancer --load-balancer-arn "$LB")" OperationNotPermitted
see "deletion protection" "$(protect false)" false
# In the right order: records first, so that nobody is sent to what is gone.
RECORDS=$(aws route53 list-resource-record-sets --hosted-zone-id "$HZ" --query '{Changes:
  ResourceRecordSets[?Type!=`NS` && Type!=`SOA`].{Action: `"DELETE"`, ResourceRecordSet: @}}')
see "delete the records" "$(change "$RECORDS")" PENDING
see "api.simlb.test" "$(look_up api.simlb.test)" ""
aws elbv2 delete-load-balancer --load-balancer-arn "$LB"
aws elbv2 wait load-balancers-deleted --load-balancer-arns "$LB"
see "its listeners" "$(refused aws elbv2 describe-listeners --load-balancer-arn "$LB")" LoadBalancerNotFound
see "targets" "$(targets)" "3 unused Target.NotInUse" # they run on, registered until the group goes
aws elbv2 delete-target-group --target-group-arn "$TG"
aws acm delete-certificate --certificate-arn "$CERT"
see "security group deleted" "$(aws ec2 delete-security-group --group-id "$SG" --query Return)" true
see "hosted zone deleted" "$(aws route53 delete-hosted-zone --id "$HZ" --query ChangeInfo.Status --output text)" PENDING
STOPPING=$(aws ec2 stop-instances --instance-ids "$WEB1" "$WEB2" "$WEB3" \
  --query 'StoppingInstances[].CurrentState.Name' --output text)
see "instances" "$STOPPING" "stopping*stopping*stopping"
