"""Nothing is lost and nothing comes twice, however often the process dies (D1, D2).

The short form of `make chaos`, which kills more often and faster. A run that fails is repeated with
its seed: CHAOS_SEED=… ; CHAOS_HISTORIES=DIRECTORY keeps what happened.
"""

import itertools
import os
import signal
import subprocess
import threading
import time
from random import Random

import pytest

from kit.checker import Findings
from kit.faults import Faults
from kit.receiver import Receiver
from kit.scene import LONG, SEED, Scene

pytestmark = pytest.mark.usefixtures("binary")

KILLS = 200 if LONG else 60
ROUNDS = 4 if LONG else 1
"""Who dies each second gets behind: everything must be through within a minute after each fifty kills."""
CRASHES = 10 if LONG else 2
WIDE = {"pace": {"concurrency": 64}}
"""What a dead process held takes its places at a peer for as long as the lease is, half a minute: one that
dies each second needs more of them than the usual, else reports come faster than they go."""


def told(capsys, text: str) -> None:
    """Says something even if the test passes."""
    with capsys.disabled():
        print(f"\n{text}", flush=True)


def assert_good(scene: Scene, findings: Findings) -> None:
    assert findings.good, f"CHAOS_SEED={scene.seed}: {findings}\n{scene.instance.tail[-1500:]}"


def two_receivers(seed: int = SEED) -> list[Receiver]:
    """One that is well and knows keys, and one that flaps as the measured one did and can be looked at."""
    return [Receiver("roads", repeats="key"), Receiver("lights", faults=Faults(seed))]


