"""Several starts at one moment in one directory, as real processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simlb.certs import files
from simlb.certs.store import CertificateStore
from simlb.errors import SimlbError

# Waits on its standard input, so that all begin at once; then loads what it was given, as a listener does.
STARTER = """
import ssl, sys
from pathlib import Path
from simlb.certs.store import CertificateStore
import simlb.certs.authority
store = CertificateStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for names in (["shop.localhost"], ["shop.localhost", "127.0.0.1"], [f"own-{sys.argv[2]}.localhost"]):
    issued = store.ensure(names)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(issued.certificate_path, issued.key_path)
    print(issued.fresh, issued.sha256, issued.notices, flush=True)
"""


@pytest.mark.slow
def test_instances_that_start_together_share_one_authority(tmp_path: Path) -> None:
    directory = tmp_path / "certs"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(directory), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=30) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                stream.close()
    assert [error for _, error in outputs] == [""] * 4
    lines = [output.splitlines() for output, _ in outputs]
    for shared in (0, 1):
        assert sorted(line[shared].split()[0] for line in lines) == ["False", "False", "False", "True"]
        assert len({line[shared].split()[1] for line in lines}) == 1
    assert all(line[2].startswith("True") for line in lines)
    # Nobody's certificate was orphaned by somebody else's authority, and nothing half-written lies about.
    store = CertificateStore(directory)
    assert not any(store.ensure([f"own-{number}.localhost"]).fresh for number in range(4))
    assert not list(directory.glob("*unfinished*"))


def test_a_directory_that_is_not_given_free_is_said(tmp_path: Path) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with files.exclusive(tmp_path):
            held.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with pytest.raises(SimlbError) as caught, files.exclusive(tmp_path, patience_s=0.05):
            pytest.fail("two hold the directory")
    finally:
        release.set()
        holder.join()
    assert caught.value.code == "E208"
    with files.exclusive(tmp_path, patience_s=0):
        pass  # free again


@pytest.mark.slow
def test_a_holder_that_dies_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from simlb.certs import files\n"
        "with files.exclusive(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with files.exclusive(tmp_path, patience_s=5):
        pass
