"""A stock FixMyStreet and a council's endpoint, from the catalogue to the last update (GR-13, GR-17)."""

import itertools
import random
import threading
import time
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from kit.fixmystreet import FixMyStreet, Problem, WORDS, now, simple, stamp
from kit.instance import Instance, wait_until
from kit.site import Page, Site
from kit.wire import talk

NUMBERS = itertools.count(1000 * random.randrange(1, 9000))


def picture(kind: str = "JPEG") -> bytes:
    """A picture unlike any other."""
    colour = tuple(random.randrange(256) for _ in range(3))
    file = BytesIO()
    Image.new("RGB", (24, 18), colour).save(file, kind)
    return file.getvalue()


class Photos:
    """FixMyStreet's own photos, as its web server gives them out."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.moderated: dict[str, int] = {}
        """How often an address is still refused, because nobody has looked at the photo."""

    def page(self, visit) -> Page:
        if "cookie_passthrough" in visit.path:
            return Page(b"", status=302, headers={"Location": "/auth"})
        if self.moderated.get(visit.path, 0) > 0:
            self.moderated[visit.path] -= 1
            return Page(b"", status=404)
        data = self.files.get(visit.path)
        return Page(data, "image/jpeg") if data else Page(b"<html>Log in</html>", "text/html", 404)


@pytest.fixture(scope="module")
def photos():
    pictures = Photos()
    # Not our own address: that is never called, whatever is allowed.
    with Site(pictures.page, host="127.0.0.9") as site:
        pictures.url = site.url
        pictures.visits = site.visits
        yield pictures


@pytest.fixture(scope="module")
def council(binary, photos):
    """A council's endpoint, and the keys of FixMyStreet and of the council's staff."""
    port = photos.url.rpartition(":")[2]
    allowed = {"VIADUCT_OUTBOUND_ALLOW": "127.0.0.9/32", "VIADUCT_OUTBOUND_PORTS": port}
    with Instance(**allowed) as instance:
        rights = ["--scope", "report", "--scope", "update"]
        key = instance.key("FixMyStreet", *rights, "--profile", "fixmystreet")
        staff = instance.key("Staff", *rights, "--scope", "staff")
        instance.start()
        yield instance, key, staff
        assert instance.process.poll() is None, instance.tail


@pytest.fixture
def fms(council) -> FixMyStreet:
    instance, key, _ = council
    site = FixMyStreet(instance.port, key)
    site.populate_services()
    return site


@pytest.fixture(params=["fixmystreet/", ""], ids=["dialect", "plain"])
def either(council, request) -> FixMyStreet:
    """The same with the address of the dialect, and with the one that anybody has."""
    instance, key, _ = council
    site = FixMyStreet(instance.port, key, endpoint=f"/{request.param}open311/v2/")
    site.populate_services()
    return site


def problem(**more) -> Problem:
    number = next(NUMBERS)
    given = {"category": "Potholes", "title": "Big hole é", "detail": f"It is deep.\nNumber {number}."}
    return Problem(number, **{**given, "extra": {"depth": "d"}, **more})


def answer(council, report: Problem | str, **query) -> dict:
    """A report as the endpoint shows it to anybody."""
    identifier = report if isinstance(report, str) else report.external_id
    return council[0].caller("council").get(f"/requests/{identifier}.json", **query).json[0]


def tell(council, report: Problem, number: str, status: str, text: str, **more) -> str:
    """The council's staff publish an update; returns its id."""
    fields = {
        "service_request_id": report.external_id, "update_id": number, "status": status,
        "updated_datetime": stamp(now()), "description": text, **more,
    }  # fmt: skip
    found = council[0].caller("council", council[2]).post("/servicerequestupdates.json", fields)
    assert found.status == 200, found.text
    return found.json[0]["update_id"]


# Categories.


def test_it_finds_the_categories_and_their_questions(either):
    fms = either
    assert set(fms.contacts) == {"Potholes", "Graffiti"}
    assert fms.messages == []
    for contact in fms.contacts.values():
        codes = [question["code"] for question in contact.questions]
        assert "fixmystreet_id" in codes, "FixMyStreet sends its number only where it is asked for"
        asked = next(q for q in contact.questions if q["code"] == "fixmystreet_id")
        assert (asked["automated"], asked["required"]) == ("server_set", "false")
        assert len(codes) == len(set(codes))
    depth = next(q for q in fms.contacts["Potholes"].questions if q["code"] == "depth")
    assert [value["key"] for value in depth["values"]] == ["d", "s"]
    assert depth["variable"] == "true" and depth["required"] == "false"


