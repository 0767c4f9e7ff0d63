"""The change feed and its webhooks: every change, once, in order, whatever happens in between (GR-15.6)."""

import base64
import itertools
import json
import random
import re
import socket
import threading
import time
from datetime import datetime, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kit.instance import Instance, wait_until
from kit.site import Page, Site
from kit.wire import Caller, request, talk

COUNTER = itertools.count(1)


class Followed:
    """A running Viaduct, and callers with the rights that following needs."""

    def __init__(self, instance: Instance):
        self.instance = instance
        self.keys = {
            "writer": instance.key("writer", "--scope", "report", "--scope", "update", "--scope", "staff"),
            "follower": instance.key("follower", "--scope", "follow"),
            "sofia": instance.key("sofia only", "--scope", "follow", "--jurisdiction", "sofia.example"),
        }

    def caller(self, who: str, slug: str = "sofia", stage: str = "") -> Caller:
        return self.instance.caller(slug, self.keys[who], stage)

    def report(self, slug: str = "sofia", code: str = "GRAFFITI", stage: str = "", **more) -> str:
        answer = self.caller("writer", slug, stage).post("/requests.json", {
            "service_code": code, "lat": "42.7" if slug == "sofia" else "42.9",
            "long": "23.3" if slug == "sofia" else "20.9", "description": f"secret text {next(COUNTER)}", **more,
        })  # fmt: skip
        assert answer.status == 200, answer.text
        return answer.json[0]["service_request_id"]

    def update(self, identifier: str, status: str = "IN_PROGRESS", **more) -> str:
        moment = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = self.caller("writer").post("/servicerequestupdates.json", {
            "service_request_id": identifier, "update_id": f"c-{next(COUNTER)}", "updated_datetime": moment,
            "status": status, "description": "secret words", **more,
        })  # fmt: skip
        assert answer.status == 200, answer.text
        return answer.json[0]["update_id"]

    def page(self, after: str | None = None, who: str = "follower", slug: str = "", **query) -> dict:
        answer = self.get(after, who, slug, **query)
        assert answer.status == 200, answer.text
        assert answer.header("Content-Type") == "application/json; charset=utf-8"
        return answer.json

    def get(self, after: str | None = None, who: str = "follower", slug: str = "", **query):
        caller = self.caller(who, slug)
        given = {**query, **({"after": after} if after else {})}
        return caller.get("/changes", {"X-API-Key": self.keys[who]}, **given)

    def all(self, after: str | None = None, limit: int = 1000, **query) -> tuple[list[dict], str]:
        """All changes behind a cursor, and where they end."""
        found: list[dict] = []
        while True:
            page = self.page(after, limit=limit, **query)
            found += page["changes"]
            if not page["changes"] and page["next"] == after:
                return found, page["next"]
            after = page["next"]

    @property
    def end(self) -> str:
        return self.all()[1]


@pytest.fixture(scope="module")
def feed(binary):
    with Instance() as instance:
        followed = Followed(instance)
        instance.start()
        yield followed
        assert instance.process.poll() is None, instance.tail


# The feed.


def test_every_change_is_told_once_and_thinly(feed):
    begin = feed.end
    identifier = feed.report()
    update = feed.update(identifier, "FIXED")
    found, end = feed.all(begin)
    types = [change["type"] for change in found if change["service_request_id"] == identifier]
    assert types[0] == "report.created" and "report.updated" in types
    told = next(change for change in found if change["update_id"] == update)
    assert (told["status"], told["detail"], told["jurisdiction_id"]) == ("closed", "FIXED", "sofia.example")
    assert "secret" not in json.dumps(found)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["datetime"])
    assert feed.all(end) == ([], end)
    whole, _ = feed.all()
    events = [change["event_id"] for change in whole]
    assert len(events) == len(set(events))


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_of_any_size_say_the_same(feed, limit):
    begin = feed.end
    for _ in range(5):
        feed.report()
    expected = [change["event_id"] for change in feed.all(begin)[0]]
    assert len(expected) >= 5
    assert [change["event_id"] for change in feed.all(begin, limit=limit)[0]] == expected


def test_every_cursor_of_a_change_is_a_place_to_go_on(feed):
    begin = feed.end
    for _ in range(4):
        feed.report()
    found, _ = feed.all(begin)
    for index, change in enumerate(found):
        rest = [later["event_id"] for later in feed.all(change["cursor"])[0]]
        assert rest == [later["event_id"] for later in found[index + 1 :]]


