"""`lb.explain`: a test asks why."""

from __future__ import annotations

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend


def test_a_record_a_trace_id_and_the_last(alb: ALB, backend: FakeBackend) -> None:
    web = alb.target_group("web", backend)
    alb.listen(80).forward(web).rule(path="/old/*").fixed(410, "gone")
    with alb.start() as lb:
        lb.get("/old/1")
        lb.get("/x?token=geheim")
        assert lb.explain().outcome.en == "200 OK, from the target i-01."
        story = lb.explain(lb.log[0])
        assert (story.produced_by, story.facts["outcome"], story.facts["rule_priority"]) == (
            "load balancer",
            "rule_error",
            lb.log[0].rule_priority,
        )
        assert lb.explain(lb.log[1].trace_id).subject == lb.explain("#1").subject
        assert "geheim" not in str(lb.explain())
        assert "geheim" in lb.explain(unmasked=True).text("ko")
        with pytest.raises(SimlbError, match="No exchange '#2' is kept"):
            lb.explain("#2")
    assert "410" in str(lb.explain("#0")), "also once it has stopped"


async def test_on_the_loop(async_alb: ALB, backend: FakeBackend) -> None:
    async_alb.listen(80).forward(async_alb.target_group("web", backend))
    async with async_alb as lb:
        await lb.aget("/")
        assert lb.explain().produced_by == "target"


def test_tls_and_plain_http_on_its_port(alb: ALB) -> None:
    alb.listen(443, cert="api.example.com").fixed(200)
    with alb.start() as lb:
        lb.get("https://api.example.com/")
        (tls,) = [step.words.en for step in lb.explain().steps if step.topic == "tls"]
        assert tls.startswith("TLSv1.3, TLS_")
        assert "server name api.example.com, certificate arn:aws:acm:" in tls
        plain = lb.url_for("https").replace("https://", "http://")
        lb.get(f"{plain}/")
        story = lb.explain()
        assert (story.facts["outcome"], story.facts["elb_status_code"]) == ("plain_http_on_https", 400)
        assert story.cause is not None
        assert story.cause.en == "The client spoke plain HTTP to an HTTPS listener."


def test_a_dead_target(alb: ALB, backend: FakeBackend) -> None:
    alb.listen(80).forward(alb.target_group("web", backend))
    with alb.start() as lb:
        backend.crash()
        assert lb.get("/").status_code == 502
        story = lb.explain()
        assert story.facts["outcome"] == "refused"
        assert "connection refused" in story.outcome.en
        assert story.cause is not None
        assert "듣고 있는 프로세스가 없습니다" in story.cause.ko
