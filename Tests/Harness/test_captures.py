"""Real input: answers captured from cities' servers, requests recorded from a stock FixMyStreet.

They are other people's data and lie beside the project; a clone without them skips these tests.
"""

import json
import math
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from kit.documents import instant, plain, tree
from kit.instance import Instance, wait_until, write_jurisdiction
from kit.photos import small
from kit.ports import free_ports, is_open
from kit.wire import talk

AROUND = {"lat": 50.9375, "long": 6.9603}


@pytest.fixture(scope="module")
def captured(captures) -> list[dict]:
    """The captured rows as they are."""
    rows = json.loads((captures / "koeln-requests.json").read_text())
    assert len(rows) == 50
    return rows


@pytest.fixture(scope="module")
def source(captured, city) -> list[dict]:
    """The captured rows by the ids that they have with us.

    Two different reports of the capture carry one number: the second one got an id of ours.
    """
    ours = {(r["requested_datetime"], r["service_code"]): r["service_request_id"] for r in listed(city)}
    rows, numbers = [], set()
    for row in captured:
        number = row["service_request_id"]
        if number in numbers:
            time = instant(row["requested_datetime"]).astimezone(timezone.utc)
            number = ours[time.strftime("%Y-%m-%dT%H:%M:%SZ"), row["service_code"]]
            assert number.startswith("koeln-"), number
        numbers.add(number)
        rows.append({**row, "service_request_id": number})
    return rows


def listed(city) -> list[dict]:
    return city.get("/requests.json", start_date="2023-01-01").json


def changed(row: dict) -> datetime:
    return instant(row["updated_datetime"])


@pytest.fixture(scope="module")
def city(binary, captures, captured):
    """A Viaduct with the captured reports in a jurisdiction of their own."""
    services = {row["service_code"]: row["service_name"] for row in captured}
    with Instance() as instance:
        write_jurisdiction(instance, {
            "id": "koeln.example", "slug": "koeln", "name": "Stadt", "contact": "311@koeln.example",
            "languages": ["de"], "time_zone": "Europe/Berlin",
            "services": [{"code": code, "name": name} for code, name in sorted(services.items())],
        })  # fmt: skip
        arguments = [
            "import",
            "requests",
            str(captures / "koeln-requests.json"),
            "--jurisdiction",
            "koeln.example",
        ]
        first = instance.command(*arguments)
        assert "50 added" in first.stdout and "row" not in first.stderr, first
        again = instance.run(*arguments)
        assert "0 added, 50 already there" in again, again
        instance.start()
        yield instance.caller("koeln")


def ids(rows: list[dict]) -> list[str]:
    return [row["service_request_id"] for row in rows]


def search(city, **query) -> list[str]:
    """The ids that a search finds, the same in both formats."""
    query = {"start_date": "2023-01-01", **query}
    as_json = city.get("/requests.json", **query)
    assert as_json.status == 200, as_json
    as_xml = tree(city.get("/requests.xml", **query).xml)
    assert plain(as_json.json) == as_xml
    return ids(as_json.json)


def text(value: str | None) -> str | None:
    """A source's text as it is stored: one kind of line end, no blank around it (GR-11.4)."""
    return None if value is None else re.sub(r"\r\n?", "\n", value).strip() or None


def test_all_of_them_are_there_field_by_field(city, source):
    rows = {row["service_request_id"]: row for row in listed(city)}
    assert set(rows) == set(ids(source)) and len(rows) == 50
    for theirs in source:
        ours = rows[theirs["service_request_id"]]
        for name in (
            "status",
            "service_code",
            "service_name",
            "agency_responsible",
            "service_notice",
            "address_id",
            "zipcode",
        ):
            assert ours[name] == theirs[name], name
        assert ours["media_url"] == theirs.get("media_url")
        for name in ("description", "address", "status_notes"):
            assert text(ours[name]) == text(theirs.get(name)), name
        for name in ("requested_datetime", "updated_datetime"):
            assert instant(ours[name]) == instant(theirs[name]), name
        for name in ("lat", "long"):
            assert math.isclose(ours[name], theirs[name], abs_tol=1.01e-7), name


def test_each_of_them_by_its_id(city, source):
    for theirs in source[::10]:
        number = theirs["service_request_id"]
        as_json = city.get(f"/requests/{number}.json").json
        assert plain(as_json) == tree(city.get(f"/requests/{number}.xml").xml)
        assert ids(as_json) == [number]


def test_newest_first(city, source):
    newest = sorted(
        source, key=lambda r: (instant(r["requested_datetime"]), r["service_request_id"]), reverse=True
    )
    assert search(city) == ids(newest)