def test_nothing_is_missed_while_many_write(feed):
    """Ten seconds of six writers; a reader that goes on from each answer (D13)."""
    begin = cursor = feed.end
    told: list[str] = []
    until = time.monotonic() + 10

    def write(member: int) -> None:
        while time.monotonic() < until:
            identifier = feed.report()
            told.append(identifier)
            if member % 2:
                feed.update(identifier)

    threads = [threading.Thread(target=write, args=(member,)) for member in range(6)]
    for thread in threads:
        thread.start()
    seen: list[dict] = []
    while any(thread.is_alive() for thread in threads):
        page = feed.page(cursor, limit=50)
        seen += page["changes"]
        cursor = page["next"]
        time.sleep(0.01)
    seen += feed.all(cursor)[0]
    events = [change["event_id"] for change in seen]
    assert len(events) == len(set(events))
    created = [change["service_request_id"] for change in seen if change["type"] == "report.created"]
    assert sorted(created) == sorted(told)
    assert events == [change["event_id"] for change in feed.all(begin)[0]], "the order is the same later"


def test_an_update_comes_behind_its_report(feed):
    begin = feed.end
    identifiers = [feed.report() for _ in range(5)]
    updates = [feed.update(identifier) for identifier in reversed(identifiers)]
    found, _ = feed.all(begin)
    order = [change["service_request_id"] for change in found if change["type"] == "report.created"]
    assert order == identifiers
    assert [change["update_id"] for change in found if change["update_id"]] == updates


def test_only_what_the_key_may_follow_is_told(feed):
    begin = feed.end
    here, elsewhere = feed.report(), feed.report("mitrovica", "WASTE-MIT")
    for who, expected in (("follower", {here, elsewhere}), ("sofia", {here})):
        found = feed.all(begin, who=who)[0]
        assert {change["service_request_id"] for change in found} == expected
    assert {c["service_request_id"] for c in feed.all(begin, slug="mitrovica")[0]} == {elsewhere}
    refused = feed.get(begin, who="sofia", slug="mitrovica")
    assert refused.status == 403 and refused.problems()


def test_who_may_not_follow_is_refused(feed):
    assert feed.get(who="writer").status == 403
    without = feed.instance.caller("sofia").get("/changes")
    assert without.status == 403 and "api_key" in without.problems()


def test_what_is_asked_wrongly_is_told(feed):
    for query in ({"after": "nonsense"}, {"limit": "0"}, {"limit": "x"}, {"wait": "-1"}, {"type": "no.such"}):
        answer = feed.get(**query)
        assert answer.status == 400, query
        assert next(iter(query)) in answer.problems()


def test_filters_pass_over_what_was_not_asked_for(feed):
    begin = feed.end
    hole = feed.report(code="POTHOLE", **{"attribute[DEPTH]": "GT5"})
    paint = feed.report()
    feed.update(paint)
    found = feed.all(begin, service_code="POTHOLE")[0]
    assert {change["service_request_id"] for change in found} == {hole}
    found = feed.all(begin, type="report.updated")[0]
    assert {change["service_request_id"] for change in found} == {paint}


def test_private_notes_are_told_to_nobody_who_may_not_read_them(feed):
    identifier = feed.report()
    begin = feed.end
    feed.update(identifier, "UNCHANGED", internal="true")
    assert feed.all(begin)[0] == []


def test_test_reports_stay_apart(feed):
    begin = feed.end
    identifier = feed.report(stage="test")
    assert feed.all(begin)[0] == []
    caller = feed.caller("follower", "", "test")
    page = caller.get("/changes", {"X-API-Key": feed.keys["follower"]}).json
    assert [change["service_request_id"] for change in page["changes"]] == [identifier]


def test_a_waiting_answer_comes_with_the_change(feed):
    begin = feed.end
    answers = []
    started = time.monotonic()
    reader = threading.Thread(target=lambda: answers.append((feed.page(begin, wait=30), time.monotonic())))
    reader.start()
    time.sleep(1)
    assert not answers, "there is nothing to tell yet"
    identifier = feed.report()
    reader.join(30)
    page, ended = answers[0]
    assert [change["service_request_id"] for change in page["changes"]] == [identifier]
    assert ended - started < 20


def test_a_waiting_answer_ends_without_a_change(feed):
    begin = feed.end
    started = time.monotonic()
    page = feed.page(begin, wait=2)
    assert page == {"changes": [], "next": begin} and 1.5 <= time.monotonic() - started < 20


