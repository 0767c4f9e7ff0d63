"""Without the keys nobody reads what is personal, and nothing of it is lost or overwritten (P3)."""

import json
import re
import shutil
import signal
import stat
import threading

import pytest

from kit.instance import Instance, wait_until
from kit.ledger import Ledger

pytestmark = pytest.mark.usefixtures("binary")


def unkeyed() -> Instance:
    """One that was given no key."""
    node = Instance(embedded=True)
    del node.environment["VIADUCT_PRIVACY_KEYS"]
    return node


def book(node: Instance) -> Ledger:
    return Ledger(f"host={node.directory / 'data' / 'postgres' / 'socket'} user=viaduct dbname=viaduct")


def tell(caller, number: int) -> str:
    answer = caller.post("/requests.json", {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"Call 0877 55 {number:04}",
        "email": f"canary{number}@example.org", "phone": f"+359 877 66 {number:04}", "device_id": f"canary-d{number}",
    })  # fmt: skip
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def person(node: Instance, number: int) -> list[dict]:
    return json.loads(node.run("person", "export", "--email", f"Canary{number}@example.org"))


def doctor(node: Instance) -> list[dict]:
    """What the doctor finds wrong with the keys."""
    page = json.loads(node.command("doctor", "--json").stdout)
    return next(check["findings"] for check in page["checks"] if check["name"] == "data-keys")


