"""Viaduct and a real Redmine: what citizens tell goes there, what staff say comes back (backoffice.md 4)."""

import time

import pytest

from kit import pictures
from kit.cluster import Cluster
from kit.desk import Desk, base
from kit.instance import BINARY, ROOT, Instance, wait_until
from kit.lossy import Lossy
from kit.redmine import Redmine, value_of

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first"),
    pytest.mark.skipif(not Redmine.is_installed(), reason="Debian's redmine is not installed (or we are not root)"),
]


@pytest.fixture(scope="module")
def redmine():
    with Cluster() as cluster, Redmine(base(), cluster) as redmine:
        yield redmine


@pytest.fixture(scope="module")
def desk(redmine):
    with Instance() as viaduct:
        desk = Desk(viaduct, redmine.peer_file)
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def field(redmine: Redmine, issue: dict, name: str):
    return value_of(issue, redmine.keys["cf"][name])


def notes(issue: dict) -> list[str]:
    return [journal["notes"] for journal in issue["journals"] if journal["notes"]]


def test_a_report_with_a_photo_becomes_a_ticket(desk, redmine):
    photo = pictures.png("hole")
    report = desk.report("A hole – 30 cm 👩‍🚒", photo, service="POTHOLE", **{"attribute[DEPTH]": "GT5", "attribute[COUNT]": "3"})
    issue = redmine.issue(desk.ticket(report))
    assert desk.remarks(report) == [""]
    assert field(redmine, issue, "External ID") == report and field(redmine, issue, "Service Code") == "POTHOLE"
    assert float(field(redmine, issue, "Latitude")) == 42.6977 and float(field(redmine, issue, "Longitude")) == 23.3219
    assert field(redmine, issue, "Address") == "Vitosha Boulevard 15" and field(redmine, issue, "Severity") == "high"
    assert issue["subject"] == "A hole – 30 cm 👩‍🚒" and issue["status"]["name"] == "New"
    assert "count: 3" in issue["description"] and report in issue["description"]
    [attachment] = issue["attachments"]
    assert attachment["content_type"] == "image/png" and redmine.photo(attachment).startswith(b"\x89PNG")


def test_what_staff_say_comes_back_in_order(desk, redmine):
    report = desk.report("A wall")
    ticket = desk.ticket(report)
    redmine.set_status(ticket, "Investigating")
    redmine.reply(ticket, "We come on Monday.")
    redmine.note(ticket, "The contractor is ACME.")
    redmine.reply(ticket, "Painted over.", photo=pictures.png("after"), status="Fixed")
    desk.hears(report, "Painted over.")
    assert desk.texts(report) == ["We come on Monday.", "Painted over."]
    assert desk.details(report)[0].upper() in ("INVESTIGATING", "OPEN") and desk.status(report) == "closed"
    wait_until(lambda: desk.hears(report, "Painted over.").get("media_url"), within=60, pause=0.5)
    redmine.reopen(ticket)
    wait_until(lambda: desk.status(report) == "open", within=60, pause=0.5)


def test_an_internal_note_never_comes(desk, redmine):
    report = desk.report("A fence")
    ticket = desk.ticket(report)
    redmine.note(ticket, "Neighbours quarrel: Mr Petrov again.")
    redmine.reply(ticket, "Seen.")
    desk.hears(report, "Seen.")
    assert not any("Petrov" in row["description"] for row in desk.told(report) if row["description"])
    assert "Petrov" not in desk.viaduct.log.read_text()


def test_what_we_say_goes_there_and_is_no_news_when_it_comes_back(desk, redmine):
    report = desk.report("A bench")
    ticket = desk.ticket(report)
    desk.update(report, "FIXED", "Repaired by the neighbours", pictures.png("bench"))
    desk.done(report, 2)
    issue = redmine.issue(ticket)
    assert issue["status"]["name"] == "Fixed" and len(issue["journals"]) == 1
    assert notes(issue)[0].startswith("Repaired by the neighbours\n\n[" + report + "/u-")
    assert len(issue["attachments"]) == 1
    redmine.reply(ticket, "Thank you.")
    desk.hears(report, "Thank you.")
    assert desk.texts(report) == ["Repaired by the neighbours", "Thank you."]
    assert len(desk.deliveries(report)) == 2, "nothing goes round in circles"
    assert desk.status(report) == "closed"