def test_filtered_by_date(city, source):
    times = sorted(instant(row["requested_datetime"]) for row in source)
    low, high = times[10], times[40]
    expected = {r["service_request_id"] for r in source if low <= instant(r["requested_datetime"]) <= high}
    zone = timezone(timedelta(hours=1))
    for form in (lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"), lambda t: t.astimezone(zone).isoformat()):
        assert set(search(city, start_date=form(low), end_date=form(high))) == expected
    moment = sorted(map(changed, source))[25]
    expected = {r["service_request_id"] for r in source if changed(r) >= moment}
    assert set(search(city, updated_after=moment.isoformat())) == expected


def test_filtered_by_status_and_code(city, source):
    for status in ("open", "closed", "open,closed"):
        expected = {r["service_request_id"] for r in source if r["status"] in status.split(",")}
        assert set(search(city, status=status)) == expected
    codes = sorted({row["service_code"] for row in source})
    for chosen in (codes[:1], codes[1:4]):
        expected = {r["service_request_id"] for r in source if r["service_code"] in chosen}
        assert set(search(city, service_code=",".join(chosen))) == expected


def metres(row: dict) -> float:
    """The way from the centre, on a sphere."""
    a, b = math.radians(row["lat"]), math.radians(AROUND["lat"])
    dx = math.radians(row["long"] - AROUND["long"]) / 2
    part = math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(dx) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(part))


@pytest.mark.parametrize("radius", [1500, 3000, 5000])
def test_filtered_by_radius(city, source, radius):
    found = set(search(city, radius=radius, **AROUND))
    surely = {r["service_request_id"] for r in source if metres(r) < radius * 0.99}
    maybe = {r["service_request_id"] for r in source if metres(r) < radius * 1.01}
    assert surely <= found <= maybe and surely


def test_filtered_by_box(city, source):
    west, south, east, north = 6.9, 50.9, 7.0, 50.96
    expected = {
        r["service_request_id"] for r in source if south <= r["lat"] <= north and west <= r["long"] <= east
    }  # fmt: skip
    assert set(search(city, bbox=f"{west},{south},{east},{north}")) == expected != set()