def lines(feed, after: str, until) -> list[dict]:
    """Reads the stream until the condition holds for what came."""
    found: list[dict] = []
    with socket.create_connection(("127.0.0.1", feed.instance.port), timeout=30) as connection:
        headers = {"Accept": "application/x-ndjson", "X-API-Key": feed.keys["follower"]}
        connection.sendall(request("GET", f"/open311/v2/changes?after={after}", headers))
        buffer = b""
        head = None
        while not until(found):
            received = connection.recv(65536)
            assert received, f"the stream ended: {head!r} {buffer!r}"
            buffer += received
            if head is None and b"\r\n\r\n" in buffer:
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                assert b" 200 " in head and b"application/x-ndjson" in head.lower(), head
            # Chunk by chunk or as it is: a change is a line that is an object.
            *whole, buffer = buffer.split(b"\n") if head is not None else [buffer]
            found += [json.loads(line) for line in whole if line.strip().startswith(b"{")]
    return found


def test_a_stream_goes_on(feed):
    begin = feed.end
    told = [feed.report() for _ in range(3)]

    def write() -> None:
        for _ in range(3):
            time.sleep(0.3)
            told.append(feed.report())

    writer = threading.Thread(target=write)
    writer.start()
    found = lines(feed, begin, lambda found: len(found) >= 6)
    writer.join()
    assert [change["service_request_id"] for change in found] == told
    again = lines(feed, found[2]["cursor"], lambda found: len(found) >= 3)
    assert [change["event_id"] for change in again] == [change["event_id"] for change in found[3:]]


def test_a_stop_ends_streams_and_a_cursor_outlives_it(binary):
    with Instance() as instance:
        feed = Followed(instance)
        instance.start()
        first = feed.report()
        cursor = feed.all()[1]
        reader = threading.Thread(target=lambda: talk(
            instance.port, request("GET", f"/open311/v2/changes?after={cursor}", {
                "Accept": "application/x-ndjson", "X-API-Key": feed.keys["follower"]}),
            patience=30))  # fmt: skip
        reader.start()
        time.sleep(0.5)
        assert instance.stop(within=20) == 0
        reader.join(30)
        assert not reader.is_alive()
        instance.start()
        second = feed.report()
        instance.kill()
        instance.start()
        assert [change["service_request_id"] for change in feed.all(cursor)[0]] == [second]
        assert first in {change["service_request_id"] for change in feed.all()[0]}


def test_a_moved_report_that_becomes_private_leaves_a_tombstone(binary, fresh):
    file = fresh.settings / "jurisdictions" / "sofia.yaml"
    file.write_text(file.read_text() + "  - code: HIDDEN\n    name: {bg: Скрито, en: Hidden}\n"
                    "    group: {bg: Други, en: Others}\n    private: true\n")  # fmt: skip
    feed = Followed(fresh)
    fresh.start()
    identifier = feed.report()
    begin = feed.end
    feed.update(identifier, "UNCHANGED", service_code="HIDDEN")
    found, _ = feed.all(begin)
    assert found[-1]["type"] == "report.removed"
    assert found[-1]["service_request_id"] == identifier
    assert "HIDDEN" not in json.dumps(found)
    hidden = feed.report(code="HIDDEN")
    assert hidden not in {change["service_request_id"] for change in feed.all()[0]}
    assert feed.caller("writer").get(f"/requests/{identifier}.json").status == 404
    rows = feed.caller("writer").get("/servicerequestupdates.json").json
    assert identifier not in {row["service_request_id"] for row in rows}


# Webhooks.


class Receiver:
    """A program that is told of changes; it can be down, and verifies what comes."""

    def __init__(self):
        self.secret = ""
        self.status = 204
        self.taken: list[dict] = []
        self.visits: list = []
        self.bad: list[str] = []

    def page(self, visit) -> Page:
        self.visits.append(visit)
        if self.status < 300 and self.secret:
            try:
                self.taken.append(Webhook(self.secret).verify(visit.body, visit.headers))
            except WebhookVerificationError as error:
                self.bad.append(f"{error}: {visit.headers}")
        return Page(status=self.status)


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    # Not the server's own address: that is never called, whatever is allowed.
    with Site(receiver.page, host="127.0.0.9") as site:
        receiver.url = site.url + "/hook"
        receiver.port = site.port
        yield receiver


@pytest.fixture(scope="module")
def told(binary, receiver):
    """A Viaduct that may call the receiver."""
    allowed = {
        "VIADUCT_OUTBOUND_ALLOW": "127.0.0.9/32", "VIADUCT_OUTBOUND_PORTS": str(receiver.port),
    }  # fmt: skip
    with Instance(**allowed) as instance:
        followed = Followed(instance)
        instance.start()
        yield followed
        assert instance.process.poll() is None, instance.tail