def test_the_first_start_makes_a_key_and_no_other_start_makes_another():
    with unkeyed() as node:
        key = node.key("app")
        node.start()
        caller = node.caller("sofia", key)
        one = tell(caller, 1)
        file = node.directory / "data" / "data-keys"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (node.directory / "data" / "postgres") not in file.parents
        assert "Keep a copy of it" in node.tail and str(file) in node.tail
        assert node.admin_page("/ready") == (200, "ready\n")
        assert doctor(node) == []
        shelf = node.directory / "shelf"
        made = node.run("backup", "--to", str(shelf))
        assert f"data keys  not here: keep a copy of {file} apart" in made
        secret = file.read_text().splitlines()[-1]
        for path in shelf.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path
        assert person(node, 1)[0]["email"] == "canary1@example.org"
        before = sealed(node)
        node.stop()

        # Gone, it is not made anew: what is public is served, and nothing else.
        aside = node.directory / "aside"
        file.rename(aside)
        node.start()
        assert caller.get(f"/requests/{one}.json").json[0]["description"] == "Call •••"
        refused = caller.post("/requests.json", {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": "x"})
        assert refused.status == 503 and int(refused.header("Retry-After")) > 0, refused.text
        status, page = node.admin_page("/ready")
        assert status == 200 and "Reports are refused: there is no data key here." in page
        assert "reports are refused, because personal data could not be sealed" in node.tail
        assert not file.exists() and sealed(node) == before
        [finding] = doctor(node)
        assert finding["level"] == "wrong" and finding["file"] == str(file) and "is not there" in finding["text"]
        assert node.command("person", "export", "--email", "canary1@example.org").returncode == 78
        node.stop()

        # Another node's key is no help, nor does anything begin with it.
        other = node.run("reseal", "--new-key")
        file.write_text(other)
        file.chmod(0o600)
        node.start()
        wait_until(lambda: "are not here, and personal data is sealed with them" in node.admin_page("/ready")[1], within=10)
        assert caller.post("/requests.json", {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}).status == 503
        assert sealed(node) == before and book(node).count("SELECT count(*) FROM contact.data_key") == 1
        node.stop()

        # Whoever lets others read it does not start at all.
        shutil.copy(aside, file)
        file.chmod(0o644)
        done = node.command("serve")
        assert done.returncode == 78 and f"chmod 600 {file}" in done.stderr
        file.chmod(0o600)
        node.start()
        tell(caller, 2)
        assert [line["kind"] for line in person(node, 1) + person(node, 2)] == ["report", "report"]


def test_what_is_no_key_is_told_before_the_first_start():
    with unkeyed() as node:
        file = node.directory / "keys"
        for text, words in ((None, "is not there"), ("", "holds no data key"), ("# mine\nabc\n", "line 2 is no data key")):
            if text is not None:
                file.write_text(text)
                file.chmod(0o600)
            done = node.command("check", VIADUCT_PRIVACY_KEYS_FILE=str(file))
            assert done.returncode == 1 and f"{file}" in done.stdout and words in done.stdout, done.stdout
        done = node.command("check", VIADUCT_PRIVACY_KEYS="abc")
        assert done.returncode == 1 and "privacy.keys: line 1 is no data key" in done.stdout, done.stdout
        assert not (node.directory / "data" / "data-keys").exists()


def sealed(node: Instance) -> list[list[list[str]]]:
    """All that is sealed, and with which keys anything may be."""
    ledger = book(node)
    return [
        ledger.rows("SELECT contact::text FROM contact.contact ORDER BY report"),
        ledger.rows("SELECT original::text FROM contact.original ORDER BY report"),
        ledger.rows("SELECT id FROM contact.data_key"),
    ]


def test_another_key_takes_over_while_reports_come_in():
    with unkeyed() as node:
        file = node.directory / "data" / "data-keys"
        caller = node.caller("sofia", node.key("app"))
        node.start()
        for number in range(20):
            tell(caller, number)
        node.stop()
        old = file.read_text().splitlines()[-1]
        new = node.run("reseal", "--new-key").strip()
        assert re.fullmatch(r"[0-9A-Za-z+/]{43}=", new)
        for lines in ((old, new), (new, old)):
            file.write_text("\n".join(lines) + "\n")
            node.start()
            tell(caller, 20 + lines.index(new))
            node.stop()
        node.start()
        ids = "SELECT DISTINCT encode(substring(sealed FROM 2 FOR 4), 'hex') FROM contact.contact"
        assert len(book(node).rows(ids)) == 2
        assert [finding["level"] for finding in doctor(node)] == ["warning"]

        # Killed in the middle, before one commit or another, while others write.
        stop, told = threading.Event(), []

        def write() -> None:
            while not stop.is_set():
                told.append(tell(caller, 100 + len(told)))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for passage in (3, 4, 6, 9):
                done = node.command("reseal", FAULT=f"before_commit:{passage}", SWIFT_BACKTRACE="enable=no")
                assert done.returncode == -signal.SIGABRT, done.stderr
            assert "rows were sealed" in node.run("reseal")
        finally:
            stop.set()
            writer.join()
        assert told and len(book(node).rows(ids)) == 1
        assert book(node).count("SELECT count(*) FROM contact.data_key") == 1
        assert doctor(node) == []
        node.stop()
        file.write_text(new + "\n")
        node.start()
        for number in (0, 19, 20, 21, 100):
            [record] = person(node, number)
            assert record["device_id"] == f"canary-d{number}" and record["description"] == f"Call 0877 55 {number:04}"


def test_what_an_older_version_wrote_is_sealed_by_the_next_start():
    with unkeyed() as node:
        caller = node.caller("sofia", node.key("app"))
        node.start()
        number = tell(caller, 1)
        book(node).rows(f"""
            UPDATE contact.contact SET sealed = NULL, sealed_device = NULL, email_mark = NULL, phone_mark = NULL,
                email = 'canary1@example.org', device_id = 'canary-d1' WHERE report = '{number}'
        """)
        assert person(node, 1)[0]["device_id"] == "canary-d1"
        assert [finding["text"] for finding in doctor(node)] == ["some personal data is not sealed yet"]
        node.stop()
        node.start()
        wait_until(lambda: book(node).count("SELECT count(*) FROM contact.contact WHERE sealed IS NULL") == 0, within=10)
        assert person(node, 1)[0]["device_id"] == "canary-d1"
        assert doctor(node) == []


def test_a_row_that_no_key_opens_keeps_nothing_else_back():
    with unkeyed() as node:
        caller, desk = node.caller("sofia", node.key("app")), node.key("desk", "--scope=supervisor")
        node.start()
        one, two = tell(caller, 1), tell(caller, 2)
        book(node).rows(f"UPDATE contact.original SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE report = '{one}'")
        lines = node.caller("sofia").get("/requests.json", headers={"X-API-Key": desk}).json
        texts = {line["service_request_id"]: line["description"] for line in lines}
        assert texts[one] == "Call •••" and texts[two] == "Call 0877 55 0002"
        wait_until(lambda: f"contact.original.sealed of {one}" in node.tail, within=5)
        [finding] = doctor(node)
        assert one in finding["text"] and "no data key opens 1 sealed fields" in finding["text"]
        done = node.command("person", "export", "--email", "canary1@example.org")
        [record] = json.loads(done.stdout)
        assert record["whole"] is False and record["email"] == "canary1@example.org" and record["description"] == "Call •••"
        assert "1 records are not whole" in done.stderr
        assert "whole" not in person(node, 2)[0]


def test_a_restored_server_has_the_keys_of_the_old_one_if_they_are_there():
    with unkeyed() as node:
        caller = node.caller("sofia", node.key("app"))
        node.start()
        tell(caller, 1)
        shelf, new = node.directory / "shelf", node.directory / "new"
        node.run("backup", "--to", str(shelf))
        tell(caller, 2)
        node.stop()
        printed = node.run("restore", "--from", str(shelf), "--into", str(new), within=120)
        assert f"data keys  {new / 'data-keys'}" in printed
        assert stat.S_IMODE((new / "data-keys").stat().st_mode) == 0o600
        records = json.loads(node.run("person", "export", "--data", str(new), "--email", "canary2@example.org", within=120))
        assert [record["email"] for record in records] == ["canary2@example.org"]
