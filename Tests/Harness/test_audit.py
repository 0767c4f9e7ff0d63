"""A11, P11: who saw what is written down, found again, and nobody can change it unseen."""

import hashlib
import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.ledger import Ledger
from kit.peers import name_node, write_peer

PHONE = "0888 123 456"


@pytest.fixture(scope="module")
def city(binary):
    """A Viaduct on a server of its own, with the keys of an app and of a desk."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        rights = ["--scope=report", "--scope=update"]
        instance.app = instance.key("App", *rights)
        instance.desk = instance.key("Desk", "--scope=update", "--scope=supervisor")
        instance.auditor = instance.key("Auditor", "--scope=auditor")
        instance.ledger = Ledger(cluster.url)
        yield instance.start()
        assert instance.process.poll() is None, f"the server ended: {instance.tail}"


def report(instance: Instance, text: str = f"Call {PHONE}", **more) -> str:
    answer = instance.caller("sofia", instance.app).post("/requests.json", {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": text, **more,
    })  # fmt: skip
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def get(instance: Instance, path: str, key: str | None):
    return instance.caller("sofia").get(path, headers={"X-API-Key": key} if key else None)


def audit(instance: Instance, *arguments: str) -> list[dict]:
    return json.loads(instance.run("audit", *arguments, "--json"))


def test_who_saw_a_report_and_who_took_it_away(city):
    identifier = report(city, email="ann@example.org")
    assert audit(city, "who-saw", identifier) == []
    assert PHONE not in get(city, f"/requests/{identifier}.json", city.app).text
    assert audit(city, "who-saw", identifier) == []
    assert PHONE in get(city, f"/requests/{identifier}.json", city.desk).text
    assert PHONE in get(city, "/requests.json", city.desk).text
    city.run("person", "export", "--email", "Ann@example.org")
    entries = audit(city, "who-saw", identifier)
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("operator", "person.exported"), ("client", "report.read"), ("client", "report.read"),
    ]  # fmt: skip
    assert {entry["name"] for entry in entries[1:]} == {city.desk[:11]}
    assert {entry["source"] for entry in entries[1:]} == {"127.0.0.0/24"}
    assert "ann@" not in json.dumps(entries).lower()
    assert [entry["number"] for entry in audit(city, "exported", "--since", "1h")] == [entries[0]["number"]]
    assert audit(city, "exported", "--since", "2099-01-01") == []
    # Whoever has the keys finds for whom; nobody guesses it.
    [mark] = [entry["subject"] for entry in audit(city, "exported", "--since", "1h", "--email", "ANN@example.org")]
    assert mark == entries[0]["subject"] and re.fullmatch("[0-9a-f]{8}:[0-9a-f]{64}", mark)
    assert hashlib.sha256(b"ann@example.org").hexdigest() not in mark
    assert audit(city, "exported", "--since", "1h", "--email", "bob@example.org") == []
    # What was not found is not said to be not there, and what no key here tells is counted.
    bob = ["audit", "exported", "--since", "1h", "--email", "bob@example.org"]
    told = city.command(*bob).stderr
    assert "No export of whoever has this address" in told and "Not judged" not in told
    for nobody in (["--phone", "abc"], ["--email", ""], ["--email", "a@b.c", "--phone", ""]):
        assert city.command("audit", "exported", "--since", "1h", *nobody).returncode == 64
    city.ledger.rows(
        "INSERT INTO audit_entry (recorded, actor, name, action, reports, subject) "
        f"VALUES (now(), 'operator', 'a', 'person.exported', '{{}}', 'deadbeef:{'0' * 64}')"
    )
    told = city.command(*bob).stderr
    assert "Not judged: 1 of the exports" in told and "(deadbeef)" in told and "VIADUCT_PRIVACY_KEYS_FILE" in told
    assert audit(city, *bob[1:]) == []
    assert city.command("audit", "exported", "--since", "yesterday").returncode == 64
    shown = city.run("audit", "who-saw", identifier)
    assert city.desk[:11] in shown and "127.0.0.0/24" in shown


def test_what_operators_do_is_written_down(city):
    key = city.key("Another")
    city.run("key", "revoke", key[:11])
    identifier = report(city, "erase me", email="a@example.org")
    city.run("erase", identifier)
    rows = city.ledger.rows("SELECT action, actor, subject, reports FROM audit_entry ORDER BY number DESC LIMIT 3")
    assert [row[0] for row in rows] == ["report.erased", "key.revoked", "key.created"]
    assert {row[1] for row in rows} == {"operator"}
    assert rows[0][3] == f"{{{identifier}}}" and rows[1][2] == rows[2][2] == key[:11]
    assert key not in city.ledger.rows("SELECT string_agg(e::text, '') FROM audit_entry AS e")[0][0]


def test_what_is_done_with_peers_is_written_down(binary):
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        name_node(instance, "sofia.example")
        write_peer(instance, "roads", "http://127.0.0.1:9/base/", flow=["reports_out", "updates_in"])
        for arguments in (
            ["pause", "roads"], ["resume", "roads"], ["resend", "roads", "--all"],
            ["drop", "roads", "--delivery", "120-180", "--reason", "told them"], ["replay", "roads"],
            ["replay", "roads", "--dry-run"],
        ):  # fmt: skip
            instance.run("peer", *arguments)
        rows = Ledger(cluster.url).rows("SELECT action, actor, subject, changes FROM audit_entry ORDER BY number")
        assert [row[0].removeprefix("peer.") for row in rows] == ["paused", "resumed", "resent", "dropped", "replayed"]
        assert {(row[1], row[2]) for row in rows} == {("operator", "roads")}
        assert [json.loads(row[3])["deliveries"][1] for row in rows[2:4]] == ["all", "120-180"]


def test_auditors_read_the_log_of_their_jurisdiction_and_supervisors_that_of_a_report(city):
    identifier = report(city)
    for _ in range(3):
        get(city, f"/requests/{identifier}.json", city.desk)
    page = get(city, "/audit?limit=2", city.auditor)
    assert page.status == 200 and len(page.json["entries"]) == 2, page.text
    assert page.json["entries"][0]["service_request_ids"] == [identifier]
    after = get(city, f"/audit?limit=2&before={page.json['next']}", city.auditor).json
    assert after["entries"][0]["number"] == page.json["next"] - 1
    assert get(city, "/audit", city.desk).status == 403
    handled = get(city, f"/audit?service_request_id={identifier}", city.desk).json
    assert len(handled["entries"]) == 3 and handled["next"] is None
    elsewhere = city.caller("mitrovica").get("/audit", headers={"X-API-Key": city.auditor}).json["entries"]
    assert all(entry["jurisdiction_id"] in (None, "mitrovica.example") for entry in elsewhere)
    only = city.key("Only Mitrovica", "--scope=auditor", "--jurisdiction=mitrovica")
    assert get(city, "/audit", only).status == 403
    there = city.caller("mitrovica").get("/audit", headers={"X-API-Key": only}).json["entries"]
    assert all(entry["jurisdiction_id"] == "mitrovica.example" for entry in there)


def test_a_change_is_found_by_verify_and_by_the_doctor(city):
    # The doctor looks from the last checkpoint on, of which the first comes ten seconds after the start.
    wait_until(lambda: city.ledger.count("SELECT count(*) FROM audit_checkpoint") > 0, within=60)
    report(city)
    for _ in range(2):
        assert get(city, "/requests.json", city.desk).status == 200
    whole = city.run("audit", "verify")
    mark = re.search(r"mark: (\d+:[0-9a-f]{64})", whole)[1]
    assert city.run("audit", "verify", "--mark", mark) == whole
    number = int(mark.partition(":")[0])
    disable = "ALTER TABLE audit_entry DISABLE TRIGGER USER;"
    name = city.ledger.rows(f"SELECT name FROM audit_entry WHERE number = {number - 1}")[0][0]
    city.ledger.rows(f"{disable} UPDATE audit_entry SET name = 'nobody' WHERE number = {number - 1}")
    broken = city.command("audit", "verify", "--json")
    assert broken.returncode == 1
    verdict = json.loads(broken.stdout)
    assert (verdict["whole"], verdict["broken"], verdict["flaw"]) == (False, number - 1, "altered")
    told = city.command("doctor").stdout
    assert f"entry {number - 1} is not the one that was written" in told
    city.ledger.rows(f"UPDATE audit_entry SET name = '{name}' WHERE number = {number - 1}")
    assert city.run("audit", "verify") == whole
    city.ledger.rows(f"DELETE FROM audit_entry WHERE number = {number}")
    broken = city.command("audit", "verify")
    assert broken.returncode == 1 and f"the entries from {number} on are missing" in broken.stdout
    wrong = city.command("audit", "verify", "--mark", "1:ab")
    assert wrong.returncode == 64


def test_the_application_needs_no_right_to_change_what_is_written(binary):
    """Specs/Operations.md: a user who does not own the tables serves, and cannot cover his traces."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        instance.run("migrate")
        owner = Ledger(cluster.url)
        owner.rows("CREATE ROLE app LOGIN IN ROLE viaduct_application")
        month = f"audit_entry_{datetime.now(timezone.utc).replace(day=1) + timedelta(days=32):%Y_%m}"
        owner.rows(f"DROP TABLE {month}")
        instance.environment["VIADUCT_DATABASE_URL"] = cluster.url.replace("viaduct@", "app@")
        instance.app = instance.key("App")
        instance.desk = instance.key("Desk", "--scope=update", "--scope=supervisor")
        instance.start()
        identifier = report(instance)
        assert PHONE in get(instance, f"/requests/{identifier}.json", instance.desk).text
        desk = instance.caller("sofia", instance.desk)
        told = desk.post("/servicerequestupdates.json", {
            "service_request_id": identifier, "update_id": "1", "status": "FIXED", "description": "done",
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        })  # fmt: skip
        assert told.status == 200, told.text
        assert desk.post(f"/requests/{identifier}/erasure.json", {"parts": "contact,text"}).status == 200
        actions = [entry["action"] for entry in get(
            instance, f"/audit?service_request_id={identifier}", instance.desk
        ).json["entries"]]  # fmt: skip
        assert actions == ["report.erased", "report.updated", "report.read"]
        wait_until(lambda: "the audit log is whole" in instance.log.read_text(), within=20)
        # B10: the next month was made by who may make no tables, and is as well guarded as the others.
        assert owner.count(f"SELECT count(*) FROM pg_class WHERE relname = '{month}'") == 1
        mine = Ledger(instance.environment["VIADUCT_DATABASE_URL"])
        for statement in (
            "DELETE FROM audit_entry", "UPDATE audit_entry SET name = ''", "UPDATE audit_head SET number = 0",
            f"DELETE FROM {month}", f"INSERT INTO {month} SELECT * FROM audit_entry",
        ):  # fmt: skip
            with pytest.raises(AssertionError, match="permission denied"):
                mine.rows(statement)
        assert "whole: " in instance.run("audit", "verify")
