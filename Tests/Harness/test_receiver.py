"""The harness's own receivers do what the scenarios take for granted."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlencode

import pytest

from kit import faults
from kit.faults import Faults
from kit.receiver import BASE, Receiver


def call(receiver: Receiver, method: str, path: str, form: dict | None = None, key: str = ""):
    """One call: the status, the rows, and the date that the answer bears."""
    connection = HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    headers = {"Idempotency-Key": f'"{key}"'} if key else {}
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, BASE + path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), parsedate_to_datetime(answer.getheader("Date"))
    finally:
        connection.close()


def report(receiver: Receiver, description: str, key: str = "") -> dict:
    form = {"service_code": "1", "lat": "42.7", "long": "23.3", "description": description}
    status, rows, _ = call(receiver, "POST", "/requests.json", form, key)
    assert status == 200
    return rows[0]


def test_a_repeat_is_recognised_by_its_key_or_not_at_all():
    for repeats, times in {"key": 1, "look": 2, "none": 2}.items():
        with Receiver("roads", repeats=repeats) as receiver:
            first, second = report(receiver, "a/0", "k"), report(receiver, "a/0", "k")
            assert (first == second) == (times == 1)
            assert receiver.effects == ["a/0"] * times


def test_what_it_has_can_be_looked_up_in_both_formats():
    with Receiver("roads") as receiver:
        number = report(receiver, "a/0 & more")["service_request_id"]
        window = {"start_date": "2020-01-01T00:00:00Z", "service_code": "1"}
        _, rows, _ = call(receiver, "GET", "/requests.json?" + urlencode(window))
        assert [(row["service_request_id"], row["description"]) for row in rows] == [(number, "a/0 & more")]
        assert call(receiver, "GET", f"/requests/{number}.json")[1] == rows
        connection = HTTPConnection("127.0.0.1", receiver.port)
        connection.request("GET", BASE + "/requests.xml")
        assert b"<description>a/0 &amp; more</description>" in connection.getresponse().read()
        connection.close()
    with Receiver("blind", repeats="none") as receiver:
        assert call(receiver, "GET", "/requests.json")[0] == 404


def test_updates_come_in_and_are_shown():
    with Receiver("roads") as receiver:
        number = report(receiver, "a/0")["service_request_id"]
        form = {
            "service_request_id": number, "status": "FIXED", "description": "a/1",
            "updated_datetime": "2026-01-02T03:04:05Z", "update_id": "7",
        }  # fmt: skip
        assert call(receiver, "POST", "/servicerequestupdates.json", form)[0] == 200
        assert call(receiver, "POST", "/servicerequestupdates.json", {**form, "service_request_id": "x"})[0] == 404
        window = "?start_date=2026-01-02T03:04:05Z&end_date=2026-01-02T03:04:05Z"
        rows = call(receiver, "GET", "/servicerequestupdates.json" + window)[1]
        assert [(row["description"], row["status"]) for row in rows] == [("a/1", "FIXED")]
        assert receiver.effects == ["a/0", "a/1"]
        assert receiver.tickets[number].status == "closed"


def test_a_token_becomes_an_id():
    with Receiver("slow", answers="tokens") as receiver:
        token = report(receiver, "a/0")["token"]
        assert call(receiver, "GET", f"/tokens/{token}.json")[1] == [{"token": token}]
        deadline = time.monotonic() + 10
        while "service_request_id" not in call(receiver, "GET", f"/tokens/{token}.json")[1][0]:
            assert time.monotonic() < deadline
        assert call(receiver, "GET", "/tokens/nobody.json")[0] == 404


@pytest.mark.parametrize("fault, effects", [
    (faults.RESET_BEFORE, []), (faults.RESET_AFTER, ["a/0"]), (faults.BUSY, []), (faults.LATE, ["a/0"]),
])  # fmt: skip
def test_a_fault_has_its_effect_or_not(fault, effects):
    with Receiver("roads", faults=Faults(1, {fault: 1.0}), late=0.05) as receiver:
        try:
            form = {"description": "a/0", "service_code": "1"}
            status = call(receiver, "POST", "/requests.json", form)[0]
            assert status == {faults.BUSY: 500, faults.LATE: 200}[fault]
        except (ConnectionResetError, RemoteDisconnected):
            assert fault in (faults.RESET_BEFORE, faults.RESET_AFTER)
        assert receiver.effects == effects
        receiver.faults.end()
        report(receiver, "b/0")
        assert receiver.effects == [*effects, "b/0"]


def test_faults_are_the_same_for_a_seed_and_as_frequent_as_measured():
    first, second = Faults(3), Faults(3)
    drawn = [[faults.next(f"r{n}/0") for n in range(4000)] for faults in (first, second)]
    assert drawn[0] == drawn[1] != [Faults(4).next(f"r{n}/0") for n in range(4000)]
    for fault, share in faults.MEASURED.items():
        assert abs(first.done[fault] / 4000 - share) < 0.02
    assert [Faults(1, {}, poison=("venom",)).next("a/0", "some venom") for _ in range(2)] == [faults.BUSY] * 2


def test_its_clock_may_be_wrong_and_a_commit_late():
    with Receiver("skewed", skew=timedelta(minutes=15), most=2) as receiver:
        ticket = receiver.add({"description": "a/0", "service_code": "1"})
        moment = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        for number in range(4):
            receiver.tell(ticket.id, "OPEN", f"a/{number + 1}", moment)
        receiver.tell(ticket.id, "OPEN", "a/9", moment, after=3600)
        _, rows, date = call(receiver, "GET", "/servicerequestupdates.json")
        assert len(rows) == 2
        assert abs((date - datetime.now(UTC)).total_seconds() - 900) < 60
        second = call(receiver, "GET", "/servicerequestupdates.json?page=2&page_size=2")[1]
        assert {row["description"] for row in [*rows, *second]} == {"a/1", "a/2", "a/3", "a/4"}
        assert call(receiver, "GET", "/servicerequestupdates.json?page=3&page_size=2")[1] == []


def test_it_sees_two_deliveries_about_one_report_at_the_same_time():
    with Receiver("roads") as receiver:
        receiver.pace = 0.3
        threads = [threading.Thread(target=report, args=(receiver, text)) for text in ("a/0", "a/0", "b/0")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert receiver.traffic.most == 3 and receiver.traffic.twice == {"a"}
        assert len(receiver.traffic.begun) == 3


def test_it_goes_and_comes_back_on_the_same_port():
    with Receiver("roads") as receiver:
        report(receiver, "a/0")
        receiver.close()
        with pytest.raises(ConnectionRefusedError):
            report(receiver, "a/1")
        receiver.open()
        report(receiver, "a/2")
        assert receiver.effects == ["a/0", "a/2"]
