"""The expressions by which AWS's documentation has Athena read the logs; Hive wants the whole line to match.

From the pages "Create the table for ALB access logs" and "Create the table for ALB connection logs" of Athena's guide.
"""

from __future__ import annotations

import re

ACCESS = re.compile(
    r"([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) "
    r'(-|[-0-9]*) ([-0-9]*) ([-0-9]*) "([^ ]*) (.*) (- |[^ ]*)" "([^"]*)" ([A-Z0-9-_]+) ([A-Za-z0-9.-]*) ([^ ]*) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" ([-.0-9]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^ ]*)" "([^\s]+?)" "([^\s]+)" '
    r'"([^ ]*)" "([^ ]*)" ?([^ ]*)? ?( .*)?'
)
ACCESS_COLUMNS = """
    type time elb client_ip client_port target_ip target_port request_processing_time target_processing_time
    response_processing_time elb_status_code target_status_code received_bytes sent_bytes request_verb request_url
    request_proto user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn
    matched_rule_priority request_creation_time actions_executed redirect_url lambda_error_reason target_port_list
    target_status_code_list classification classification_reason conn_trace_id unhandled_fields
"""
CONNECTION = re.compile(
    r'([^ ]*) ([^ ]*) ([0-9]*) ([0-9]*) ([A-Za-z0-9.-]*) ([^ ]*) ([-.0-9]*) "([^"]*)" ([^ ]*) ([^ ]*) ([^ ]*) '
    r"?([^ ]*)?( .*)?"
)
CONNECTION_COLUMNS = """
    time client_ip client_port listener_port tls_protocol tls_cipher tls_handshake_latency leaf_client_cert_subject
    leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status conn_trace_id unhandled_fields
"""


def columns(pattern: re.Pattern[str], names: str, line: str) -> dict[str, str]:
    """A row of the table."""
    match = pattern.fullmatch(line)
    assert match is not None, f"Athena does not read this line: {line}"
    return dict(zip(names.split(), [group or "" for group in match.groups()], strict=True))


def access(line: str) -> dict[str, str]:
    """A row of `alb_access_logs`."""
    return columns(ACCESS, ACCESS_COLUMNS, line)


def connection(line: str) -> dict[str, str]:
    """A row of `alb_connection_logs`."""
    return columns(CONNECTION, CONNECTION_COLUMNS, line)
