"""`simlb.yaml` and the command lines that stand for one, compiled to `simlb.core.model.Configuration`."""

from simlb.config.certificates import CertificateSource
from simlb.config.commands import demo, empty, from_urls
from simlb.config.compile import Compiled, Settings
from simlb.config.documents import SAMPLE_NAMES
from simlb.config.files import check, load
from simlb.config.json_schema import json_schema
from simlb.config.problems import InvalidConfigError, Problem
from simlb.config.template import template

__all__ = [
    "SAMPLE_NAMES",
    "CertificateSource",
    "Compiled",
    "InvalidConfigError",
    "Problem",
    "Settings",
    "check",
    "demo",
    "empty",
    "from_urls",
    "json_schema",
    "load",
    "template",
]