def test_hourly_it_follows_names_and_codes_and_never_loses_a_category(binary, fresh):
    file = fresh.settings / "jurisdictions" / "council.yaml"
    text = file.read_text()
    fresh.start()
    site = FixMyStreet(fresh.port, "", endpoint="/council/fixmystreet/open311/v2/", jurisdiction="")

    def change(old: str, new: str) -> None:
        nonlocal text
        assert old in text
        text = text.replace(old, new)
        fresh.stop()
        site.populate_services()
        assert {c.state for c in site.contacts.values()} <= {"confirmed", "deleted"}
        file.write_text(text)
        fresh.start()
        site.populate_services()

    site.populate_services()
    before = dict(site.contacts)
    site.populate_services()
    assert site.contacts == before and site.contacts["Graffiti"].group == ["Streets"]
    change("name: {en: Graffiti}", "name: {en: Graffiti and stickers}")
    assert site.contacts["Graffiti and stickers"] is before["Graffiti"], "known by its code"
    change("code: GRA", "code: GRAF")
    assert site.contacts["Graffiti and stickers"] is before["Graffiti"], "known by its name"
    assert site.contacts["Graffiti and stickers"].code == "GRAF"
    assert {c.state for c in site.contacts.values()} == {"confirmed"}
    change("  - code: GRAF\n    name: {en: Graffiti and stickers}\n    group: {en: Streets}\n", "")
    assert site.contacts["Graffiti and stickers"].state == "deleted"
    assert site.contacts["Potholes"].state == "confirmed"


# Reports.


def shown(council, report: Problem, count: int) -> list[str]:
    """The addresses of a report's pictures, once there are as many."""
    found: list[str] = []

    def are_there() -> bool:
        members = answer(council, report, extensions="true")["extended_attributes"]
        found[:] = members.get("media_urls", [])
        return len(found) >= count

    wait_until(are_there, within=60, pause=0.2)
    assert len(found) == count
    return found


def size(council, address: str) -> tuple[int, int]:
    """A picture of ours as somebody else's program opens it."""
    path = "/" + address.split("/", 3)[3]
    found = council[0].caller("council")
    found.base = ""
    data = found.get(path)
    assert data.status == 200 and data.header("Content-Type").startswith("image/")
    return Image.open(BytesIO(data.body)).size


@pytest.mark.parametrize("way", ["files", "addresses", "one address"])
def test_a_report_with_two_photos_and_answers(council, fms, photos, way):
    fms.upload_files, fms.multi_photos = way == "files", way == "addresses"
    report = problem(extra={"depth": "d", "usrn": "20401234", "asset": ["one", "two"]})
    for number in range(2):
        data = picture()
        path = f"/photo/{report.number}.{number}.full.jpeg?{random.randrange(16**8):08x}"
        photos.files[path] = data
        report.photos.append(photos.url + path)
        report.photo_files.append((f"{report.number}.{number}.full.jpeg", data))
    fms.report(report)
    assert fms.send_reports() == 0
    told = answer(council, report, extensions="true")
    assert told["description"] == (
        f"Big hole é\n\nIt is deep.\nNumber {report.number}.\n\n"
        f"http://127.0.0.1:5120/report/{report.number}"
    )
    values = {row["code"]: row["value"] for row in told["attributes"]}
    assert values["depth"] == "d" and "easting" not in values, "an empty answer is none"
    addresses = shown(council, report, 1 if way == "one address" else 2)
    assert all(size(council, address) == (24, 18) for address in addresses)
    assert answer(council, report)["media_url"] == addresses[0]
    asked = [v.path for v in photos.visits if f"/photo/{report.number}." in v.path]
    assert len(asked) == {"files": 0, "addresses": 2, "one address": 1}[way]


def test_a_photo_that_nobody_has_looked_at_yet_is_fetched_later(council, fms, photos):
    report = problem()
    path = f"/photo/{report.number}.0.full.jpeg?00c0ffee"
    photos.files[path], photos.moderated[path] = picture(), 1
    report.photos.append(photos.url + path)
    fms.report(report)
    assert fms.send_reports() == 0
    assert answer(council, report)["media_url"] is None
    assert len(shown(council, report, 1)) == 1