def test_paged(city):
    everything = search(city)
    for size in (7, 20, 50, 500):
        pages = []
        for page in range(1, 50 // size + 3):
            found = search(city, page=page, page_size=size)
            if not found:
                break
            pages += found
        assert pages == everything


@pytest.fixture(scope="module")
def capital(binary, captures):
    """A Viaduct with a jurisdiction made of a captured catalogue, read over HTTP."""
    with Instance() as instance:
        site = instance.directory / "site"
        (site / "services").mkdir(parents=True)
        shutil.copy(captures / "dc-services.xml", site / "services.xml")
        shutil.copy(captures / "dc-services-S0301.xml", site / "services" / "S0301.xml")
        port = free_ports(1)[0]
        server = subprocess.Popen(
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", site],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: is_open(port), within=10)
            instance.run(
                "import", "services", f"http://127.0.0.1:{port}/services.xml",
                "--jurisdiction-file", str(instance.settings / "jurisdictions" / "dc.yaml"), "--id", "dc.example",
                "--slug", "dc", "--name", "District of Columbia", "--contact", "311@dc.example",
                "--language", "en", "--time-zone", "America/New_York",
            )  # fmt: skip
        finally:
            server.terminate()
            server.wait(10)
        instance.start()
        yield instance.caller("dc", instance.key())


def test_a_catalogue_becomes_a_jurisdiction(capital, captures):
    theirs = ElementTree.parse(captures / "dc-services.xml").getroot()
    ours = {service["service_code"]: service for service in capital.get("/services.json").json}
    assert plain(capital.get("/services.json").json) == tree(capital.get("/services.xml").xml)
    assert set(ours) == {service.findtext("service_code") for service in theirs}
    for service in theirs:
        here = ours[service.findtext("service_code")]
        assert text(here["service_name"]) == text(service.findtext("service_name"))
        assert text(here["description"]) == text(service.findtext("description"))
        assert text(here["group"]) == text(service.findtext("group"))
        assert here["type"] == "realtime"


def test_its_definition_is_served(capital, captures):
    theirs = ElementTree.parse(captures / "dc-services-S0301.xml").getroot()
    ours = capital.get("/services/S0301.json").json
    assert plain(ours) == tree(capital.get("/services/S0301.xml").xml)
    expected = sorted(tree(theirs)["attributes"], key=lambda a: int(a["order"]))
    # Ours ends with FixMyStreet's question.
    *questions, number = ours["attributes"]
    assert [a["code"] for a in questions] == [a["code"] for a in expected]
    assert number["code"] == "fixmystreet_id"
    for here, there in zip(questions, expected, strict=True):
        assert text(here["description"]) == text(there["description"])
        assert plain(here["required"]) == there["required"]
        assert plain(here["variable"]) == there["variable"]
        assert here.get("values", []) == there["values"]
    assert [a["order"] for a in ours["attributes"]] == list(range(1, len(expected) + 2))


def test_its_required_answer_is_required(capital):
    report = {"service_code": "S0301", "lat": "38.9", "long": "-77.03", "description": "a hole"}
    refused = capital.post("/requests.json", report)
    assert refused.status == 400 and "WHISPOLO required" in refused.problems()
    assert capital.post("/requests.json", {**report, "attribute[WHISPOLO]": "STREE001"}).status == 200


def recorded(captures) -> list[bytes]:
    """The recorded requests that concern reports and services and carry no files."""
    text = (captures / "fixmystreet-requests.http").read_bytes()
    pieces = [piece.lstrip(b"\r\n") for piece in re.split(rb"(?m)^----\r?\n", text)]
    pieces[0] = re.sub(rb"(?m)^#.*\n", b"", pieces[0])
    wanted = rb"^(GET /open311/v2/(services|requests)|POST /open311/v2/requests)"
    return [p for p in pieces if re.match(wanted, p) and b"multipart/form-data" not in p]


def test_a_stock_fixmystreet_is_served(viaduct, captures):
    seen = []
    for raw in recorded(captures):
        head, _, body = re.sub(rb"\r?\n", b"\r\n", raw).partition(b"\r\n\r\n")
        body = re.sub(rb"api_key=[^&\s]*", b"api_key=" + viaduct.key.encode(), body.strip())
        head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
        conversation = talk(viaduct.port, head + b"\r\n\r\n" + body, linger=0.1)
        assert conversation.statuses == [200], (raw, conversation)
        root = conversation.answers[0].xml
        seen.append(root.tag)
        if raw.startswith(b"POST"):
            assert re.fullmatch(r"[\w-]+", root.findtext("request/service_request_id"))
    assert {"services", "service_definition", "service_requests"} == set(seen)
    assert len(seen) >= 8


def test_the_reports_it_sent_are_found_by_it(viaduct, captures):
    now = datetime.now(timezone.utc)
    window = [(now + timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ") for h in (-1, 1)]
    rows = viaduct.common.get(
        "/requests.xml", jurisdiction_id="rec-juris", start_date=window[0], end_date=window[1]
    ).xml
    told = [row.findtext("description") for row in rows]
    assert any("Big hole é outside no 5\n\nThere is a hole.\nIt is deep." in each for each in told), told
    assert all(float(row.findtext("lat")) and row.findtext("updated_datetime") for row in rows)


def conversation(captures) -> list[bytes]:
    """The recorded requests that a report's conversation needs: with files, and about updates."""
    text = (captures / "fixmystreet-requests.http").read_bytes()
    pieces = [piece.lstrip(b"\r\n") for piece in re.split(rb"(?m)^----\r?\n", text)]
    return [p for p in pieces if b"servicerequestupdates" in p[:200] or b"multipart/form-data" in p]


def replayed(raw: bytes, key: str, identifier: str) -> bytes:
    """A recorded request with our key, our report and a time of today; cut files are whole pictures."""
    head, _, body = re.sub(rb"\r?\n", b"\r\n", raw).partition(b"\r\n\r\n")
    if b"multipart/form-data" in head:
        parts = [part for part in body.split(b"--xYzZY\r\n") if part.strip()]
        parts = [_whole(part, number, key) for number, part in enumerate(parts)]
        body = b"".join(b"--xYzZY\r\n" + part for part in parts) + b"--xYzZY--\r\n"
    else:
        moment = quote(datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")).encode()
        body = re.sub(rb"api_key=[^&\s]*", b"api_key=" + key.encode(), body.strip())
        body = re.sub(rb"service_request_id=[^&\s]*", b"service_request_id=" + identifier.encode(), body)
        body = re.sub(rb"updated_datetime=[^&\s]*", b"updated_datetime=" + moment, body)
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


def _whole(part: bytes, number: int, key: str) -> bytes:
    top, _, content = part.partition(b"\r\n\r\n")
    if b"filename=" in top:
        content = small(number) + b"\r\n"
    elif b'name="api_key"' in top:
        content = key.encode() + b"\r\n"
    return top + b"\r\n\r\n" + content


def test_its_photos_and_updates_are_served(viaduct, captures):
    key = viaduct.instance.key("recorded", "--scope", "report", "--scope", "update", "--profile", "fixmystreet")
    identifier, roots = "", []
    # What has files first: the updates are about that report.
    for raw in sorted(conversation(captures), key=lambda p: b"multipart/form-data" not in p):
        answer = talk(viaduct.port, replayed(raw, key, identifier), linger=0.1).answers[0]
        assert answer.status == 200, (raw[:300], answer.text)
        roots.append(answer.xml.tag)
        identifier = identifier or answer.xml.findtext("request/service_request_id")
    assert roots[0] == "service_requests" and set(roots[1:]) == {"service_request_updates"}
    council = viaduct.instance.caller("council")
    row = council.get(f"/requests/{identifier}.json", extensions="true").json[0]
    assert row["extended_attributes"]["media_urls"]
    told = council.get("/servicerequestupdates.json", service_request_id=identifier).json
    assert len(told) == sum(p.startswith(b"POST") and b"updates.xml" in p[:60] for p in conversation(captures))
