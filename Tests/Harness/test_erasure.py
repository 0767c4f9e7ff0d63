"""What is erased at one node is erased at all that got it, and nothing brings it back (P5, P12)."""

import json
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
from standardwebhooks.webhooks import Webhook

from kit.instance import wait_until
from kit.mesh import Mesh
from kit.peers import signing_secret
from kit.receiver import Receiver
from kit.wire import FORM, request

pytestmark = pytest.mark.usefixtures("binary")
BOTH = ["reports_out", "updates_out"]
CONTACT = {"allow": ["contact"], "purpose": "to ask back"}
PERSON = {"email": "canary@example.org", "first_name": "Canary", "last_name": "Person", "phone": "+359 2 1234567"}
REPORT = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219", "description": "a wall in paint", **PERSON}


def people(mesh: Mesh, node: str) -> int:
    """How many rows about people a node has."""
    tables = ("contact.contact", "contact.author", "contact.supporter")
    return sum(mesh.ledgers[node].count(f"SELECT count(*) FROM {table}") for table in tables)


def told(mesh: Mesh, node: str, *arguments: str):
    return json.loads(mesh.nodes[node].run(*arguments, "--json"))


def ledger(mesh: Mesh, node: str, number: str) -> dict[tuple[str, str], dict]:
    return {(line["peer"], line["kind"]): line for line in told(mesh, node, "deliveries", "--report", number)}


def tell_again(mesh: Mesh, here: str, there: str, number: str) -> str:
    """Tells `there` the report once more, person and all, as `here` would under another message's name."""
    body, name = urlencode(REPORT), "told-again"
    time = datetime.now(timezone.utc)
    secret = signing_secret(" ".join(sorted((here, there))))
    key = (mesh.nodes[here].settings / f"key-of-{there}").read_text().strip()
    caller = mesh.nodes[there].caller("sofia", key)
    answer = caller.send(request("POST", caller.base + "/requests.json", {
        "Connection": "close", "Content-Type": FORM, "X-API-Key": key, "webhook-id": name,
        "webhook-timestamp": str(int(time.timestamp())), "webhook-signature": Webhook(secret).sign(name, time, body),
        "Viaduct-Origin": f"{here}.example;{number}", "Viaduct-Path": f"{here}.example",
    }, body.encode()))  # fmt: skip
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def test_what_is_erased_at_one_is_erased_at_all_and_stays_so():
    """north → middle → south, where south is away at first, and a plain server that has no words for it."""
    with Receiver("plain", services=("GRAFFITI",)) as plain, Mesh("north", "middle", "south") as mesh:
        for here, there in (("north", "middle"), ("middle", "south")):
            mesh.befriend(here, there, flow=BOTH, back=["updates_out"], privacy=CONTACT)
        plain.refusing = lambda text: None if text else 400
        mesh.connect("north", "plain", plain.url, flow=BOTH, services={"GRAFFITI": "GRAFFITI"}, privacy=CONTACT)
        mesh.start()
        north = mesh.caller("north")
        answer = north.post("/requests.json", REPORT, {"Idempotency-Key": '"first"'})
        number = answer.json[0]["service_request_id"]
        said = north.post("/servicerequestupdates.json", {
            "service_request_id": number, "update_id": "1", "status": "OPEN", "description": "still there",
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), **PERSON,
        })  # fmt: skip
        assert said.status == 200, said.text
        wait_until(lambda: people(mesh, "south") == 2, within=120)
        wait_until(lambda: mesh.are_drained(), within=60)
        assert [people(mesh, name) for name in mesh.names] == [2, 2, 2]

        mesh.nodes["south"].stop()
        erased = told(mesh, "north", "erase", number)
        assert erased == {"report": number, "erased": ["contact"], "new": True, "told": ["middle", "plain"]}
        wait_until(lambda: people(mesh, "middle") == 0, within=60)
        assert people(mesh, "south") == 2, "it is away"
        mesh.nodes["south"].start()
        mesh.ledgers["middle"].hasten()
        wait_until(lambda: people(mesh, "south") == 0, within=60)
        assert people(mesh, "north") == 0

        wait_until(lambda: ledger(mesh, "north", number)["plain", "erasure"]["state"] == "refused", within=60)
        lines = ledger(mesh, "north", number)
        assert lines["middle", "erasure"]["state"] == "done"
        assert "ask whoever runs the peer" in lines["plain", "erasure"]["reason"]
        lost = told(mesh, "north", "peer", "check", "plain")["losses"]
        assert any("erased" in loss for loss in lost), lost

        # Nothing brings it back: not the app, not a peer, not the next one's update.
        assert north.post("/requests.json", REPORT, {"Idempotency-Key": '"first"'}).json == answer.json
        there = mesh.ledgers["middle"].rows("SELECT id FROM report")[0][0]
        assert tell_again(mesh, "north", "middle", number) == there
        assert [people(mesh, name) for name in mesh.names] == [0, 0, 0]
        assert told(mesh, "north", "erase", number)["new"] is False
        for name, book in mesh.ledgers.items():
            assert book.count("SELECT count(*) FROM event WHERE kind = 'erased'") == 1, name

        # The text goes the same way.
        assert told(mesh, "north", "erase", number, "--text")["erased"] == ["contact", "text"]
        for book in mesh.ledgers.values():
            texts = 'SELECT count(*) FROM (SELECT description FROM report UNION ALL SELECT description FROM "update") AS t'
            wait_until(lambda: book.count(f"{texts} WHERE description IS NOT NULL") == 0, within=60)


def test_a_restored_backup_is_erased_again(fresh):
    """The journal stands outside the database."""
    key = fresh.key()
    fresh.start()
    answer = fresh.caller("sofia", key).post("/requests.json", REPORT)
    number = answer.json[0]["service_request_id"]
    assert fresh.command("erase", "sofia-0").returncode == 66
    assert fresh.command("erase", "0").returncode == 64
    assert fresh.run("erase", number) == f"{number}: erased contact; no peer got it from us\n"
    assert fresh.run("erase", number) == f"{number}: nothing is left to erase of contact\n"
    journal = fresh.directory / "erasures.jsonl"
    journal.write_text(fresh.run("erasures"))
    line = json.loads(journal.read_text())
    assert (line["report"], line["parts"]) == (number, "contact")
    assert "canary" not in journal.read_text().lower()
    with journal.open("a") as file:
        file.write(json.dumps({**line, "report": "sofia-unknown"}) + "\n")
    done = fresh.command("erasures", "--replay", str(journal))
    assert done.stdout == "0 of 2 erasures were done again\n"
    assert done.stderr.strip().endswith("Not in this database: sofia-unknown")
    journal.write_text("nonsense\n")
    assert fresh.command("erasures", "--replay", str(journal)).returncode == 65
