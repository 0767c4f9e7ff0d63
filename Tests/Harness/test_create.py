"""Bad inputs, block C: POST /requests (reliability.md 11)."""

import itertools
import time

import pytest

from kit.documents import plain, tree
from kit.wire import FORM, request

COUNTER = itertools.count()


def report(**fields) -> dict:
    """A good report, each a different one; a test adds what is wrong, or takes away with None."""
    good = {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": f"block C {next(COUNTER)}", **fields,
    }  # fmt: skip
    return {name: value for name, value in good.items() if value is not None}


def post(viaduct, headers: dict | None = None, **fields):
    return viaduct.sofia.post("/requests.json", report(**fields), headers)


def stored(viaduct, answer) -> tuple[dict, dict]:
    """The report just made, as JSON and as XML have it."""
    assert 200 <= answer.status < 300, answer
    number = answer.json[0]["service_request_id"]
    as_json = viaduct.sofia.get(f"/requests/{number}.json").json[0]
    as_xml = tree(viaduct.sofia.get(f"/requests/{number}.xml").xml)[0]
    assert plain(as_json) == as_xml
    return as_json, as_xml


def refused(answer, status: int = 400, *words: str) -> None:
    """The answer refuses with that status, and names what is wrong."""
    assert answer.status == status, answer
    problems = answer.problems()
    for word in words:
        assert word in problems


def test_66_no_key_or_a_wrong_one(viaduct):
    refused(viaduct.sofia.post("/requests.json", report(api_key="")), 403)
    refused(viaduct.sofia.post("/requests.json", report(api_key="o311_wrong")), 403)
    typo = viaduct.key[:-1] + ("A" if viaduct.key[-1] != "A" else "B")
    refused(viaduct.sofia.post("/requests.json", report(api_key=typo)), 403)


def test_66_a_key_of_another_jurisdiction(viaduct):
    key = viaduct.instance.key("only Mitrovica", "--jurisdiction", "mitrovica.example")
    elsewhere = viaduct.instance.caller("mitrovica", key)
    good = {"service_code": "WASTE-MIT", "lat": "42.89", "long": "20.86", "description": "here"}
    assert _eventually(lambda: elsewhere.post("/requests.json", good).status == 200)
    refused(viaduct.sofia.post("/requests.json", report(api_key=key)), 403)


def test_66_a_revoked_key(viaduct):
    key = viaduct.instance.key("for a moment")
    used = lambda: viaduct.sofia.post("/requests.json", report(api_key=key)).status  # noqa: E731
    assert _eventually(lambda: used() == 200), "a new key is taken within a second or so (A6)"
    viaduct.instance.run("key", "revoke", key[:11])
    assert _eventually(lambda: used() == 403), "a revoked key is refused within 5 s (A6)"


def test_67_absurd_keys(viaduct):
    refused(viaduct.sofia.post("/requests.json", report(api_key="o311_" + "a" * 10_240)), 403)
    refused(viaduct.sofia.post("/requests.json", report(api_key="a\0b")), 400)


def test_68_no_service_or_an_unknown_one(viaduct):
    refused(post(viaduct, service_code=None), 400, "service_code")
    refused(post(viaduct, service_code="NOPE"), 404, "service_code")


def test_69_no_place(viaduct):
    refused(post(viaduct, lat=None, long=None))


def test_70_attributes(viaduct):
    refused(post(viaduct, service_code="POTHOLE"), 400, "DEPTH required")
    refused(post(viaduct, **{"service_code": "POTHOLE", "attribute[DEPTH]": "HUGE"}), 400, "DEPTH")
    # An unknown one is kept with the report (GR-A35).
    stored(viaduct, post(viaduct, **{"attribute[closest_address]": "High Street"}))


@pytest.mark.parametrize("names", [
    ["attribute["], ["attribute[][][]x"], [f"attribute[A{number}]" for number in range(200)],
], ids=["unfinished", "empty", "200_of_them"])  # fmt: skip
def test_71_attributes_that_are_none(viaduct, names):
    refused(post(viaduct, **{name: "1" for name in names}))


