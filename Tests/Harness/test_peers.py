"""The commands and pages about peers, against the built program and a peer of the harness."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from kit.instance import ROOT, Instance, wait_until
from kit.peers import name_node, same_words, write_peer, write_secret
from kit.receiver import Receiver

SPECS = ROOT / "Specs" / "GeoReport"

pytestmark = pytest.mark.usefixtures("binary")


@pytest.fixture
def pair():
    """A Viaduct that is not started, and a peer `roads` that takes its graffiti as `1`."""
    with Receiver("roads") as roads, Instance() as viaduct:
        name_node(viaduct, "gateway.example")
        # As every server does; this one would take a report with nothing in it.
        roads.refusing = lambda text: None if text else 400
        write_peer(viaduct, "roads", roads.url, flow=["reports_out", "updates_in"], role="handler")
        yield viaduct, roads


def report(viaduct: Instance, key: str, text: str = "Paint") -> str:
    """Tells the Viaduct of graffiti."""
    form = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219", "description": text}
    answer = viaduct.caller("sofia", key).post("/requests.json", form)
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def told(viaduct: Instance, *arguments: str):
    return json.loads(viaduct.run(*arguments, "--json"))


def deliveries(viaduct: Instance, *arguments: str) -> list[dict]:
    return told(viaduct, "deliveries", *arguments)


def test_a_peer_is_checked_without_changing_anything(pair):
    viaduct, roads = pair
    text = viaduct.run("peer", "check", "roads")
    assert re.search(r"(?m)^ok +reached: ", text) and "ok      mapping: 1 services go across" in text
    assert re.search(r"(?m)^warning lost: ", text)
    assert f"POST {roads.url}requests" in text and "service_code=1\n" in text
    assert roads.tickets == {}
    roads.services = ("2",)
    done = viaduct.command("peer", "check", "roads", "--json")
    check = json.loads(done.stdout)
    assert done.returncode == 1 and check["obstacles"] == ["GRAFFITI goes to 1, which the peer does not list"]
    roads.close()
    done = viaduct.command("peer", "check", "roads", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["failure"]


def test_no_secret_is_shown(pair):
    viaduct, roads = pair
    key = write_secret(viaduct, "roads-key", "swordfish-4711")
    write_peer(viaduct, "roads", roads.url, flow=["reports_out"], api_key_file=key)
    for arguments in (["peer", "check", "roads"], ["peer", "check", "roads", "--json"], ["peer", "list"]):
        assert "swordfish" not in (done := viaduct.command(*arguments)).stdout + done.stderr


def test_where_a_report_is_can_be_asked_anywhere(pair):
    viaduct, roads = pair
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: deliveries(viaduct, "--report", number)[0]["state"] == "done", within=60, pause=0.5)
    line = deliveries(viaduct, "--report", number)[0]
    assert (line["peer"], line["kind"], line["ticket"], line["attempts"]) == ("roads", "report", "roads-1", 1)
    assert [each["outcome"] for each in line["tries"]] == ["accepted"]
    table = viaduct.run("deliveries", "--report", number)
    assert re.search(rf"{number} +roads +report +done +1 +- +roads-1", table)
    status, page = viaduct.admin_page(f"/deliveries?report={number}")
    assert status == 200 and json.loads(page) == deliveries(viaduct, "--report", number)
    assert viaduct.admin_page("/deliveries?repot=x")[0] == 400
    status, page = viaduct.admin_page("/peers")
    assert status == 200 and [peer["name"] for peer in json.loads(page)] == ["roads"]
    assert json.loads(viaduct.admin_page("/deliveries?peer=nobody")[1]) == []


def test_a_paused_peer_gets_nothing_until_it_is_resumed(pair):
    viaduct, roads = pair
    key = viaduct.key()
    viaduct.run("peer", "pause", "roads", "--reason", "they move")
    viaduct.start()
    number = report(viaduct, key)
    line = deliveries(viaduct, "--report", number)[0]
    assert line["state"] == "waiting" and line["reason"] == "the peer is paused: they move"
    assert told(viaduct, "peer", "list")[0]["state"] == "paused"
    for number in ("viaduct_peer_paused", "viaduct_deliveries_waiting"):
        wait_until(lambda: f'{number}{{peer="roads"}} 1' in viaduct.admin_page("/metrics")[1], within=60)
    assert viaduct.admin("/ready") == 200, "a peer's trouble is none of ours"
    assert roads.tickets == {}
    viaduct.run("peer", "resume", "roads")
    wait_until(lambda: "roads-1" in roads.tickets, within=60)


def test_dead_letters_are_sent_again_or_given_up(pair):
    viaduct, roads = pair
    roads.refusing = lambda text: 422 if "Paint" in text else None
    key = viaduct.key()
    viaduct.start()
    numbers = [report(viaduct, key, f"Paint {number}") for number in range(3)]
    wait_until(lambda: len(deliveries(viaduct, "--state", "refused")) == 3, within=60, pause=0.5)
    assert told(viaduct, "peer", "list")[0]["refused"] == 3
    roads.refusing = lambda text: None
    ids = sorted(line["id"] for line in deliveries(viaduct, "--peer", "roads"))
    assert told(viaduct, "peer", "resend", "roads", "--all") == {"resent": 0}, "it was refused for good"
    assert told(viaduct, "peer", "resend", "roads", "--refused", "--delivery", str(ids[0])) == {"resent": 1}
    assert told(viaduct, "peer", "resend", "roads", "--refused", "--report", numbers[1]) == {"resent": 1}
    again = told(viaduct, "peer", "resend", "roads", "--refused", "--delivery", f"{ids[0]}-{ids[2]}")
    assert again["resent"] >= 1
    wait_until(lambda: len(deliveries(viaduct, "--state", "done")) == 3, within=60, pause=0.5)
    assert len(roads.tickets) == 3
    assert told(viaduct, "peer", "drop", "roads", "--all", "--reason", "enough") == {"dropped": 0}
    assert viaduct.command("peer", "resend", "roads").returncode == 64, "which?"


def test_what_no_mapping_explains_waits_for_it(pair):
    viaduct, roads = pair
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: "roads-1" in roads.tickets, within=60)
    wait_until(lambda: deliveries(viaduct, "--report", number)[0]["state"] == "done", within=60, pause=0.5)
    roads.tell("roads-1", "walled up", "")
    held = lambda: told(viaduct, "peer", "replay", "roads", "--dry-run")["quarantine"]  # noqa: E731
    wait_until(lambda: len(held()) == 1, within=90, pause=0.5)
    assert held()[0]["report"] == number and "walled up" in held()[0]["reason"]
    done = viaduct.command("peer", "reconcile", "roads", "--dry-run", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["unmapped"] == ["walled up"], done.stdout
    words = same_words()
    words["statuses_in"]["walled up"] = {"detail": "FIXED", "text": {"en": "Walled up."}}
    write_peer(viaduct, "roads", roads.url, flow=["reports_out", "updates_in"], role="handler",
               mapping={"services": {"GRAFFITI": "1"}, **words})  # fmt: skip
    outcome = told(viaduct, "peer", "replay", "roads")
    assert outcome == {"replayed": {"applied": 1}, "quarantine": []}
    shown = viaduct.caller("sofia", key).get(f"/requests/{number}.json").json[0]
    assert shown["status"] == "closed" and shown["status_notes"] == "Walled up."
    done = viaduct.command("peer", "reconcile", "roads", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["common"] == 1


def test_a_status_of_which_nobody_is_told_says_so_wherever_it_is_read(pair, tmp_path: Path):
    viaduct, roads = pair
    key, follower = viaduct.key(), viaduct.key("app", "--scope", "follow")
    words = same_words()
    words["statuses_in"]["in work"] = {"detail": "IN_PROGRESS", "notify": False}
    write_peer(viaduct, "roads", roads.url, flow=["reports_out", "updates_in"], role="handler",
               mapping={"services": {"GRAFFITI": "1"}, **words})  # fmt: skip
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: "roads-1" in roads.tickets, within=60)
    wait_until(lambda: deliveries(viaduct, "--report", number)[0]["state"] == "done", within=60, pause=0.5)
    sofia = viaduct.caller("sofia", key)
    for word, text in (("in work", "We dig"), ("FIXED", "Filled")):
        roads.tell("roads-1", word, text)
        shown = lambda text=text: text in sofia.get("/servicerequestupdates.json").text  # noqa: E731
        wait_until(shown, within=90, pause=0.5)
    updates = sofia.get("/servicerequestupdates.json", extensions="true").json
    quiet = {update["description"]: "notify" in update.get("extras", {}) for update in updates}
    assert quiet == {"We dig": True, "Filled": False}
    assert "notify" not in sofia.get("/servicerequestupdates.json").text
    page = sofia.get("/changes", {"X-API-Key": follower}).json
    silent = [change["update_id"] for change in page["changes"] if change.get("notify") is False]
    assert silent == [updates[0]["update_id"]]
    for name, document in (("updates", updates), ("changes", page)):
        schema = json.loads((SPECS / "Schemas" / f"{name}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
    file = tmp_path / "updates.xml"
    file.write_bytes(sofia.get("/servicerequestupdates.xml", extensions="true").body)
    grammar = ["xmllint", "--nonet", "--noout", "--relaxng", SPECS / "georeport.rng", file]
    done = subprocess.run(grammar, capture_output=True, text=True)
    assert done.returncode == 0 and b"<notify>false</notify>" in file.read_bytes(), done.stderr


def test_what_is_lost_at_a_peer_is_told(pair):
    viaduct, roads = pair
    write_peer(viaduct, "roads", roads.url, flow=["reports_out", "updates_in", "reports_in"])
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: deliveries(viaduct, "--report", number)[0]["state"] == "done", within=60, pause=0.5)
    # Otherwise the server would take the other one in before we look.
    viaduct.stop()
    with roads.lock:
        roads.tickets.clear()
        roads.add({"service_code": "1", "description": "Another one", "lat": "42.7", "long": "23.3"})
        roads.tickets["roads-77"] = roads.tickets.pop("roads-1")
        roads.tickets["roads-77"].id = "roads-77"
    done = viaduct.command("peer", "reconcile", "roads", "--dry-run", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 1
    assert [item["ticket"] for item in result["missing"]] == ["roads-1"] and result["unknown"] == ["roads-77"]
    roads.close()
    assert viaduct.command("peer", "reconcile", "roads", "--dry-run").returncode == 69


@pytest.mark.parametrize("old, new, line, key", [
    ('"adapter": "open311"', '"adapter": "fax"', 3, "adapter"),
    ('"profile": "georeport"', '"profile": "moon"', 4, "profile"),
    ('"GRAFFITI": "1"', '"GRAFITI": "1"', None, "mapping.services.GRAFITI"),
    ('"role": "handler"', '"rolle": "handler"', None, "rolle"),
])  # fmt: skip
def test_a_wrong_peer_stops_the_start_with_file_line_and_key(pair, old, new, line, key):
    viaduct, _ = pair
    file = viaduct.settings / "peers" / "roads.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    line = line or text[: text.index(old)].count("\n") + 1
    for command in ("check", "serve"):
        done = viaduct.command(command)
        assert done.returncode != 0 and f"roads.yaml:{line}: {key}: " in done.stdout + done.stderr


def test_check_tells_whether_peers_may_be_called(pair):
    viaduct, _ = pair
    assert "peers: peers/roads.yaml: roads, open311" in viaduct.run("check").replace(f"{viaduct.settings}/", "")
    viaduct.environment["VIADUCT_OUTBOUND_ALLOW"] = "10.0.0.0/8"
    done = viaduct.command("check")
    assert done.returncode == 1 and "may not be called" in done.stdout


def test_commands_without_peers_say_so(fresh):
    assert fresh.command("peer", "check", "roads").returncode == 64
    assert json.loads(fresh.run("peer", "list", "--json")) == []
    assert json.loads(fresh.run("deliveries", "--json")) == []
