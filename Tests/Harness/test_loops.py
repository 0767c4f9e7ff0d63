"""Whatever way peers are connected: one report once at each node, each update once, and then silence (D14)."""

import itertools
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from random import Random

import pytest

from kit.checker import Destination, check
from kit.instance import wait_until
from kit.mesh import Mesh
from kit.receiver import Receiver
from kit.scene import LONG, SEED

pytestmark = pytest.mark.usefixtures("binary")
BOTH = ["reports_out", "updates_out"]


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def report(mesh: Mesh, node: str, key: str) -> str:
    mesh.history.note("client", "invoke", "tell", key=key)
    place = Random(key)
    answer = mesh.caller(node).post("/requests.json", {
        "service_code": "GRAFFITI", "description": f"a wall {key} in paint",
        "lat": f"{42.6 + place.random() / 5:.6f}", "long": f"{23.2 + place.random() / 5:.6f}",
    })  # fmt: skip
    assert answer.status == 200, answer.text
    identifier = answer.json[0]["service_request_id"]
    mesh.history.note("client", "ok", "tell", key=key, id=f"{node} {identifier}", status=200)
    return identifier


def update(mesh: Mesh, node: str, identifier: str, key: str, status: str = "OPEN") -> None:
    mesh.history.note("client", "invoke", "tell", key=key)
    form = {
        "service_request_id": identifier, "update_id": key, "updated_datetime": now(),
        "status": status, "description": f"said {key} of it",
    }  # fmt: skip
    for _ in range(20):
        answer = mesh.caller(node).post("/servicerequestupdates.json", form)
        if answer.status != 503:
            break
        time.sleep(0.5)  # A busy machine; under its id it is taken once.
    assert answer.status == 200, answer.text
    name = f"{node} {answer.json[0]['update_id']}"
    mesh.history.note("client", "ok", "tell", key=key, id=name, status=200)


def number_at(mesh: Mesh, node: str, key: str) -> str | None:
    """What a node calls the report with this key, once it has it."""
    rows = mesh.ledgers[node].rows(f"SELECT id FROM report WHERE description LIKE '%{key} %'")
    return rows[0][0] if rows else None


def settle(mesh: Mesh, quiet: float, within: float) -> None:
    """Until nothing waits, and nothing more has happened for a while."""
    began, last, since = time.monotonic(), None, time.monotonic()
    while time.monotonic() - began < within:
        counts = mesh.counts()
        if counts != last or not mesh.are_drained():
            last, since = counts, time.monotonic()
        if time.monotonic() - since >= quiet:
            return
        for ledger in mesh.ledgers.values():
            ledger.hasten()
        time.sleep(0.5)
    raise AssertionError(f"it does not come to rest: {mesh.show()}")


def test_d14_a_ring_of_three_and_a_peer_that_knows_nothing_of_paths():
    """north → south → a plain server → north again, which reads it and must know its own report."""
    with Receiver("plain", services=("GRAFFITI",)) as plain, Mesh("north", "south") as mesh:
        mesh.befriend("north", "south", flow=BOTH, back=["updates_out"])
        usual = {"services": {"GRAFFITI": "GRAFFITI"}, "polling": {"interval": "1s", "overlap": "15m"}}
        mesh.connect("south", "plain", plain.url, flow=[*BOTH, "updates_in"], **usual)
        mesh.connect("north", "plain", plain.url, flow=["reports_in", "updates_in"], **usual)
        mesh.start()
        here = {key: report(mesh, "north", f"{key}/0") for key in ("a", "b", "c")}
        wait_until(lambda: len(plain.tickets) >= 3, within=120)
        for number in range(1, 6):
            for key, identifier in here.items():
                update(mesh, "north", identifier, f"{key}/{number}")
        wait_until(lambda: len(plain.told) >= 15, within=120)
        # The plain server says something of its own, once.
        ticket = next(iter(plain.tickets))
        plain.tell(ticket, "OPEN", "a man came and looked")
        wait_until(lambda: "came and looked" in str(mesh.ledgers["north"].rows('SELECT description FROM "update"')),
                   within=120)  # fmt: skip
        settle(mesh, quiet=8, within=180)
        assert len(plain.tickets) == 3 and len(plain.told) == 16, [u.text for u in plain.told.values()]
        mesh.look()
        findings = check(mesh.history, [Destination("north"), Destination("south")])
        assert findings.good, f"{findings}\n{mesh.show()}"
        for name, ledger in mesh.ledgers.items():
            said = ledger.rows("SELECT count(*) FROM \"update\" WHERE description LIKE '%came and looked%'")
            assert said == [["1"]], f"{name} has it {said[0][0]} times"


