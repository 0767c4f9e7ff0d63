"""How deliveries go when peers are in doubt, down, slow, refusing, or when we are stopped (D6–D9, D17, D18).

The short form; `make chaos` asks for more of each, and measures what a busy machine would spoil.
"""

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from statistics import quantiles

import pytest

from kit import faults
from kit.checker import check
from kit.faults import Faults
from kit.instance import Instance, wait_until
from kit.receiver import Receiver
from kit.scene import LONG, SEED, Scene

pytestmark = pytest.mark.usefixtures("binary")

DOUBTFUL = {faults.RESET_BEFORE: 0.05, faults.RESET_AFTER: 0.1, faults.BUSY: 0.05}


def told(capsys, text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", flush=True)


def tell_all(scene: Scene, number: int, **more) -> None:
    """So many reports, all of them acknowledged."""
    with scene.load(most=number, **more) as load:
        load.finish()
    assert load.reports >= number and not load.given_up


def test_d6_what_ended_without_an_answer(capsys):
    kinds = {"looked-up": "look", "parked": "none", "resent": "none"}
    receivers = [Receiver(name, repeats=kind, faults=Faults(SEED, dict(DOUBTFUL))) for name, kind in kinds.items()]
    peers = {"parked": {"unanswered": "park"}, "resent": {"unanswered": "resend"}}
    with Scene("doubts", receivers, peers, doubts={"parked": "told", "resent": "told"}) as scene:
        scene.instance.start()
        tell_all(scene, 2000 if LONG else 80, rate=60, told_of=10)
        scene.drain(within=900 if LONG else 120)
        findings = scene.judge()
        told(capsys, f"CHAOS_SEED={scene.seed}: {[(r.name, len(r.effects)) for r in receivers]}\n{findings}")
        assert findings.good, f"CHAOS_SEED={scene.seed}: {findings}"
        resets = {r.name: r.faults.done[faults.RESET_BEFORE] + r.faults.done[faults.RESET_AFTER] for r in receivers}
        assert all(resets.values())
        assert len(receivers[1].effects) == len(set(receivers[1].effects)), "parked is not sent again"
        assert scene.ledger.deliveries("parked").get("parked") == resets["parked"], "a person sees each of them"
        flagged = "SELECT count(*) FROM delivery WHERE peer = 'resent' AND doubt = 'flagged'"
        twice = {key for key, times in Counter(receivers[2].effects).items() if times > 1}
        assert twice and scene.ledger.count(flagged) >= len(twice), "the checker knows that it is these"


def test_d7_order_is_kept_and_poison_keeps_nobody(capsys):
    lights = Receiver("lights", faults=Faults(SEED, {faults.BUSY: 0.05, faults.RESET_AFTER: 0.05}, ("venom",)))
    with Scene("order", [lights], {"lights": {"pace": {"concurrency": 8}}}) as scene:
        scene.instance.start()
        number = 1000 if LONG else 100
        with scene.load(most=number, rate=60, told_of=1, poisoned=100 if LONG else 25) as load:
            wait_until(lambda: len(lights.effects) > number // 3, within=300)
            scene.nemesis.freeze(2)
            scene.instance.kill()
            scene.instance.start()
            load.finish()
        scene.drain(within=600 if LONG else 150)
        poisoned = number // (100 if LONG else 25)
        assert scene.ledger.deliveries()["parked"] == poisoned
        scene.ledger.look(scene.history)
        findings = check(scene.history, scene.destinations({}))
        held = {line.partition("/")[0] for line in findings.lost}
        assert len(held) == poisoned, f"CHAOS_SEED={scene.seed}: {findings}"
        assert set(findings.faults) == {"lost"}, f"CHAOS_SEED={scene.seed}: {findings}"
        told(capsys, f"{len(lights.effects)} effects in order, {poisoned} reports of poison parked")


@pytest.mark.skipif(not LONG, reason="a busy machine spoils it; DispatcherTests has it with a clock of its own")
def test_d7_poison_costs_the_others_nothing(capsys):
    lights = Receiver("lights", faults=Faults(SEED, {}, ("venom",)))
    with Scene("venom", [lights]) as scene:
        scene.instance.start()
        # In turns, and the best of each: other work on the machine only ever takes from a rate, so that
        # turns are added until each has had a quiet one.
        plain = among = 0.0
        for turn in range(8):
            plain = max(plain, throughput(scene, lights, 0))
            among = max(among, throughput(scene, lights, 100))
            if turn >= 2 and among >= 0.95 * plain:
                break
        told(capsys, f"{plain:.0f} deliveries/s, with 1 % of poison among them {among:.0f}/s")
        assert among >= 0.95 * plain


def throughput(scene: Scene, lights: Receiver, poisoned: int) -> float:
    """How many of a thousand that wait go to a receiver in a second; one in so many is poison besides."""
    scene.instance.run("peer", "pause", "lights", "--reason", "all at once")
    tell_all(scene, 1000, rate=300, clients=16, told_of=10**6, poisoned=poisoned)
    fine = 1000 - (1000 // poisoned if poisoned else 0)
    began = moment(scene)
    scene.instance.run("peer", "resume", "lights")

    def effects() -> list[float]:
        return [e.at for e in scene.history.where("effect") if e.at >= began]

    wait_until(lambda: len(effects()) >= fine, within=120, pause=1)
    return fine / (effects()[-1] - effects()[0])


def waits(scene: Scene, place: str, since: float) -> list[float]:
    """How long each report that was acknowledged since then took to a destination."""
    acknowledged = {e["key"]: e.at for e in scene.history.where("tell", "ok") if e.at >= since}
    return [
        e.at - acknowledged[e["key"]] for e in scene.history.where("effect")
        if e.who == place and e["key"] in acknowledged and e["key"].endswith("/0")
    ]  # fmt: skip


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def moment(scene: Scene) -> float:
    return scene.history.note("scene", "info", "mark").at


def test_d8_a_peer_that_is_down_costs_a_probe_and_nobody_elses_time(capsys):
    roads, lights = Receiver("roads"), Receiver("lights")
    probe = 30 if LONG else 5
    with Scene("down", [roads, lights], {"lights": {"breaker": {"probe": f"{probe}s"}}}) as scene:
        scene.instance.start()
        number = 600 if LONG else 60
        well = moment(scene)
        tell_all(scene, number, rate=30, told_of=10**6)
        scene.drain(within=120)
        lights.refusing = lambda text: 503
        down, before = moment(scene), len(lights.traffic.begun)
        tell_all(scene, number, rate=30, told_of=10**6)
        wait_until(lambda: len(waits(scene, "roads", down)) >= number, within=120)
        if LONG:
            time.sleep(95)  # Three probes are due in this time.
        probes = lights.traffic.begun[before:]
        allowed = 5 + 4 + (probes[-1] - probes[0]) / probe + 1
        assert len(probes) <= allowed, "the breaker is open, and one delivery goes at a time"
        normal, meanwhile = (p95(waits(scene, "roads", since)) for since in (well, down))
        if LONG:
            assert meanwhile <= max(1.2 * normal, normal + 0.05)
            tell_all(scene, 10_000, rate=400, clients=16, told_of=10**6)
        waiting = scene.ledger.deliveries("lights")["waiting"]
        lights.refusing = lambda text: None
        wait_until(lambda: waits(scene, "lights", down), within=probe + 15)  # The probe, that it is back.
        began = time.monotonic()
        scene.drain(within=300)
        rate = waiting / (time.monotonic() - began)
        findings = scene.judge()
        told(capsys, f"p95 {normal:.2f} s, while the other is down {meanwhile:.2f} s; {len(probes)} calls;"
             f" {waiting} waiting drained at {rate:.0f}/s")  # fmt: skip
        assert findings.good, f"CHAOS_SEED={scene.seed}: {findings}"
        assert not LONG or rate >= 100


@contextmanager
def another(scene: Scene):
    """A second Viaduct on the same database, with the same settings: both call themselves the same."""
    address = f"http://127.0.0.1:{scene.instance.port}"
    scene.instance.environment["VIADUCT_HTTP_PUBLIC_URL"] = address
    environment = {
        name: value for name, value in scene.instance.environment.items()
        if name in (
            "VIADUCT_DATABASE_URL", "VIADUCT_HTTP_PUBLIC_URL", "VIADUCT_OUTBOUND_ALLOW",
            "VIADUCT_OUTBOUND_PORTS",
        )
    }  # fmt: skip
    with Instance(scene.instance.settings, **environment) as second:
        yield second


@pytest.mark.parametrize("repeats", ["look"])
def test_d9_who_was_stopped_finishes_nothing_that_is_anothers_now(capsys, repeats):
    roads = Receiver("roads", repeats=repeats)
    with Scene("stopped", [roads]) as scene, another(scene) as second:
        tries = 50 if LONG else 10
        scene.instance.start()
        while len(scene.history.where("held")) < tries:
            roads.pace = 8
            tell_all(scene, 16, rate=60, told_of=10**6)
            wait_until(lambda: len(scene.ledger.under_way()) >= 10, within=60)
            for delivery in scene.ledger.under_way():
                scene.history.note("database", "info", "held", delivery=delivery)
            os.kill(scene.instance.process.pid, signal.SIGSTOP)
            began, stopped = time.monotonic(), len(scene.history.where("held"))
            roads.pace = 0
            second.start()
            wait_until(scene.ledger.is_drained, within=120)
            took = time.monotonic() - began
            os.kill(scene.instance.process.pid, signal.SIGCONT)
            scene.instance.wait_ready()
            # What it held comes back to it, and it wants to finish it.
            wait_until(lambda: not sum(roads.traffic.now.values()), within=60)
            told(capsys, f"{stopped} deliveries held by who was stopped; all went on after {took:.0f} s")
            assert took <= 40, "a lease ends after 30 seconds, and is looked at soon"
            second.stop()
        scene.instance.stop()
        findings = scene.judge()
        assert findings.good, f"CHAOS_SEED={scene.seed}: {findings}"
        finished = scene.ledger.rows(
            "SELECT delivery, count(*) FROM attempt WHERE outcome IN ('accepted', 'found') GROUP BY delivery")
        assert all(number == "1" for _, number in finished), "each was finished once"
        late = scene.instance.log.read_text().count("a delivery was ours no more")
        told(capsys, f"CHAOS_SEED={scene.seed}: {len(scene.history.where('held'))} were held by who was stopped;"
             f" it came back to {late} of them, and finished none\n{findings}")  # fmt: skip


def test_d17_one_peer_refuses_and_the_other_is_served():
    roads, lights = Receiver("roads"), Receiver("lights")
    lights.refusing = lambda text: 400
    with Scene("refused", [roads, lights]) as scene:
        scene.instance.start()
        tell_all(scene, 10, told_of=10**6)
        scene.drain(within=60)
        assert len(roads.effects) == 10 and lights.effects == []
        assert scene.ledger.deliveries("roads") == {"done": 10}
        assert scene.ledger.deliveries("lights") == {"refused": 10}
        report = scene.ledger.rows("SELECT id FROM report LIMIT 1")[0][0]
        shown = scene.instance.run("deliveries", "--report", report)
        assert "done" in shown and "refused" in shown, shown


def test_d18_a_peer_gets_no_more_at_a_time_than_it_takes():
    roads, lights = Receiver("roads"), Receiver("lights")
    roads.pace = 0.05
    peers = {"roads": {"pace": None}, "lights": {"pace": {"concurrency": 8, "per_second": 10}}}
    with Scene("pace", [roads, lights], peers) as scene:
        scene.instance.start()
        tell_all(scene, 150 if LONG else 60, rate=60, told_of=2, clients=16)
        wait_until(scene.ledger.is_drained, within=300)
        assert roads.traffic.most <= 4 and not roads.traffic.twice
        assert lights.traffic.most <= 8 and not lights.traffic.twice
        begun = lights.traffic.begun
        seconds = begun[-1] - begun[0]
        # The bucket may be full at the beginning.
        assert len(begun) <= 10 * 1.05 * seconds + 10
        assert scene.judge().good
