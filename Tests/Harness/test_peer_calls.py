"""Peers that call: signed, believed, taken once, and shown where things began (Specs/Peering.md)."""

import itertools
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from standardwebhooks.webhooks import Webhook

from kit.instance import Instance
from kit.peers import name_node, signing_secret, write_peer, write_secret
from kit.wire import FORM, Answer, Caller, request

COUNTER = itertools.count(1)
OLD, NEW, OTHER = (signing_secret(seed) for seed in ("old", "new", "other"))
REPORTS, UPDATES = "/requests.json", "/servicerequestupdates.json"


class Peer:
    """A server that calls a Viaduct; it signs with what receivers of others use."""

    def __init__(self, instance: Instance, key: str, secret: str | None):
        self.caller: Caller = instance.caller("sofia", key)
        self.secret = secret

    def signature(self, body: str, name: str, late: float = 0, secret: str | None = None) -> dict[str, str]:
        time = datetime.now(timezone.utc) - timedelta(seconds=late)
        signed = Webhook(secret or self.secret).sign(name, time, body)
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(time.timestamp())),
            "webhook-signature": signed,
        }

    def send(self, path: str, body: str | bytes, headers: dict[str, str]) -> Answer:
        given = {"Connection": "close", "Content-Type": FORM, "X-API-Key": self.caller.key, **headers}
        content = body.encode() if isinstance(body, str) else body
        return self.caller.send(request("POST", self.caller.base + path, given, content))

    def tell(self, path: str, form: dict, headers: dict[str, str] | None = None, name: str | None = None) -> Answer:
        body = urlencode(form)
        signed = self.signature(body, name or f"m{next(COUNTER)}") if self.secret else {}
        return self.send(path, body, {**signed, **(headers or {})})

    def report(self, headers: dict[str, str] | None = None, name: str | None = None, **more) -> Answer:
        return self.tell(REPORTS, graffiti(**more), headers, name)

    def update(self, report: str, status: str, headers: dict[str, str] | None = None, **more) -> Answer:
        return self.tell(UPDATES, {
            "service_request_id": report, "update_id": str(next(COUNTER)), "status": status,
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": "Seen", **more,
        }, headers)  # fmt: skip

    def read(self, path: str, **query) -> Answer:
        return self.caller.get(path, {"X-API-Key": self.caller.key}, **query)


def graffiti(**more) -> dict:
    return {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"wall {next(COUNTER)}", **more}


class Office:
    """A Viaduct called node.example with two peers: roads, which signs, and parks, which does not."""

    def __init__(self, instance: Instance):
        self.instance = instance
        name_node(instance, "node.example")
        scopes = ["--scope", "report", "--scope", "update"]
        keys = {name: instance.key(name, *scopes) for name in ("roads", "parks", "app")}
        secrets = write_secret(instance, "roads-secret", f"{NEW} {OLD}")
        for name, secret in (("roads", secrets), ("parks", None)):
            write_peer(
                instance, name, "http://127.0.0.1:9/", authority=f"{name}.example", client=keys[name][:11],
                signing_secret_file=secret, flow=["updates_in"],
            )  # fmt: skip
        self.roads = Peer(instance, keys["roads"], NEW)
        self.parks = Peer(instance, keys["parks"], None)
        self.app = Peer(instance, keys["app"], None)
        instance.start()

    def count(self) -> int:
        return int(self.app.caller.get(REPORTS, total="true").header("X-Total-Count"))


@pytest.fixture(scope="module")
def office(binary):
    with Instance() as instance:
        yield Office(instance)