def test_a_status_outside_the_workflow_is_told_as_a_remark(redmine):
    """Redmine says 204, keeps the note and leaves the status."""
    with Instance() as viaduct:
        desk = Desk(viaduct, lambda directory: redmine.peer_file(directory, by="least"))
        viaduct.start()
        report = desk.report("A kerb")
        ticket = desk.ticket(report)
        desk.update(report, "FIXED", "Mended")
        desk.done(report, 2)
        issue = redmine.issue(ticket)
        assert issue["status"]["name"] == "New" and notes(issue)[0].startswith("Mended")
        assert "the workflow did not let us make it “Fixed”: it is “New”" in desk.remarks(report)
        desk.update(report, "INVESTIGATING", "Somebody looks")
        desk.done(report, 3)
        assert redmine.issue(ticket)["status"]["name"] == "Investigating"


def test_fields_that_are_not_there_are_told_as_a_remark(redmine):
    """Redmine says 201 and leaves them out."""

    def peer(directory):
        entry = redmine.peer_file(directory)
        entry["redmine"]["fields"]["service"] = 999
        return entry

    with Instance() as viaduct:
        desk = Desk(viaduct, peer)
        viaduct.start()
        report = desk.report("A lamp")
        desk.ticket(report)
        assert desk.remarks(report) == ["the field 999 (service) was not kept"]
        assert any("no custom field 999 (service)" in line for line in desk.check()["obstacles"])


def test_the_check_proves_what_is_set(desk, redmine):
    desk.ticket(desk.report("Something to check by"))
    count = len(redmine.issues())
    said = desk.check()
    assert said["obstacles"] == [] and "Resolved (open)" in said["software"], said
    assert len(redmine.issues()) == count
    for change, words in {
        "reader": ("gateway", "Project cannot be blank"),
        "tracker": (99, "no tracker 99"),
        "filter": (redmine.keys["cf"]["Latitude"], 'is not "used as a filter"'),
    }.items():
        entry = redmine.peer_file(desk.viaduct.settings, by="reader" if change == "reader" else "gateway")
        if change == "tracker":
            entry["redmine"]["tracker"] = words[0]
        if change == "filter":
            entry["redmine"]["fields"]["external_id"] = words[0]
        desk.write(entry)
        try:
            assert any(words[1] in line for line in desk.check()["obstacles"]), (change, desk.check())
        finally:
            desk.write(redmine.peer_file(desk.viaduct.settings))


def test_an_answer_that_is_lost_makes_no_second_ticket(redmine):
    """The ticket is closed before anybody looks: lists show only open ones unless asked for all."""
    with Lossy(redmine.port) as lossy, Instance() as viaduct:
        entry = lambda directory: {**redmine.peer_file(directory), "address": f"http://127.0.0.1:{lossy.port}/"}  # noqa: E731
        desk = Desk(viaduct, entry)
        lost = []
        lossy.loses = lambda method, path: method == "POST" and "issues" in path and not lost and (lost.append(1) or True)
        viaduct.start()
        report = desk.report("A gate that was lost")
        wait_until(lambda: any(each[1] == report for each in redmine.tickets()), within=30, pause=0.5)
        [(ticket, _, _)] = [each for each in redmine.tickets() if each[1] == report]
        redmine.set_status(ticket, "Fixed")
        assert desk.ticket(report, within=150) == ticket
        assert [each[0] for each in redmine.tickets() if each[1] == report] == [ticket]
        outcomes = [each["outcome"] for each in desk.deliveries(report)[0]["tries"]]
        assert outcomes == ["ambiguous", "found"]
        wait_until(lambda: desk.status(report) == "closed", within=60, pause=0.5)


def test_a_kill_between_create_and_answer_makes_no_second_ticket(redmine):
    with Instance(FAULT="replied:1") as viaduct:
        desk = Desk(viaduct, redmine.peer_file)
        viaduct.start()
        report = desk.report("A killed door")
        assert viaduct.process.wait(60) != 0
        viaduct.environment.pop("FAULT")
        viaduct.start()
        ticket = desk.ticket(report, within=120)
        assert [each[0] for each in redmine.tickets() if each[1] == report] == [ticket]


def test_a_filter_that_redmine_ignores_finds_no_strangers(redmine):
    """With a field that is no filter each look-up lists every ticket; only ours is taken."""

    def peer(directory):
        entry = redmine.peer_file(directory)
        entry["redmine"]["fields"]["external_id"] = redmine.keys["cf"]["Address"]
        entry["redmine"]["fields"]["address"] = redmine.keys["cf"]["External ID"]
        return entry

    with Instance(FAULT="replied:1") as viaduct:
        desk = Desk(viaduct, peer)
        viaduct.start()
        report = desk.report("A bridge")
        assert viaduct.process.wait(60) != 0
        viaduct.environment.pop("FAULT")
        viaduct.start()
        ticket = desk.ticket(report, within=120)
        found = [each["id"] for each in redmine.issues() if field(redmine, each, "Address") == report]
        assert [str(number) for number in found] == [ticket]
        assert desk.deliveries(report)[0]["tries"][-1]["outcome"] == "found"


