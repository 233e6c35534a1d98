#!/usr/bin/env bash
# A load balancer with HTTPS and a domain, from the first step to the last, by the AWS CLI as it is.
#
#   simlb up -f simlb.yaml --speed 20 &      # beside this file: two servers, no load balancer
#   eval "$(simlb env)"
#   ./tutorial.sh
#
# Every step looks at what it has come to, and the first thing that is not as it should be ends the script. It changes
# nothing unless AWS's clients are pointed at simlb: account 000000000000 on this machine. What it makes it deletes.
#
# It needs bash, curl and the AWS CLI. With dig it asks the DNS server too. SIMLB may be another command than `simlb`.
set -euo pipefail

SIMLB=${SIMLB:-simlb}
DOMAIN=simlb.test
API=api.$DOMAIN
export AWS_PAGER=

step() { printf '\n== %s\n' "$*"; }
ended() { # says what is left, where something is
  local status=$?
  if [ "$status" != 0 ] && [ -n "${VPC:-}" ]; then
    printf 'tutorial.sh: what it has made is still there; to forget it all: %s\n' "$SIMLB state reset" >&2
  fi
}
trap ended EXIT
fail() { printf 'tutorial.sh: %s\n' "$*" >&2; exit 1; }
expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: '$2' was expected, not '$3'"
  printf '   %s: %s\n' "$1" "$3"
}
eventually() { # WHAT WANTED COMMAND...: for what takes its time
  local what=$1 wanted=$2 found='' tries
  shift 2
  for tries in $(seq 240); do
    found=$("$@") || true
    [ "$found" = "$wanted" ] && break
    sleep 0.5
  done
  expect "$what" "$wanted" "$found"
}
refused() { # WHAT CODE COMMAND...: AWS refuses it, and so does simlb
  local what=$1 code=$2 told
  shift 2
  if told=$("$@" 2>&1); then fail "$what should have been refused"; fi
  case $told in *"($code)"*) printf '   %s: refused, %s\n' "$what" "$code" ;; *) fail "$what: $told" ;; esac
}
tag_url() { # LISTENER: where it is on this machine
  aws elbv2 describe-tags --resource-arns "$1" --query "TagDescriptions[0].Tags[?Key=='simlb:url'].Value | [0]" --output text
}
place() { # URL: HOST:PORT
  local rest=${1#*://} scheme=${1%%://*}
  rest=${rest%%/*}
  case $rest in *:*) ;; *) [ "$scheme" = https ] && rest=$rest:443 || rest=$rest:80 ;; esac
  printf '%s' "$rest"
}

step '0 Start: these commands reach simlb and nothing else'
for service in ELASTIC_LOAD_BALANCING_V2 ACM CLOUDWATCH EC2 ROUTE_53 STS; do
  variable=AWS_ENDPOINT_URL_$service
  case ${!variable:-} in
    http://127.0.0.1:*) ;;
    *) fail "$variable is not set to simlb: eval \"\$($SIMLB env)\"" ;;
  esac
done
[ -z "${AWS_PROFILE:-}" ] || fail "AWS_PROFILE is set: eval \"\$($SIMLB env)\""
ACCOUNT=$(aws sts get-caller-identity --query Account --output text) || fail 'STS does not answer: is simlb running?'
expect account 000000000000 "$ACCOUNT"
expect 'load balancers of my-alb' None \
  "$(aws elbv2 describe-load-balancers --query "LoadBalancers[?LoadBalancerName=='my-alb'].LoadBalancerName | [0]" --output text)"

step '1 Region: its zones; other regions are empty'
export AWS_DEFAULT_REGION=ap-northeast-2 AWS_REGION=ap-northeast-2
expect zones 4 "$(aws ec2 describe-availability-zones --query 'length(AvailabilityZones)' --output text)"
expect 'load balancers in eu-west-1' 0 \
  "$(aws --region eu-west-1 elbv2 describe-load-balancers --query 'length(LoadBalancers)' --output text)"

step '4 Network mapping: the default VPC, a subnet in each zone'
VPC=$(aws ec2 describe-vpcs --filters Name=isDefault,Values=true --query 'Vpcs[0].VpcId' --output text)
SUBNETS=$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$VPC" --query 'Subnets[].SubnetId' --output text)
expect subnets 4 "$(wc -w <<< "$SUBNETS" | tr -d ' ')"
refused 'one zone only' ValidationError \
  aws elbv2 create-load-balancer --name my-alb --subnets "${SUBNETS%%[[:space:]]*}"

step '5 Security group: 80 and 443 for everybody'
SG=$(aws ec2 create-security-group --group-name alb-sg --description alb --vpc-id "$VPC" --query GroupId --output text)
for port in 80 443; do
  aws ec2 authorize-security-group-ingress --group-id "$SG" --protocol tcp --port $port --cidr 0.0.0.0/0 > /dev/null
done
expect 'open ports' $'80\t443' \
  "$(aws ec2 describe-security-groups --group-ids "$SG" --query 'SecurityGroups[0].IpPermissions[].FromPort' --output text)"

step '6 Target group and health check'
TG=$(aws elbv2 create-target-group --name web-tg --protocol HTTP --port 80 --vpc-id "$VPC" --target-type instance \
  --health-check-path /health --query 'TargetGroups[0].TargetGroupArn' --output text)
target_states() {
  aws elbv2 describe-target-health --target-group-arn "$TG" \
    --query "join(' ', sort(TargetHealthDescriptions[].TargetHealth.join('/', [State, Reason || '-'])))" --output text
}

step '7 Register the instances'
INSTANCES=$(aws ec2 describe-instances --query 'Reservations[].Instances[].InstanceId' --output text)
expect instances 2 "$(wc -w <<< "$INSTANCES" | tr -d ' ')"
# shellcheck disable=SC2046,SC2086
aws elbv2 register-targets --target-group-arn "$TG" --targets $(printf 'Id=%s ' $INSTANCES)
expect 'not attached yet' 'unused/Target.NotInUse unused/Target.NotInUse' "$(target_states)"

step '2, 3, 8 The load balancer and its listener'
# shellcheck disable=SC2086
LB=$(aws elbv2 create-load-balancer --name my-alb --type application --scheme internet-facing --ip-address-type ipv4 \
  --subnets $SUBNETS --security-groups "$SG" --query 'LoadBalancers[0].LoadBalancerArn' --output text)
state() { aws elbv2 describe-load-balancers --load-balancer-arns "$LB" --query 'LoadBalancers[0].State.Code' --output text; }
eventually 'load balancer' active state
L80=$(aws elbv2 create-listener --load-balancer-arn "$LB" --protocol HTTP --port 80 \
  --default-actions "Type=forward,TargetGroupArn=$TG" --query 'Listeners[0].ListenerArn' --output text)

step '9 Health: in rotation after one passed check'
eventually targets 'healthy/- healthy/-' target_states

step '10 By its address'
URL=$(tag_url "$L80")
for _ in 1 2 3 4 5 6; do
  expect "$URL" 200 "$(curl --noproxy '*' -s -o /dev/null -w '%{http_code}' "$URL")"
done

step '11 The domain: an alias record'
HZ=$(aws route53 create-hosted-zone --name $DOMAIN --caller-reference "tutorial-$$-$(date +%s)" --query HostedZone.Id --output text)
read -r ZONE DNSNAME < <(aws elbv2 describe-load-balancers --names my-alb \
  --query 'LoadBalancers[0].[CanonicalHostedZoneId,DNSName]' --output text)
record() { # ACTION NAME TYPE REST
  aws route53 change-resource-record-sets --hosted-zone-id "$HZ" --query ChangeInfo.Id --output text --change-batch \
    '{"Changes": [{"Action": "'"$1"'", "ResourceRecordSet": {"Name": "'"$2"'", "Type": "'"$3"'", '"$4"'}}]}' > /dev/null
}
ALIAS='"AliasTarget": {"HostedZoneId": "'$ZONE'", "DNSName": "dualstack.'$DNSNAME'", "EvaluateTargetHealth": true}'
record UPSERT $API A "$ALIAS"
HTTP=$(place "$URL")
if command -v dig > /dev/null; then
  read -r HOST PORT < <($SIMLB dns --json | tr -d '\n' | sed -E 's/.*"host": *"([^"]*)".*"port": *([0-9]+).*/\1 \2/')
  expect "dig $API" 1 "$(dig "@$HOST" -p "$PORT" +short $API A | wc -l | tr -d ' ')"
fi
expect "http://$API/" 200 \
  "$(curl --noproxy '*' -s -o /dev/null -w '%{http_code}' --connect-to "$API:80:$HTTP" "http://$API/")"

step '12 The certificate, proven by DNS'
CERT=$(aws acm request-certificate --domain-name $API --subject-alternative-names $DOMAIN --validation-method DNS \
  --query CertificateArn --output text)
certificate() { aws acm describe-certificate --certificate-arn "$CERT" --query "$1" --output text; }
expect certificate PENDING_VALIDATION "$(certificate Certificate.Status)"
CNAMES=$(certificate 'Certificate.DomainValidationOptions[].ResourceRecord.[Name,Value]')
while read -r name value; do
  record UPSERT "$name" CNAME '"TTL": 300, "ResourceRecords": [{"Value": "'"$value"'"}]'
done <<< "$CNAMES"
eventually certificate ISSUED certificate Certificate.Status

step '13 The HTTPS listener'
L443=$(aws elbv2 create-listener --load-balancer-arn "$LB" --protocol HTTPS --port 443 \
  --certificates "CertificateArn=$CERT" --ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06 \
  --default-actions "Type=forward,TargetGroupArn=$TG" --query 'Listeners[0].ListenerArn' --output text)
HTTPS=$(place "$(tag_url "$L443")")
secure() { curl --noproxy '*' -s -o /dev/null --cacert "$($SIMLB cert path)" --connect-to "$1:443:$HTTPS" "${@:2}" "https://$1/"; }
expect "https://$API/" 200 "$(secure $API -w '%{http_code}')"
status=0
secure www.$DOMAIN || status=$?
expect 'another name: exit status of curl' 60 $status

step '14 From HTTP to HTTPS'
aws elbv2 modify-listener --listener-arn "$L80" --default-actions \
  'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,Host="#{host}",Path="/#{path}",Query="#{query}",StatusCode=HTTP_301}' > /dev/null
expect 'where to' "https://$API:443/a?b=1" \
  "$(curl --noproxy '*' -s -o /dev/null -D - --connect-to "$API:80:$HTTP" "http://$API/a?b=1" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')"

step 'What CloudWatch has seen'
requests() {
  aws cloudwatch get-metric-statistics --namespace AWS/ApplicationELB --metric-name RequestCount \
    --dimensions "Name=LoadBalancer,Value=${LB#*loadbalancer/}" --period 3600 --statistics Sum \
    --start-time "$1" --end-time "$2" --query 'sum(Datapoints[].Sum)' --output text
}
# Six by the address, one by each name; the redirect needed no target.
expect RequestCount 8.0 "$(requests "$(($(date +%s) - 3600))" "$(($(date +%s) + 60))")"

step '15 Clean up, in the order that AWS wants'
refused 'the certificate while a listener has it' ResourceInUseException aws acm delete-certificate --certificate-arn "$CERT"
refused 'the target group while a listener forwards to it' ResourceInUse aws elbv2 delete-target-group --target-group-arn "$TG"
refused 'the security group while it is attached' DependencyViolation aws ec2 delete-security-group --group-id "$SG"
record DELETE $API A "$ALIAS"
while read -r name value; do
  record DELETE "$name" CNAME '"TTL": 300, "ResourceRecords": [{"Value": "'"$value"'"}]'
done <<< "$CNAMES"
aws route53 delete-hosted-zone --id "$HZ" > /dev/null
aws elbv2 delete-load-balancer --load-balancer-arn "$LB"
aws elbv2 wait load-balancers-deleted --load-balancer-arns "$LB"
aws elbv2 delete-target-group --target-group-arn "$TG"
aws acm delete-certificate --certificate-arn "$CERT"
aws ec2 delete-security-group --group-id "$SG" > /dev/null
expect 'load balancers, target groups of ours' 'None' \
  "$(aws elbv2 describe-target-groups --query "TargetGroups[?TargetGroupName=='web-tg'].TargetGroupName | [0]" --output text)"

printf '\nEverything was as it should be.\n'
