"""What staff do with a report: move, assign, merge, reopen, and write for each other (GR-13.2)."""

import itertools
from datetime import datetime, timezone

import pytest

COUNTER = itertools.count(1)


@pytest.fixture
def office(fresh):
    """A Viaduct with a key of staff and one of a citizen's app."""
    rights = ["--scope", "report", "--scope", "update"]
    staff, app = fresh.key("Desk", *rights, "--scope", "staff"), fresh.key("App", *rights)
    fresh.start()
    return fresh.caller("sofia", staff), fresh.caller("sofia", app)


def report(caller, **more) -> str:
    answer = caller.post("/requests.json", {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": f"wall {next(COUNTER)}", **more,
    })  # fmt: skip
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def tell(caller, identifier: str, status: str, **more):
    return caller.post("/servicerequestupdates.json", {
        "service_request_id": identifier, "update_id": str(next(COUNTER)), "status": status,
        "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), **more,
    })  # fmt: skip


def shown(caller, identifier: str):
    return caller.get(f"/requests/{identifier}.json", extensions="true").json[0]


def test_staff_assign_a_report_and_say_when(office):
    staff, app = office
    identifier = report(app)
    more = {"agency_responsible": "Почистване", "expected_datetime": "2027-01-02T08:00:00Z"}
    assert tell(staff, identifier, "ACTION_SCHEDULED", description="Ще се почисти", **more).status == 200
    seen = shown(app, identifier)
    assert (seen["agency_responsible"], seen["expected_datetime"]) == (more["agency_responsible"], "2027-01-02T08:00:00Z")
    assert (seen["status"], seen["status_notes"]) == ("open", "Ще се почисти")
    assert tell(app, identifier, "OPEN", description="x", agency_responsible="Мое").status == 200
    assert shown(app, identifier)["agency_responsible"] == "Почистване", "only staff assign"


def test_internal_notes_stay_inside(office):
    staff, app = office
    identifier = report(app)
    assert tell(staff, identifier, "UNCHANGED", description="само за нас", internal="true").status == 200
    notes = staff.get(f"/requests/{identifier}/notes", api_key=staff.key)
    assert [note["description"] for note in notes.json] == ["само за нас"]
    assert app.get(f"/requests/{identifier}/notes", api_key=app.key).status == 403
    assert app.get(f"/requests/{identifier}/notes").status == 403
    for path in (f"/requests/{identifier}.json", "/servicerequestupdates.json", "/requests.json"):
        assert "само за нас" not in app.get(path, extensions="true").text


def test_closing_a_report_tells_those_that_repeat_it(office):
    staff, app = office
    parent, child = report(app), report(app)
    assert tell(staff, child, "DUPLICATE", parent_service_request_id=parent).status == 200
    assert shown(app, child)["extended_attributes"]["parent_service_request_id"] == parent
    assert tell(staff, parent, "FIXED", description="Готово").status == 200
    told = app.get("/servicerequestupdates.json", service_request_id=child).json
    assert "Готово" in told[-1]["description"] and told[-1]["status"] == "DUPLICATE"


def test_staff_reopen_with_a_reason(office):
    staff, app = office
    identifier = report(app)
    assert tell(staff, identifier, "FIXED").status == 200
    assert shown(app, identifier)["status"] == "closed"
    assert tell(staff, identifier, "REOPEN").status == 400
    assert tell(staff, identifier, "REOPEN", description="Пак е надраскано").status == 200
    assert shown(app, identifier)["status"] == "open"
