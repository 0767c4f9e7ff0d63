"""What is read from peers: everything once, and nothing that they do harms anybody else (D12, block F)."""

import json
import time
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from statistics import quantiles
from urllib.parse import urlsplit

import pytest

from kit import hostile
from kit.checker import Destination, check
from kit.hostile import Hostile
from kit.instance import Instance, peak, wait_until, write_jurisdiction
from kit.peers import PLAIN, name_node, write_peer
from kit.receiver import KEY, Receiver
from kit.scene import LONG, SEED, SERVICES, Scene
from kit.site import Counter, Page, Site

pytestmark = pytest.mark.usefixtures("binary")


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(minutes=15), timedelta(minutes=-15), timedelta(days=1)],
                         ids=["right", "ahead", "behind", "a day ahead"])  # fmt: skip
def test_d12_no_update_is_missed_and_none_comes_twice(capsys, skew):
    """A peer with a wrong clock, with pages whose borders fall between equals, that shows some late."""
    plain = Receiver("plain", skew=skew, most=50)
    pages = {"updates_pages": "numbered", "updates_page_size_name": "page_size", "updates_page_size": "50"}
    peers = {"plain": {"flow": ["reports_out", "updates_in"], "open311": {**PLAIN, **pages}}}
    with Scene(f"reading-{skew.total_seconds():.0f}", [plain], peers) as scene:
        scene.instance.start()
        with scene.load(most=10, told_of=10**6) as load:
            load.finish()
        scene.drain(within=60)
        tickets = {KEY.search(t.form["description"]).group()[:-2]: t.id for t in plain.tickets.values()}
        assert len(tickets) == 10
        chance, total = Random(SEED), 2500 if LONG else 250
        names = sorted(tickets)
        for number in range(total):
            name = names[number % 10]
            key = f"{name}/{number // 10 + 1}"
            scene.history.note("plain", "invoke", "tell", key=key)
            # Many share a second, more than fit a page; some are seen only seconds after their time.
            late = chance.uniform(1, 8) if chance.random() < 0.1 else 0
            when = plain.now() - timedelta(seconds=60 * (number % 3))
            plain.tell(tickets[name], "OPEN", f"said {key}", when, after=late)
            scene.history.note("plain", "ok", "tell", key=key, id=key, status=200)
            if number % 100 == 0:
                time.sleep(0.5)
        ours = 'SELECT count(*) FROM "update"'
        wait_until(lambda: scene.ledger.count(ours) >= total, within=120, pause=0.5)
        time.sleep(5)  # Whatever comes twice, comes now.
        for row in scene.ledger.rows('SELECT description FROM "update"'):
            scene.history.note("ours", "info", "effect", key=KEY.search(row[0]).group())
        updates = Destination("ours", wants=lambda key: not key.endswith("/0"))
        findings = check(scene.history, [updates])
        findings.out_of_order.clear()
        assert findings.good, f"CHAOS_SEED={SEED}: {findings}"
        with capsys.disabled():
            print(f"\n{total} updates read, {len(plain.traffic.reads)} calls", flush=True)


def test_a_real_citys_reports_are_pulled_in_once(captures):
    rows = json.loads((captures / "koeln-requests.json").read_text())
    codes = sorted({row["service_code"] for row in rows})

    def answer(visit) -> Page:
        path = urlsplit(visit.path).path
        if path.endswith("/requests.json"):
            return Page(json.dumps(rows).encode(), "application/json; charset=utf-8")
        return Page(b"not here", status=404)

    with Site(answer) as city, Instance() as instance:
        name_node(instance, "gateway.example")
        write_jurisdiction(instance, {
            "id": "city.example", "slug": "city", "name": {"de": "Stadt"}, "contact": "info@city.example",
            "languages": ["de"], "time_zone": "Europe/Berlin",
            "services": [{"code": f"C{code}", "name": {"de": f"Dienst {code}"}} for code in codes],
        })  # fmt: skip
        write_peer(
            instance, "city", f"{city.url}/", flow=["reports_in", "updates_in"], profile="georeport",
            services={f"C{code}": code for code in codes}, polling={"interval": "1s"}, open311={"format": "json"},
        )  # fmt: skip
        instance.start()
        caller = instance.caller("city")

        def stored() -> list[dict]:
            return caller.get("/requests.json", page_size="100", start_date="2023-01-01T00:00:00Z").json

        # Two of its 50 rows bear the same number, for reports at two places.
        assert len(rows) == 50 and len({row["service_request_id"] for row in rows}) == 49
        wait_until(lambda: len(stored()) >= len(rows), within=120)
        first, visits = stored(), len(city.visits)
        assert len(first) == len(rows)
        assert sorted(row["description"] or "" for row in first) == sorted(row.get("description") or "" for row in rows)
        wait_until(lambda: len(city.visits) >= visits + 3, within=120)
        assert stored() == first, "the second reading changes nothing"


def test_no_peer_harms_another(capsys):
    """Five that mean harm, for reading and for sending, beside one that is well."""
    roads = Receiver("roads")
    with ExitStack() as stack:
        private = stack.enter_context(Counter(["127.0.0.2"]))
        acts = {
            "drip": hostile.drip, "endless": hostile.endless, "tag": hostile.start_tag,
            "redirect": hostile.redirect(f"http://127.0.0.2:{private.port}/"), "half": hostile.half_catalogue,
        }  # fmt: skip
        bad = {name: stack.enter_context(Hostile(act)) for name, act in acts.items()}
        scene = stack.enter_context(Scene("hostile", [roads]))
        scene.instance.environment["VIADUCT_OUTBOUND_ALLOW"] = "127.0.0.1"
        scene.instance.start()
        number = 400 if LONG else 60
        normal = p95(waits_for(scene, roads, number))
        scene.instance.stop()
        for name, one in bad.items():
            write_peer(scene.instance, name, one.url, flow=["reports_out", "reports_in", "updates_in"],
                       services=SERVICES)  # fmt: skip
        scene.instance.start()
        peak(scene.instance.process.pid, begin=True)
        before = scene.instance.resident
        meanwhile = p95(waits_for(scene, roads, number))
        assert all(len(one.calls) for one in bad.values()), {name: len(one.calls) for name, one in bad.items()}
        more = peak(scene.instance.process.pid) - before
        with capsys.disabled():
            print(f"\np95 {normal:.3f} s, among hostile peers {meanwhile:.3f} s; {more // 1024} MiB more", flush=True)
        assert private.seen == [], "nobody is led to a private address"
        assert more < 300 * 1024
        assert not LONG or meanwhile <= max(1.2 * normal, normal + 0.05)
        assert scene.ledger.count("SELECT count(*) FROM report") == 2 * number


def waits_for(scene: Scene, receiver: Receiver, number: int) -> list[float]:
    """Tells so many reports; how long each took to the receiver."""
    known = set(receiver.effects)
    with scene.load(most=number, rate=20, told_of=10**6) as load:
        load.finish()
    wait_until(lambda: len(set(receiver.effects) - known) >= number, within=180)
    told = {event["key"]: event.at for event in scene.history.where("tell", "ok")}
    effects = [event for event in scene.history.where("effect") if event["key"] not in known]
    return [event.at - told[event["key"]] for event in effects if event["key"] in told]


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]