def test_72_too_long_a_description(viaduct):
    refused(post(viaduct, description="a" * 16_385))
    # Of a million accents the body is too long already.
    refused(post(viaduct, description="a" + "\u0301" * 1_000_000), 413)
    refused(post(viaduct, description="a" + "\u0301" * 1_000))


def test_73_nul_in_the_description(viaduct):
    refused(post(viaduct, description="a\0b"))


def test_74_odd_characters(viaduct):
    text = "bell \x01 end \ufffe smile \U0001f6a7 right \u202e left\r\nnext"
    as_json, _ = stored(viaduct, post(viaduct, description=text))
    assert as_json["description"] == "bell  end  smile \U0001f6a7 right \u202e left\nnext"


@pytest.mark.parametrize("text", [
    "</description><status>closed</status>", "]]>", "<script>alert(1)</script>",
    "&lt; &amp; &#0; %s {{x}}", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
])  # fmt: skip
def test_75_markup_is_text(viaduct, text):
    answer = post(viaduct, description=text)
    as_json, _ = stored(viaduct, answer)
    assert (as_json["description"], as_json["status"]) == (text, "open")
    raw = viaduct.sofia.get(f"/requests/{as_json['service_request_id']}.json").body
    assert b"<" not in raw, "JSON inside a page must not open a tag (M7)"


@pytest.mark.parametrize("email", [
    "a@b.example\r\nBcc: c@d.example", "a@b.example,c@d.example", "a@" + "b" * 290 + ".example", "none",
])  # fmt: skip
def test_76_addresses_that_are_none(viaduct, email):
    refused(post(viaduct, email=email), 400, "email")


@pytest.mark.parametrize("phone", ["call me", "1" * 100])
def test_77_numbers_that_are_none(viaduct, phone):
    refused(post(viaduct, phone=phone), 400, "phone")


def test_78_fields_that_are_not_the_clients(viaduct):
    as_json, _ = stored(
        viaduct, post(viaduct, status="closed", service_request_id="1", agency_responsible="me")
    )
    assert as_json["status"] == "open"
    assert as_json["service_request_id"] != "1"
    assert as_json["agency_responsible"] != "me"


def test_79_sql_is_text(viaduct):
    stored(
        viaduct,
        post(viaduct, first_name="Robert'); DROP TABLE report;--", description="'; DELETE FROM report"),
    )


@pytest.mark.parametrize("body", [b"", b"=&=&&"])
def test_80_nothing_in_the_body(viaduct, body):
    headers = {"Content-Type": FORM, "X-Api-Key": viaduct.key, "Connection": "close"}
    refused(viaduct.sofia.send(request("POST", viaduct.sofia.base + "/requests.json", headers, body)))


def test_p1_what_is_personal_is_never_shown(viaduct):
    canaries = {
        "email": "canary@birds.example", "phone": "+359 888 777 666", "first_name": "Canariella",
        "last_name": "Canaroff", "device_id": "canary-device", "account_id": "canary-account",
    }  # fmt: skip
    answer = post(viaduct, **canaries)
    number = answer.json[0]["service_request_id"]
    shown = [
        viaduct.sofia.get(f"/requests/{number}.{suffix}{more}").text
        for suffix in ("json", "xml") for more in ("", "?extensions=true")
    ] + [viaduct.sofia.get("/requests.json", q="anariella").text, viaduct.instance.tail]  # fmt: skip
    for text, canary in itertools.product(shown, canaries.values()):
        assert canary not in text


def test_a_list_holds_what_was_posted_in_both_formats(viaduct):
    as_json = viaduct.sofia.get("/requests.json").json
    as_xml = tree(viaduct.sofia.get("/requests.xml").xml)
    assert len(as_json) > 5
    assert plain(as_json) == as_xml


def test_the_process_is_still_the_same(viaduct):
    assert viaduct.instance.process.poll() is None
    assert viaduct.sofia.get("/services.json").status == 200


def _eventually(condition, tries: int = 60) -> bool:
    """Whether it becomes true within some seconds."""
    return any(condition() or time.sleep(0.1) for _ in range(tries))