def test_a_photo_behind_a_login_does_not_stop_the_report(council, fms, photos):
    report = problem()
    report.photos.append(f"{photos.url}/photo/{report.number}.0.full.jpeg?1&cookie_passthrough=1")
    fms.report(report)
    assert fms.send_reports() == 0
    wait_until(lambda: any("cookie_passthrough" in visit.path for visit in photos.visits), within=30)
    assert answer(council, report)["media_url"] is None


def found(council, report: Problem) -> list[str]:
    """The ids under which a report's text is listed."""
    rows = council[0].caller("council").get("/requests.json", q=f"Number {report.number}").json
    return [row["service_request_id"] for row in rows if f"Number {report.number}." in row["description"]]


@pytest.mark.parametrize("files", [False, True], ids=["form", "files"])
def test_a_lost_answer_and_its_resend_are_one_report(council, fms, files):
    fms.upload_files = files
    report = problem(photo_files=[("1.0.full.jpeg", picture()), ("1.1.full.jpeg", picture())])
    fms.report(report)
    for _ in range(3):
        # The whole report goes out, and the connection ends before the answer.
        conversation = talk(
            council[0].port, fms.posting("requests.xml", *fms.form(report)), expecting=0, linger=0
        )
        assert conversation.answers == []
    wait_until(lambda: found(council, report), within=20)
    assert fms.send_reports() == 0
    assert found(council, report) == [report.external_id]
    if files:
        assert len(shown(council, report, 2)) == 2


def test_resends_at_once_are_one_report(council, fms):
    report = fms.report(problem())
    raw = fms.posting("requests.xml", *fms.form(report))
    told: list[str] = []

    def send() -> None:
        document = simple(talk(fms.port, raw, linger=0.1).answers[0].body)
        told.append(document["request"][0]["service_request_id"])

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 10 and len(set(told)) == 1
    assert found(council, report) == [told[0]]


# Updates from there to here.


def test_updates_are_taken_in_order_with_a_repeat(council, either):
    fms = either
    report = fms.report(problem())
    fms.send_reports()
    first = fms.comment(report, next(NUMBERS), "It is worse now", "investigating")
    second = fms.comment(report, next(NUMBERS), "Cones are there", "in progress")
    third = fms.comment(report, next(NUMBERS), "", "fixed - council", photo_files=[("c.1.png", picture("PNG"))])
    fms.upload_files = True
    for comment, ago in ((first, 2), (second, 1), (third, 0)):
        comment.confirmed = now() + timedelta(seconds=1) - timedelta(milliseconds=100 * ago)
    # The answer to the first one is lost, so it goes out again.
    talk(fms.port, fms.posting("servicerequestupdates.xml", *fms.update_form(report, first)), expecting=0, linger=0)
    assert fms.send_comments() == 0
    ids = [first.external_id, second.external_id, third.external_id]
    assert len(set(ids)) == 3
    rows = council[0].caller("council").get(
        "/servicerequestupdates.json", service_request_id=report.external_id).json  # fmt: skip
    assert [row["update_id"] for row in rows] == ids
    assert [row["status"] for row in rows] == ["INVESTIGATING", "IN_PROGRESS", "FIXED"]
    assert [row["description"] for row in rows] == ["It is worse now", "Cones are there", None]
    assert rows[2]["media_url"].endswith(".png")
    assert answer(council, report)["status"] == "closed"
    # It meets its own updates again in the next poll, and knows them.
    assert fms.fetch_updates() == 0 and report.seen == 3


OPEN = {
    "OPEN", "INVESTIGATING", "FOR_TRIAGE", "PLANNED", "ACTION_SCHEDULED", "IN_PROGRESS",
    "INTERNAL_REFERRAL", "REOPEN",
}  # fmt: skip


@pytest.mark.parametrize("state", sorted({*WORDS, "confirmed"} - {"fixed", "reopen", "for triage"}))
def test_what_a_state_there_means_here(council, fms, state):
    report = fms.report(problem())
    fms.send_reports()
    comment = fms.comment(report, next(NUMBERS), f"It is {state}", state)
    comment.confirmed = now() + timedelta(seconds=1)
    assert fms.send_comments() == 0
    word = WORDS.get(state, "OPEN")
    told = answer(council, report, extensions="true")
    assert told["status"] == ("open" if word in OPEN else "closed")
    assert told["extended_attributes"]["detail"] == word


