"""open311-adapter's Passthrough as a client of ours: strict, XML only, silent about nothing (GR-13.7)."""

import itertools
from datetime import timedelta

import pytest

from kit.adapter import Adapter, Dies
from kit.fixmystreet import FixMyStreet, now, stamp
from kit.instance import Instance
from kit.photos import small
from kit.wire import talk

COUNTER = itertools.count()


@pytest.fixture(scope="module")
def served(binary):
    with Instance() as instance:
        rights = ["--scope", "report", "--scope", "update"]
        keys = {
            "adapter": instance.key("Adapter", *rights, "--profile", "adapter"),
            "staff": instance.key("Staff", *rights, "--scope", "staff"),
        }
        instance.start()
        yield instance, keys
        assert instance.process.poll() is None, instance.tail


@pytest.fixture
def adapter(served) -> Adapter:
    instance, keys = served
    return Adapter(instance.port, "/council/adapter/open311/v2/", keys["adapter"])


def report(**more) -> dict:
    return {
        "service_code": "POT", "lat": "51.5", "long": "-0.1", "attribute[depth]": "d",
        "attribute[fixmystreet_id]": str(next(COUNTER) + 70_000), "first_name": "Jane", "last_name": "Public",
        "description": f"For the adapter {next(COUNTER)}", **more,
    }  # fmt: skip


def sent(served, files: int = 0, **more) -> str:
    """A report with pictures, sent by somebody else."""
    sender = FixMyStreet(served[0].port, served[1]["staff"])
    pictures = [(f"photo{n}", f"{n}.jpeg", small(n)) for n in range(files)]
    raw = sender.posting("requests.xml", report(**more), pictures)
    return talk(served[0].port, raw, linger=0.1).answers[0].xml.findtext("request/service_request_id")


def told(served, identifier: str, number: str, files: int = 0, **more) -> None:
    sender = FixMyStreet(served[0].port, served[1]["staff"])
    fields = {
        "service_request_id": identifier, "update_id": number, "updated_datetime": stamp(now()),
        "status": "IN_PROGRESS", "description": "Seen to", **more,
    }  # fmt: skip
    pictures = [(f"photo{n}", f"{n}.jpeg", small(10 + n)) for n in range(files)]
    raw = sender.posting("servicerequestupdates.xml", fields, pictures)
    assert talk(served[0].port, raw, linger=0.1).statuses == [200]


def window() -> dict:
    return {"start_date": stamp(now() - timedelta(hours=1)), "end_date": stamp(now() + timedelta(minutes=1))}


def test_the_catalogue_passes_its_schema(adapter):
    services = adapter.services()
    assert {service["service_code"] for service in services} == {"POT", "GRA"}
    for service in services:
        codes = [attribute["code"] for attribute in service["attributes"]]
        assert codes.count("fixmystreet_id") == 1


def test_it_reports_and_updates(adapter):
    form = report(**{"attribute[fixmystreet_id]": "70123", "attribute[easting]": "", "attribute[odd]": ["a", "b"]})
    first = adapter.report(form)
    assert adapter.report(form) == first
    fields = {
        "service_request_id": first, "update_id": "70124", "updated_datetime": stamp(now()), "status": "CLOSED",
        "description": "Gone", "first_name": "Jane", "last_name": "-", "service_code": "POT",
    }  # fmt: skip
    number = adapter.update(fields)
    assert adapter.update(fields) == number
    assert [u["update_id"] for u in adapter.updates(**window()) if u["service_request_id"] == first] == [number]


def test_no_report_kills_its_list(served, adapter):
    lonely, two = sent(served, files=1), sent(served, files=2)
    nowhere = sent(served, lat="", long="", address_string="Somewhere")
    dated = sent(served)
    told(served, dated, "a-1", expected_datetime="2030-01-02T03:04:05Z")
    for n, word in enumerate(["DUPLICATE", "INTERNAL_REFERRAL", "NO_FURTHER_ACTION", "CANCELLED"]):
        told(served, sent(served), f"a-2-{n}", status=word)
    rows = {row["service_request_id"]: row for row in adapter.reports(**window())}
    assert {lonely, two, dated} <= set(rows) and nowhere not in rows
    assert "media_url" not in rows[lonely] and ".jpg" in rows[lonely]["description"]
    assert len(rows[lonely]["description"].split("http")[1].split()) == 1, "the address ends the text"
    assert "media_url" not in rows[two] or len(rows[two]["media_url"]) >= 2
    for identifier in (lonely, two, dated):
        assert adapter.one(identifier)["service_request_id"] == identifier


def test_no_update_kills_its_list(served, adapter):
    identifier = sent(served)
    for count in range(3):
        told(served, identifier, f"b-{count}", files=count)
    told(served, identifier, "b-3", description="")
    told(served, identifier, "b-4", status="DUPLICATE", external_status_code="Odd & <code>")
    rows = [row for row in adapter.updates(**window()) if row["service_request_id"] == identifier]
    assert len(rows) == 5
    assert "media_url" not in rows[1] and ".jpg" in rows[1]["description"]
    assert len(rows[2]["media_url"]) == 2
    assert rows[3].get("description"), "it wants a text"


def test_others_get_what_the_standard_says(served, adapter):
    identifier = sent(served, files=1)
    told(served, identifier, "c-1", expected_datetime="2030-01-02T03:04:05Z")
    plain = Adapter(adapter.port, "/council/open311/v2/", served[1]["staff"])
    with pytest.raises(Dies, match="expected_datetime|media_url|lat"):
        plain.reports(**window())
    row = served[0].caller("council").get(f"/requests/{identifier}.json").json[0]
    assert row["media_url"].endswith(".jpg") and row["expected_datetime"] == "2030-01-02T03:04:05Z"


def test_an_error_is_one_to_it(adapter):
    with pytest.raises(Dies, match="service_code"):
        adapter.report(report(service_code="NEVER"))
    with pytest.raises(Dies, match="service_request_id"):
        adapter.update({
            "service_request_id": "council-NEVER", "update_id": "1", "updated_datetime": stamp(now()),
            "status": "OPEN", "description": "x",
        })  # fmt: skip