def identifier(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def test_what_the_package_signs_is_taken(office):
    for secret in (NEW, OLD):
        body = urlencode(graffiti())
        assert office.roads.send(REPORTS, body, office.roads.signature(body, secret, secret=secret)).status == 200
    body = urlencode(graffiti())
    both = office.roads.signature(body, "both", secret=OTHER)
    both["webhook-signature"] += " " + office.roads.signature(body, "both")["webhook-signature"]
    assert office.roads.send(REPORTS, body, both).status == 200


def test_row_128_what_is_not_signed_so_is_refused(office):
    before, roads, body = office.count(), office.roads, urlencode(graffiti())
    cases = [{}, roads.signature(body, "w", secret=OTHER), roads.signature(body + "x", "w")]
    cases += [roads.signature(body, "w", late=late) for late in (360, -360)]
    for headers in cases:
        answer = roads.send(REPORTS, body, headers)
        assert answer.status == 401, answer.text
        assert answer.header("WWW-Authenticate") and "webhook-" in answer.problems()
    assert office.count() == before


def mutations(body: str, headers: dict[str, str]):
    """Everything that is one bit from the message, as far as it is still a request."""
    plain = set(range(0x21, 0x7F)) - set(b"%")
    for bit in (1, 2):
        for at, byte in enumerate(body.encode()):
            if byte ^ bit in plain:
                changed = bytearray(body.encode())
                changed[at] ^= bit
                yield bytes(changed), headers
    for name, value in headers.items():
        for at, byte in enumerate(value.encode()):
            for bit in (1, 2, 4):
                if byte ^ bit in plain:
                    changed = bytearray(value.encode())
                    changed[at] ^= bit
                    yield body.encode(), {**headers, name: changed.decode()}


def test_one_bit_is_enough(office):
    before, body = office.count(), urlencode(graffiti())
    headers = office.roads.signature(body, "one-bit")
    refused = 0
    for changed, given in mutations(body, headers):
        answer = office.roads.send(REPORTS, changed, given)
        assert answer.status == 401, f"{changed} {given}: {answer.text}"
        refused += 1
    assert refused >= 200
    assert office.count() == before
    assert office.roads.send(REPORTS, body, headers).status == 200


def test_row_129_a_message_is_taken_once_also_after_a_crash(fresh):
    office = Office(fresh)
    form, roads = graffiti(), office.roads
    first = roads.tell(REPORTS, form, name="once")
    again = roads.tell(REPORTS, form, {"Idempotency-Key": '"another"'}, name="once")
    assert (again.status, again.json) == (200, first.json)
    assert again.header("Idempotent-Replayed") == "true"
    report = identifier(first)
    body = urlencode({
        "service_request_id": report, "update_id": "7", "status": "FIXED", "description": "Gone",
        "updated_datetime": "2026-11-23T06:00:00Z",
    })  # fmt: skip
    told = roads.send(UPDATES, body, roads.signature(body, "update"))
    fresh.kill()
    fresh.start()
    assert roads.tell(REPORTS, form, name="once").json == first.json
    assert roads.tell(REPORTS, {**form, "description": "other"}, name="once").status == 409
    assert roads.send(UPDATES, body, roads.signature(body, "update")).json == told.json
    other = body.replace("FIXED", "OPEN")
    assert roads.send(UPDATES, other, roads.signature(other, "update")).status == 409
    assert office.count() == 1
    assert [update["status"] for update in office.app.read(UPDATES).json] == ["FIXED"]


def test_row_130_a_long_list_is_not_looked_through(office):
    body = urlencode(graffiti())
    headers = office.roads.signature(body, "many")
    headers["webhook-signature"] = " ".join([headers["webhook-signature"]] * 50)
    assert office.roads.send(REPORTS, body, headers).status == 400


def test_row_131_only_who_gave_or_got_a_report_tells_more(office):
    report = identifier(office.app.report())
    answer = office.roads.update(report, "CLOSED")
    assert answer.status == 403 and answer.problems().startswith("service_request_id"), answer.text
    assert f'"{report}"' in office.instance.tail and '"roads"' in office.instance.tail
    assert office.app.read(f"/requests/{report}.json").json[0]["status"] == "open"
    own = identifier(office.roads.report())
    assert office.roads.update(own, "CLOSED").status == 200
    assert office.app.read(f"/requests/{own}.json").json[0]["status"] == "closed"


def test_row_132_what_has_been_here_makes_nothing(office):
    ours = identifier(office.app.report())
    before = office.count()
    way = {"Viaduct-Origin": f"node.example;{ours}", "Viaduct-Path": "node.example, parks.example"}
    assert identifier(office.parks.report(way)) == ours
    there = {"Viaduct-Origin": "ngo.example;77", "Viaduct-Path": "ngo.example, parks.example"}
    first = identifier(office.parks.report(there))
    round_trip = {"Viaduct-Origin": "ngo.example;77", "Viaduct-Path": "ngo.example,node.example,roads.example"}
    assert identifier(office.roads.report(round_trip)) == first
    assert identifier(office.roads.report({"Viaduct-Origin": "ngo.example;77"})) == first
    assert office.count() == before + 1
    known = {"Viaduct-Origin": "x.example;1", "Viaduct-Path": "x.example, node.example"}
    assert office.parks.report(known).status == 400


def test_rows_133_and_134_ways_too_long_and_versions_unknown(office):
    far = {"Viaduct-Origin": "a;1", "Viaduct-Path": "a, b, c, d, e, parks.example"}
    refused = office.parks.report(far)
    assert refused.status == 400 and "Viaduct-Path" in refused.problems()
    near = {"Viaduct-Origin": "a;1", "Viaduct-Path": "a, b, c, d, parks.example", "Viaduct-Protocol": "1"}
    assert office.parks.report(near).status == 200
    unknown = office.parks.report({"Viaduct-Protocol": "2"})
    assert unknown.status == 400 and "supported: 1" in unknown.problems()


def test_who_is_no_peer_is_not_believed(office):
    liar = {"Viaduct-Origin": "node.example;x", "Viaduct-Path": ",,", "Viaduct-Protocol": "9", "webhook-id": "x"}
    report = identifier(office.app.report(liar))
    seen = office.parks.read(f"/requests/{report}.json", extensions="true").json[0]["extended_attributes"]
    assert (seen["origin"], seen["origin_id"], seen["path"]) == ("node.example", report, ["node.example"])


def test_peers_read_where_things_began_and_nothing_that_they_know(office):
    way = {"Viaduct-Origin": "ngo.example;ngo%2F5%3B", "Viaduct-Path": "ngo.example, parks.example"}
    report = identifier(office.parks.report(way))
    told = {"Viaduct-Origin": "ngo.example;u%205", "Viaduct-Path": "ngo.example, parks.example"}
    update = office.parks.update(report, "IN_PROGRESS", told).json[0]["update_id"]
    path = ["ngo.example", "parks.example", "node.example"]
    seen = office.roads.read(f"/requests/{report}.json", extensions="true").json[0]["extended_attributes"]
    assert (seen["origin"], seen["origin_id"], seen["path"]) == ("ngo.example", "ngo/5;", path)
    rows = {row["update_id"]: row for row in office.roads.read(UPDATES, extensions="true").json}
    extras = rows[update]["extras"]
    assert (extras["origin"], extras["origin_id"], extras["path"]) == ("ngo.example", "u 5", path)
    assert update not in office.parks.read(UPDATES).text
    assert report not in office.parks.read(REPORTS).text
    assert report in office.parks.read(REPORTS, service_request_id=report).text
    for answer in (office.app.read(REPORTS, extensions="true"), office.app.read(UPDATES, extensions="true")):
        assert update in answer.text or report in answer.text
        assert "ngo.example" not in json.dumps(answer.json)
