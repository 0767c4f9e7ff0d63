"""The database goes away and comes back; a database that would lose reports is refused (H4, B4, I151)."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from kit.cluster import Cluster
from kit.instance import Instance, is_alive, wait_until
from kit.lag import Lag

GOOD = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}


@pytest.fixture
def elsewhere(binary):
    """A Viaduct on a server that was already there, and that server."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        yield instance, cluster


@pytest.fixture
def embedded(binary):
    """A Viaduct with a server of its own, whatever the others use."""
    with Instance(embedded=True) as instance:
        yield instance


def test_a_server_that_is_already_there(elsewhere):
    instance, _ = elsewhere
    caller = instance.start().caller("sofia", instance.key())
    number = caller.post("/requests.json", {**GOOD, "description": "there"}).json[0]["service_request_id"]
    assert caller.get(f"/requests/{number}.xml").status == 200
    assert instance.postmaster is None, "no cluster of our own beside it"
    assert instance.stop() == 0
    instance.start()
    assert caller.get(f"/requests/{number}.json").json[0]["description"] == "there"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_h4_gone_and_back(elsewhere, how):
    instance, cluster = elsewhere
    caller = instance.start().caller("sofia", instance.key())
    assert caller.post("/requests.json", {**GOOD, "description": "before"}).status == 200
    cluster.stop(how)

    wait_until(lambda: instance.admin("/ready") == 503, within=2)
    assert instance.admin("/live") == 200
    for number in range(5):
        started = time.monotonic()
        answer = caller.post("/requests.json", {**GOOD, "description": f"without {number}"})
        assert time.monotonic() - started <= 2.2
        assert answer.status == 503 and answer.header("Retry-After")
        answer.problems()
    assert caller.get("/services.json").status == 200
    assert caller.get("/services/POTHOLE.xml").status == 200
    assert caller.get("/discovery.xml").status == 200
    assert caller.get("/requests.json").status == 503

    cluster.start()
    post = lambda: caller.post("/requests.json", {**GOOD, "description": "after"}).status  # noqa: E731
    seconds = wait_until(lambda: post() == 200, within=5)
    wait_until(lambda: instance.admin("/ready") == 200, within=5 - seconds)
    told = {row["description"] for row in caller.get("/requests.json").json}
    assert told == {"before", "after"}, "what was answered 503 did not happen"


def test_h4_slow_and_quick_again(binary):
    """Whoever asks is told in time that the database is slow, and what was told so may be told again."""
    with Cluster() as cluster, Lag(cluster.port) as lag:
        address = f"postgresql://viaduct@127.0.0.1:{lag.port}/postgres"
        with Instance(VIADUCT_DATABASE_URL=address, VIADUCT_DATABASE_PATIENCE="2s") as instance:
            key = instance.key("h4", "--scope", "report", "--scope", "update")
            caller = instance.start().caller("sofia", key)
            number = caller.post("/requests.json", {**GOOD, "description": "before"}).json[0]["service_request_id"]

            def post(name: str):
                return caller.post("/requests.json", {**GOOD, "description": name}, {"Idempotency-Key": name})

            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

            def update(name: str):
                fields = {"service_request_id": number, "update_id": name, "updated_datetime": moment,
                          "status": "OPEN", "description": name}  # fmt: skip
                return caller.post("/servicerequestupdates.json", fields)

            def took(ask):
                started = time.monotonic()
                answer = ask()
                return time.monotonic() - started, answer.status, answer.header("Retry-After"), answer.text

            lag.seconds = 5
            names = [f"told-while-slow-{turn:04}" for turn in range(10)]
            asked = [partial(post, name) for name in names] + [partial(update, name) for name in names]
            asked += [partial(caller.get, path) for path in ("/requests.json", f"/requests/{number}.json") * 10]
            with ThreadPoolExecutor(len(asked) + 1) as threads:
                answers = list(threads.map(took, asked))
                assert took(partial(caller.get, "/services.json"))[:2] < (1, 201)
            assert [told for told in answers if told[1] != 503 or not told[2]] == []
            assert sorted(seconds for seconds, *_ in answers)[-1] <= 2.5
            lag.seconds = 0
            for name in names:
                wait_until(lambda: post(name).status == 200, within=15)  # noqa: B023
                wait_until(lambda: update(name).status == 200, within=15)  # noqa: B023
            told = [row["description"] for row in caller.get("/requests.json").json]
            assert sorted(told) == sorted(["before", *names])
            updates = caller.get("/servicerequestupdates.json", start_date="2026-01-01T00:00:00Z")
            assert sorted(row["description"] for row in updates.json) == sorted(names)


def test_the_embedded_server_comes_back_by_itself(embedded):
    caller = embedded.start().caller("sofia", embedded.key())
    assert caller.post("/requests.json", {**GOOD, "description": "before"}).status == 200
    postmaster = embedded.postmaster
    os.kill(postmaster, signal.SIGQUIT)
    wait_until(lambda: not is_alive(postmaster), within=15)
    wait_until(
        lambda: caller.post("/requests.json", {**GOOD, "description": "after"}).status == 200, within=15
    )
    assert len(caller.get("/requests.json").json) == 2


def test_a_killed_gateway_leaves_a_cluster_that_the_next_one_takes(embedded):
    caller = embedded.start().caller("sofia", embedded.key())
    assert caller.post("/requests.json", {**GOOD, "description": "kept"}).status == 200
    postmaster = embedded.postmaster
    embedded.kill()
    assert is_alive(postmaster)
    embedded.start()
    assert embedded.postmaster == postmaster
    assert [row["description"] for row in caller.get("/requests.json").json] == ["kept"]
    assert embedded.stop() == 0
    wait_until(lambda: not is_alive(postmaster), within=5)  # a clean exit ends the cluster


@pytest.mark.parametrize("option", ["fsync", "full_page_writes", "synchronous_commit"])
def test_b4_a_server_that_would_lose_reports_is_refused(binary, option):
    with Cluster(**{option: "off"}) as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        done = instance.command("serve", within=30)
        assert done.returncode != 0
        assert option in done.stdout + done.stderr
        assert instance.command("check").returncode != 0
