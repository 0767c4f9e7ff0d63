"""Bad inputs, block G: who calls, and what is called again (reliability.md 11).

Limits are in test_limits, peers in test_peer_calls, repeats in test_idempotency, the matrix of rights in test_rights.
"""

import base64
import hmac
import itertools
import json
import socket
import time

import pytest

from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.ledger import Ledger
from kit.session import Session
from kit.wire import FORM, request, talk

COUNTER = itertools.count()
REPORTS = "/sofia/open311/v2/requests.json"


class Town:
    """A Viaduct, its database, and a key for it."""

    def __init__(self, instance: Instance, cluster: Cluster):
        self.instance, self.cluster = instance, cluster
        self.key = instance.key()
        self.sofia = instance.start().caller("sofia", self.key)
        self.pid = instance.process.pid

    @property
    def count(self) -> int:
        return Ledger(self.cluster.url).count("SELECT count(*) FROM report")


@pytest.fixture(scope="module")
def town(binary):
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        town = Town(instance, cluster)
        yield town
        assert instance.process.poll() is None and instance.process.pid == town.pid, instance.tail


def report(**more) -> dict:
    return {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"block G {next(COUNTER)}", **more,
    }  # fmt: skip


@pytest.mark.parametrize("key", ["", '""', '"', '"a', 'a"b', '"a" b', "a b", "a,b", f'"{"a" * 300}"', '"a\tb"', '"й"'])
def test_123_keys_of_a_repeat_that_are_none(town, key):
    before = town.count
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    body = b"service_code=GRAFFITI&lat=42.7&long=23.3&description=a+key+that+is+none"
    fields = {"Content-Type": FORM, "X-API-Key": town.key, "Connection": "close", "Content-Length": str(len(body))}
    head = [f"POST {REPORTS} HTTP/1.1", "Host: a", *(f"{n}: {v}" for n, v in {**fields, **headers}.items())]
    (answer,) = talk(town.instance.port, "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body).answers
    assert answer.status == 400
    assert "Idempotency-Key" in answer.problems() or "\t" in key
    assert town.count == before


def test_123_a_token_of_an_old_client_is_a_key(town):
    assert [town.sofia.post("/requests.json", report(description="bare"), {"Idempotency-Key": "bare-1"}).status
            for _ in range(2)] == [200, 200]  # fmt: skip


def test_125_the_first_post_of_a_key_is_still_being_taken(town):
    """Another node holds the key, for longer than anybody waits; then it lets go."""
    first = {"Idempotency-Key": '"first"'}
    assert town.sofia.post("/requests.json", report(), first).status == 200
    before, again = town.count, report()
    with Session(town.cluster.url) as other:
        other.run("BEGIN")
        other.run("""
            INSERT INTO idempotency SELECT client, stage, jurisdiction, kind, 'second', fingerprint, report, token,
                created, expires FROM idempotency WHERE key = 'first'
        """)
        started = time.monotonic()
        answer = town.sofia.post("/requests.json", again, {"Idempotency-Key": '"second"'})
        assert time.monotonic() - started <= 3
        assert (answer.status, answer.header("Retry-After")) == (409, "1")
        assert "Idempotency-Key" in answer.problems()
        other.run("ROLLBACK")
    assert town.sofia.post("/requests.json", again, {"Idempotency-Key": '"second"'}).status == 200
    assert town.count == before + 1


def token(algorithm: str, secret: bytes = b"", **claims) -> str:
    """A JWT, signed by HMAC if there is a secret."""

    def part(what: bytes) -> bytes:
        return base64.urlsafe_b64encode(what).rstrip(b"=")

    head = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    body = part(json.dumps({"sub": "staff", "aud": "viaduct", "exp": int(time.time()) + 600, **claims}).encode())
    proof = hmac.digest(secret, head + b"." + body, "sha256") if secret else b""
    return (head + b"." + body + b"." + part(proof)).decode()


@pytest.mark.parametrize("bearer", [
    token("none"), token("HS256", b"-----BEGIN PUBLIC KEY-----\n"), token("HS256", b"secret", exp=1),
    token("HS256", b"secret", aud="another"), token("none") + "." * 3, "a.b.c",
], ids=["none", "public_key", "expired", "audience", "dots", "short"])  # fmt: skip
def test_135_no_token_of_another_kind_is_a_key(town, bearer):
    # GR-2.3: a bearer is a key of ours or none; tokens that say themselves who they are are not believed at all.
    before = town.count
    headers = {"Authorization": f"Bearer {bearer}", "Connection": "close"}
    anybody = town.instance.caller("sofia")
    answer = anybody.post("/requests.json", report(), headers)
    assert answer.status == 403 and "api_key" in answer.problems()
    for path in ("/changes", "/webhooks", "/requests/sofia-1/notes"):
        assert anybody.send(request("GET", anybody.base + path, headers)).status == 403
    assert anybody.get("/services.json", headers).status == 200
    assert town.count == before


def test_136_a_citizens_key_does_nothing_of_staff(town):
    number = town.sofia.post("/requests.json", report()).json[0]["service_request_id"]
    for path in (f"/requests/{number}/notes", "/changes", "/webhooks"):
        assert town.sofia.get(path, {"X-API-Key": town.key}).status == 403
    assert town.sofia.post(f"/requests/{number}/erasure.json", {"parts": "text"}).status == 403
    assert town.sofia.post("/servicerequestupdates.json", {
        "service_request_id": number, "update_id": "1", "status": "FIXED", "updated_datetime": "2026-11-01T00:00:00Z",
    }).status == 403  # fmt: skip
    assert town.sofia.get(f"/requests/{number}.json").json[0]["status"] == "open"


def test_136_the_admin_port_is_this_machines(town):
    for address in ("127.0.0.2", *others()):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, town.instance.admin_port), 5)
    for method, path in (("GET", REPORTS), ("POST", REPORTS), ("DELETE", "/webhooks/1")):
        raw = request(method, path, {"X-API-Key": town.key, "Connection": "close"})
        (answer,) = talk(town.instance.admin_port, raw).answers
        assert answer.status == (404 if method == "GET" else 405)


def others() -> list[str]:
    """The addresses of this machine in its networks."""
    found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({str(at[0]) for *_, at in found} - {"127.0.0.1"})


def test_138_a_token_is_found_by_its_name_and_at_its_place_only(town):
    lamp = {"service_code": "STREETLIGHT", "lat": "42.7", "long": "23.3", "description": "dark"}
    name = town.sofia.post("/requests.json", lamp).json[0]["token"]
    assert town.sofia.get(f"/tokens/{name}.json").status == 200
    for place in ("mitrovica", "council"):
        assert town.instance.caller(place, town.key).get(f"/tokens/{name}.json").status == 404
    assert town.instance.caller("sofia", town.key, stage="test").get(f"/tokens/{name}.json").status == 404
    for guess in (name[:-1], name + "A", name.swapcase(), name[:-1] + ("A" if name[-1] != "A" else "B"), "a", "%2e"):
        assert town.sofia.get(f"/tokens/{guess}.json").status == 404
    wait_until(lambda: "service_request_id" in town.sofia.get(f"/tokens/{name}.json").json[0], within=20)


def test_the_process_is_still_the_same(town):
    assert town.instance.process.poll() is None and town.instance.process.pid == town.pid
    assert town.sofia.get("/services.json").status == 200
