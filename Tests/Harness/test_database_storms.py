"""The database under load: it crashes again and again, its disk is full, ten nodes find it empty (B1, B12, I155)."""

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.ledger import Ledger

CRASHES = 20


@dataclass
class Crowd:
    """Clients that post until they are told to stop; each report again under its key until it is acknowledged."""

    instance: Instance
    key: str
    clients: int = 4
    text: str = "A hole"
    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The number of each report, by its text."""
    statuses: set[int] = field(default_factory=set)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Crowd":
        self.threads = [threading.Thread(target=self._post, daemon=True) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads), "a client still waits for its answer"

    def _post(self) -> None:
        caller = self.instance.caller("sofia", self.key)
        while not self.is_over.is_set():
            text = f"{self.text} {uuid.uuid4()}"
            self.sent.add(text)
            for _ in range(600):
                answer = caller.post(
                    "/requests.json", {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": text},
                    headers={"Idempotency-Key": f'"{text[-36:]}"'},
                )  # fmt: skip
                self.statuses.add(answer.status)
                if answer.status == 200:
                    self.acknowledged[text] = answer.json[0]["service_request_id"]
                    break
                assert answer.header("Retry-After"), answer
                time.sleep(0.1)

    def judge(self) -> None:
        """Everything acknowledged is there, once, under the number that was told, and nothing that nobody sent."""
        rows = json.loads(self.instance.run("export", "requests", "--jurisdiction", "sofia", "--format", "json"))
        stored = {row["service_request_id"]: row["description"] for row in rows}
        texts = list(stored.values())
        assert len(set(texts)) == len(texts), "nothing is stored twice"
        assert set(texts) <= self.sent
        for text, number in self.acknowledged.items():
            assert stored.get(number) == text, f"{number} was acknowledged"
        assert self.statuses <= {200, 503}, self.statuses


def test_crashes_of_the_server_lose_nothing(capsys):
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        key = instance.key()
        pid = instance.start().process.pid
        with Crowd(instance, key) as crowd:
            for _ in range(CRASHES):
                before = len(crowd.acknowledged)
                cluster.stop(signal.SIGQUIT)
                cluster.start()
                wait_until(lambda: len(crowd.acknowledged) >= before + 10, within=60)
        crowd.judge()
        assert 503 in crowd.statuses and instance.process.pid == pid and instance.process.poll() is None
        with capsys.disabled():
            print(f"\n{CRASHES} crashes of the server: {len(crowd.acknowledged)} acknowledged, none lost", flush=True)


def test_b1_ten_nodes_migrate_an_empty_database_once():
    with Cluster(max_connections="200") as cluster, ExitStack() as stack:
        nodes = [stack.enter_context(Instance(VIADUCT_DATABASE_URL=cluster.url)) for _ in range(10)]
        for node in nodes:
            node.start(ready=False)
        for node in nodes:
            node.wait_ready(within=120)
        applied = [name for (name,) in Ledger(cluster.url).rows("SELECT name FROM schema_migration")]
        assert len(set(applied)) == len(applied) >= 10
        for node in nodes:
            assert node.stop() == 0


@pytest.fixture
def small_disk():
    """A Viaduct whose database and pictures lie on a file system of 160 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    with Instance(embedded=True) as instance:
        data = instance.directory / "data"
        data.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "viaduct", data]).returncode:
            pytest.skip("no file system can be mounted here")
        try:
            yield instance
        finally:
            if instance.process and instance.process.poll() is None:
                instance.stop()
            instance._end_cluster()
            subprocess.run(["umount", "-l", data], check=True)


def test_b12_a_full_disk_loses_nothing(small_disk):
    key = small_disk.key()
    small_disk.start(within=120)
    filler = small_disk.directory / "data" / "filler"
    with Crowd(small_disk, key, text="A hole. " * 400) as crowd:
        wait_until(lambda: len(crowd.acknowledged) >= 10, within=60)
        with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        wait_until(lambda: 503 in crowd.statuses, within=120)
        assert small_disk.admin("/live") == 200
        filler.unlink()
        before = len(crowd.acknowledged)
        wait_until(lambda: len(crowd.acknowledged) >= before + 10, within=90)
    crowd.judge()
    assert small_disk.process.poll() is None
