"""Viaduct and a real Request Tracker: what citizens tell goes there, what staff say comes back (backoffice.md 3)."""

import time
from base64 import b64decode

import pytest

from kit import pictures
from kit.cluster import Cluster
from kit.desk import Desk, base
from kit.instance import BINARY, Instance, wait_until
from kit.lossy import Lossy
from kit.rt import RequestTracker

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first"),
    pytest.mark.skipif(not RequestTracker.is_installed(), reason="Debian's request-tracker5 is not installed"),
]


@pytest.fixture(scope="module")
def rt():
    with Cluster() as cluster, RequestTracker(base(), cluster) as rt:
        yield rt


def desk_of(rt, viaduct, **more) -> Desk:
    return Desk(viaduct, lambda directory: rt.peer_file(directory, **more))


@pytest.fixture(scope="module")
def desk(rt):
    with Instance() as viaduct:
        desk = desk_of(rt, viaduct)
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def statuses(rt, number) -> list[str]:
    return [row["NewValue"] for row in rt.history(number) if row["Type"] == "Status"]


def test_a_report_with_a_photo_becomes_a_ticket(desk, rt):
    report = desk.report("A hole – 30 cm", pictures.png("hole"), service="POTHOLE", **{"attribute[DEPTH]": "GT5"})
    number = desk.ticket(report)
    assert desk.remarks(report) == [""]
    assert rt.fields(number) == {
        "External ID": report, "Latitude": "42.6977", "Longitude": "23.3219", "Address": "Vitosha Boulevard 15",
        "Service Code": "POTHOLE", "Severity": "high",
    }  # fmt: skip
    ticket = rt.ticket(number)
    assert ticket["Subject"] == "A hole – 30 cm" and ticket["Status"] == "new" and ticket["Requestor"] == []
    [photo] = [each for each in rt.attachments(number) if each["ContentType"].startswith("image/")]
    content = rt.told("GET", f"attachment/{photo['id']}", by="root")["Content"]
    assert b64decode(content).startswith(b"\x89PNG")


def test_what_staff_say_comes_back_and_comments_never(desk, rt):
    report = desk.report("A wall")
    number = desk.ticket(report)
    rt.set_status(number, "investigating")
    rt.note(number, "Neighbours quarrel: Mr Petrov again.")
    rt.reply(number, "<p>We come on <b>Monday</b>.</p>", ContentType="text/html")
    desk.hears(report, "We come on Monday.")
    rt.reply(number, "Painted over.\n\nOn 1 April 2026, Ann wrote:\n> A wall", pictures.png("after"), "resolved")
    desk.hears(report, "Painted over.")
    wait_until(lambda: desk.hears(report, "Painted over.").get("media_url"), within=60, pause=0.5)
    wait_until(lambda: desk.status(report) == "closed", within=60, pause=0.5)
    assert desk.texts(report) == ["We come on Monday.", "Painted over."]
    assert "Petrov" not in desk.viaduct.log.read_text()
    rt.reopen(number)
    wait_until(lambda: desk.status(report) == "open", within=60, pause=0.5)


def test_what_we_say_goes_there_and_is_no_news_when_it_comes_back(desk, rt):
    report = desk.report("A bench")
    number = desk.ticket(report)
    desk.update(report, "FIXED", "> Repaired by the neighbours", pictures.png("bench"))
    desk.done(report, 2)
    assert rt.ticket(number)["Status"] == "resolved" and desk.remarks(report) == ["", ""]
    assert sum(each["ContentType"] == "image/png" for each in rt.attachments(number)) == 1
    rt.reply(number, "Thank you.", status="resolved")
    desk.hears(report, "Thank you.")
    time.sleep(6)
    assert desk.texts(report) == ["> Repaired by the neighbours", "Thank you."]
    assert len(desk.deliveries(report)) == 2, "nothing goes round in circles"
    assert desk.status(report) == "closed"


def test_auto_reopen_by_our_own_words_is_undone_and_no_news(desk, rt):
    """RT opens a resolved ticket when anything is said to it."""
    report = desk.report("A lamp")
    number = desk.ticket(report)
    rt.set_status(number, "resolved")
    wait_until(lambda: desk.status(report) == "closed", within=60, pause=0.5)
    desk.update(report, "FIXED", "It shines again, thank you")
    desk.done(report, 2)
    assert statuses(rt, number) == ["resolved", "open", "resolved"]
    time.sleep(6)
    assert desk.status(report) == "closed" and rt.ticket(number)["Status"] == "resolved"
    assert len(desk.told(report)) == 2


