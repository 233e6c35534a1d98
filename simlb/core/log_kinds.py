"""The three kinds of logs (reference 7.1-7.3). By itself, since every command imports it."""

from __future__ import annotations

from enum import StrEnum


class LogKind(StrEnum):
    """A kind of log, by the word that `GET /api/v1/logs?kind=` has for it."""

    ACCESS = "access"
    CONNECTION = "connection"
    HEALTH_CHECK = "health_check"
