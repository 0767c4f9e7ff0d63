"""Viaduct and a real Roundup: limits on calls, forced conditions, no history, no clock of its own (backoffice.md 5)."""

import threading
import time

import pytest

from kit import pictures
from kit.desk import Desk, base
from kit.instance import BINARY, ROOT, Instance, wait_until
from kit.lossy import Lossy
from kit.roundup import Roundup

pytestmark = [pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first")]


@pytest.fixture(scope="module")
def roundup():
    with Roundup(base()) as roundup:
        yield roundup


@pytest.fixture(scope="module")
def desk(roundup):
    with Instance() as viaduct:
        desk = Desk(viaduct, roundup.peer_file)
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def messages(roundup: Roundup, ticket: str) -> list[dict]:
    return [
        roundup.told("GET", f"data/msg/{link['id']}?@verbose=3")["attributes"]
        for link in roundup.issue(ticket)["messages"]
    ]


def test_a_report_with_a_photo_becomes_an_issue(desk, roundup):
    report = desk.report("A hole – 30 cm 👩‍🚒", pictures.png("hole"))
    ticket = desk.ticket(report)
    issue = roundup.issue(ticket)
    assert desk.remarks(report) == [""]
    assert issue["external_id"] == report and issue["service_code"] == "GRAFFITI"
    assert (issue["latitude"], issue["longitude"]) == (42.6977, 23.3219)
    assert issue["title"] == "A hole – 30 cm 👩‍🚒" and issue["address"] == "Vitosha Boulevard 15"
    [message] = messages(roundup, ticket)
    assert report in message["content"] and message["author"]["username"] == "gateway"
    status, photo, _ = roundup.call(
        "GET", f"data/file/{message['files'][0]['id']}/binary_content", headers={"Accept": "*/*"}
    )
    assert status == 200 and photo.startswith(b"\x89PNG")


def test_what_staff_say_comes_back(desk, roundup):
    report = desk.report("A wall")
    ticket = desk.ticket(report)
    roundup.reply(ticket, "We come on Monday.", status="investigating")
    desk.hears(report, "We come on Monday.")
    roundup.note(ticket, "The contractor is ACME.")
    roundup.reply(ticket, "Painted over.", photo=pictures.png("after"), status="fixed")
    row = desk.hears(report, "Painted over.")
    wait_until(lambda: desk.status(report) == "closed", within=60, pause=0.5)
    assert desk.texts(report) == ["We come on Monday.", "Painted over."], "internal messages never come"
    wait_until(lambda: desk.hears(report, "Painted over.").get("media_url"), within=60, pause=0.5)
    assert row["update_id"]
    roundup.reopen(ticket)
    wait_until(lambda: desk.status(report) == "open", within=60, pause=0.5)


def test_what_we_say_goes_there_and_is_no_news_when_it_comes_back(desk, roundup):
    report = desk.report("A bench")
    ticket = desk.ticket(report)
    desk.update(report, "FIXED", "Repaired by the neighbours", pictures.png("bench"))
    desk.done(report, 2)
    assert desk.remarks(report) == ["", ""]
    last = messages(roundup, ticket)[-1]
    assert last["content"] == "Repaired by the neighbours" and last["public"] and len(last["files"]) == 1
    roundup.reply(ticket, "Thank you.")
    desk.hears(report, "Thank you.")
    assert desk.texts(report) == ["Repaired by the neighbours", "Thank you."]
    assert len(desk.deliveries(report)) == 2, "nothing goes round in circles"
    assert desk.status(report) == "closed"


def test_somebody_who_is_quicker_loses_nothing(desk, roundup):
    """Staff write while we do: each change proves that it knows the one before it (412)."""
    report = desk.report("A race")
    ticket = desk.ticket(report)
    said, stop = [], threading.Event()

    def staff() -> None:
        while not stop.is_set():
            number = len(said)
            try:
                roundup.note(ticket, f"Note {number}")
                said.append(number)
            except AssertionError as error:
                assert "412" in str(error)

    worker = threading.Thread(target=staff)
    worker.start()
    try:
        for number in range(3):
            desk.update(report, "IN_PROGRESS", f"Step {number}")
        desk.done(report, 4, within=120)
    finally:
        stop.set()
        worker.join()
    texts = [message["content"] for message in messages(roundup, ticket)]
    assert [text for text in texts if text.startswith("Note")] == [f"Note {number}" for number in said]
    assert [text for text in texts if text.startswith("Step")] == [f"Step {number}" for number in range(3)]


def test_an_issue_that_is_superseded_or_retired_is_a_word(desk, roundup):
    first, second, third = (desk.ticket(desk.report(f"Number {n}")) for n in range(3))
    reports = {ticket: report for ticket, report, _ in roundup.tickets()}
    roundup.merge(second, first)
    roundup.delete(third)
    wait_until(lambda: "DUPLICATE" in [word.upper() for word in desk.details(reports[second])], within=60, pause=0.5)
    wait_until(lambda: "CANCELLED" in [word.upper() for word in desk.details(reports[third])], within=90, pause=0.5)
    assert desk.status(reports[first]) == "open"


def test_an_answer_that_is_lost_makes_no_second_issue(roundup):
    with Lossy(roundup.port) as lossy, Instance() as viaduct:
        entry = lambda directory: {**roundup.peer_file(directory), "address": f"http://127.0.0.1:{lossy.port}/city/"}  # noqa: E731
        desk = Desk(viaduct, entry)
        lost = []
        lossy.loses = lambda method, path: method == "POST" and path.endswith("/issue") and not lost and (lost.append(1) or True)
        viaduct.start()
        report = desk.report("A gate that was lost")
        wait_until(lambda: any(each[1] == report for each in roundup.tickets()), within=30, pause=0.5)
        [(ticket, _, _)] = [each for each in roundup.tickets() if each[1] == report]
        roundup.set_status(ticket, "fixed")
        assert desk.ticket(report, within=150) == ticket
        assert [each[0] for each in roundup.tickets() if each[1] == report] == [ticket]
        assert [each["outcome"] for each in desk.deliveries(report)[0]["tries"]] == ["ambiguous", "found"]


def test_a_kill_between_create_and_answer_makes_no_second_issue(roundup):
    with Instance(FAULT="replied:1") as viaduct:
        desk = Desk(viaduct, roundup.peer_file)
        viaduct.start()
        report = desk.report("A killed door")
        assert viaduct.process.wait(60) != 0
        viaduct.environment.pop("FAULT")
        viaduct.start()
        ticket = desk.ticket(report, within=120)
        assert [each[0] for each in roundup.tickets() if each[1] == report] == [ticket]


def test_the_check_proves_zone_and_properties(desk, roundup):
    count = len(roundup.tickets())
    said = desk.check()
    assert said["obstacles"] == [] and "action-scheduled" in said["software"], said
    assert len(roundup.tickets()) == count
    desk.write(roundup.peer_file(desk.viaduct.settings, by="bernese"))
    try:
        assert any("Europe/Zurich: make it UTC" in line for line in desk.check()["obstacles"])
        entry = roundup.peer_file(desk.viaduct.settings)
        entry["roundup"]["fields"]["service"] = "kind_of_trouble"
        desk.write(entry)
        assert any("issue has no kind_of_trouble" in line for line in desk.check()["obstacles"])
    finally:
        desk.write(roundup.peer_file(desk.viaduct.settings))


def test_limits_on_calls_are_kept():
    """429 with Retry-After: all of it arrives, later, and once."""
    with Roundup(base(), rate=40) as roundup, Instance() as viaduct:
        def peer(directory):
            entry = roundup.peer_file(directory, flow=["reports_out"], pace={"concurrency": 2})
            return {**entry, "retry": {"pauses": ["1s", "2s"], "attempts": 1000}}

        desk = Desk(viaduct, peer)
        viaduct.start()
        reports = [desk.report(f"Number {number}") for number in range(20)]
        began = time.monotonic()
        for report in reports:
            desk.ticket(report, within=240)
        assert time.monotonic() - began > 10, "it asked for a pause"
        outcomes = {each["outcome"] for report in reports for each in desk.deliveries(report)[0]["tries"]}
        assert "later" in outcomes, outcomes
        ours = [reference for _, reference, _ in roundup.tickets() if reference]
        assert sorted(ours) == sorted(reports)


def test_a_wrong_password_is_tried_once_and_locks_nobody_out(roundup):
    """After four wrong ones Roundup refuses the right one as well."""
    with Instance() as viaduct:
        desk = Desk(viaduct, roundup.peer_file)
        (viaduct.settings / "roundup-password").write_text("wrong\n")
        viaduct.start()
        report = desk.report("Nobody gets this")
        wait_until(lambda: "paused" in viaduct.run("peer", "list"), within=60, pause=0.5)
        assert desk.deliveries(report)[0]["state"] == "waiting"
        time.sleep(10)
        assert roundup.call("GET", "data/issue", by="gateway")[0] == 200


def test_the_example_of_a_mapping_is_whole(roundup):
    with Instance() as viaduct:
        example = ROOT / "Adapters" / "Roundup" / "mapping.yaml"
        desk = Desk(viaduct, lambda directory: roundup.peer_file(directory, mapping=str(example)))
        assert desk.viaduct.command("check").returncode == 0, desk.viaduct.command("check").stdout
