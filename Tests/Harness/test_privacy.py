"""What tells of a person is in no public answer, log, metric, message or dump, and goes when its time is over (P1 to P4, P7)."""

import json
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from urllib.parse import quote

import pytest

from kit.database import programs
from kit.instance import Instance, wait_until
from kit.ledger import Ledger
from kit.mesh import Mesh
from kit.peers import allow_port
from kit.site import Page, Site
from kit.wire import Answer, request

pytestmark = pytest.mark.usefixtures("binary")
REPORTS = int(os.environ.get("VIADUCT_CANARIES", "1000"))
"""How many: the goal's own number, or fewer for somebody in a hurry."""


def civil_number(number: int) -> str:
    """A Bulgarian civil number of its own, of somebody born in March 1981."""
    digits = f"8103{number % 28 + 1:02}{number // 28:03}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)))
    return digits + str(check % 11 % 10)


class Canaries:
    """What is personal in each report, and where it sings."""

    def __init__(self, count: int):
        self.count = count
        self.civil = {civil_number(number) for number in range(count)}
        assert len(self.civil) == count

    def person(self, number: int, who: str = "") -> dict[str, str]:
        return {
            "email": f"canary{who}mail{number}@example.org", "first_name": f"Canary{who}first{number}",
            "last_name": f"Canary{who}last{number}", "phone": f"+359 877 66{number:04}",
            "device_id": f"canary{who}device{number}", "account_id": f"canary{who}account{number}",
        }  # fmt: skip

    def text(self, number: int) -> str:
        return (
            f"Дупка {number} cm. Обадете се на 0877 55 {number // 100:02} {number % 100:02}, canarytext{number}@example.org. "
            f"СА {number:04} ВХ, ЕГН {civil_number(number)}"
        )

    def found(self, text: str) -> set[str]:
        """The canaries in a text."""
        lower = text.lower()
        # Most pages have nothing like it, and looking for whole ones takes long.
        # Digits of a digest are nobody's number.
        plain = [] if not any(sign in lower for sign in ("canary", "877", "са ")) else re.findall(
            r"(?i)canary\w*|(?<![0-9a-f]{6})0877\s?55[\s\d]*|(?<![0-9a-f]{6})877\s?66\d{4}|СА \d{4} ВХ", text
        )  # fmt: skip
        return {*plain, *(number for number in re.findall(r"(?<!\d)\d{10}(?!\d)", text) if number in self.civil)}


def whole(answer: Answer) -> str:
    return "\n".join(f"{name}: {value}" for name, value in answer.headers) + "\n\n" + answer.body.decode(errors="replace")