def call(feed, method: str, path: str, body=None, who: str = "follower"):
    """One call about webhooks, in JSON."""
    headers = {"Connection": "close", "X-API-Key": feed.keys[who], "Content-Type": "application/json"}
    content = json.dumps(body).encode() if body is not None else b""
    raw = request(method, "/open311/v2" + path, headers, content)
    return talk(feed.instance.port, raw, linger=0.1).answers[0]


@pytest.fixture
def hook(told, receiver):
    """A webhook of its own for a test."""
    receiver.status, receiver.secret = 204, ""
    made = call(told, "POST", "/webhooks", {"url": receiver.url})
    assert made.status in {200, 201}, made.text
    receiver.taken, receiver.visits, receiver.bad = [], [], []
    receiver.secret = made.json["secret"]
    yield made.json
    call(told, "DELETE", f"/webhooks/{made.json['id']}")


def test_a_webhook_is_told_of_every_change(told, receiver, hook):
    identifier = told.report()
    update = told.update(identifier, "FIXED")
    wait_until(lambda: len(receiver.taken) >= 2, within=30)
    assert receiver.bad == []
    assert [taken["type"] for taken in receiver.taken[:2]] == ["report.created", "report.updated"]
    assert receiver.taken[1]["data"]["update_id"] == update
    assert all(len(visit.body) < 1000 and b"secret" not in visit.body for visit in receiver.visits)
    ids = [visit.headers["webhook-id"] for visit in receiver.visits]
    assert len(ids) == len(set(ids))
    assert all(visit.headers["content-type"].startswith("application/json") for visit in receiver.visits)
    feed = [change["event_id"] for change in told.all()[0]]
    assert [taken["data"]["event_id"] for taken in receiver.taken] == feed[-len(receiver.taken) :]