def test_merged_deleted_and_moved_tickets_say_so(desk, rt):
    first, second, third, fourth = (desk.report(text) for text in ("A tree", "The same tree", "Spam", "A park"))
    numbers = [desk.ticket(report) for report in (first, second, third, fourth)]
    rt.merge(numbers[1], numbers[0])
    rt.set_status(numbers[2], "deleted")
    rt.move(numbers[3], "Parks")
    for report, word in ((second, "DUPLICATE"), (third, "CANCELLED"), (fourth, "INTERNAL_REFERRAL")):
        wait_until(lambda report=report: desk.told(report), within=60, pause=0.5)
        assert [each.upper() for each in desk.details(report)] == [word]
    assert desk.status(second) == "closed" and desk.status(third) == "closed" and desk.status(fourth) == "open"
    assert desk.told(first) == [] and desk.status(first) == "open", "the survivor is no duplicate"


def test_a_status_that_is_none_is_told_as_a_remark(rt):
    """RT says 201, keeps the text and leaves the status."""

    def peer(directory):
        entry = rt.peer_file(directory)
        entry["mapping"]["statuses_out"] = {**entry["mapping"]["statuses_out"], "FIXED": "mended"}
        entry["mapping"]["statuses_in"] = {**entry["mapping"]["statuses_in"], "mended": "FIXED"}
        return entry

    with Instance() as viaduct:
        desk = Desk(viaduct, peer)
        viaduct.start()
        report = desk.report("A kerb")
        number = desk.ticket(report)
        desk.update(report, "FIXED", "Mended")
        desk.done(report, 2)
        # What is said opens a new ticket, as the scrips of the installation have it.
        assert rt.ticket(number)["Status"] in ("new", "open")
        assert any("” and not “mended”" in remark for remark in desk.remarks(report)), desk.remarks(report)


def test_an_unknown_custom_field_is_told_as_a_remark_and_by_the_check(rt):
    more = {"request_tracker": {"queue": "Streets", "fields": {"service": "Kind"}}}
    with Instance() as viaduct:
        desk = desk_of(rt, viaduct, **more)
        viaduct.start()
        report = desk.report("A fence")
        desk.ticket(report)
        assert desk.remarks(report) == ["it did not keep what was said in Kind"]
        assert any("custom field Kind" in line for line in desk.check()["obstacles"])


def test_the_check_proves_rights_queue_and_zone(desk, rt):
    desk.ticket(desk.report("Something to check by"))
    count = len(rt.tickets())
    assert desk.check()["obstacles"] == []
    for more, words in (
        ({"by": "abroad"}, "zone is not UTC"),
        ({"by": "reader"}, "may not open tickets"),
        ({"request_tracker": {"queue": "Nowhere"}}, "no queue Nowhere"),
    ):
        with Instance() as viaduct:
            said = desk_of(rt, viaduct, **more).check()
            assert any(words in line for line in said["obstacles"]), said
    assert len(rt.tickets()) == count, "whoever checks changes nothing"


def test_a_create_whose_answer_is_lost_makes_one_ticket(rt):
    """The ticket is moved before anybody looks."""
    with Lossy(rt.port) as line, Instance() as viaduct:
        lost = []
        line.loses = lambda method, path: method == "POST" and path.endswith("/ticket") and not lost and (lost.append(1) or True)
        desk = desk_of(rt, viaduct, address=f"http://127.0.0.1:{line.port}/")
        viaduct.start()
        report = desk.report("A bridge")
        wait_until(lambda: any(each[1] == report for each in rt.tickets()), within=30, pause=0.5)
        [(number, _, _)] = [each for each in rt.tickets() if each[1] == report]
        # There it does not have the field by which it would be found.
        rt.move(number, "Parks")
        count = len(rt.tickets())
        assert desk.ticket(report, within=200) == number
        assert len(rt.tickets()) == count
        assert [each["outcome"] for each in desk.deliveries(report)[0]["tries"]] == ["ambiguous", "found"]


def test_a_kill_between_create_and_answer_makes_one_ticket(rt):
    with Instance(FAULT="replied:1") as viaduct:
        desk = desk_of(rt, viaduct)
        viaduct.start()
        report = desk.report("A door")
        assert viaduct.process.wait(60) != 0
        viaduct.environment.pop("FAULT")
        viaduct.start()
        number = desk.ticket(report, within=200)
        assert [each[0] for each in rt.tickets() if each[1] == report] == [number]