def test_d14_a_ring_of_viaducts():
    with Mesh("one", "two", "three") as mesh:
        for here, there in (("one", "two"), ("two", "three"), ("three", "one")):
            mesh.befriend(here, there, flow=BOTH, back=["updates_out"])
        mesh.start()
        keys = [f"r{number}" for number in range(9)]
        homes = dict(zip(keys, itertools.cycle(mesh.names)))
        numbers = {key: report(mesh, homes[key], f"{key}/0") for key in keys}
        for key in keys:
            for node in mesh.names:
                wait_until(lambda n=node, k=key: number_at(mesh, n, f"{k}/0"), within=180)
            update(mesh, homes[key], numbers[key], f"{key}/1", "IN_PROGRESS")
        settle(mesh, quiet=8, within=180)
        mesh.look()
        findings = check(mesh.history, [Destination(name) for name in mesh.names])
        assert findings.good, f"{findings}\n{mesh.show()}"
        edges = mesh.ledgers["one"].rows("SELECT peer, count(*) FROM delivery WHERE kind = 'report' GROUP BY peer")
        assert all(int(number) <= 9 for _, number in edges), "at most one POST along each edge"


def test_d14_a_mesh_of_four(capsys):
    reports, updates = (400, 10_000) if LONG else (40, 400)
    with Mesh("east", "west", "north", "south") as mesh:
        for here, there in itertools.combinations(mesh.names, 2):
            mesh.befriend(here, there, flow=BOTH, back=BOTH)
        mesh.start()
        chance = Random(SEED)
        homes = {f"m{number}": chance.choice(mesh.names) for number in range(reports)}
        numbers = {(key, home): report(mesh, home, f"{key}/0") for key, home in homes.items()}
        for key in homes:
            for node in mesh.names:
                wait_until(lambda n=node, k=key: number_at(mesh, n, f"{k}/0"), within=600)
                numbers[key, node] = number_at(mesh, node, f"{key}/0")
        plan, said = [], Counter()
        for number in range(updates):
            key, node, word = f"m{number % reports}", chance.choice(mesh.names), "UNCHANGED"
            # With the last word below as many as the brake lets pass in an hour.
            if node == homes[key] and said[key] < 5:
                said[key] += 1
                word = chance.choice(["IN_PROGRESS", "INVESTIGATING", "FIXED", "REOPEN"])
            plan.append((key, number // reports + 1, node, word))

        def tell(key: str, number: int, node: str, word: str) -> None:
            update(mesh, node, numbers[key, node], f"{key}/{number}", word)

        began = time.monotonic()
        with ThreadPoolExecutor(8) as crowd:
            list(crowd.map(lambda each: tell(*each), plan))
        settle(mesh, quiet=5, within=3600 if LONG else 300)
        took = time.monotonic() - began
        # Within one second several words may be the last one; this one is later than all.
        for key, home in homes.items():
            update(mesh, home, numbers[key, home], f"{key}/{updates}", "FIXED")
        settle(mesh, quiet=5, within=300)
        mesh.look()
        # Several nodes speak at the same time: each thing once, but no order between them.
        findings = check(mesh.history, [Destination(name) for name in mesh.names])
        findings.out_of_order.clear()
        with capsys.disabled():
            print(f"\n{updates} updates of {reports} reports at four nodes in {took:.0f} s: {findings}", flush=True)
        assert findings.good, f"CHAOS_SEED={SEED}: {findings}\n{mesh.show()}"
