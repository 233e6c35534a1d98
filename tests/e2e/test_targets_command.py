"""`simlb target add | rm | drain` and `simlb rules`: targets come and go while requests run."""

from __future__ import annotations

import json
import threading

from tests.e2e import processes
from tests.e2e.client import Response, Traffic
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop, wait_until


def served_by(traffic: Traffic, count: int = 12) -> set[str | None]:
    """Which targets answer the next `count` requests."""
    seen = len(traffic.outcomes) + 1  # one may be under way
    wait_until(lambda: len(traffic.outcomes) >= seen + count, "more traffic")
    return {outcome.target for outcome in traffic.outcomes[seen : seen + count]}


def drift(instance: Instance) -> list[str]:
    """The notices about what differs from the file."""
    return [notice for notice in instance.view().notices if notice.startswith("drift: ")]


def test_a_target_comes_and_goes_under_traffic(simlb: Workshop) -> None:
    ports = {name: simlb.target_server(name) for name in ("one", "two", "three")}
    urls = [f'url: "http://127.0.0.1:{ports[name]}", name: {name}' for name in ("one", "two")]
    instance = simlb.serve(web(*urls, delay_s=20), "--speed", "20")
    instance.wait_healthy()
    with Traffic(instance.client()) as traffic:
        assert served_by(traffic) == {"one", "two"}

        finished = simlb.run("target", "add", "web", f"127.0.0.1:{ports['three']}", "--name", "three")
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.startswith(f"three (127.0.0.1:{ports['three']}) is registered in web.")
        # Its first check goes out at once: it need not wait for an interval.
        instance.wait_state("three", "healthy")
        assert served_by(traffic) == {"one", "two", "three"}
        listed = json.loads(simlb.run("target", "ls", "--json").stdout)
        assert [(item["name"], item["owner"]) for item in listed] == [
            ("one", "file"),
            ("two", "file"),
            ("three", "api"),
        ]
        assert "  api  " in simlb.run("target", "ls").stdout
        assert "drift: three" in simlb.run("status").stdout

        finished = simlb.run("target", "rm", "two")
        # With a request in flight the sentence begins with that.
        assert "20 s (1 s here); then it is gone." in finished.stdout
        assert served_by(traffic) == {"one", "three"}
        wait_until(lambda: [target.name for target in instance.view().targets()] == ["one", "three"], "two is gone")
        assert len(drift(instance)) == 2

        finished = simlb.run("reload")
        assert finished.returncode == 0, finished.stderr
        two = f"two (127.0.0.1:{ports['two']})"
        assert f"drift: {two}, removed by command, is registered again as the file says." in finished.stdout
        instance.wait_state("two", "healthy")
        assert served_by(traffic) == {"one", "two", "three"}, "what the file does not own stays"
        assert f"drift: {two}" in instance.output, "the terminal of `up` is told as well"

        finished = simlb.run("target", "drain", "three")
        assert finished.returncode == 0, finished.stderr
        assert "  three  draining, " in finished.stdout
        assert finished.stdout.endswith("three is gone from web.\n")
        assert served_by(traffic) == {"one", "two"}
        assert not drift(instance)
    assert not traffic.problems


def test_what_is_in_flight_at_a_removed_target_finishes(simlb: Workshop) -> None:
    check = "path: /health, healthy: 2"
    text = web("sample: echo, name: old", "sample: echo, name: new", check=check, delay_s=30)
    instance = simlb.serve(text, "--speed", "20")
    instance.wait_healthy()
    pid = instance.target("old").pid
    assert pid is not None
    client = instance.client()
    answers: list[Response] = []
    slow = [threading.Thread(target=lambda: answers.append(client.get("/?delay=900"))) for _ in range(2)]
    for thread in slow:
        thread.start()
    wait_until(lambda: instance.target("old").in_flight == 1, "a slow request is under way")

    finished = simlb.run("target", "rm", "old")
    assert "Its 1 in flight may finish within 30 s (1.5 s here); then it is gone." in finished.stdout
    assert "Its process ends with it." in finished.stdout
    leaving = instance.target("old")
    assert (leaving.state, leaving.in_flight, leaving.owner) == ("draining", 1, None)
    assert leaving.draining_left_s is not None
    assert {client.get("/").target for _ in range(4)} == {"new"}
    for thread in slow:
        thread.join()
    assert sorted((answer.status, answer.target) for answer in answers) == [(200, "new"), (200, "old")]
    wait_until(lambda: [target.name for target in instance.view().targets()] == ["new"], "it is drained")
    wait_until(lambda: not processes.is_alive(pid), "its process has ended")
    assert "does not know yet" not in instance.output, "its end was asked for"

    # What it listened at is an address like any other now: commands start no process.
    simlb.run("target", "add", "web", leaving.dial)
    again = instance.target("old")
    assert (again.owner, again.process) == ("api", None)

    assert simlb.run("reload").returncode == 0
    restarted = instance.wait_state("old", "healthy")
    assert restarted.owner == "file"
    assert restarted.pid not in {None, pid}
    assert not drift(instance)


