"""`simlb cert ca`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from simlb.certs.store import CertificateStore
from simlb.cli import check_certs
from tests.cli.conftest import Run, Running


@pytest.fixture
def folder(state_dir: Path) -> Path:
    """The certificates folder."""
    return state_dir / "certs"


def answering(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    """A terminal where somebody types that; None for Ctrl-D."""

    def ask(question: str) -> str:
        assert question.endswith("[y/N] ")
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)


def test_without_a_ca_there_is_nothing_to_show(run: Run) -> None:
    status, _, err = run("cert", "ca")
    assert (status, "E211" in err) == (2, True)
    assert "E211" in run("cert", "ca", "--permit", "localhost", "--json", "--yes")[2]


def test_it_shows_what_the_ca_is(run: Run, folder: Path) -> None:
    CertificateStore(folder).ensure(["localhost"])
    status, out, _ = run("cert", "ca")
    assert status == 0
    assert str(folder / "ca.pem") in out
    assert "SHA-256" in out
    assert "permitted" not in out
    shown = json.loads(run("cert", "ca", "--json")[1])
    assert (shown["path"], shown["permitted"], shown["is_new"]) == (str(folder / "ca.pem"), [], False)
    assert shown["sha256"].upper() in out.replace(":", "")
    days = (datetime.fromisoformat(shown["not_after"]) - datetime.fromisoformat(shown["not_before"])).days
    assert days == 365


def test_a_domain_is_permitted_once_and_forbidden(run: Run, folder: Path) -> None:
    CertificateStore(folder).ensure(["localhost"])
    first = json.loads(run("cert", "ca", "--json")[1])
    status, out, _ = run("cert", "ca", "--permit", "shop.co.kr", "--yes")
    assert status == 0
    assert "shop.co.kr, *.shop.co.kr" in out
    assert "again wherever you trusted the old one" in out
    second = json.loads(run("cert", "ca", "--json")[1])
    assert second["sha256"] != first["sha256"]
    assert second["permitted"] == ["shop.co.kr"]
    assert {"shop.co.kr", "*.shop.co.kr"} <= set(second["signs"])
    # Asked again, nothing happens, and nobody has to confirm it.
    status, out, _ = run("cert", "ca", "--permit", "api.shop.co.kr")
    assert (status, "nothing was changed" in out) == (0, True)
    third = json.loads(run("cert", "ca", "--permit", "other.kr", "--forbid", "shop.co.kr", "--yes", "--json")[1])
    assert (third["permitted"], third["is_new"]) == (["other.kr"], True)
    assert run("cert", "ca", "--forbid", "shop.co.kr", "--yes")[0] == 2


def test_on_a_terminal_it_is_asked(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CertificateStore(folder).ensure(["localhost"])
    before = (folder / "ca.pem").read_bytes()
    for answer in ("", "n", "yes please", None):
        answering(monkeypatch, answer)
        status, out, _ = run("cert", "ca", "--permit", "shop.co.kr")
        assert (status, out.splitlines()[-1]) == (1, "Nothing was changed.")
        for words in ("steals", str(folder / "issuing-ca.key"), "trust the new one", "trust stores", "issued again"):
            assert words in out
        assert (folder / "ca.pem").read_bytes() == before
    answering(monkeypatch, "Y")
    assert run("cert", "ca", "--permit", "shop.co.kr")[0] == 0
    assert (folder / "ca.pem").read_bytes() != before


def test_where_nobody_can_be_asked_it_is_refused(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, err = run("cert", "ca", "--permit", "shop.co.kr")
    assert (status, "SIMLB-E854" in err, "steals" in err) == (2, True, True)
    answering(monkeypatch, "y")
    assert "SIMLB-E854" in run("cert", "ca", "--permit", "shop.co.kr", "--json")[2]
    assert not folder.exists()


def test_what_changes_while_it_is_asked_is_not_lost(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CertificateStore(folder)

    def ask(_: str) -> str:
        store.replace_authority(["other.kr"])
        return "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)
    status, _, err = run("cert", "ca", "--permit", "shop.co.kr")
    assert (status, "SIMLB-E854" in err) == (2, True)
    assert store.permitted_domains() == ("other.kr",)


@pytest.mark.parametrize("name", ["co.kr", "com", "github.io", "*.other.kr", "10.0.0.1", ""])
def test_names_that_are_refused(run: Run, folder: Path, name: str) -> None:
    status, _, err = run("cert", "ca", "--permit", "shop.co.kr", "--permit", name, "--yes")
    assert (status, "SIMLB-E852" in err) == (2, True)
    assert not folder.exists()


def test_a_running_instance_is_named(run: Run, running: Running, state_dir: Path) -> None:
    status, out, _ = run("cert", "ca", "--permit", "shop.co.kr", "--yes")  # the instance's, which lies elsewhere
    assert status == 0
    assert (state_dir / "permitted.json").exists()
    assert "Instance 'default' runs" in out
    assert out.rstrip().endswith(" reload")


def test_the_doctor_knows_the_domains(folder: Path) -> None:
    store = CertificateStore(folder)
    store.replace_authority(["shop.co.kr"])
    (finding,) = check_certs.authority(folder)
    assert (finding.verdict, "*.shop.co.kr only" in finding.text) == ("fine", True)
    (folder / "permitted.json").write_text("{}")
    assert [finding.verdict for finding in check_certs.authority(folder)] == ["fine", "failure"]


def test_a_configuration_may_use_them(run: Run, folder: Path) -> None:
    CertificateStore(folder).replace_authority(["shop.co.kr"])
    for name, expected in (("api.shop.co.kr", 0), ("*.shop.co.kr", 0), ("api.other.co.kr", 2)):
        Path("simlb.yaml").write_text(
            "simlb: config/1\nload_balancers:\n  - name: a\n    listeners:\n"
            f"      - {{protocol: HTTPS, port: 443, certificates: ['{name}'], fixed_response: {{status_code: 200}}}}\n"
        )
        status, _, err = run("config", "check")
        assert (status, "E203" in err) == (expected, expected == 2)
    assert "under shop.co.kr, and loopback" in err
    assert "simlb cert ca --permit api.other.co.kr" in err
    assert "certificate_file" in err
