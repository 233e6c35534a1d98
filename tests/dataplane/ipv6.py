"""Tests that need an IPv6 loopback address are skipped, and say so, where the machine has none."""

from __future__ import annotations

import pytest

from simlb.dataplane.binding import has_ipv6_loopback

IPV6 = "::1"
needs_ipv6 = pytest.mark.skipif(not has_ipv6_loopback(), reason="NOT TESTED: this machine has no IPv6 loopback (::1)")
