"""The client `georeport` of PyPI, as it is installed: other people's code against ours."""

import pytest
import requests
from georeport.georeport import GeoReport

from kit.wire import Caller


@pytest.fixture(scope="module")
def seeded(viaduct) -> list[str]:
    """The ids of two reports."""
    caller: Caller = viaduct.sofia
    return [
        caller.post("/requests.json", {
            "service_code": code, "lat": "42.7", "long": "23.3", "description": f"client {code}",
            "attribute[DEPTH]": "GT5",
        }).json[0]["service_request_id"]
        for code in ("POTHOLE", "GRAFFITI")
    ]  # fmt: skip


@pytest.fixture(params=["json", "xml"])
def client(viaduct, request) -> GeoReport:
    root = f"http://127.0.0.1:{viaduct.port}/open311/v2"
    return GeoReport(root, jurisdiction="sofia.example", output_format=request.param)


def test_services(client):
    assert [service["service_code"] for service in client.get_service_list()] == [
        "POTHOLE",
        "GRAFFITI",
        "STREETLIGHT",
    ]


def test_definition(client):
    definition = client.get_service_definition("POTHOLE")
    attributes = definition["attributes"]
    attributes = attributes["attribute"] if isinstance(attributes, dict) else attributes
    assert [a["code"] for a in attributes] == [
        "INFO", "DEPTH", "HAZARDS", "SEEN_AT", "COUNT", "fixmystreet_id",
    ]  # fmt: skip


def test_requests(client, seeded):
    both = client.get_service_requests(service_request_id=",".join(seeded))
    assert [row["service_request_id"] for row in both] == seeded
    found = client.get_service_requests(
        service_code="POTHOLE,GRAFFITI", status="open,closed",
        start_date="2026-01-01T00:00:00Z", end_date="2099-01-01T00:00:00Z",
    )  # fmt: skip
    assert {row["service_request_id"] for row in found} == set(seeded)


def test_one_request(client, seeded):
    assert client.get_service_request(seeded[0])["service_code"] == "POTHOLE"


def test_an_unknown_one_raises(client, seeded):
    with pytest.raises(requests.HTTPError) as error:
        client.get_service_request("sofia-00000000")
    assert error.value.response.status_code == 404