def test_without_extended_states_it_says_open_and_closed(council, fms):
    fms.extended = False
    report = fms.report(problem())
    fms.send_reports()
    for text, state, expected in [("Working", "in progress", "open"), ("Gone", "fixed - council", "closed")]:
        comment = fms.comment(report, next(NUMBERS), text, state)
        comment.confirmed = now() + timedelta(seconds=1 + (expected == "closed"))
        assert fms.send_comments() == 0
        assert answer(council, report)["status"] == expected


def test_an_update_that_is_refused_holds_back_those_behind_it(council, fms):
    report = fms.report(problem())
    fms.send_reports()
    known, report.external_id = report.external_id, "council-NEVER"
    first = fms.comment(report, next(NUMBERS), "One", "investigating")
    second = fms.comment(report, next(NUMBERS), "Two", "closed")
    assert fms.send_comments() == 1
    assert (first.external_id, second.external_id) == (None, None)
    report.external_id = known
    assert fms.send_comments() == 0


# Updates from here to there.


@pytest.mark.parametrize("word, state", [
    ("OPEN", "confirmed"), ("INVESTIGATING", "investigating"), ("PLANNED", "planned"),
    ("ACTION_SCHEDULED", "action scheduled"), ("IN_PROGRESS", "in progress"),
    ("INTERNAL_REFERRAL", "internal referral"), ("FIXED", "fixed - council"), ("CLOSED", "closed"),
    ("NOT_COUNCILS_RESPONSIBILITY", "not responsible"), ("NO_FURTHER_ACTION", "unable to fix"),
    ("CANCELLED", "cancelled"), ("FOR_TRIAGE", "confirmed"),
])  # fmt: skip
def test_what_a_word_here_means_there(council, fms, word, state):
    report = fms.report(problem())
    fms.send_reports()
    told = tell(council, report, f"s-{report.number}", word, f"{word} & <done>", external_status_code="X 17")
    assert fms.fetch_updates() >= 1
    comment = next(c for c in report.comments if c.external_id == told)
    assert comment.text == f"{word} & <done>"
    assert report.state == state
    assert fms.dropped == []


def test_pictures_come_with_an_update(council, fms):
    report = fms.report(problem())
    fms.send_reports()
    sender = FixMyStreet(council[0].port, council[2])
    counts = (0, 1, 2)
    for count in counts:
        fields = {
            "service_request_id": report.external_id, "update_id": f"p-{report.number}-{count}",
            "updated_datetime": stamp(now()), "status": "OPEN", "description": f"{count} pictures",
        }  # fmt: skip
        files = [(f"photo{n}", f"{n}.jpeg", picture()) for n in range(count)]
        raw = sender.posting("servicerequestupdates.xml", fields, files)
        assert talk(fms.port, raw, linger=0.1).statuses == [200]
    assert fms.fetch_updates() >= 3
    assert [len(comment.photos) for comment in report.comments] == list(counts)
    for comment in report.comments:
        assert all(size(council, address) == (24, 18) for address in comment.photos)


