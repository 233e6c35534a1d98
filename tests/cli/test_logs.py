"""`simlb logs`: filters, tables and counts, of an instance and of files."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simlb.cli.log_output import Line, TableWriter, chosen_columns, raw_writer
from simlb.controlplane.views import LogPage
from simlb.core.log_kinds import LogKind
from tests.cli.conftest import Run, Running
from tests.observe.test_log_fields import ACCESS, CONNECTION, HEALTH_CHECK

BASE = ACCESS.replace("http://www.example.com:80/a/b?x=1&y=2", "http://shop.test:80/{path}")


def line(number: int, *, status: int = 200, target: str = "10.0.0.1:80", path: str = "", second: int = 0) -> str:
    """An access-log line of the `number`th minute."""
    target_status = "-" if target == "-" else str(status)
    text = BASE.format(path=path or number).replace("10.0.0.1:80 0.000", f"{target} 0.000")
    text = text.replace(" 200 200 34", f" {status} {target_status} 34")
    return text.replace("T22:23:00", f"T22:{number % 60:02}:{second:02}")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


# -- a running instance


@pytest.mark.slow
def test_the_last_that_match_are_looked_for_through_all_that_are_kept(run: Run, running: Running) -> None:
    running.instance.lines = [line(n, status=502 if n in {3, 5, 2400} else 200, path=f"x/{n}") for n in range(2500)]
    filtered = ("logs", "status==502")
    assert run(*filtered, "-n", "2", "--columns", "number,path")[1].split() == [
        *("NUMBER", "PATH"),
        *("5", "/x/5"),
        *("2400", "/x/2400"),
    ]
    assert len(run(*filtered)[1].splitlines()) == 3
    assert run(*filtered, "--count")[1] == "3\n"
    assert run("logs", "--count")[1] == "2500\n"
    assert json.loads(run(*filtered, "--count", "--json")[1]) == {"count": 3}
    assert run("logs", "status==404") == (0, "", "")


def test_lines_that_are_gone_meanwhile_are_not_shown_twice(
    run: Run, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.instance.lines = [line(n, path=str(n)) for n in range(2500)]
    kept_from = 700
    whole = running.instance.log_lines

    def page(after: int, limit: int, _: LogKind) -> LogPage:
        if after < 0:
            return whole(after, limit)
        found = whole(max(after, kept_from), limit)
        return LogPage(next=found.next, lines=found.lines, dropped=max(0, kept_from - after))

    monkeypatch.setattr(running.instance, "log_lines", page)
    _, out, _ = run("logs", "-n", "9999", "--columns", "number,path")
    assert [row.split() for row in out.splitlines()[1:]] == [[str(n), f"/{n}"] for n in range(700, 2500)]


def test_since_is_a_time_or_how_long_ago(run: Run, running: Running) -> None:
    running.instance.lines = [line(n) for n in range(60)]
    assert run("logs", "--since", "2018-07-02T22:50", "--count")[1] == "10\n"
    assert run("logs", "--since", "2018-07-02T22:59:00Z", "--columns", "path")[1] == "PATH\n/59\n"
    assert run("logs", "--since", "5m", "--count")[1] == "0\n"
    assert run("logs", "--since", "999999h", "--count")[1] == "60\n"
    status, _, err = run("logs", "--since", "yesterday")
    assert (status, "neither a duration such as 5m nor a time" in err) == (2, True)


def test_follow_filters_what_comes(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.instance.lines = [line(0), line(1, status=502)]
    polls: list[int] = []

    def wait(_: float) -> None:
        polls.append(len(polls))
        if len(polls) == 1:
            running.instance.lines += [line(2), line(3, status=504)]
        else:
            running._wait(running._server.close())

    monkeypatch.setattr("simlb.cli.logs.time.sleep", wait)
    status, out, err = run("logs", "-f", "status>=500", "--columns", "status,path")
    assert (status, err) == (0, "simlb: the instance has stopped\n")
    assert out == "STATUS  PATH\n   502  /1\n   504  /3\n"


def test_the_usual_columns_and_a_filter_behind_them(run: Run, running: Running) -> None:
    running.instance.lines = [line(1), line(2, status=503, target="-")]
    for argv in (("logs", "status==503", "--columns"), ("logs", "--columns", "status==503")):
        assert run(*argv)[1] == (
            "CLOCK         STATUS  TARGET_STATUS  TARGET  SECONDS  METHOD  PATH\n"
            "22:02:00.186     503              -  -         0.001  GET     /2\n"
        )
    header = run("logs", "--columns", "all")[1].splitlines()[0].split()
    assert (header[0], header[-1], len(header)) == ("TYPE", "IP_ADDRESS", 34)
    assert json.loads(run("logs", "-n", "1", "--json", "--columns", "status,target,seconds")[1]) == {
        "status": 503,
        "target": None,
        "seconds": 0.001,
    }


def test_the_fields_are_listed(run: Run, state_dir: Path) -> None:
    out = run("logs", "--columns", "help")[1]
    assert "target_processing_time    target_time\n" in out
    assert "path, query" in out
    assert "tls_verify_status" in run("logs", "--connections", "--columns", "help")[1]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["statsu==1"], "E740", "no field 'statsu'"),
        (["--columns", "status,pth"], "E741", "no field 'pth'"),
        (["--columns", ","], "E741", "no name in it"),
        (["status==1", "--columns", "status==1"], "E741", "names of fields"),
        (["--count", "-f"], "E741", "--count and --follow"),
        (["--count", "-n", "5"], "E741", "--count and -n"),
        (["--count", "--columns"], "E741", "--count and --columns"),
        (["--file", "x.log", "-f"], "E741", "--file and --follow"),
        (["--file", "none.log"], "E742", "no file or folder none.log"),
        (["--file", "status==5"], "E742", "in front of --file"),
        (["--file", "."], "E742", "no .log and no .log.gz file"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, running: Running, argv: list[str], code: str, words: str) -> None:
    status, out, err = run("logs", *argv)
    assert (status, out) == (2, "")
    assert err.startswith(f"SIMLB-{code}  ")
    assert words in err


# -- what is printed


def test_a_terminal_gets_what_fits_and_nothing_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    write = TableWriter(terminal, chosen_columns("status,method,path", LogKind.ACCESS))
    write([Line(line(1, status=502, path="a" * 100)), Line(line(2, path="\x1b[31m\x9b\u202e"))])
    heading, first, second = terminal.getvalue().splitlines()
    assert heading == "\x1b[2mSTATUS  METHOD  PATH\x1b[0m"
    assert first == f"\x1b[31m   502\x1b[0m  GET     /{'a' * 22}…"
    assert second == r"   200  GET     /\x1b[31m\x9b\u202e"


def test_one_long_cell_does_not_push_the_others_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        write = TableWriter(stream, chosen_columns("path,status", LogKind.ACCESS))
        write([Line(line(1, path="a" * 5000))])
    assert terminal.getvalue().splitlines()[1] == f"/{'a' * 46}…     200"
    assert "a" * 5000 in pipe.getvalue()


def test_columns_grow_with_what_comes_later() -> None:
    stream = io.StringIO()
    write = TableWriter(stream, chosen_columns("path,status", LogKind.ACCESS))
    write([])
    write([Line(line(1, path="a"))])
    write([Line(line(1, path="abcdefgh"))])
    assert stream.getvalue() == "PATH  STATUS\n/a       200\n/abcdefgh     200\n"


def test_raw_lines_have_no_control_characters() -> None:
    stream = io.StringIO()
    raw_writer(stream)([Line("a \x1b]0;x\x07 \x7f \x85 \u2028 é")])
    assert stream.getvalue() == "a \\x1b]0;x\\x07 \\x7f \\x85 \\u2028 é\n"


# -- files


def s3(folder: Path, name: str, lines: list[str], *, cut: int | None = None) -> Path:
    """A compressed file as AWS lays them out."""
    path = folder / "AWSLogs/000000000000/elasticloadbalancing/ap-northeast-2/2018/07/02" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = gzip.compress("".join(f"{one}\n" for one in lines).encode("latin-1"))
    path.write_bytes(data if cut is None else data[:cut])
    return path


APP = "000000000000_elasticloadbalancing_ap-northeast-2_app.my-alb.1_201807"


def test_a_folder_is_read_in_the_order_of_time(run: Run, state_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    s3(folder, f"{APP}02T2230Z_127.0.0.1_b.log.gz", [line(26, path="3"), line(28, path="5")])
    s3(folder, f"{APP}02T2230Z_127.0.0.2_a.log.gz", [line(27, path="4"), line(29, path="6")])
    s3(folder, f"{APP}02T2225Z_127.0.0.1_z.log.gz", [line(21, path="1"), line(24, path="2", status=502)])
    s3(folder, f"conn_log_{APP}02T2225Z_127.0.0.1_z.log.gz", [CONNECTION])
    s3(folder, f"health_check_log_{APP}02T2225Z_127.0.0.1_z.log.gz", [HEALTH_CHECK] * 2)
    (folder / "AWSLogs/000000000000/ELBAccessLogTestFile").write_text("Enable AccessLog for ELB")
    at = ("--file", str(folder))
    assert run("logs", *at, "--columns", "path")[1].split() == ["PATH", "/1", "/2", "/3", "/4", "/5", "/6"]
    assert run("logs", "-n", "1", *at)[1] == line(29, path="6") + "\n"
    assert run("logs", "status==502", *at, "--count")[1] == "1\n"
    assert run("logs", *at, "status==502", "--count")[1] == "1\n"
    assert run("logs", *at, "--connections") == (0, CONNECTION + "\n", "")
    assert run("logs", *at, "--health-checks", "--count")[1] == "2\n"


def test_what_is_no_line_is_passed_over_and_told(run: Run, state_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(f"starting\n{line(1)}\nhttp \x1b[31m\n{line(2)}".encode("latin-1"))
    status, out, err = run("logs", "--file", str(path))
    assert (status, out.splitlines()) == (0, [line(1), line(2)])
    assert err == f"simlb: {path}: passed over 2 lines that the access log does not have\n"


def test_of_a_file_that_a_crash_cut_the_beginning_is_read(run: Run, state_dir: Path, tmp_path: Path) -> None:
    lines = [line(n, path=f"{n * 7919 % 10007}") for n in range(400)]
    path = s3(tmp_path, "x.log.gz", lines, cut=2000)
    status, out, err = run("logs", "--file", str(path))
    assert status == 0
    assert 0 < len(out.splitlines()) < 400
    assert lines[0] in out
    assert err == f"simlb: {path}: the compressed data ends too early or is damaged\n"


def test_a_file_of_another_log_is_not_read_as_this_one(run: Run, state_dir: Path, tmp_path: Path) -> None:
    path = s3(tmp_path, f"conn_log_{APP}02T2225Z.log.gz", [CONNECTION])
    status, _, err = run("logs", "--file", str(path))
    assert (status, err.split()[0]) == (2, "SIMLB-E742")
    assert "--connections" in err


def test_raw_bytes_of_a_file_do_not_reach_a_terminal(run: Run, state_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(line(1, path="\x1b[31m\xff\x9b").encode("latin-1") + b"\n")
    assert r"/\x1b[31m\xff\x9b HTTP/1.1" in run("logs", "--file", str(path))[1]
    assert run("logs", "--file", str(path), "--json", "--columns", "path")[1].strip().isprintable()


@pytest.mark.slow
def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(f"{line(n)}\n" for n in range(3000)))
    command = [sys.executable, "-m", "simlb", "logs", "--file", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().decode().strip() == line(0)
        process.stdout.close()
        assert process.wait(10) == 141
        assert process.stderr.read() == b""
