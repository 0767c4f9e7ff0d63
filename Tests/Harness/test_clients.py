"""What real clients send, typed from what was recorded of them (peers.md 3.1)."""

import itertools
from urllib.parse import quote, urlencode

import pytest

from kit.documents import tree
from kit.instance import wait_until
from kit.wire import Answer, talk

COUNTER = itertools.count()
MULTI = "/open311/v2"
SOFIA = "/sofia/open311/v2"


def send(viaduct, *lines: str, body: bytes = b"") -> Answer:
    """One request, its lines as the client wrote them."""
    length = [f"Content-Length: {len(body)}"] if body or lines[0].startswith("POST") else []
    head = "\r\n".join([lines[0], f"Host: 127.0.0.1:{viaduct.port}", *lines[1:], *length])
    conversation = talk(viaduct.port, head.encode() + b"\r\n\r\n" + body, linger=0.1)
    assert len(conversation.answers) == 1, conversation
    return conversation.answers[0]


def report(viaduct, **fields) -> dict:
    return {
        "api_key": viaduct.key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": f"replay {next(COUNTER)}", **fields,
    }  # fmt: skip


def multipart(fields: dict, boundary: str, *part_lines: str) -> bytes:
    """The fields as parts, each with the lines that the client adds."""
    parts = []
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            head = "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *part_lines])
            parts.append(f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n")
    return ("".join(parts) + f"--{boundary}--\r\n").encode()


@pytest.fixture(scope="module")
def known(viaduct) -> str:
    """The id of a report that clients look for."""
    fields = report(viaduct, service_code="POTHOLE", **{"attribute[DEPTH]": "GT5"})
    return viaduct.sofia.post("/requests.json", fields).json[0]["service_request_id"]


FORM_TYPE = "Content-Type: application/x-www-form-urlencoded"
THREE = [
    "Accept-Encoding: gzip, deflate",
    "Accept: */*",
    "User-Agent: python-requests/2.31.0",
    "Connection: close",
]


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_three_reads(viaduct, known, suffix):
    for path in [
        f"discovery.{suffix}?jurisdiction_id=sofia.example", f"services.{suffix}?jurisdiction_id=sofia.example",
        f"services/POTHOLE.{suffix}?jurisdiction_id=sofia.example",
        f"requests.{suffix}?jurisdiction_id=sofia.example&page_size=5&start_date=2026-01-01T00%3A00%3A00Z&end_date=2026-12-31T00%3A00%3A00Z",
        f"requests/{known}.{suffix}?jurisdiction_id=sofia.example",
    ]:  # fmt: skip
        # It puts a slash behind the base, so that two stand there when the base has one.
        for slash in ("/", "//"):
            answer = send(viaduct, f"GET {MULTI}{slash}{path} HTTP/1.1", *THREE)
            assert answer.status == 200, path
            assert answer.header("Content-Encoding") != "deflate"


def test_three_posts_a_form(viaduct):
    body = urlencode(report(viaduct, jurisdiction_id="sofia.example")).encode()
    answer = send(viaduct, f"POST {MULTI}/requests.json HTTP/1.1", *THREE, FORM_TYPE, body=body)
    assert answer.status == 200
    assert answer.json[0]["service_request_id"]


def test_three_without_a_key_gets_a_body_to_read(viaduct):
    body = urlencode(report(viaduct, api_key="", jurisdiction_id="sofia.example")).encode()
    answer = send(viaduct, f"POST {MULTI}/requests.json HTTP/1.1", *THREE, FORM_TYPE, body=body)
    assert answer.status == 403
    assert answer.json[0]["description"]


def test_three_0_8_reads_and_posts(viaduct):
    lines = ["Accept-Encoding: identity", "User-Agent: python-requests/0.13.0"]
    answer = send(
        viaduct, f"GET {SOFIA}/requests.json?jurisdiction_id=sofia.example&page_size=2 HTTP/1.1", *lines
    )
    assert answer.status == 200 and isinstance(answer.json, list)
    body = urlencode(report(viaduct, jurisdiction_id="sofia.example")).encode()
    assert send(viaduct, f"POST {SOFIA}/requests.json HTTP/1.1", *lines, FORM_TYPE, body=body).status == 200


def test_civicbot_reads_where_it_stands_and_posts_answers(viaduct):
    lines = ["Accept: application/json", "User-Agent: civicbot/0.4.0", "Connection: close"]
    where = "lat=42.7&long=23.3"
    services = send(viaduct, f"GET {SOFIA}/services.json?{where} HTTP/1.1", *lines).json
    assert isinstance(services, list) and services
    assert send(viaduct, f"GET {SOFIA}/services/POTHOLE.json?{where} HTTP/1.1", *lines).json["attributes"]
    assert isinstance(
        send(viaduct, f"GET {SOFIA}/requests.json?{where}&page_size=3 HTTP/1.1", *lines).json, list
    )
    fields = report(viaduct, service_code="POTHOLE", **{
        "attribute[DEPTH]": "GT5", "attribute[HAZARDS][]": ["CARS", "BIKES"],
    })  # fmt: skip
    body = urlencode(fields, doseq=True).encode()
    answer = send(viaduct, f"POST {SOFIA}/requests.json HTTP/1.1", *lines, FORM_TYPE, body=body)
    assert answer.json[0]["service_request_id"]


def test_civicbot_follows_a_token(viaduct):
    lines = ["Accept: application/json", "User-Agent: civicbot/0.4.0", "Connection: close"]
    body = urlencode(report(viaduct, service_code="STREETLIGHT")).encode()
    receipt = send(viaduct, f"POST {SOFIA}/requests.json HTTP/1.1", *lines, FORM_TYPE, body=body).json[0]
    assert "service_request_id" not in receipt
    answer = send(viaduct, f"GET {SOFIA}/tokens/{receipt['token']}.json HTTP/1.1", *lines)
    assert answer.json[0]["token"] == receipt["token"]


def test_chicagorequests_sends_odd_dates_and_pages(viaduct, known):
    query = "&".join([
        "extensions=true", "service_code=" + quote("POTHOLE,GRAFFITI"),
        "updated_after=" + quote("2026-01-01 00:00:00-06:00"), "updated_before=2099-01-01+00:00:00-06:00",
        "start_date=2020-01-01T00:00:00-06:00", "end_date=2099-01-01T23:59:59.999999+00:00",
        "page=1", "page_size=200",
    ])  # fmt: skip
    answer = send(viaduct, f"GET {SOFIA}/requests.json?{query} HTTP/1.1", *THREE)
    assert known in {row["service_request_id"] for row in answer.json}
    beyond = send(viaduct, f"GET {SOFIA}/requests.json?{query.replace('page=1', 'page=99')} HTTP/1.1", *THREE)
    assert (beyond.status, beyond.json) == (200, [])


def test_open311_1_1_uses_the_singular_and_the_query(viaduct):
    lines = ["Accept-Encoding: identity", "User-Agent: Python-urllib/2.7", "Connection: close"]
    assert (
        send(
            viaduct, f"GET {MULTI}/service/POTHOLE.xml?jurisdiction_id=sofia.example HTTP/1.1", *lines
        ).xml.tag
        == "service_definition"
    )
    fields = report(viaduct)
    query = urlencode({"api_key": fields.pop("api_key"), "jurisdiction_id": "sofia.example"})
    answer = send(
        viaduct,
        f"POST {MULTI}/requests.xml?{query} HTTP/1.1",
        *lines,
        FORM_TYPE,
        body=urlencode(fields).encode(),
    )
    assert answer.xml.findtext("request/service_request_id")


def test_ruby_gem_posts_multipart_only_and_reads_xml(viaduct, known):
    lines = ["Accept: */*", "User-Agent: Open311 Ruby Gem 0.3.1", "Connection: close"]
    boundary = "-----------RubyMultipartPost"
    body = multipart(report(viaduct, jurisdiction_id="sofia.example"), boundary)
    answer = send(viaduct, f"POST {MULTI}/requests.xml HTTP/1.1", *lines,
        f"Content-Type: multipart/form-data; boundary={boundary}", body=body)  # fmt: skip
    assert answer.status == 200
    assert answer.xml.findtext("request/service_request_id")
    one = send(viaduct, f"GET {MULTI}/requests/{known}.xml?jurisdiction_id=sofia.example HTTP/1.1", *lines)
    assert len(tree(one.xml)) == 1


def test_node_open311_0_0_11(viaduct):
    found = send(
        viaduct, "GET /open311/discovery.json HTTP/1.1", "Accept: application/json", "Connection: keep-alive"
    ).json
    endpoint = next(e for e in found["endpoints"] if e["type"] == "production")
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    base = "/" + endpoint["url"].split("/", 3)[3]
    answer = send(
        viaduct, f"GET {base}/services.json?jurisdiction_id=sofia.example HTTP/1.1", "Connection: keep-alive"
    )
    assert answer.status == 200
    body = urlencode(report(viaduct)).encode()
    answer = send(viaduct, f"POST {base}/requests.json?jurisdiction_id=sofia.example HTTP/1.1",
        "content-type: application/x-www-form-urlencoded; charset=utf-8", body=body)  # fmt: skip
    assert 200 <= answer.status < 300


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_node_open311_0_0_8_slashes_and_an_empty_body(viaduct, suffix):
    lines = ["Content-Type: text/plain", "Connection: close"]
    answer = send(viaduct, f"GET {SOFIA}/requests/{suffix}?jurisdiction_id=sofia.example HTTP/1.1", *lines)
    assert answer.status == 200
    assert suffix in answer.header("Content-Type")
    query = urlencode(report(viaduct, jurisdiction_id="sofia.example"))
    answer = send(viaduct, f"POST {SOFIA}/requests/{suffix}?{query} HTTP/1.1", "Connection: close")
    assert answer.status == 200
    assert suffix in answer.header("Content-Type")


def test_cutr_java_boundary_and_accept(viaduct, known):
    accept = "Accept: text/html, image/gif, image/jpeg, */*; q=0.2"
    lines = [accept, "User-Agent: Java/17.0.15", "Connection: keep-alive"]
    where = "jurisdiction_id=sofia.example&lat=42.7&long=23.3"
    for path in ["services.json", "services/POTHOLE.json", f"requests/{known}.json"]:
        answer = send(viaduct, f"GET {MULTI}/{path}?{where}&service_request_id={known} HTTP/1.1", *lines)
        assert answer.status == 200 and answer.json
    boundary = "===1795312196749==="
    body = multipart(
        report(viaduct, jurisdiction_id="sofia.example"), boundary, "Content-Type: text/plain; charset=UTF-8"
    )
    answer = send(viaduct, f"POST {MULTI}/requests.json HTTP/1.1", *lines,
        f"Content-Type: multipart/form-data; boundary={boundary}", body=body)  # fmt: skip
    assert answer.status == 200, "it knows no other success"


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_open311_java_contradicts_itself(viaduct, suffix):
    lines = [
        "Accept: text/xml",
        "Content-Type: text/xml",
        "Connection: Keep-Alive",
        "User-Agent: Apache-HttpClient/UNAVAILABLE (java 1.4)",
    ]
    answer = send(viaduct, f"GET {MULTI}/services.{suffix}?jurisdiction_id=sofia.example HTTP/1.1", *lines)
    assert suffix in answer.header("Content-Type")
    # It does not encode its query.
    answer = send(
        viaduct,
        f"GET {MULTI}/requests.{suffix}?jurisdiction_id=sofia.example&start_date=2026-01-01T00:00:00+02:00 HTTP/1.1",
        *lines,
    )
    assert answer.status == 200
    body = urlencode(report(viaduct, jurisdiction_id="sofia.example")).encode()
    answer = send(
        viaduct, f"POST {MULTI}/requests.{suffix} HTTP/1.1", "Accept: text/xml", FORM_TYPE, body=body
    )
    assert answer.status == 200 and suffix in answer.header("Content-Type")


def test_wp_open311_wants_each_definition_and_posts_blanks(viaduct):
    lines = ["Accept: */*", "User-Agent: WordPress/6.1; http://127.0.0.1", "Connection: close"]
    for service in send(viaduct, f"GET {SOFIA}/services.json HTTP/1.1", *lines).json:
        answer = send(viaduct, f"GET {SOFIA}/services/{service['service_code']}.json HTTP/1.1", *lines)
        assert isinstance(answer.json["attributes"], list)
    answer = send(
        viaduct, f"GET {SOFIA}/requests.json?service_code=GRAFFITI&agency_responsible= HTTP/1.1", *lines
    )
    assert answer.status == 200
    fields = report(
        viaduct, media_url="", email="", phone="", address_id="", address_string="", first_name=""
    )
    assert (
        send(
            viaduct,
            f"POST {SOFIA}/requests.json HTTP/1.1",
            *lines,
            FORM_TYPE,
            body=urlencode(fields).encode(),
        ).status
        == 200
    )


def test_6aika_pulls_with_a_key_of_the_compact_profile(viaduct, known):
    key = viaduct.instance.key("6aika", "--profile", "compact")

    def row() -> dict:
        return send(
            viaduct, f"GET {SOFIA}/requests.json?api_key={key}&status=open HTTP/1.1", "Accept: */*"
        ).json[0]

    wait_until(lambda: row()["status_notes"] == "", within=5)
    seen = row()
    assert None not in seen.values(), seen
    assert seen["status_notes"] == ""
    assert "expected_datetime" not in seen


@pytest.mark.parametrize("kind", ["Android", "iOS"])
def test_georeporter_apps(viaduct, kind):
    agent = f"User-Agent: GeoReporter/{kind}"
    services = send(
        viaduct,
        f"GET {SOFIA}/services.json?jurisdiction_id=sofia.example&api_key={viaduct.key} HTTP/1.1",
        agent,
    ).json
    assert all(service["group"] for service in services), "null crashes the app"
    assert all(service["metadata"] in (True, False) for service in services)
    fields = report(viaduct, service_code="POTHOLE", jurisdiction_id="sofia.example", **{
        "attribute[DEPTH]": "LT5", "attribute[HAZARDS][]": ["CARS", "BIKES"], "device_id": "phone",
    })  # fmt: skip
    answer = send(
        viaduct,
        f"POST {SOFIA}/requests.json HTTP/1.1",
        agent,
        FORM_TYPE,
        body=urlencode(fields, doseq=True).encode(),
    )
    assert answer.status in (200, 201, 202)
    assert answer.json[0]["service_request_id"] and "token" not in answer.json[0]
    refused = send(
        viaduct,
        f"POST {SOFIA}/requests.json HTTP/1.1",
        agent,
        FORM_TYPE,
        body=b"jurisdiction_id=sofia.example",
    )
    assert refused.json[0]["description"]


def test_bloomington_web_form_posts_empty_coordinates(viaduct):
    fields = report(viaduct, lat="", long="", address_string="бул. Витоша 15, София")
    body = multipart(fields, "----WebKitFormBoundaryAbC123")
    answer = send(viaduct, f"POST {SOFIA}/requests.json HTTP/1.1",
        "Content-Type: multipart/form-data; boundary=----WebKitFormBoundaryAbC123", body=body)  # fmt: skip
    assert answer.status == 200


def test_srtracker_pages_until_it_is_empty(viaduct):
    query = "extensions=true&page_size=1000&service_code=&start_date=2026-01-01T00:00:00.000000Z&legacy=false"
    first = send(viaduct, f"GET {SOFIA}/requests.json?{query}&page=1 HTTP/1.1", *THREE)
    second = send(viaduct, f"GET {SOFIA}/requests.json?{query}&page=2 HTTP/1.1", *THREE)
    assert first.json and second.json == []
    naive = send(
        viaduct, f"GET {SOFIA}/requests.json?updated_after=2026-01-01T00:00:00.123456 HTTP/1.1", *THREE
    )
    assert naive.status == 200
    assert (
        send(viaduct, f"GET {SOFIA}/requests/12-00000000.json?extensions=true HTTP/1.1", *THREE).status == 404
    )


def test_open311status_reads_xml_by_windows(viaduct):
    lines = [
        "Accept: */*",
        "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
        "User-Agent: Faraday v0.9.2",
    ]
    assert send(viaduct, f"GET {SOFIA}/services.xml HTTP/1.1", *lines).status == 200
    answer = send(
        viaduct,
        f"GET {SOFIA}/requests.xml?start_date=2026-11-01T00:00:00Z&end_date=2027-01-01T00:00:00Z HTTP/1.1",
        *lines,
    )
    assert answer.header("Content-Encoding") in (None, "gzip", "identity")
    assert answer.status == 200


def test_chicagos_scenario(viaduct):
    caller = viaduct.instance.caller("sofia", viaduct.key)
    refused = caller.post("/requests.json", report(viaduct, service_code="POTHOLE"))
    assert refused.status == 400 and "DEPTH required" in refused.problems()
    receipt = caller.post("/requests.json", report(viaduct, service_code="STREETLIGHT")).json[0]

    def resolved() -> dict:
        return caller.get(f"/tokens/{receipt['token']}.json").json[0]

    wait_until(lambda: "service_request_id" in resolved(), within=5)
    shown = caller.get(f"/requests/{resolved()['service_request_id']}.json").json[0]
    assert shown["service_code"] == "STREETLIGHT"