def test_duplicates_moves_and_deletions_are_words(desk, redmine):
    first, second, third, fourth = (desk.ticket(desk.report(f"Number {n}")) for n in range(4))
    by_ticket = {ticket: report for ticket, report, _ in redmine.tickets()}
    redmine.merge(second, first)
    redmine.change(third, project_id=redmine.keys["other_project"])
    redmine.delete(fourth)
    details = lambda ticket: [word.upper() for word in desk.details(by_ticket[ticket])]  # noqa: E731
    # The account sees nothing of the other project.
    for ticket, word in ((second, "DUPLICATE"), (third, "CANCELLED")):
        wait_until(lambda: desk.status(by_ticket[ticket]) == "closed", within=60, pause=0.5)
        assert word in details(ticket), desk.told(by_ticket[ticket])
    wait_until(lambda: desk.status(by_ticket[fourth]) == "closed", within=60, pause=0.5)
    redmine.reply(first, "All done", status="Fixed")
    wait_until(lambda: desk.status(by_ticket[first]) == "closed", within=60, pause=0.5)
    wait_until(lambda: "FIXED" in details(second), within=60, pause=0.5)


def test_a_ticket_made_private_is_gone_and_says_nothing_more(desk, redmine):
    report = desk.report("A quarrel")
    ticket = desk.ticket(report)
    redmine.change(ticket, is_private=True)
    redmine.reply(ticket, "About Mrs Ivanova")
    wait_until(lambda: desk.status(report) == "closed", within=60, pause=0.5)
    redmine.change(ticket, is_private=False)
    redmine.reply(ticket, "Back again")
    desk.hears(report, "Back again")
    assert "About Mrs Ivanova" not in desk.texts(report) and desk.status(report) == "open"


def test_what_moves_no_date_is_seen_by_the_sweep(desk, redmine):
    """Deleted pictures and edited notes: told to staff, since nothing here can be taken back by a peer."""
    report = desk.report("A poster")
    ticket = desk.ticket(report)
    redmine.reply(ticket, "Taken down.", photo=pictures.png("poster"))
    desk.hears(report, "Taken down.")
    issue = redmine.issue(ticket)
    redmine.told("DELETE", f"/attachments/{issue['attachments'][0]['id']}.json")
    redmine.told("PUT", f"/journals/{issue['journals'][0]['id']}.json", {"journal": {"notes": "Taken up."}})
    assert redmine.issue(ticket)["updated_on"] == issue["updated_on"], "Redmine moves no date"
    desk.sweep()
    wait_until(lambda: any("picture withdrawn" in row["reason"] for row in desk.held()), within=90, pause=1)
    assert desk.texts(report) == ["Taken down."], "the first words stay"


def test_a_wrong_key_stops_the_peer_and_is_no_empty_list(redmine):
    with Instance() as viaduct:
        desk = Desk(viaduct, redmine.peer_file)
        (viaduct.settings / "redmine-key").write_text("0123456789012345678901234567890123456789\n")
        viaduct.start()
        report = desk.report("Nobody gets this")
        wait_until(lambda: "paused" in viaduct.run("peer", "list"), within=60, pause=0.5)
        assert desk.deliveries(report)[0]["state"] == "waiting"
        assert "401" in viaduct.run("peer", "list", "--json")


def test_times_are_utc_whatever_the_accounts_zone(redmine):
    with Instance() as viaduct:
        desk = Desk(viaduct, lambda directory: redmine.peer_file(directory, by="bernese", polling={"interval": "1s", "overlap": "10s"}))
        viaduct.start()
        report = desk.report("A clock")
        ticket = desk.ticket(report)
        redmine.reply(ticket, "It goes wrong")
        row = desk.hears(report, "It goes wrong")
        told = time.mktime(time.strptime(row["updated_datetime"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        assert abs(told - time.time()) < 120
        time.sleep(15)
        redmine.reply(ticket, "It goes right")
        desk.hears(report, "It goes right")


def test_the_example_of_a_mapping_is_whole(redmine):
    with Instance() as viaduct:
        example = ROOT / "Adapters" / "Redmine" / "mapping.yaml"
        desk = Desk(viaduct, lambda directory: redmine.peer_file(directory, mapping=str(example)))
        assert desk.viaduct.command("check").returncode == 0, desk.viaduct.command("check").stdout