def crawl(node: Instance, follower: str, numbers: list[str]) -> dict[str, str]:
    """All that anybody may ask, and those who follow; by the address."""
    anybody, common = node.caller("sofia"), node.caller("")
    pages: dict[str, str] = {}

    def take(caller, path: str, key: str = "") -> Answer:
        answer = caller.get(path, {"X-API-Key": key} if key else None)
        pages[path] = whole(answer)
        return answer

    for form in ("json", "xml"):
        for path in ("/discovery", "/services", "/services/GRAFFITI", "/requests/nothing", "/candidates"):
            take(anybody, f"{path}.{form}")
        start = "start_date=2020-01-01T00:00:00Z&end_date=2100-01-01T00:00:00Z"
        take(anybody, f"/servicerequestupdates.{form}?{start}&page_size=1000")
        take(anybody, f"/candidates.{form}?lat=42.7&long=23.3&service_code=GRAFFITI&radius=500")
        take(anybody, f"/requests.{form}?status=nonsense&q=x")
        for page in range(1, 3 + len(numbers) // 100):
            take(anybody, f"/requests.{form}?extensions=true&page_size=100&page={page}")
            take(common, f"/requests.{form}?jurisdiction_id=sofia.example&page_size=100&page={page}")
        for number in numbers[:20]:
            take(anybody, f"/requests/{number}.{form}?extensions=true")
    for number in numbers:
        assert take(anybody, f"/requests/{number}.json").status == 200
    # Whoever tries whether somebody is in there learns nothing.
    for guess in ("canarytext7", "0877 55", "СА 0007"):
        answer = anybody.get(f"/requests.json?q={quote(guess)}")
        assert answer.status == 200 and answer.json == [], guess
    # An error says what is wrong, and not what was said.
    for field in ("email", "phone", "first_name", "device_id"):
        answer = node.caller("sofia", follower).post("/requests.json", {"service_code": "GRAFFITI", field: "canary\x01" * 300})
        assert answer.status >= 400
        pages[f"error {field}"] = whole(answer)
    assert anybody.get(f"/requests/{numbers[0]}/notes").status in (400, 401, 403)
    after, told = "", 0
    while True:
        answer = take(common, "/changes" + after, follower)
        assert answer.status == 200, answer.text
        told += len(answer.json["changes"])
        if not answer.json["changes"]:
            break
        after = f"?after={answer.json['next']}"
    assert told >= len(numbers)
    assert take(common, "/webhooks", follower).status == 200
    for path in ("/metrics", "/peers", "/ready", "/live", "/deliveries"):
        pages["admin " + path] = node.admin_page(path)[1]
    pages["log"] = node.log.read_text(errors="replace")
    return pages


def readable(book: Ledger) -> str:
    """All that the role may read that is for the public, as it reads it."""
    columns = book.rows("""
        SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), string_agg(quote_ident(column_name), ', ')
        FROM information_schema.columns
        WHERE table_schema IN ('public', 'contact')
            AND has_schema_privilege('viaduct_reader', table_schema, 'USAGE')
            AND has_column_privilege('viaduct_reader', format('%I.%I', table_schema, table_name), column_name, 'SELECT')
        GROUP BY 1
    """)
    assert len(columns) >= 6, columns
    script = "SET ROLE viaduct_reader;\n" + "".join(
        f"COPY (SELECT {names} FROM {table}) TO STDOUT;\n" for table, names in columns
    )
    done = subprocess.run(
        [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", book.url],
        input=script, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def dump(book: Ledger) -> str:
    """A dump of the whole database, bytes as the text that they may be."""
    done = subprocess.run([programs() / "pg_dump", book.url], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return re.sub(r"\\\\x((?:[0-9a-f]{2})+)", lambda found: bytes.fromhex(found[1]).decode(errors="replace"), done.stdout)


def singing(canaries: Canaries, pages: dict[str, str]) -> dict[str, set[str]]:
    """The pages in which there are canaries, and some of these."""
    return {name: set(sorted(found)[:3]) for name, page in pages.items() if (found := canaries.found(page))}


def ask_privately(node: Instance) -> None:
    """Has a service ask something that the public is not shown."""
    file = node.settings / "jurisdictions" / "sofia.yaml"
    text = file.read_text()
    group = "    group: {bg: Сгради, en: Buildings}\n"
    assert text.count(group) == 1
    question = "      - code: WITNESS\n        question: {bg: Кой?, en: Who?}\n        datatype: string\n        private: true\n"
    file.write_text(text.replace(group, group + "    attributes:\n" + question))


def moment() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_no_canary_sings_in_public():
    canaries = Canaries(REPORTS)
    with Site(lambda visit: Page()) as hook, Mesh("here", "there") as mesh:
        mesh.befriend("here", "there", flow=["reports_out", "updates_out"], back=["updates_out"])
        for node in mesh.nodes.values():
            node.environment["VIADUCT_LOG_LEVEL"] = "trace"
            node.environment["VIADUCT_LOG_REQUESTS"] = "true"
            ask_privately(node)
        allow_port(mesh.nodes["here"], hook.port)
        mesh.start()
        staff = mesh.nodes["here"].key("staff", "--scope", "staff", "--scope", "update", "--scope", "report")
        here = mesh.caller("here")
        made = here.send(request("POST", "/open311/v2/webhooks", {
            "Connection": "close", "Content-Type": "application/json", "X-API-Key": mesh.keys["here"],
        }, json.dumps({"url": hook.url + "/hook"}).encode()))  # fmt: skip
        assert made.status in (200, 201), made.text

        def tell(number: int) -> str:
            answer = here.post("/requests.json", {
                "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": canaries.text(number),
                "title": f"Ask 0877 55 {number // 100:02} {number % 100:02}",
                "address_string": f"ul. Shipka {number}, canaryaddress{number}@example.org",
                "unheard_of": f"canaryunknown{number}", "attribute[WITNESS]": f"canarywitness{number}",
                **canaries.person(number),
            })  # fmt: skip
            assert answer.status == 200, answer.text
            identifier = answer.json[0]["service_request_id"]
            if number % 4 == 0:
                said = here.post("/servicerequestupdates.json", {
                    "service_request_id": identifier, "update_id": f"u{number}", "updated_datetime": moment(),
                    "status": "OPEN", "description": canaries.text(number), **canaries.person(number, "author"),
                })  # fmt: skip
                assert said.status == 200, said.text
            if number % 5 == 0:
                assert here.post(f"/requests/{identifier}/support.json", canaries.person(number, "friend")).status == 200
            return identifier

        with ThreadPoolExecutor(8) as threads:
            numbers = list(threads.map(tell, range(REPORTS)))
        wait_until(lambda: mesh.are_drained(), within=120)
        wait_until(lambda: mesh.ledgers["there"].count("SELECT count(*) FROM report") == REPORTS, within=60)
        wait_until(lambda: len(hook.visits) >= REPORTS, within=60)

        everything: dict[str, str] = {}
        for name, node in mesh.nodes.items():
            theirs = [row[0] for row in mesh.ledgers[name].rows("SELECT id FROM report ORDER BY id")]
            pages = crawl(node, mesh.keys[name], theirs)
            everything |= {f"{name} {path}": page for path, page in pages.items()}
            everything[f"{name} tables"] = readable(mesh.ledgers[name])
        everything |= {
            f"hook {number}": f"{visit.path} {visit.headers} {visit.body.decode()}" for number, visit in enumerate(hook.visits)
        }
        for form in ("json", "xml", "csv", "geojson"):
            export = ("export", "requests", "--jurisdiction", "sofia.example", "--format", form)
            everything[f"here export {form}"] = mesh.nodes["here"].run(*export)
            assert everything[f"here export {form}"].count("Дупка") >= REPORTS
        assert "Дупка 7 cm" in everything[f"here /requests/{numbers[7]}.json"], "the crawler sees what is there"
        assert sum("Дупка" in page for page in everything.values()) > REPORTS
        assert singing(canaries, everything) == {}

        # All of it is there: for staff, and nowhere but with the contact data. The peer never had it.
        def inside(path: str) -> Answer:
            return here.get(path, {"X-API-Key": staff})

        assert inside(f"/requests/{numbers[7]}.json").json[0]["description"] == canaries.text(7)
        listed = inside(f"/requests.xml?service_request_id={numbers[8]}&extensions=true")
        assert canaries.text(8) in listed.text and listed.header("Cache-Control") == "no-store"
        assert canaries.text(8) in inside("/servicerequestupdates.json?page_size=1000").text
        for name, book in mesh.ledgers.items():
            text = dump(book)
            assert text.count("Дупка") >= REPORTS, "the dump holds what is there"
            assert canaries.found(text) == set(), name
        assert mesh.ledgers["here"].count("SELECT count(*) FROM contact.contact") == REPORTS
        told = json.loads(mesh.nodes["here"].run("person", "export", "--phone", canaries.person(8)["phone"]))
        assert [record["kind"] for record in told] == ["report", "update"]
        assert told[0]["attributes"] == [{"code": "WITNESS", "values": ["canarywitness8"]}]
        # The one person's data in the other's place is nobody's.
        mesh.ledgers["here"].rows(f"""
            UPDATE contact.original SET sealed = (SELECT sealed FROM contact.original WHERE report = '{numbers[1]}')
            WHERE report = '{numbers[2]}'
        """)
        assert inside(f"/requests/{numbers[1]}.json").status == 200
        moved, everybody = inside(f"/requests/{numbers[2]}.json"), mesh.nodes["here"].caller("sofia")
        assert moved.status == 200 and canaries.found(moved.text) == set()
        assert moved.json == everybody.get(f"/requests/{numbers[2]}.json").json

        # The checker sees one that is planted, in the dump where it is in the clear or its bytes are.
        for plain in ("sealed = NULL, email = 'canaryplanted'", "email_mark = 'canaryplanted'"):
            mesh.ledgers["here"].rows(f"UPDATE contact.contact SET {plain} WHERE report = '{numbers[5]}'")
            assert canaries.found(dump(mesh.ledgers["here"])) == {"canaryplanted"}, plain
            mesh.ledgers["here"].rows(f"DELETE FROM contact.contact WHERE report = '{numbers[5]}'")
            mesh.ledgers["here"].rows(f"INSERT INTO contact.contact (report) VALUES ('{numbers[5]}')")
        mesh.ledgers["here"].rows(f"UPDATE report SET description = 'ask canaryplanted' WHERE id = '{numbers[3]}'")
        pages = crawl(mesh.nodes["here"], mesh.keys["here"], numbers[:20])
        assert singing(canaries, {**pages, "tables": readable(mesh.ledgers["here"])}).keys() >= {
            f"/requests/{numbers[3]}.json", "tables",
        }  # fmt: skip


def test_what_is_kept_long_enough_goes_whatever_stops_it():
    """`viaduct retention --apply`, killed before each of its commits, one after the other."""
    with Mesh("here") as mesh:
        node, book = mesh.nodes["here"], mesh.ledgers["here"]
        canaries = Canaries(120)
        node.start()
        caller = mesh.caller("here")

        def tell(number: int) -> None:
            answer = caller.post("/requests.json", {
                "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": canaries.text(number),
                **canaries.person(number),
            })  # fmt: skip
            assert answer.status == 200, answer.text

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(tell, range(120)))
        node.stop()
        # Closed half a year ago, and some more days.
        book.rows("""
            UPDATE report SET status = 'closed', detail = 'FIXED', requested = requested - interval '190 days',
                updated = updated - interval '185 days'
        """)
        would = [{"jurisdiction": "sofia.example", "contacts": 120, "devices": 120, "peer_payloads": 0}]
        told = json.loads(node.run("retention", "--json"))
        assert [line for line in told if line["contacts"]] == would
        assert "120 reports" in node.run("retention")
        people = "SELECT (SELECT count(*) FROM contact.contact) + (SELECT count(*) FROM contact.original)"
        assert book.count(people) == 240, "it only tells"
        deaths, left = 0, []
        for passage in range(1, 30):
            done = node.command("retention", "--apply", FAULT=f"before_commit:{passage}")
            left.append(book.count(people))
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGABRT, done.stderr
            deaths += 1
            assert left[-1] in (240, 140, 40, 0), "a batch of fifty is whole or not at all"
        assert deaths >= 2 and left[-1] == 0 and left == sorted(left, reverse=True), left
        assert book.count("SELECT count(*) FROM event WHERE kind = 'erased' AND actor = 'system'") == 120
        assert book.count("SELECT count(*) FROM tombstone") == 120
        assert all(not line["contacts"] for line in json.loads(node.run("retention", "--json")))