def test_d1_killed_again_and_again(capsys):
    with Scene("killed", two_receivers(), {"roads": WIDE, "lights": WIDE}) as scene:
        scene.instance.start()
        seconds, took = 0.0, 0.0
        for number in range(ROUNDS):
            scene.receivers[1].faults = Faults(scene.seed + number)
            with scene.load(rate=30, told_of=8) as load:
                scene.nemesis.kill(KILLS // ROUNDS, pause=(0.1, 0.8))
            seconds += load.ended - load.began
            scene.receivers[1].faults.end()
            took = max(took, scene.drain(within=60))
        rate = load.reports / seconds
        findings = scene.judge()
        told(capsys, f"CHAOS_SEED={scene.seed}: {KILLS} kills, {load.reports} reports at {rate:.1f}/s,"
             f" {sum(len(r.effects) for r in scene.receivers)} effects, drained in {took:.0f} s\n{findings}")  # fmt: skip
        assert_good(scene, findings)
        assert not load.given_up
        # Figures of a machine that does nothing else; one that does is slower, and loses nothing either.
        assert not LONG or (took < 60 and rate >= 20)


# Where the process strikes itself, as KillPoint.swift names it.
OWN = [
    "read", "inserted", "before_commit", "after_commit", "claimed", "replied", "marked", "page_fetched",
    "picture_written", "picture_renamed",
]  # fmt: skip
# Where a receiver strikes it, at the moment when it has just got so much of a request.
OTHERS = ["connected", "head", "body"]


def test_d2_it_dies_at_each_point(capsys):
    """All the while clients report, with pictures, and a receiver talks of what it has."""
    # All that was said in a quarter of an hour is a lot to read each second; but what a dead relay held
    # may get its number a minute later, and what was said of it must be read again then.
    read = {"flow": ["reports_out", "updates_out", "updates_in"], "polling": {"interval": "1s", "overlap": "2m"}}
    peers = {"roads": {**WIDE, **read}, "lights": WIDE}
    with Scene("points", two_receivers(), peers) as scene:
        striker = Striker(scene)
        with scene.load(pictured=2, rate=15) as load, Talkative(scene.receivers[0]):
            # In turns: what one crash leaves behind for half a minute is not in the way of the next alike.
            for _ in range(CRASHES):
                for point in OWN + OTHERS:
                    striker.strike(point)
            scene.instance.start()
        for receiver in scene.receivers:
            receiver.faults.end()
        took = scene.drain(within=180, quiet=lambda: striker.is_everything_read())
        findings = scene.judge({"roads": lambda key: not key.startswith("said")})
        told(capsys, f"CHAOS_SEED={scene.seed}: {len(scene.history.where('kill'))} crashes at"
             f" {len(OWN + OTHERS)} points, {load.reports} reports, drained in {took:.0f} s\n{findings}")  # fmt: skip
        assert_good(scene, findings)


class Striker:
    """Has a Viaduct die at a point, at a passage that chance chooses; it is down before and after."""

    def __init__(self, scene: Scene):
        self.scene, self.random = scene, Random(f"points {scene.seed}")
        self.stage, self.passages, self.lock = "", 0, threading.Lock()
        for receiver in scene.receivers:
            receiver.stage = self._listen

    def strike(self, point: str) -> None:
        instance = self.scene.instance
        # Pages come once in a second, the rest many times.
        passage = self.random.randint(1, 5 if LONG and point != "page_fetched" else 2)
        if point in OWN:
            # Its last words would take seconds in which it is neither dead nor alive.
            instance.environment |= {"FAULT": f"{point}:{passage}", "SWIFT_BACKTRACE": "enable=no"}
        instance.start(ready=False)
        if point in OTHERS:
            time.sleep(0.15)  # What the one before has said is not yet all heard.
            with self.lock:
                self.stage, self.passages = point, passage
        try:
            ended = instance.process.wait(90)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{point} is not passed {passage} times: {instance.tail}") from None
        assert ended == (-signal.SIGABRT if point in OWN else -signal.SIGKILL), instance.tail
        instance.environment.pop("FAULT", None)
        self.scene.history.note("nemesis", "info", "kill", point=point, passage=passage)

    def is_everything_read(self) -> bool:
        """Whether all that receivers have said is stored."""
        said = [e["key"] for e in self.scene.history.where("tell", "ok") if e["key"].startswith("said")]
        stored = self.scene.ledger.count("SELECT count(*) FROM \"update\" WHERE description LIKE 'we say said%'")
        return stored >= len(said)

    def _listen(self, stage: str, key: str) -> None:
        with self.lock:
            if stage != self.stage:
                return
            self.passages -= 1
            if self.passages == 0:
                self.stage = ""
                os.kill(self.scene.instance.process.pid, signal.SIGKILL)


def test_d2_it_dies_while_it_migrates():
    for number in range(CRASHES):
        with Scene(f"migrating-{number}", []) as scene:
            scene.ledger.rows("DROP SCHEMA public, contact CASCADE; CREATE SCHEMA public")
            scene.instance.environment["FAULT"] = f"migrating:{number % 6 + 1}"
            with pytest.raises(AssertionError):
                scene.instance.start()
            assert scene.instance.process.returncode == -signal.SIGABRT
            assert scene.ledger.count("SELECT count(*) FROM schema_migration") == number % 6
            del scene.instance.environment["FAULT"]
            scene.key = scene.instance.key("again", "--scope", "report", "--scope", "update")
            scene.instance.start()
            with scene.load(most=5) as load:
                load.finish()
            assert load.reports == 5


class Talkative:
    """Has a receiver say something about what it has, so that there is something to read; a context.

    What it says is to come to all others once, and not back to itself.
    """

    def __init__(self, receiver: Receiver):
        self.receiver, self.stopping = receiver, threading.Event()
        self.thread = threading.Thread(target=self._talk)

    def __enter__(self) -> "Talkative":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping.set()
        self.thread.join()

    def _talk(self) -> None:
        history = self.receiver.history
        for number in itertools.count(1):
            if self.stopping.wait(0.3):
                return
            with self.receiver.lock:
                if tickets := list(self.receiver.tickets):
                    history.note(self.receiver.name, "invoke", "tell", key=f"said{number}/0")
                    told = self.receiver.tell(tickets[-1], "OPEN", f"we say said{number}/0")
                    history.note(
                        self.receiver.name, "ok", "tell", key=f"said{number}/0", id=told.id, status=200)


FORGETFUL = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.id % 7 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER forget BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION forget()
"""


def test_a_delivery_that_was_never_written_is_found():
    """The dual write, in the real program: some reports are stored without their deliveries."""
    with Scene("dual-write", [Receiver("roads"), Receiver("lights")]) as scene:
        scene.instance.start()
        scene.ledger.rows(FORGETFUL)
        with scene.load(most=40) as load:
            load.finish()
        scene.drain(within=60)
        findings = scene.judge()
        assert findings.lost and set(findings.faults) <= {"lost", "left"}, str(findings)