def test_nothing_is_missed_and_nothing_comes_twice(council, either):
    """Polls of two hours and of a day, while three members of staff write, some of them late."""
    fms = either
    reports = [fms.report(problem()) for _ in range(4)]
    assert fms.send_reports() == 0
    told: list[str] = []

    def write(member: int) -> None:
        for turn in range(12):
            report = reports[(member + turn) % len(reports)]
            happened = now() - timedelta(days=3) if turn % 3 == 0 else now()
            told.append(tell(
                council, report, f"w-{report.number}-{member}-{turn}", "INVESTIGATING",
                f"{member} wrote {turn}", updated_datetime=stamp(happened),
            ))  # fmt: skip

    threads = [threading.Thread(target=write, args=(member,)) for member in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        fms.fetch_updates(hours=2)
        time.sleep(0.05)
    fms.fetch_updates(hours=2)
    assert fms.fetch_updates(hours=24) == 0, "the nightly pass finds what the others missed"
    taken = [comment.external_id for report in reports for comment in report.comments]
    assert len(told) == 36
    assert sorted(taken) == sorted(told)
    assert fms.dropped == []
    mine = [report.external_id for report in reports]
    assert not [text for text in fms.messages if any(number in text for number in mine)]


def test_windows_that_only_touch_lose_nothing(council, fms):
    """Each window begins with the second in which the last one ended: no update falls between."""
    reports = [fms.report(problem()) for _ in range(3)]
    assert fms.send_reports() == 0
    told: list[str] = []
    start = now() - timedelta(seconds=5)

    def write(member: int) -> None:
        for turn in range(15):
            text = f"{member} touched {turn}"
            told.append(tell(council, reports[member], f"t-{reports[member].number}-{turn}", "OPEN", text))

    threads = [threading.Thread(target=write, args=(member,)) for member in range(3)]
    for thread in threads:
        thread.start()
    polls = 0
    while any(thread.is_alive() for thread in threads):
        end = now()
        fms.fetch_updates(start=start, end=end)
        start, polls = end, polls + 1
    fms.fetch_updates(start=start, end=now() + timedelta(seconds=2))
    taken = [comment.external_id for report in reports for comment in report.comments]
    assert sorted(taken) == sorted(told), f"{polls} polls"
    assert fms.dropped == []


def test_updates_come_in_the_order_of_their_publication(council, fms):
    report = fms.report(problem())
    fms.send_reports()
    told = [tell(council, report, f"o-{report.number}-{n}", "OPEN", f"Number {n}") for n in range(5)]
    fms.fetch_updates()
    assert [comment.external_id for comment in report.comments] == told


def test_a_restart_changes_no_id(binary, fresh):
    staff = fresh.key("staff", "--scope", "report", "--scope", "update", "--scope", "staff")
    fresh.start()
    site = FixMyStreet(fresh.port, staff)
    site.populate_services()
    report = site.report(problem())
    site.send_reports()
    told = tell((fresh, staff, staff), report, "r-1", "IN_PROGRESS", "Before")
    site.fetch_updates()
    fresh.kill()
    fresh.start()
    assert site.fetch_updates(hours=24) == 0 and report.seen == 1
    assert tell((fresh, staff, staff), report, "r-1", "IN_PROGRESS", "Before") == told


# Reports made elsewhere.


@pytest.mark.parametrize("dialect", ["fixmystreet", "fms-import"])
def test_it_takes_in_reports_made_elsewhere(council, fms, dialect):
    mine = fms.report(problem())
    fms.send_reports()
    elsewhere = council[0].caller("council", council[2]).post("/requests.json", {
        "service_code": "GRA", "lat": "51.5", "long": "-0.1", "description": "Sprayed & <bold>",
        "title": "Paint", "attribute[fixmystreet_id]": "",
    }).json[0]["service_request_id"]  # fmt: skip
    nowhere = council[0].caller("council", council[2]).post("/requests.json", {
        "service_code": "GRA", "address_string": "Somewhere", "description": "No point",
    }).json[0]["service_request_id"]  # fmt: skip
    fms.endpoint = f"/{dialect}/open311/v2/"
    taken = {row["service_request_id"]: row for row in fms.fetch_reports()}
    assert elsewhere in taken and mine.external_id not in taken and nowhere not in taken
    row = taken[elsewhere]
    assert (row["service_code"], row["description"]) == ("GRA", "Sprayed & <bold>")
    assert row["status"] in {"open", "confirmed"}
    if dialect == "fixmystreet":
        assert row["title"] == "Paint"
    assert fms.dropped == []


def test_its_own_number_comes_back_to_it_alone(council, fms):
    """FixMyStreet takes its own number before our id, so another site must never see it."""
    report = fms.report(problem())
    fms.send_reports()
    told = tell(council, report, f"n-{report.number}", "OPEN", "Numbered")
    rows = fms.get(
        "servicerequestupdates.xml", api_key=fms.key, service_request_id=report.external_id)["request_update"]
    assert [(row["update_id"], row["fixmystreet_id"]) for row in rows] == [(told, str(report.number))]
    plain = council[0].caller("council").get(
        "/servicerequestupdates.json", service_request_id=report.external_id).json  # fmt: skip
    assert [row["update_id"] for row in plain] == [told] and "fixmystreet_id" not in plain[0]
