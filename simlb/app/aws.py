"""AWS's services as this instance's control port answers them. One row of the table for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.app.ec2 import AppEc2Estate
from simlb.app.metric_desk import AppMetrics
from simlb.controlplane.acm.service import acm_service
from simlb.controlplane.cloudwatch.service import CloudWatchService
from simlb.controlplane.ec2.service import Ec2Service
from simlb.controlplane.elsewhere import iam_service
from simlb.controlplane.identity import sts_service
from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.routes import query_routes
from simlb.controlplane.query.services import Services
from simlb.controlplane.route53.operations import Route53
from simlb.controlplane.route53.routes import route53_routes

if TYPE_CHECKING:
    from aiohttp import web

    from simlb.app.application import App
    from simlb.app.extension import Front


def aws_routes(app: App, front: Front | None = None) -> list[web.RouteDef]:
    """The routes by which AWS's clients talk to this instance. `front` answers others who ask for `/`."""
    estate = AppEc2Estate(app)
    services = Services(
        {
            "elasticloadbalancing": elbv2_service(estate),
            "ec2": Ec2Service(estate, app.moto),
            "acm": acm_service(app.acm),
            "iam": iam_service(app.moto),
            "sts": sts_service(app.moto),
            "monitoring": CloudWatchService(AppMetrics(app)),
        },
        app.narrator.api_called,
    )
    route53 = Route53(estate, app.names)
    return [*query_routes(services, front), *route53_routes(route53, app.moto, app.narrator.api_called)]