def test_a_process_target_that_drains_is_taken_back_with_its_process(simlb: Workshop) -> None:
    text = web("sample: echo, name: one", "sample: echo, name: two", delay_s=3000) + "  - {name: spare, targets: []}\n"
    instance = simlb.serve(text, "--speed", "20")
    instance.wait_healthy()
    before = instance.target("one")
    assert simlb.run("target", "rm", "one").returncode == 0
    # A reload that cannot be done leaves what drains alone.
    simlb.write((simlb.here / "simlb.yaml").read_text() + "\tx")
    assert simlb.run("reload").returncode == 2
    assert instance.target("one").state == "draining"
    assert simlb.run("target", "add", "web", before.dial).returncode == 0
    after = instance.wait_state("one", "healthy")
    assert (after.owner, after.pid) == ("file", before.pid)
    assert not drift(instance)

    # In whatever groups it is, its process is found by its name.
    assert simlb.run("target", "add", "spare", before.dial).stdout.startswith("one (")
    assert simlb.run("target", "rm", "one").stderr.startswith("SIMLB-E306  one is registered more than once: web (")
    assert simlb.run("target", "kill", "one").returncode == 0


def test_a_second_reload_does_not_cut_what_drains_since_the_first(simlb: Workshop) -> None:
    both = web("sample: echo, name: old", "sample: echo, name: new", delay_s=3000)
    instance = simlb.serve(both, "--speed", "20")
    instance.wait_healthy()
    pid = instance.target("old").pid
    simlb.write(web("sample: echo, name: new", delay_s=3000))
    for _ in range(2):
        assert simlb.run("reload").returncode == 0
    assert (instance.target("old").state, instance.target("old").pid) == ("draining", pid)
    simlb.write(both)
    assert simlb.run("reload").returncode == 0
    assert instance.wait_state("old", "healthy").pid == pid


def test_mistakes_are_told_with_a_way_out(simlb: Workshop) -> None:
    port = simlb.target_server("one")
    instance = simlb.serve(web(f'url: "http://127.0.0.1:{port}"'))
    instance.wait_healthy()
    for arguments, code, words in (
        (["add", "wbe", "127.0.0.1:1"], "E304", "did you mean web?"),
        (["add", "web", f"localhost:{port}"], "E305", "already, as i-01"),
        (["add", "web", "127.0.0.1:1", "--name", "i-01"], "E305", "--name i-02"),
        (["add", "web", "3000"], "E502", "write it as 127.0.0.1:3000"),
        (["add", "web", "http://169.254.169.254"], "E506", "link-local"),
        (["rm", "i-02"], "E302", "did you mean i-01?"),
        (["drain", "i-01", "--group", "api"], "E304", "there are: web"),
    ):
        finished = simlb.run("target", *arguments)
        assert finished.returncode == 2, arguments
        assert finished.stderr.startswith(f"SIMLB-{code}  "), finished.stderr
        assert words in finished.stderr
        assert "Traceback" not in finished.stderr
    assert [target.name for target in instance.view().targets()] == ["i-01"]


def test_rules_are_listed(simlb: Workshop) -> None:
    simlb.serve(web("sample: echo"))
    assert simlb.run("rules").stdout == (
        "HTTP:80\n"
        "PRIORITY  CONDITIONS  ACTION\n"
        "default   -           → redirect HTTPS:443 (301)\n"
        "\n"
        "HTTPS:443\n"
        "PRIORITY  CONDITIONS  ACTION\n"
        "default   -           → forward web\n"
    )
    listed = json.loads(simlb.run("rules", "--json").stdout)
    assert [(item["load_balancer"], item["listener"], item["priority"]) for item in listed] == [
        ("my-alb", "HTTP:80", "default"),
        ("my-alb", "HTTPS:443", "default"),
    ]
