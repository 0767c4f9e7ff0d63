"""The end of the process: what is in flight finishes, what never will is cut (H6, I156)."""

import signal
import socket
import time
from urllib.parse import urlencode

import pytest

from kit.instance import wait_until
from kit.ports import is_open
from kit.receiver import Receiver
from kit.scene import Scene
from kit.wire import FORM, request

SERVICES = "/sofia/open311/v2/services.json"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def posting(key: str, description: str) -> tuple[bytes, bytes]:
    """A POST in two halves, the second half of its body apart."""
    body = urlencode({
        "api_key": key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": description,
    }).encode()  # fmt: skip
    raw = request("POST", "/sofia/open311/v2/requests.json", {"Content-Type": FORM}, body)
    return raw[:-20], raw[-20:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_h6_a_clean_exit_within_15_seconds(fresh, number):
    key = fresh.key()
    fresh.start()
    idle = [connect(fresh.port) for _ in range(50)]
    for connection in idle[:25]:
        connection.sendall(request("GET", SERVICES))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    never, slow = connect(fresh.port), connect(fresh.port)
    never.sendall(posting(key, "never finished")[0])
    first, second = posting(key, "finished late")
    slow.sendall(first)
    half_head = connect(fresh.port)
    half_head.sendall(b"GET / HTTP/1.1\r\nHos")
    time.sleep(0.3)

    started = time.monotonic()
    fresh.process.send_signal(number)
    time.sleep(1)
    assert not is_open(fresh.port), "new connections are refused"
    slow.sendall(second)
    answer = slow.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200"), "what is in flight finishes"
    assert b"\r\nConnection: close\r\n" in answer
    assert fresh.process.wait(20) == 0
    assert time.monotonic() - started <= 15
    assert fresh.postmaster is None

    fresh.start()
    rows = fresh.caller("sofia").get("/requests.json").json
    assert [row["description"] for row in rows] == ["finished late"]
    for connection in [*idle, never, slow, half_head]:
        connection.close()


def test_an_idle_server_ends_at_once(fresh):
    fresh.start()
    started = time.monotonic()
    assert fresh.stop() == 0
    assert time.monotonic() - started <= 5


def test_h6_a_long_page_of_a_peer_holds_up_no_exit(binary):
    """What was not read of it is read by whoever comes next, at once."""
    roads = Receiver("roads")
    flow = {"flow": ["reports_out", "updates_out", "updates_in"], "polling": {"interval": "1s", "overlap": "1h"}}
    with Scene("long-page", [roads], {"roads": flow}) as scene:
        scene.instance.start()
        with scene.load(most=1, told_of=10**6) as load:
            load.finish()
        wait_until(lambda: roads.tickets, within=30)
        stored = 'SELECT count(*) FROM "update"'
        with roads.lock:
            for number in range(3000):
                roads.tell(next(iter(roads.tickets)), "OPEN", f"we say number {number}")
        wait_until(lambda: scene.ledger.count(stored) > 20, within=60)
        started = time.monotonic()
        assert scene.instance.stop() == 0
        assert time.monotonic() - started <= 8 and scene.ledger.count(stored) < 3000
        assert scene.ledger.count("SELECT count(*) FROM cursor WHERE lease_until IS NOT NULL") == 0
        scene.instance.start()
        wait_until(lambda: scene.ledger.count(stored) == 3000, within=180, pause=1)
