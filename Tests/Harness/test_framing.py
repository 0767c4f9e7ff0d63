"""Bad inputs, block A: HTTP framing over a raw socket (reliability.md 11 and goal H2).

Rows 44 and 45, the slow ones, are in test_slow.
"""

import random
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from kit.wire import FORM, Conversation, request, talk

BASE = "/sofia/open311/v2"
LIST = f"{BASE}/services.json"
POSTS = f"{BASE}/requests.json"
FORM_LIMIT = 256 * 1024


def get(target: str = LIST, *lines: str, host: str = "Host: 127.0.0.1") -> bytes:
    """A GET with the given header lines, nothing corrected."""
    head = [f"GET {target} HTTP/1.1", *([host] if host else []), *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"


def post(*lines: str, body: bytes = b"") -> bytes:
    """A POST of a form with the given header lines."""
    head = [f"POST {POSTS} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {FORM}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class Row:
    number: str
    what: str
    raw: bytes
    status: int
    closes: bool = False
    head: bool = False
    finish: bool = False


ROWS = [
    Row("1", "no Host", get(host=""), 400, closes=True),
    Row("2", "two Hosts", get(LIST, "Host: 127.0.0.1"), 400, closes=True),
    Row("3a", "Host with a space", get(host="Host: a b"), 400),
    Row("3b", "Host with a slash", get(host="Host: a/b"), 400),
    Row("3c", "Host with user information", get(host="Host: me@a"), 400),
    Row("3d", "Host of 300 bytes", get(host="Host: " + "a" * 300), 400),
    Row("4", "HTTP/0.9", b"GET /ping\r\n\r\n", 400, closes=True),
    Row("5", "HTTP/3.7", b"GET / HTTP/3.7\r\nHost: a\r\n\r\n", 400, closes=True),
    Row("6", "binary garbage", bytes(range(128, 256)) * 4 + b"\r\n\r\n", 400, closes=True),
    Row("7", "a TLS hello", bytes.fromhex("16030100c8010000c40303") + b"\0" * 192, 400, closes=True),
    Row("8", "bare LF", b"GET / HTTP/1.1\nHost: a\n\n", 400, closes=True),
    Row("9", "length and chunked",
        post("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400, closes=True),
    Row("10", "two lengths", post("Content-Length: 4", "Content-Length: 5", body=b"abcde"), 400, closes=True),
    *[
        Row(f"11{letter}", f"Content-Length {value}", post(f"Content-Length: {value}", body=b"abcd"), 400, closes=True)
        for letter, value in zip("abcde", ["4, 4", "+4", "-1", "0x4", str(2**64)])
    ],
    Row("12", "1 GB announced", post("Content-Length: 1073741824", body=b"a=b"), 413, closes=True),
    Row("13", "a byte too many",
        post(f"Content-Length: {FORM_LIMIT + 1}", body=b"a" * (FORM_LIMIT + 1)), 413),
    Row("14", "chunks beyond the limit",
        post("Transfer-Encoding: chunked", body=b"10000\r\n" + (b"a" * 65536 + b"\r\n10000\r\n") * 5), 413, closes=True),
    *[
        Row(f"15{letter}", f"Transfer-Encoding {value}", post(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n"), status, closes=True)
        for letter, value, status in [("a", "gzip", 501), ("b", "chunked, identity", 400), ("c", "xchunked", 501)]
    ],
    Row("16", "a space before the colon", post("Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400, closes=True),
    Row("17", "a folded header", get(LIST, "X-A: 1\r\n folded"), 400, closes=True),
    *[
        Row(f"18{letter}", f"chunk size {size}", post("Transfer-Encoding: chunked", body=size.encode() + b"\r\nab\r\n0\r\n\r\n"), 400, closes=True)
        for letter, size in zip("abc", ["ZZ", "1" + "0" * 16, "-2"])
    ],
    Row("19", "a chunk extension of 100 KB",
        post("Transfer-Encoding: chunked", body=b"2;x=" + b"a" * 100_000 + b"\r\nab\r\n0\r\n\r\n"), 400, closes=True),
    Row("20", "trailers with Content-Length",
        post("Trailer: X-A", "Content-Length: 5", body=b"a=b&cX-A: 1\r\n\r\n"), 400, closes=True),
    Row("21a", "NUL in a header", get(LIST, "X-A: a\0b"), 400, closes=True),
    Row("21b", "a bare CR in a header", get(LIST, "X-A: a\rb"), 400, closes=True),
    Row("21c", "a control in a header", get(LIST, "X-A: a\x01b"), 400, closes=True),
    Row("22a", "a space in a header's name", get(LIST, "X A: b"), 400, closes=True),
    Row("22b", "a header without a name", get(LIST, ": b"), 400, closes=True),
    Row("22c", "an underscore twin", get(LIST, "Content_Length: 5"), 200),
    Row("23", "a header of 20 KB", get(LIST, "X-A: " + "a" * 20_000), 431),
    Row("24", "101 headers", get(LIST, *[f"X-{n}: a" for n in range(100)]), 431),
    Row("25", "a URI of 10 KB", get(LIST + "?a=" + "a" * 10_000), 414),
    Row("26", "a URI of 1 MB", get(LIST + "?a=" + "a" * 1_000_000), 414, closes=True),
    Row("27", "%00 in the path", get(f"{BASE}/services%00.json"), 400),
    Row("28a", "%zz in the path", get(f"{BASE}/services%zz.json"), 400),
    Row("28b", "%zz in the query", get(LIST + "?a=%zz"), 400),
    Row("29a", "%ff in the path", get(f"{BASE}/services/%ff.json"), 400),
    Row("29b", "%ff in the query", get(LIST + "?a=%ff"), 400),
    Row("30a", "/../ in the path", get(f"{BASE}/../v2/services.json"), 404),
    Row("30b", "%2e%2e%2f in the path", get(f"{BASE}/%2e%2e%2fv2/services.json"), 404),
    Row("30c", "// before a path that is not ours", get("//services.json"), 404),
    Row("31", "raw 8-bit bytes in the path", get(f"{BASE}/services/\xe9.json"), 400),
    Row("32", "an absolute URI with another host", get("http://other.example" + LIST), 400),
    Row("33a", "method get", get().replace(b"GET", b"get", 1), 400),
    Row("33b", "method FOO", get().replace(b"GET", b"FOO", 1), 501),
    Row("34a", "TRACE", get().replace(b"GET", b"TRACE", 1), 405, closes=True),
    Row("34b", "CONNECT", b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 405, closes=True),
    Row("35", "DELETE", get().replace(b"GET", b"DELETE", 1), 405),
    Row("36", "HEAD", get().replace(b"GET", b"HEAD", 1), 200, head=True),
    Row("37", "Expect: 200-ok", get(LIST, "Expect: 200-ok"), 417),
    Row("40a", "Upgrade: h2c",
        get(LIST, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), 200),
    Row("40b", "Upgrade: websocket", get(LIST, "Connection: Upgrade", "Upgrade: websocket"), 200),
    Row("41", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, closes=True),
    Row("43", "a body cut short", post("Content-Length: 50", body=b"a=b"), 400, finish=True),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number}-{row.what.replace(' ', '_')}")
def test_one_answer_and_the_right_one(viaduct, row: Row):
    conversation = talk(viaduct.port, row.raw, head=row.head, finish=row.finish, linger=0.4)
    assert len(conversation.answers) == 1, f"{row.what}: {conversation}"
    answer = conversation.answers[0]
    assert answer.status == row.status, f"{row.what}: {answer}"
    assert not conversation.rest, "nothing follows the answer"
    if row.closes:
        assert conversation.closed, f"{row.what}: the connection stays open after {answer.status}"
    assert b"<html" not in answer.body.lower()
    if answer.status >= 400 and answer.body:
        answer.problems()


def test_35_names_the_methods_there_are(viaduct):
    answer = viaduct.sofia.send(request("DELETE", LIST, {"Connection": "close"}))
    assert {m.strip() for m in answer.header("Allow").split(",")} >= {"GET", "HEAD"}
    answer = viaduct.sofia.send(request("DELETE", POSTS, {"Connection": "close"}))
    assert {m.strip() for m in answer.header("Allow").split(",")} >= {"GET", "HEAD", "POST"}


def test_36_head_is_get_without_the_body(viaduct):
    whole = viaduct.sofia.get("/services.json")
    bare = talk(viaduct.port, request("HEAD", LIST), head=True).answers[0]
    assert bare.status == 200
    assert bare.header("Content-Type") == whole.header("Content-Type")
    assert bare.header("Content-Length") == str(len(whole.body))


def test_38_too_large_a_body_is_refused_before_it_is_sent(viaduct):
    conversation = talk(viaduct.port, post("Expect: 100-continue", "Content-Length: 1000000"))
    assert (conversation.interim, conversation.statuses) == ([], [413])


def test_39_continue_comes_before_the_answer(viaduct):
    body = urlencode({
        "api_key": viaduct.key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": "sent after 100",
    }).encode()  # fmt: skip
    head = post("Expect: 100-continue", f"Content-Length: {len(body)}")
    conversation = talk(viaduct.port, head, linger=1, expecting=0)
    assert conversation.interim == [100]
    conversation = talk(viaduct.port, head, body)
    assert (conversation.interim, conversation.statuses) == ([100], [200])


def test_42_fifty_pipelined_requests_are_answered_in_order(viaduct):
    codes = [random.Random(42).choice(["POTHOLE", "GRAFFITI", "STREETLIGHT"]) for _ in range(50)]
    raw = b"".join(get(f"{BASE}/services/{code}.json") for code in codes)
    conversation = talk(viaduct.port, raw, expecting=50)
    assert [answer.json["service_code"] for answer in conversation.answers] == codes


def test_43_nothing_of_a_cut_body_is_stored(viaduct):
    before = len(viaduct.sofia.get("/requests.json").json)
    body = urlencode({
        "api_key": viaduct.key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": "cut",
    }).encode()  # fmt: skip
    cut: Conversation = talk(viaduct.port, post(f"Content-Length: {len(body) + 9}", body=body), finish=True)
    assert all(status == 400 for status in cut.statuses)
    assert len(viaduct.sofia.get("/requests.json").json) == before


def test_h9_the_process_is_still_the_same(viaduct):
    assert viaduct.instance.process.poll() is None
    assert viaduct.sofia.get("/services.json").status == 200