def test_what_was_changed_on_the_way_is_refused(told, receiver, hook):
    told.report()
    wait_until(lambda: receiver.visits, within=30)
    visit = receiver.visits[0]
    headers = {name: visit.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    verifier = Webhook(receiver.secret)
    verifier.verify(visit.body, headers)
    noise = random.Random(7)
    refused = 0
    for turn in range(200):
        body, changed = bytearray(visit.body), dict(headers)
        match turn % 5:
            case 0 | 1:
                body[noise.randrange(len(body))] ^= 1 << noise.randrange(7)
            case 2:
                changed["webhook-id"] = headers["webhook-id"][::-1] + str(turn)
            case 3:
                step = noise.choice([-1, 1]) * noise.randrange(1, 200)
                changed["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + step)
            case 4:
                version, _, digest = headers["webhook-signature"].split(" ")[0].partition(",")
                raw = bytearray(base64.b64decode(digest))
                raw[noise.randrange(len(raw))] ^= 1 << noise.randrange(8)
                changed["webhook-signature"] = f"{version},{base64.b64encode(raw).decode()}"
        with pytest.raises(WebhookVerificationError):
            verifier.verify(bytes(body), changed)
        refused += 1
    assert refused == 200
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify(visit.body, headers)


def test_a_receiver_that_was_down_gets_everything_in_order(told, receiver, hook):
    receiver.status = 503
    identifiers = [told.report() for _ in range(3)]
    wait_until(lambda: receiver.visits, within=30)
    for identifier in identifiers:
        told.update(identifier, "INVESTIGATING")
        told.update(identifier, "FIXED")
    receiver.status = 204
    # The first pause is five seconds.
    wait_until(lambda: len(receiver.taken) >= 9, within=60)
    assert receiver.bad == [] and len(receiver.taken) == 9
    for identifier in identifiers:
        data = [t["data"] for t in receiver.taken if t["data"]["service_request_id"] == identifier]
        assert [d["type"] for d in data] == ["report.created", "report.updated", "report.updated"]
        assert [d["detail"] for d in data[1:]] == ["INVESTIGATING", "FIXED"]
    first = [visit.headers["webhook-id"] for visit in receiver.visits]
    assert first[0] == receiver.visits[1].headers["webhook-id"], "tried again under the same id"


def test_a_kill_in_between_loses_nothing(told, receiver, hook):
    for _ in range(5):
        told.report()
    told.instance.kill()
    for_later = len(receiver.taken)
    told.instance.start()
    for _ in range(5):
        told.report()
    wait_until(lambda: len({t["data"]["event_id"] for t in receiver.taken}) >= 10, within=90)
    events = list(dict.fromkeys(t["data"]["event_id"] for t in receiver.taken))
    assert len(receiver.taken) <= 11, f"at most what was under way is told twice ({for_later})"
    feed = [change["event_id"] for change in told.all()[0]]
    assert events == feed[-10:]


def test_a_receiver_that_is_gone_is_left_alone(told, receiver, hook):
    receiver.status = 410
    told.report()
    wait_until(lambda: receiver.visits, within=30)
    time.sleep(1)
    seen = len(receiver.visits)
    told.report()
    time.sleep(2)
    assert len(receiver.visits) == seen == 1
    shown = call(told, "GET", f"/webhooks/{hook['id']}").json
    assert "gone" in json.dumps(shown) and receiver.secret not in json.dumps(shown)


def test_a_redirect_is_no_delivery(told, receiver, hook):
    receiver.status = 302
    told.report()
    wait_until(lambda: receiver.visits, within=30)
    receiver.status = 204
    wait_until(lambda: receiver.taken, within=60)
    assert receiver.bad == []


def test_a_filter_is_kept(told, receiver, hook):
    call(told, "DELETE", f"/webhooks/{hook['id']}")
    wish = {"url": receiver.url, "services": ["POTHOLE"], "kinds": ["report.created"]}
    made = call(told, "POST", "/webhooks", wish).json
    try:
        assert (made["services"], made["kinds"]) == (wish["services"], wish["kinds"])
        receiver.secret, receiver.visits, receiver.taken = made["secret"], [], []
        told.report()
        hole = told.report(code="POTHOLE", **{"attribute[DEPTH]": "GT5"})
        wait_until(lambda: receiver.taken, within=30)
        assert {taken["data"]["service_request_id"] for taken in receiver.taken} == {hole}
    finally:
        assert call(told, "DELETE", f"/webhooks/{made['id']}").status in {200, 204}


def test_webhooks_are_seen_by_their_key_only(told, hook):
    mine = call(told, "GET", "/webhooks")
    assert mine.status == 200 and hook["id"] in json.dumps(mine.json)
    assert hook["secret"] not in mine.text
    assert hook["id"] not in call(told, "GET", "/webhooks", who="sofia").text
    assert call(told, "GET", f"/webhooks/{hook['id']}", who="sofia").status == 404
    assert call(told, "DELETE", f"/webhooks/{hook['id']}", who="sofia").status == 404
    assert call(told, "GET", "/webhooks", who="writer").status == 403


@pytest.mark.parametrize("url", [
    "http://10.0.0.1/", "http://localhost/", "ftp://a.example/", "http://[::1]/", "http://u:p@a.example/",
    "https://a.example:22/", "", "x" * 3000,
])  # fmt: skip
def test_addresses_that_may_not_be_called_are_refused(told, url):
    answer = call(told, "POST", "/webhooks", {"url": url})
    assert answer.status == 400 and answer.problems()


def test_operators_manage_webhooks_too(told, receiver):
    receiver.status, receiver.secret = 204, ""
    receiver.taken, receiver.visits, receiver.bad = [], [], []
    client = told.keys["follower"][:11]
    run = told.instance.run
    printed = run("webhook", "create", "--client", client, receiver.url)
    receiver.secret = re.search(r"whsec_[A-Za-z0-9+/=]+", printed).group()
    (number,) = set(re.findall(r"wh-[A-Za-z0-9]+", run("webhook", "list")))
    try:
        told.report()
        wait_until(lambda: receiver.taken, within=30)
        run("webhook", "pause", number)
        time.sleep(1)
        before = len(receiver.visits)
        told.report()
        time.sleep(2)
        assert len(receiver.visits) == before
        run("webhook", "resume", number)
        wait_until(lambda: len(receiver.taken) >= 2, within=30)
        printed = run("webhook", "rotate", number)
        fresh = re.search(r"whsec_[A-Za-z0-9+/=]+", printed).group()
        told.report()
        wait_until(lambda: len(receiver.taken) >= 3, within=30)
        visit = receiver.visits[-1]
        Webhook(fresh).verify(visit.body, visit.headers)
        assert receiver.bad == [], "the old secret is good for a while as well"
        begin = receiver.taken[0]["timestamp"]
        count = len({taken["data"]["event_id"] for taken in receiver.taken})
        seen = len(receiver.taken)
        run("webhook", "replay", number, "--from", begin)
        wait_until(lambda: len(receiver.taken) >= seen + count, within=30)
    finally:
        run("webhook", "delete", number)
    assert number not in run("webhook", "list")
