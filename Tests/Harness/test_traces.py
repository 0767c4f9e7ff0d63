"""Traces: what belongs together is found together, here, at peers and at those who are told (O3)."""

import json
import re

import pytest

from kit.instance import Instance, wait_until
from kit.peers import name_node, write_peer
from kit.site import Page, Site
from kit.wire import request

SENT = "0af7651916cd43dd8448eb211c80319c"
HEADER = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-01")


def lines(instance: Instance, message: str) -> list[dict]:
    found = [json.loads(line) for line in instance.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line["message"] == message]


def post(caller, text: str, headers: dict[str, str] | None = None) -> str:
    place = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}
    answer = caller.post("/requests.json", {**place, "description": text}, headers)
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def test_a_callers_trace_is_in_the_log(viaduct):
    def traced(number: str) -> list[str]:
        return [line["trace"] for line in lines(viaduct.instance, "request") if line.get("report") == number]

    parent = f"00-{SENT}-b7ad6b7169203331-01"
    named = post(viaduct.sofia, "with a trace", {"traceparent": parent})
    wrong = post(viaduct.sofia, "with half a trace", {"traceparent": f"00-{SENT}-b7ad6b7169203331"})
    twice = {"traceparent": f"{parent}\r\nTraceparent: {parent}"}
    doubled = post(viaduct.sofia, "with two", twice)
    bare = post(viaduct.sofia, "with none")
    wait_until(lambda: traced(bare), within=5)
    assert traced(named) == [SENT]
    others = [traced(number) for number in (wrong, doubled, bare)]
    assert all(len(one) == 1 and re.fullmatch("[0-9a-f]{32}", one[0]) for one in others)
    assert len({SENT, *(one[0] for one in others)}) == 4


@pytest.fixture
def roads():
    """A peer that is busy the first time."""

    def answer(visit) -> Page:
        if visit.method != "POST":
            return Page(b"[]", "application/json")
        first = sum(one.method == "POST" for one in site.visits) == 1
        ticket = json.dumps([{"service_request_id": "7"}]).encode()
        return Page(status=503) if first else Page(ticket, "application/json")

    with Site(answer) as site:
        yield site


def test_all_that_is_done_about_a_report_is_one_trace(fresh, roads):
    """Each try at a peer, and the word to those who follow; each is a span of its own."""
    with Site(lambda visit: Page()) as hook:
        name_node(fresh, "gateway.example")
        write_peer(fresh, "roads", f"{roads.url}/", flow=["reports_out"],
                   retry={"pauses": ["1s"], "attempts": 100}, breaker={"probe": "1s"})  # fmt: skip
        fresh.environment["VIADUCT_OUTBOUND_PORTS"] += f",{hook.port}"
        fresh.environment["VIADUCT_LOG_LEVEL"] = "debug"
        follower = fresh.key("follower", "--scope", "follow")
        caller = fresh.start().caller("sofia", fresh.key())
        made = caller.send(request("POST", caller.base + "/webhooks", {
            "Connection": "close", "Content-Type": "application/json", "X-API-Key": follower,
        }, json.dumps({"url": hook.url + "/hook"}).encode()))  # fmt: skip
        assert made.status == 201, made.text
        number = post(caller, "one trace")
        tries = lambda: [visit for visit in roads.visits if visit.method == "POST"]  # noqa: E731
        wait_until(lambda: len(tries()) >= 2 and hook.visits, within=30)
        told = [HEADER.fullmatch(visit.headers["traceparent"]).groups() for visit in [*tries(), hook.visits[0]]]
        assert len({trace for trace, _ in told}) == 1 and len({span for _, span in told}) == len(told)
        wait_until(lambda: lines(fresh, "a delivery is done"), within=10)
        (done,) = lines(fresh, "a delivery is done")
        assert (done["trace"], done["report"]) == (told[0][0], number)
        assert [line["report"] for line in lines(fresh, "request") if line.get("report")] == [number]
