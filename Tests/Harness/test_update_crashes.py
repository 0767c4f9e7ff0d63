"""A crash while updates are taken loses none that was acknowledged, and tells none twice (D2)."""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from random import Random
from uuid import uuid4

import pytest

from kit import trace
from kit.cluster import Cluster
from kit.database import programs
from kit.instance import Instance, wait_until

pytestmark = pytest.mark.usefixtures("binary")
traced = pytest.mark.skipif(not trace.is_allowed(), reason="no process may trace another here")

DETAILS = ["INVESTIGATING", "IN_PROGRESS", "FIXED", "REOPEN"]


@dataclass
class Conversation:
    """One report, and what clients say about it."""

    instance: Instance
    cluster: Cluster
    key: str
    report: str = ""
    attempted: set[str] = field(default_factory=set)
    ids: dict[str, set[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        answer = self.instance.caller("sofia", self.key).post("/requests.json", {
            "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": "a wall",
        })  # fmt: skip
        self.report = answer.json[0]["service_request_id"]

    def tell(self, name: str, detail: str) -> bool:
        """Posts an update once; whether it was acknowledged."""
        with self.lock:
            self.attempted.add(name)
        moment = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            answer = self.instance.caller("sofia", self.key).post("/servicerequestupdates.json", {
                "service_request_id": self.report, "update_id": name, "status": detail,
                "updated_datetime": moment, "description": name,
            })  # fmt: skip
        except (OSError, AssertionError):
            return False
        if answer.status != 200:
            assert answer.status == 503, answer.text
            return False
        with self.lock:
            self.ids.setdefault(name, set()).add(answer.json[0]["update_id"])
        return True

    def deliver(self, name: str, detail: str) -> None:
        for _ in range(1200):
            if self.tell(name, detail):
                return
            time.sleep(0.05)
        raise AssertionError(f"{name} was never taken")

    def rows(self, statement: str) -> list[str]:
        done = subprocess.run(
            [programs() / "psql", "-X", "-q", "-A", "-t", "-c", statement, self.cluster.url],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.splitlines()

    def check(self) -> None:
        """What was promised is told, once, under the id that was promised."""
        caller = self.instance.caller("sofia", self.key)
        told = caller.get("/servicerequestupdates.json").json
        named = {row["description"]: row["update_id"] for row in told}
        assert len(named) == len(told), "an update is told twice"
        assert set(self.ids) <= set(named) <= self.attempted
        for name, ids in self.ids.items():
            assert ids == {named[name]}, "one update has one id"
        assert self.rows("SELECT count(*) FROM event WHERE kind = 'updated'") == [str(len(told))]
        shown = caller.get(f"/requests/{self.report}.json", extensions="true").json[0]
        assert len([note for note in shown["notes"] if note["type"] != "opened"]) == len(told)


@pytest.fixture(scope="module")
def cluster(binary):
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def conversation(cluster):
    with Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        key = instance.key("FixMyStreet", "--scope", "report", "--scope", "update")
        instance.start()
        conversation = Conversation(instance, cluster, key)
        conversation.begin()
        yield conversation
        instance.stop()
    subprocess.run(
        [programs() / "psql", "-X", "-q", "-c",
         "DROP SCHEMA public, contact CASCADE; CREATE SCHEMA public", cluster.url],
        check=True, capture_output=True,
    )  # fmt: skip


@traced
def test_d2_killed_when_an_update_is_committed_and_nobody_was_told(conversation):
    instance = conversation.instance
    with trace.Death(instance.process.pid, "write,writev", [instance.log]):
        assert not conversation.tell("struck", "FIXED")
        instance.process.wait(20)
    assert conversation.rows('SELECT description FROM "update"') == ["struck"]
    instance.start()
    conversation.deliver("struck", "FIXED")
    conversation.check()


def test_d2_killed_before_an_update_is_committed(conversation):
    """The transaction waits in the database for a lock, and never ends."""
    lock = subprocess.Popen(
        [programs() / "psql", "-X", "-q", conversation.cluster.url], stdin=subprocess.PIPE, text=True
    )
    lock.stdin.write("BEGIN; LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE;\n")
    lock.stdin.flush()
    asked = "SELECT pid FROM pg_locks WHERE relation = 'event'::regclass AND "
    wait_until(
        lambda: conversation.rows(asked + "mode = 'ShareRowExclusiveLock' AND granted"), within=20
    )
    client = threading.Thread(target=conversation.tell, args=["struck", "FIXED"])
    client.start()
    waiting = asked + "mode = 'RowExclusiveLock' AND NOT granted"
    wait_until(lambda: conversation.rows(waiting), within=20)
    conversation.instance.kill()
    client.join(60)
    conversation.rows(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS stuck")
    lock.communicate("ROLLBACK;\n", timeout=20)
    assert conversation.rows('SELECT description FROM "update"') == []
    conversation.instance.start()
    conversation.deliver("struck", "FIXED")
    conversation.check()


def test_d1_killed_anywhere_while_updates_come(conversation):
    random, stopping = Random(11), threading.Event()

    def client(_) -> None:
        turn = 0
        while not stopping.is_set():
            turn += 1
            conversation.deliver(str(uuid4()), DETAILS[turn % len(DETAILS)])

    with ThreadPoolExecutor(3) as crowd:
        work = crowd.map(client, range(3))
        for _ in range(8):
            time.sleep(random.uniform(0.1, 1.0))
            conversation.instance.kill()
            conversation.instance.start()
        stopping.set()
        list(work)
    assert len(conversation.ids) >= 10
    conversation.check()
