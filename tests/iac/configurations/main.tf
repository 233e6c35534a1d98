# What tests/iac/record.py has Terraform create, update (-var second=true: most of what can be changed in place) and destroy.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { region = "ap-northeast-2" }

variable "second" {
  type    = bool
  default = false
}

data "aws_caller_identity" "me" {}
data "aws_vpc" "default" { default = true }
data "aws_subnets" "all" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}
data "aws_availability_zones" "up" { state = "available" }
data "aws_subnet" "first" { id = tolist(data.aws_subnets.all.ids)[0] }

resource "aws_security_group" "lb" {
  name        = "lb"
  description = "web"
  vpc_id      = data.aws_vpc.default.id
  tags        = { Name = var.second ? "lb2" : "lb" }
}
resource "aws_vpc_security_group_ingress_rule" "http" {
  security_group_id = aws_security_group.lb.id
  cidr_ipv4         = var.second ? "127.0.0.0/8" : "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = var.second ? 443 : 80
  description       = "http"
  tags              = { Name = "http" }
}
resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.lb.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
resource "aws_security_group" "inline" {
  name_prefix = "inline-"
  vpc_id      = data.aws_vpc.default.id
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = var.second ? ["127.0.0.0/8", "10.0.0.0/8"] : ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_security_group" "rules" {
  name   = "rules"
  vpc_id = data.aws_vpc.default.id
}
resource "aws_security_group_rule" "in" {
  type              = "ingress"
  security_group_id = aws_security_group.rules.id
  from_port         = 8080
  to_port           = 8080
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/0"]
  description       = var.second ? "two" : "one"
}
resource "aws_lb" "web" {
  name                       = "web"
  internal                   = false
  load_balancer_type         = "application"
  security_groups            = var.second ? [aws_security_group.lb.id, aws_security_group.inline.id] : [aws_security_group.lb.id]
  subnets                    = slice(sort(data.aws_subnets.all.ids), 0, var.second ? 3 : 2)
  idle_timeout               = var.second ? 90 : 60
  enable_http2               = true
  client_keep_alive          = var.second ? 600 : 3600
  drop_invalid_header_fields = var.second
  desync_mitigation_mode     = var.second ? "strictest" : "defensive"
  preserve_host_header       = var.second
  enable_xff_client_port     = var.second
  xff_header_processing_mode = var.second ? "preserve" : "append"
  access_logs {
    bucket  = "lb-logs"
    prefix  = "web"
    enabled = var.second
  }
  enable_tls_version_and_cipher_suite_headers = var.second
  tags                                        = var.second ? { Name = "web2", more = "x" } : { Name = "web" }
}
resource "aws_lb_target_group" "a" {
  name                          = "a"
  port                          = 8080
  protocol                      = "HTTP"
  vpc_id                        = data.aws_vpc.default.id
  target_type                   = "ip"
  deregistration_delay          = var.second ? 30 : 300
  slow_start                    = var.second ? 30 : 0
  load_balancing_algorithm_type = "round_robin"
  health_check {
    path                = var.second ? "/up" : "/health"
    matcher             = var.second ? "200-299" : "200"
    interval            = var.second ? 10 : 15
    timeout             = var.second ? 4 : 5
    healthy_threshold   = var.second ? 2 : 3
    unhealthy_threshold = var.second ? 4 : 2
    port                = var.second ? "8081" : "traffic-port"
    protocol            = "HTTP"
  }
  stickiness {
    type            = "lb_cookie"
    cookie_duration = var.second ? 60 : 3600
    enabled         = !var.second
  }
  tags = { Name = var.second ? "a2" : "a" }
}
resource "aws_lb_target_group" "b" {
  name                          = "b"
  port                          = 80
  protocol                      = "HTTP"
  vpc_id                        = data.aws_vpc.default.id
  load_balancing_algorithm_type = var.second ? "least_outstanding_requests" : null
}
resource "aws_lb_target_group" "c" {
  name_prefix = "c-"
  port        = 443
  protocol    = "HTTPS"
  vpc_id      = data.aws_vpc.default.id
  target_type = "ip"
  stickiness {
    type            = "app_cookie"
    cookie_name     = var.second ? "SID" : "MYSESSION"
    cookie_duration = 600
  }
  target_group_health {
    dns_failover {
      minimum_healthy_targets_count      = var.second ? 2 : 1
      minimum_healthy_targets_percentage = "off"
    }
    unhealthy_state_routing {
      minimum_healthy_targets_count      = var.second ? 2 : 1
      minimum_healthy_targets_percentage = "off"
    }
  }
}
resource "aws_lb_target_group_attachment" "a1" {
  target_group_arn = aws_lb_target_group.a.arn
  target_id        = "127.0.0.1"
  port             = 9001
}
resource "aws_lb_target_group_attachment" "a2" {
  target_group_arn = aws_lb_target_group.a.arn
  target_id        = "127.0.0.1"
  port             = var.second ? 9003 : 9002
}
resource "aws_route53_zone" "z" {
  name    = "simlb.test"
  comment = var.second ? "two" : "one"
  tags    = { Name = "z" }
}
resource "aws_route53_record" "alias" {
  zone_id = aws_route53_zone.z.zone_id
  name    = "api.simlb.test"
  type    = "A"
  alias {
    name                   = aws_lb.web.dns_name
    zone_id                = aws_lb.web.zone_id
    evaluate_target_health = !var.second
  }
}
resource "aws_route53_record" "www" {
  zone_id = aws_route53_zone.z.zone_id
  name    = "www"
  type    = "CNAME"
  ttl     = var.second ? 60 : 300
  records = ["api.simlb.test"]
}
resource "aws_acm_certificate" "api" {
  domain_name               = "api.simlb.test"
  subject_alternative_names = ["www.simlb.test", "*.api.simlb.test"]
  validation_method         = "DNS"
  tags                      = { Name = var.second ? "two" : "one" }
  lifecycle { create_before_destroy = true }
}
resource "aws_route53_record" "validation" {
  for_each        = { for dvo in aws_acm_certificate.api.domain_validation_options : dvo.domain_name => dvo }
  allow_overwrite = true
  zone_id         = aws_route53_zone.z.zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 60
}
resource "aws_acm_certificate_validation" "api" {
  certificate_arn         = aws_acm_certificate.api.arn
  validation_record_fqdns = [for r in aws_route53_record.validation : r.fqdn]
}
resource "aws_acm_certificate" "imported" {
  private_key      = file("${path.module}/key.pem")
  certificate_body = file("${path.module}/cert.pem")
}
resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = var.second ? "HTTP_302" : "HTTP_301"
    }
  }
  tags = { Name = "http" }
}
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.web.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.second ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : "ELBSecurityPolicy-2016-08"
  certificate_arn   = aws_acm_certificate_validation.api.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = var.second ? aws_lb_target_group.b.arn : aws_lb_target_group.a.arn
  }
  tags = { Name = var.second ? "https2" : "https" }
}
resource "aws_lb_listener" "fixed" {
  load_balancer_arn = aws_lb.web.arn
  port              = var.second ? 18281 : 18280
  protocol          = "HTTP"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = var.second ? "two" : "one"
      status_code  = "404"
    }
  }
}
resource "aws_lb_listener" "weighted" {
  load_balancer_arn = aws_lb.web.arn
  port              = 18282
  protocol          = "HTTP"
  default_action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.a.arn
        weight = var.second ? 5 : 80
      }
      target_group {
        arn    = aws_lb_target_group.b.arn
        weight = 20
      }
      stickiness {
        enabled  = true
        duration = var.second ? 60 : 600
      }
    }
  }
}
resource "aws_lb_listener_certificate" "more" {
  listener_arn    = aws_lb_listener.https.arn
  certificate_arn = aws_acm_certificate.imported.arn
}
resource "aws_lb_listener_rule" "hostpath" {
  listener_arn = aws_lb_listener.https.arn
  priority     = var.second ? 15 : 10
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.b.arn
  }
  condition {
    host_header { values = var.second ? ["b.simlb.test"] : ["a.simlb.test", "*.a.simlb.test"] }
  }
  condition {
    path_pattern { values = ["/static/*"] }
  }
  tags = { Name = "hostpath" }
}
resource "aws_lb_listener_rule" "header" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 20
  action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.a.arn
        weight = 80
      }
      target_group {
        arn    = aws_lb_target_group.b.arn
        weight = var.second ? 40 : 20
      }
      stickiness {
        enabled  = true
        duration = 600
      }
    }
  }
  condition {
    http_header {
      http_header_name = "X-Canary"
      values           = ["yes"]
    }
  }
  condition {
    http_request_method { values = ["GET"] }
  }
  condition {
    query_string {
      key   = "v"
      value = "2"
    }
    query_string { value = "beta" }
  }
  condition {
    source_ip { values = ["127.0.0.0/8"] }
  }
}
resource "aws_lb_listener_rule" "auto" {
  listener_arn = aws_lb_listener.http.arn
  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "ok"
      status_code  = "200"
    }
  }
  condition {
    path_pattern { values = ["/ok"] }
  }
}
resource "aws_lb_listener_rule" "redirect" {
  listener_arn = aws_lb_listener.http.arn
  priority     = 99
  action {
    type = "redirect"
    redirect {
      host        = "www.simlb.test"
      path        = "/new/#{path}"
      query       = "#{query}"
      status_code = "HTTP_301"
    }
  }
  condition {
    path_pattern { values = ["/old/*"] }
  }
}
data "aws_lb" "web" { name = aws_lb.web.name }
data "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb_listener.https.load_balancer_arn
  port              = aws_lb_listener.https.port
}
data "aws_lb_target_group" "a" { name = aws_lb_target_group.a.name }
data "aws_security_group" "lb" { id = aws_security_group.lb.id }
data "aws_route53_zone" "z" { name = aws_route53_zone.z.name }
data "aws_acm_certificate" "api" {
  domain      = aws_acm_certificate.api.domain_name
  statuses    = ["ISSUED"]
  most_recent = true
  depends_on  = [aws_acm_certificate_validation.api]
}
output "dns_name" { value = data.aws_lb.web.dns_name }
output "me" { value = data.aws_caller_identity.me.arn }
output "zones" { value = data.aws_availability_zones.up.names }
