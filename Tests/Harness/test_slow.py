"""Slow attacks (H1; block A, 44 and 45): who takes his time is cut, and others do not notice.

Here with deadlines of some seconds; `make chaos` passes them with those of every day.
"""

import os
import socket
import time

import pytest

from kit.instance import Instance, wait_until, write_jurisdiction
from kit.slow import CONNECTIONS, Bystander, attack, open_files
from kit.wire import FORM, request, talk

LONG = os.environ.get("CHAOS") == "long"
HEAD, BODY, STALL = (10, 60, 30) if LONG else (3, 5, 4)
"""Seconds that a head, a body and the reading of an answer may take."""
GRACE = 4
"""For the first second, in which slowhttptest connects, and the two for which a refusal lingers."""
LIST = "/town/open311/v2/services.json"
TOWN = {
    "id": "town.example", "slug": "town", "name": {"en": "Town"}, "contact": "Call the town.",
    "languages": ["en"], "time_zone": "Europe/Sofia",
    "services": [
        {"code": f"S{number}", "name": {"en": f"Service {number}"}, "description": {"en": "long " * 100}}
        for number in range(400)
    ],
}  # fmt: skip
"""A list of 200 KB, more than lies in the buffers of a socket that nobody reads."""


@pytest.fixture(scope="module")
def patient(binary):
    """A Viaduct that lets one address have as many connections as it likes."""
    short = {
        "VIADUCT_LIMITS_HEAD_TIME": f"{HEAD}s", "VIADUCT_LIMITS_BODY_TIME": f"{BODY}s",
        "VIADUCT_LIMITS_STALL_TIME": f"{STALL}s", "VIADUCT_LIMITS_IDLE_TIME": f"{STALL}s",
    }  # fmt: skip
    with Instance(**({} if LONG else short)) as instance:
        write_jurisdiction(instance, TOWN)
        instance.start()
        yield instance
        assert instance.process.poll() is None, instance.tail


ATTACKS = {
    "slow-heads": (HEAD, ["-H", "-i", "1", "-x", "10", "-t", "GET"]),
    "slow-bodies": (BODY, ["-B", "-i", "1", "-s", "65536", "-x", "10", "-t", "POST", "-f", FORM.split(";")[0]]),
    "slow-reading": (STALL, ["-X", "-w", "256", "-y", "512", "-n", "5", "-z", "16", "-k", "5"]),
    "ranges": (STALL, ["-R", "-a", "1", "-b", "3000", "-t", "HEAD"]),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_h1_the_slow_are_cut_and_others_are_served(patient, name, capsys):
    limit, options = ATTACKS[name]
    length = max(limit + 2 * GRACE, 30 if LONG else 0)
    before = open_files(patient)
    with Bystander(patient.port) as bystander, attack(patient, LIST, length, *options):
        most, started = 0, time.monotonic()
        while time.monotonic() - started < limit + GRACE:
            most = max(most, open_files(patient) - before)
            time.sleep(0.05)
        left = open_files(patient) - before
        if LONG:
            time.sleep(max(0.0, started + length - time.monotonic()))
    calls = len(bystander.seconds)
    p99 = sorted(bystander.seconds)[calls * 99 // 100]
    with capsys.disabled():
        print(f"\n{name}: {most} connections, {length} s; others' p99 of {calls} calls {p99 * 1000:.0f} ms", flush=True)
    if name != "ranges":
        assert most >= CONNECTIONS * 0.9, "they were all there"
    assert left <= 10, f"{left} of {most} are open {limit + GRACE} s after the first"
    assert set(bystander.statuses) == {"200"}, bystander.statuses
    assert len(bystander.statuses) >= 10 and max(bystander.seconds) <= 5


def test_44_half_a_head_is_cut(patient):
    started = time.monotonic()
    conversation = talk(patient.port, b"GET / HTTP/1.1\r\nHos", patience=HEAD + 5, linger=3)
    assert conversation.statuses == [408] and conversation.closed
    assert HEAD - 0.5 <= time.monotonic() - started <= HEAD + 2


def test_45_a_body_that_drips_is_cut(patient):
    """One byte each two seconds; by its length it may take 20 seconds, and never over a minute."""
    head = request("POST", "/sofia/open311/v2/requests.json", {"Content-Type": FORM, "Content-Length": "500"})
    with socket.create_connection(("127.0.0.1", patient.port), 10) as connection:
        connection.sendall(head)
        started = time.monotonic()
        connection.settimeout(2)
        said = b""
        while time.monotonic() - started < 65 and not said:
            try:
                said = connection.recv(65536)
                assert said, "closed without a word"
            except TimeoutError:
                connection.sendall(b"a")
        assert said.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started <= (60 if LONG else BODY + 3)
    wait_until(lambda: patient.admin("/ready") == 200, within=5)
