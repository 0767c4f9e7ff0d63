"""Bad inputs, block D: reports posted as JSON (reliability.md 11 and goal J1)."""

import itertools
import json

import pytest

from kit.wire import request, talk

COUNTER = itertools.count()


def good(**members) -> dict:
    return {
        "service_code": "GRAFFITI", "lat": 42.7, "long": 23.3,
        "description": f"block D {next(COUNTER)}", **members,
    }  # fmt: skip


def send(viaduct, body: bytes):
    headers = {
        "Content-Type": "application/json", "X-Api-Key": viaduct.key, "Connection": "close",
    }  # fmt: skip
    target = viaduct.sofia.base + "/requests.json"
    return talk(viaduct.port, request("POST", target, headers, body))


def with_member(member: bytes) -> bytes:
    """A good report with one more member, written as given."""
    return json.dumps(good()).encode()[:-1] + b", " + member + b"}"


REFUSED = [
    ("82 name without quotes", b"{a:1}"),
    ("82 trailing comma", with_member(b'"a": 1,')),
    ("82 comment", with_member(b'"a": 1 /* b */')),
    ("82 single quotes", with_member(b"'a': 1")),
    ("83 a name twice", with_member(b'"description": "other"')),
    ("84 depth 33", with_member(b'"a": ' + b"[" * 33 + b"]" * 33)),
    ("84 100000 brackets", b"[" * 100_000),
    ("85 byte order mark", b"\xef\xbb\xbf" + json.dumps(good()).encode()),
    ("85 UTF-16", json.dumps(good()).encode("utf-16")),
    ("86 half a surrogate", with_member(rb'"a": "\ud800"')),
    ("86 NUL", with_member(rb'"a": "\u0000"')),
    ("87 not UTF-8", with_member(b'"a": "\xff"')),
    ("87 overlong", with_member(b'"a": "\xc0\xaf"')),
    ("88 too large a number", with_member(b'"a": 1e400')),
    ("89 two values", json.dumps(good()).encode() + b"{}"),
    ("89 garbage behind", json.dumps(good()).encode() + b" x"),
    ("90 20000 names", b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}"),
    ("91 an array", b"[1]"),
    ("91 a string", b'"a"'),
    ("91 null", b"null"),
    ("91 nothing", b""),
    ("81 a number for a text", json.dumps(good(description=12)).encode()),
    ("81 a word for a number", json.dumps(good(lat="north")).encode()),
    ("81 an object for a text", json.dumps(good(description={"a": 1})).encode()),
]


@pytest.mark.parametrize("body", [body for _, body in REFUSED], ids=[n.replace(" ", "_") for n, _ in REFUSED])
def test_what_is_refused(viaduct, body):
    conversation = send(viaduct, body)
    assert conversation.statuses == [400], conversation
    conversation.answers[0].problems()


def test_84_depth_is_refused_at_once(viaduct):
    send(viaduct, b"[")
    assert min(send(viaduct, b"[" * 100_000).seconds for _ in range(3)) <= 0.05


def test_88_a_megabyte_of_digits(viaduct):
    conversation = send(viaduct, b'{"lat": ' + b"1" * 1_000_000 + b"}")
    assert conversation.statuses == [413]
    assert send(viaduct, b'{"lat": ' + b"1" * 200_000 + b"}").statuses == [400]


@pytest.mark.parametrize("member", [
    b'"a": -0', b'"__proto__": {"status": "closed"}', b'"constructor": {"prototype": 1}',
])  # fmt: skip
def test_88_and_92_what_is_harmless_is_taken(viaduct, member):
    assert send(viaduct, with_member(member)).statuses == [200]


def test_json_may_hold_attributes_as_a_map(viaduct):
    report = good(service_code="POTHOLE", attribute={"DEPTH": "GT5", "HAZARDS": ["CARS", "BIKES"]})
    conversation = send(viaduct, json.dumps(report).encode())
    assert conversation.statuses == [200], conversation
    number = conversation.answers[0].json[0]["service_request_id"]
    shown = viaduct.sofia.get(f"/requests/{number}.json", extensions="true").json[0]
    assert {a["code"] for a in shown["attributes"]} == {"DEPTH", "HAZARDS"}


def test_the_process_is_still_the_same(viaduct):
    assert viaduct.instance.process.poll() is None
    assert viaduct.sofia.get("/services.json").status == 200
