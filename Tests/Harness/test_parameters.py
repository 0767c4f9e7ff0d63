"""Bad inputs, block B: content negotiation and parameters (reliability.md 11)."""

from urllib.parse import urlencode

import pytest

from kit.wire import request

JUNK_NUMBERS = ["nan", "inf", "1e400", "0x1p3", "+42.1", "42,1", "４２", "42.1\0"]


def form(viaduct, **fields) -> dict:
    """A good report to which a test adds what is wrong."""
    return {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": "block B", **fields,
    }  # fmt: skip


def test_46_a_format_that_nobody_has(viaduct):
    assert viaduct.sofia.get("/services", {"Accept": "image/png"}).status == 406


def test_47_an_unknown_suffix(viaduct):
    answer = viaduct.sofia.get("/services.yaml")
    assert answer.status == 404
    answer.problems()


def test_48_json_that_calls_itself_text(viaduct):
    headers = {"Content-Type": "text/plain", "Connection": "close"}
    raw = request("POST", viaduct.sofia.base + "/requests.json", headers, b'{"lat": 42.7}')
    assert viaduct.sofia.send(raw).status == 415


def test_49_a_compressed_body(viaduct):
    headers = {"Content-Encoding": "gzip"}
    assert viaduct.sofia.post("/requests.json", form(viaduct), headers).status == 415


def test_50_another_charset(viaduct):
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=windows-1251"}
    assert viaduct.sofia.post("/requests.json", form(viaduct), headers).status == 415


@pytest.mark.parametrize("boundary", ["", "; boundary=" + "b" * 100], ids=["without", "of_100_bytes"])
def test_51_multipart_with_no_good_boundary(viaduct, boundary):
    headers = {"Content-Type": "multipart/form-data" + boundary, "Connection": "close"}
    raw = request("POST", viaduct.sofia.base + "/requests.json", headers, b"--b\r\n")
    assert viaduct.sofia.send(raw).status == 400


def test_52_no_jurisdiction_where_there_are_several(viaduct):
    answer = viaduct.common.get("/services.json")
    assert answer.status == 400
    assert "jurisdiction_id" in answer.problems()


def test_53_an_unknown_jurisdiction(viaduct):
    answer = viaduct.common.get("/services.json", jurisdiction_id="nowhere.example")
    assert answer.status == 404
    assert "jurisdiction_id" in answer.problems()


def test_54_two_jurisdictions_at_once(viaduct):
    both = ["sofia.example", "mitrovica.example"]
    assert viaduct.common.get("/services.json", jurisdiction_id=both).status == 400


def test_55_too_many_ids(viaduct):
    ids = ",".join(f"s{number}" for number in range(1001))
    assert viaduct.sofia.get("/requests.json", service_request_id=ids).status == 400
    short = ",".join("a" for _ in range(1001))
    assert viaduct.sofia.get("/requests.json", service_request_id=short).status == 400


@pytest.mark.parametrize("date", [
    "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Zjunk", "2026-01-01T24:00:00Z",
    "99999-01-01T00:00:00Z", "yesterday", "2026-13-01", "1969-01-01T00:00:00Z",
])  # fmt: skip
def test_56_and_57_dates_that_are_none(viaduct, date):
    answer = viaduct.sofia.get("/requests.json", start_date=date)
    assert answer.status == 400
    assert "start_date" in answer.problems()


def test_57_a_date_without_a_zone_is_taken_as_utc(viaduct):
    # GR-2.6 decides against row 57: clients send such dates.
    assert viaduct.sofia.get("/requests.json", start_date="2026-01-01T00:00:00").status == 200


def test_58_a_range_that_runs_backwards(viaduct):
    answer = viaduct.sofia.get("/requests.json", start_date="2026-02-02", end_date="2026-01-01")
    assert answer.status == 400


def test_58_a_range_over_90_days_is_served(viaduct):
    # As documented: GR-8.2 accepts it unless the jurisdiction is strict.
    answer = viaduct.sofia.get("/requests.json", start_date="2025-01-01", end_date="2026-01-01")
    assert answer.status == 200


def test_59_a_status_that_is_none(viaduct):
    assert viaduct.sofia.get("/requests.json", status="open'--").status == 400


@pytest.mark.parametrize("number", JUNK_NUMBERS)
def test_60_coordinates_that_are_no_numbers(viaduct, number):
    assert viaduct.sofia.get("/requests.json", lat=number, long="23.3", radius="500").status == 400
    assert viaduct.sofia.post("/requests.json", form(viaduct, lat=number)).status == 400


@pytest.mark.parametrize("place", [
    {"lat": "91", "long": "23.3"}, {"lat": "42.7", "long": "181"}, {"lat": "42.7", "long": ""},
    {"lat": "", "long": "23.3"},
])  # fmt: skip
def test_61_coordinates_out_of_range_or_halved(viaduct, place):
    assert viaduct.sofia.get("/requests.json", **place).status == 400
    assert viaduct.sofia.post("/requests.json", form(viaduct, **place)).status == 400


@pytest.mark.parametrize("lat, long", [("0", "0"), ("51.5", "-0.14")])
def test_62_a_place_outside_the_boundary(viaduct, lat, long):
    answer = viaduct.sofia.post("/requests.json", form(viaduct, lat=lat, long=long))
    assert answer.status == 400
    assert "outside" in answer.problems().lower()


@pytest.mark.parametrize("page", [{"page": "-1"}, {"page_size": "999999999999999999999"}, {"page_size": "0"}])
def test_63_pages_that_are_none(viaduct, page):
    assert viaduct.sofia.get("/requests.json", **page).status == 400


def test_64_too_many_parameters(viaduct):
    many = urlencode({f"p{number}": "1" for number in range(300)})
    raw = request("GET", f"{viaduct.sofia.base}/requests.json?{many}", {"Connection": "close"})
    assert viaduct.sofia.send(raw).status == 400
    assert viaduct.sofia.post("/requests.json", form(viaduct, **{f"p{n}": "1" for n in range(300)})).status == 400


def test_64_too_long_a_name(viaduct):
    assert viaduct.sofia.get("/requests.json", **{"n" * 1024: "1"}).status == 400
    assert viaduct.sofia.post("/requests.json", form(viaduct, **{"n" * 1024: "1"})).status == 400


def test_65_a_key_in_the_address_is_answered_with_a_warning_and_not_logged(viaduct):
    answer = viaduct.sofia.get("/services.json", api_key=viaduct.key)
    assert answer.status == 200
    assert answer.header("Warning")
    assert viaduct.key not in viaduct.instance.log.read_text(errors="replace")


def test_the_process_is_still_the_same(viaduct):
    assert viaduct.instance.process.poll() is None
    assert viaduct.sofia.get("/services.json").status == 200
