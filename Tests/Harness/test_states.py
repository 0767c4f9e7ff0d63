"""Bad inputs, block I: a database that is slow, full, read-only or migrating, and a clock that is wrong.

The rest of the block is in test_database (151), test_database_storms (155) and test_drain (156).
"""

import itertools
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from test_peer_calls import REPORTS, Office, graffiti

from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.ledger import Ledger
from kit.receiver import Receiver
from kit.scene import Scene
from kit.session import Session
from kit.wire import Caller

COUNTER = itertools.count()


def report() -> dict:
    return {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"block I {next(COUNTER)}"}


@pytest.fixture
def cluster(binary):
    with Cluster() as cluster:
        yield cluster


@contextmanager
def started(cluster: Cluster, **environment: str) -> Iterator[tuple[Instance, Caller]]:
    """A Viaduct on that database, and a caller of it; at the end it must be the same process."""
    with Instance(**{"VIADUCT_DATABASE_URL": cluster.url, **environment}) as instance:
        caller = instance.caller("sofia", instance.key())
        pid = instance.start().process.pid
        yield instance, caller
        assert instance.process.pid == pid and instance.process.poll() is None, instance.tail


def test_152_all_places_are_taken(cluster):
    """One connection, whose statement waits: a few may wait behind it, and all others are told at once."""
    few = {"VIADUCT_DATABASE_CONNECTIONS": "1", "VIADUCT_DATABASE_TRANSACTIONS": "1", "VIADUCT_LIMITS_IN_FLIGHT": "4"}
    with started(cluster, **few) as (_, caller), Session(cluster.url) as other:
        assert caller.post("/requests.json", report()).status == 200
        other.run("BEGIN")
        other.run("LOCK TABLE report IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(8) as crowd:
            waiting = [crowd.submit(caller.post, "/requests.json", report()) for _ in range(5)]
            time.sleep(1)
            for _ in range(3):
                begun = time.monotonic()
                answer = caller.post("/requests.json", report())
                assert time.monotonic() - begun <= 1
                assert answer.status == 503 and answer.header("Retry-After"), answer
                assert "busy" in answer.problems()
            assert caller.get("/services.json").status == 200
            other.run("ROLLBACK")
            answers = [one.result() for one in waiting]
        assert {answer.status for answer in answers} <= {200, 503}
        assert all(answer.header("Retry-After") for answer in answers if answer.status == 503)
        wait_until(lambda: caller.post("/requests.json", report()).status == 200, within=5)


def test_153_a_list_that_takes_too_long(cluster):
    with started(cluster, VIADUCT_DATABASE_URL=f"{cluster.url}?options=-c%20statement_timeout%3D300") as (_, caller):
        assert caller.get("/requests.json").status == 200
        with Session(cluster.url) as other:
            other.run("BEGIN")
            other.run("LOCK TABLE report IN ACCESS EXCLUSIVE MODE")
            for path in ("/requests.json", "/requests.xml?status=open", "/requests/sofia-1.json"):
                begun = time.monotonic()
                answer = caller.get(path)
                assert time.monotonic() - begun <= 1.5
                assert answer.status == 503 and answer.header("Retry-After"), answer
                answer.problems()
        assert caller.get("/requests.json").status == 200


def test_154_a_database_that_can_only_be_read(cluster):
    with started(cluster) as (instance, caller):
        assert caller.post("/requests.json", report()).status == 200
        ledger = Ledger(cluster.url)

        def turn(what: str) -> None:
            for statement in (f"ALTER SYSTEM SET default_transaction_read_only = {what}", "SELECT pg_reload_conf()"):
                ledger.rows(statement)

        turn("on")
        post = lambda: caller.post("/requests.json", report())  # noqa: E731
        wait_until(lambda: post().status != 200, within=5)
        for _ in range(5):
            begun, answer = time.monotonic(), post()
            assert time.monotonic() - begun <= 2.2
            assert answer.status == 503 and answer.header("Retry-After"), answer
        assert caller.get("/services.json").status == 200
        wait_until(lambda: instance.admin("/ready") == 503, within=5)
        turn("off")
        wait_until(lambda: post().status == 200, within=5)
        wait_until(lambda: instance.admin("/ready") == 200, within=5)


@pytest.fixture(scope="module")
def clock(tmp_path_factory) -> dict[str, str]:
    """The environment of a program whose clock is an hour behind."""
    compiler = next((found for name in ("cc", "clang", "gcc") if (found := shutil.which(name))), None)
    if not compiler:
        pytest.skip("there is no compiler of C")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).parent / "kit" / "clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "VIADUCT_CLOCK_SHIFT": "-3600"}


def test_157_a_clock_that_is_wrong_warns_and_refuses_signatures(cluster, clock):
    with Instance(VIADUCT_DATABASE_URL=cluster.url, **clock) as instance:
        office = Office(instance)
        wait_until(lambda: "warning: The server's clock and ours differ" in instance.admin_page("/ready")[1], within=5)
        assert instance.admin("/ready") == 200
        assert office.roads.report().status == 401
        body = urlencode(graffiti())
        behind = office.roads.signature(body, "an-hour-ago", late=3600)
        assert office.roads.send(REPORTS, body, behind).status == 200
        assert office.app.report().status == 200
        assert instance.process.poll() is None


def test_157_leases_go_by_the_databases_clock(clock):
    roads = Receiver("roads")
    roads.pace = 2
    with Scene("clock", [roads], environment=clock) as scene:
        scene.instance.start()
        with scene.load(most=1, told_of=10**6) as load:
            load.finish()
        wait_until(scene.ledger.under_way, within=20)
        wait_until(lambda: roads.tickets, within=20)
        scene.drain(within=30)
        assert len(roads.tickets) == 1, "nobody took it for left"


def test_158_a_migration_holds_nobody_up(cluster):
    """It needs a table that somebody else writes to: it waits in turns, and those behind it 2 s at most."""
    with started(cluster) as (instance, caller), Session(cluster.url) as other:
        ledger = Ledger(cluster.url)
        ledger.rows("""
            DROP INDEX idempotency_by_report, inbox_by_report, tombstone_by_time;
            DELETE FROM schema_migration WHERE name = 'm0013-erasing-quickly'
        """)
        other.run("BEGIN")
        other.run("LOCK TABLE idempotency IN ROW EXCLUSIVE MODE")
        done: list[subprocess.CompletedProcess] = []
        migration = threading.Thread(target=lambda: done.append(instance.command("migrate")))
        migration.start()
        waits = []
        begun = time.monotonic()
        while not done and time.monotonic() - begun < 30:
            if time.monotonic() - begun > 4:
                other.run("ROLLBACK")
            for ask in (lambda: caller.post("/requests.json", report()), lambda: caller.get("/requests.json")):
                asked = time.monotonic()
                answer = ask()
                waits.append(time.monotonic() - asked)
                assert answer.status == 200, answer
        migration.join()
        assert done[0].returncode == 0 and "m0013" in done[0].stdout, done
        assert 0.5 < max(waits) <= 2.5, "somebody waited, and nobody for long"
        wait_until(lambda: instance.admin("/ready") == 200, within=5)
