"""A crash on any step of taking pictures loses nothing acknowledged and leaves nothing (D2, M9)."""

import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from kit import pictures, trace
from kit.cluster import Cluster
from kit.database import programs
from kit.instance import Instance, wait_until
from kit.wire import request, talk

NAME = re.compile(r"/media/([0-9a-f]{32}\.(?:jpg|png|webp))")
SYNCED, NAMED = "fsync,fdatasync", "rename,renameat,renameat2,link,linkat"

pytestmark = pytest.mark.usefixtures("binary")
traced = pytest.mark.skipif(not trace.is_allowed(), reason="no process may trace another here")


@dataclass
class Site:
    """A Viaduct whose orphans are swept soon, and the database behind it."""

    instance: Instance
    cluster: Cluster
    key: str = ""

    @property
    def media(self) -> Path:
        return self.instance.directory / "data" / "media"

    @property
    def folders(self) -> list[Path]:
        return [self.media / f"{number:02x}" for number in range(256)]

    @property
    def files(self) -> set[str]:
        """What lies in the folders, finished or not."""
        return {path.name for folder in self.folders for path in folder.iterdir()}

    def rows(self, statement: str) -> list[str]:
        """What the database answers, a line for each row."""
        done = subprocess.run(
            [programs() / "psql", "-X", "-q", "-A", "-t", "-c", statement, self.cluster.url],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.splitlines()

    @property
    def names(self) -> set[str]:
        """The files that rows name."""
        return set(self.rows("SELECT name FROM media WHERE name IS NOT NULL"))

    @property
    def orphans(self) -> set[str]:
        return self.files - self.names

    @property
    def described(self) -> list[str]:
        """The reports that are stored."""
        return self.rows("SELECT description FROM report")

    def post(self, description: str, count: int = 2) -> int | None:
        """Posts a report with pictures; the status, or None if the server died."""
        fields = {
            "api_key": self.key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
            "description": description,
        }  # fmt: skip
        files = [(f"photo{n}", pictures.png(f"{description} {n}")) for n in range(1, count + 1)]
        headers, body = pictures.form(fields, files)
        headers |= {"Idempotency-Key": f'"{description}"', "Connection": "close"}
        raw = request("POST", "/sofia/open311/v2/requests.json", headers, body)
        try:
            answers = talk(self.instance.port, raw, patience=60, linger=0).answers
        except OSError:
            return None
        return answers[0].status if answers else None

    def deliver(self, description: str) -> None:
        """Posts a report until it is acknowledged."""
        for _ in range(1200):
            if self.post(description) == 200:
                return
            time.sleep(0.05)
        raise AssertionError(f"{description} was never taken")

    def check(self, acknowledged: set[str], attempted: set[str]) -> None:
        """Everything that was promised is there, once, with its pictures."""
        caller = self.instance.caller("sofia", self.key)
        described = self.described
        assert len(described) == len(set(described)), "a report is there twice"
        assert acknowledged <= set(described) <= attempted
        assert self.rows("SELECT DISTINCT count(*) FROM media GROUP BY report") in ([], ["2"])
        assert self.rows("SELECT count(*) FROM media WHERE state <> 'stored'") == ["0"]
        names = self.names
        assert names <= self.files, "a row without its file"
        assert set(self.rows("SELECT unnest(media) FROM report")) == names
        page = caller.get("/requests.json", extensions="true", page_size=25).text
        shown = set(NAME.findall(page.replace("\\/", "/")))
        assert shown <= names and len(shown) == 2 * min(len(described), 25)
        for name in shown:
            raw = request("GET", f"/media/{name}", {"Connection": "close"})
            picture = self.instance.caller("").send(raw)
            assert (picture.status, picture.header("Content-Type")) == (200, "image/png")


@pytest.fixture(scope="module")
def cluster(binary):
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def site(cluster):
    with Instance(VIADUCT_DATABASE_URL=cluster.url, VIADUCT_MEDIA_SWEEP_AGE="10s") as instance:
        site = Site(instance, cluster)
        site.key = instance.key()
        for folder in site.folders:  # So that no first picture flushes more than another.
            folder.mkdir(parents=True)
        instance.start()
        yield site
        instance.stop()
    subprocess.run(
        [programs() / "psql", "-X", "-q", "-c",
         "DROP SCHEMA public, contact CASCADE; CREATE SCHEMA public", cluster.url],
        check=True, capture_output=True,
    )  # fmt: skip


# The calls, which of them is the last, and what they must be about.
POINTS = {
    "a file is written, and not on disk for sure": (SYNCED, None),
    "a file is on disk, and has no name yet": (NAMED, None),
    "a file has its name, and the directory does not know it for sure": (SYNCED, "folder"),
    "the report is committed, and nobody has been told": ("write,writev", "log"),
}


@traced
def test_d2_killed_at_each_step(site):
    promised = set()
    for step, (calls, about) in POINTS.items():
        paths = {"folder": site.folders, "log": [site.instance.log], None: []}[about]
        with trace.Death(site.instance.process.pid, calls, paths):
            assert site.post(step) is None, f"the server should have died when {step}"
            site.instance.process.wait(20)
        assert (step in site.described) == (about == "log")
        site.instance.start()
        site.check(promised, promised | {*POINTS})
        assert site.post("after: " + step) == 200
        promised.add("after: " + step)
    assert site.orphans, "crashes leave files that nobody names"
    wait_until(lambda: not site.orphans, within=40)
    for step in POINTS:
        assert site.post(step) == 200
    site.check(promised | {*POINTS}, promised | {*POINTS})


def test_d2_killed_while_the_report_is_being_stored(site):
    """All files are there; the statement waits in the database, and never ends."""
    lock = subprocess.Popen(
        [programs() / "psql", "-X", "-q", site.cluster.url], stdin=subprocess.PIPE, text=True
    )
    lock.stdin.write("BEGIN; LOCK TABLE media IN SHARE ROW EXCLUSIVE MODE;\n")
    lock.stdin.flush()
    asked = "SELECT pid FROM pg_locks WHERE relation = 'media'::regclass AND "
    wait_until(lambda: site.rows(asked + "mode = 'ShareRowExclusiveLock' AND granted"), within=20)
    client = threading.Thread(target=site.post, args=["struck"])
    client.start()
    waiting = asked + "mode = 'RowExclusiveLock' AND NOT granted"
    wait_until(lambda: len(site.orphans) == 2 and site.rows(waiting), within=20)
    site.instance.kill()
    client.join(60)
    site.rows(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS stuck")
    lock.communicate("ROLLBACK;\n", timeout=20)
    assert site.described == []
    site.instance.start()
    assert site.post("struck") == 200
    site.check({"struck"}, {"struck"})
    assert not site.orphans, "the same pictures are the same files"


def test_d1_killed_anywhere_under_load(site):
    random, attempted, acknowledged = Random(7), set(), set()
    stopping, lock = threading.Event(), threading.Lock()

    def client(_) -> None:
        while not stopping.is_set():
            description = str(uuid4())
            with lock:
                attempted.add(description)
            site.deliver(description)
            with lock:
                acknowledged.add(description)

    with ThreadPoolExecutor(4) as crowd:
        work = crowd.map(client, range(4))
        for _ in range(10):
            time.sleep(random.uniform(0.1, 1.5))
            site.instance.kill()
            site.instance.start()
        stopping.set()
        list(work)
    assert len(acknowledged) >= 10
    site.check(acknowledged, attempted)
    wait_until(lambda: not site.orphans, within=40)
