"""What the benchmark reads: reports of its clients, and files of /proc."""

from __future__ import annotations

import sys

import pytest

from bench.clients import Load, parse_s_time, parse_wrk

WRK = """Running 2s test @ http://127.0.0.1:18080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.66ms    1.97ms  19.04ms   81.80%
    Req/Sec    17.81k     4.51k   28.02k    70.00%
  Latency Distribution
     50%  333.00us
     75%    4.32ms
     90%    6.01ms
     99%    1.15s
  35567 requests in 2.00s, 5.36MB read
Requests/sec:  17725.88
Transfer/sec:      2.67MB
"""

S_TIME = """Collecting connection statistics for 1 seconds
****

491 connections in 0.59s; 832.20 connections/user sec, bytes read 75123
491 connections in 2 real seconds, 153 bytes read per connection
"""


def test_wrk_report() -> None:
    load = parse_wrk(WRK)
    assert load == Load(35567, 2.0, 0.333, 1150.0)
    assert load.per_second == 17783.5


def test_wrk_report_with_failures() -> None:
    errors = "  Socket errors: connect 0, read 12, write 0, timeout 3\n  Non-2xx or 3xx responses: 7\n"
    report = WRK.replace("Requests/sec", errors + "Requests/sec")
    assert parse_wrk(report).problems == {"read": 12, "timeout": 3, "status": 7}


def test_s_time_report() -> None:
    assert parse_s_time(S_TIME) == Load(491, 2.0)


def test_s_time_that_read_nothing_is_a_problem() -> None:
    assert parse_s_time(S_TIME.replace("153 bytes", "0 bytes")).problems == {"empty": 491}


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_something_else_is_no_report(output: str) -> None:
    with pytest.raises(ValueError, match="not a report"):
        parse_wrk(output)
    with pytest.raises(ValueError, match="not a report"):
        parse_s_time(output)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has in this form")
class TestProc:
    """Only Linux: the module reads the system's clock rate when it is imported."""

    def test_parent_of_a_process_with_an_odd_name(self) -> None:
        from bench.system import parse_parent

        assert parse_parent("42 (a) S 1 (b) ) S 17 42 42 0 -1 4194304") == 17

    def test_busy_ticks_leave_out_idle_and_waiting(self) -> None:
        from bench.system import parse_busy_ticks

        assert parse_busy_ticks("cpu  1 2 3 1000 2000 4 5 6 7 8\ncpu0 1 1 1 1 1 1 1 1 1 1\n") == 21

    def test_proportional_set_size(self) -> None:
        from bench.system import parse_pss_kb

        rollup = "558e-7ffc ---p 00:00 0 [rollup]\nRss:   82996 kB\nPss:   75277 kB\nPss_Dirty:  10 kB\n"
        assert parse_pss_kb(rollup) == 75277
        with pytest.raises(ValueError, match="no Pss"):
            parse_pss_kb("Rss: 1 kB\n")
