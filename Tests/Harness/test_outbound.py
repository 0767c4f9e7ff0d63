"""Nobody can have us call where they may not: addresses of pictures, and what they lead to (M1, M2, block H)."""

import gzip
import itertools
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit import photos
from kit.instance import Instance, wait_until
from kit.site import Counter, Page, Site, has_address
from kit.wire import Caller, request

COUNTER = itertools.count(1)


class Guarded:
    """A Viaduct that may call one site, and a listener everywhere that nobody may call."""

    def __init__(self, instance: Instance, key: str, site: Site, forbidden: Counter):
        self.instance, self.site, self.forbidden = instance, site, forbidden
        self.caller: Caller = instance.caller("sofia", key)

    def post(self, *addresses: str):
        return self.caller.post("/requests.json", {
            "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "media_url": list(addresses),
            "description": f"outbound {next(COUNTER)}",
        })  # fmt: skip

    def report(self, *addresses: str) -> str:
        answer = self.post(*addresses)
        assert answer.status == 200, answer.text
        return answer.json[0]["service_request_id"]

    def pictures(self, identifier: str) -> list[str]:
        row = self.caller.get(f"/requests/{identifier}.json", extensions="true").json[0]
        return row["extended_attributes"].get("media_urls", [])

    def settle(self) -> None:
        """Until what was to be fetched at once has been tried: a good one behind it is there."""
        identifier = self.report(f"{self.site.url}/good.jpg?{next(COUNTER)}")
        wait_until(lambda: self.pictures(identifier), within=60, pause=0.1)
        time.sleep(1)

    def visits(self, path: str) -> int:
        return sum(visit.path.startswith(path) for visit in self.site.visits)


BIG = photos.small(1) + bytes(1 << 20)


def page(visit) -> Page:
    """What the one site that may be called answers."""
    path, _, query = visit.path.partition("?")
    name = path.strip("/").partition("/")[0]
    if name == "to":
        # /to/STATUS/ADDRESS in hexadecimal digits.
        _, status, target = path.strip("/").split("/")
        return Page(status=int(status), headers={"Location": bytes.fromhex(target).decode()})
    if name == "loop":
        return Page(status=302, headers={"Location": "/loop"})
    if name == "hops":
        left = int(path.strip("/").split("/")[1])
        return Page(status=302, headers={"Location": f"/hops/{left - 1}" if left else "/good.jpg"})
    pages = {
        "good.jpg": Page(photos.small(7), "image/jpeg"),
        "wrong-type.jpg": Page(photos.small(8), "text/html"),
        "html.jpg": Page(b"<html><script>alert(1)</script></html>", "image/jpeg"),
        "empty.jpg": Page(b"", "image/jpeg"),
        "gzip.jpg": Page(gzip.compress(bytes(64 << 20)), "image/jpeg", headers={"Content-Encoding": "gzip"}),
        "big.jpg": Page(BIG * 12, "image/jpeg"),
        "gone.jpg": Page(status=410),
        "secret.jpg": Page(photos.camera(0)[1], "image/jpeg"),
    }
    return pages.get(name, Page(status=404))


@pytest.fixture(scope="module")
def guarded(binary):
    # The site is the only address that may be called; the counter has the same port elsewhere.
    with Site(page, host="127.0.0.9") as site, Counter(["127.0.0.1", *(["::1"] if has_address("::1") else [])]) as low:
        allowed = {
            "VIADUCT_OUTBOUND_ALLOW": "127.0.0.9/32", "VIADUCT_OUTBOUND_PORTS": f"{site.port},{low.port}",
        }  # fmt: skip
        with Instance(**allowed) as instance:
            key = instance.key()
            instance.start()
            yield Guarded(instance, key, site, low)
            assert instance.process.poll() is None, instance.tail


def test_the_site_that_may_be_called_is_called(guarded):
    identifier = guarded.report(f"{guarded.site.url}/good.jpg?a=1&b=%20c")
    wait_until(lambda: guarded.pictures(identifier), within=30, pause=0.1)
    assert "/good.jpg?a=1&b=%20c" in {visit.path for visit in guarded.site.visits}
    asked = next(visit for visit in guarded.site.visits if visit.path.startswith("/good.jpg"))
    assert asked.method == "GET" and "cookie" not in asked.headers and "authorization" not in asked.headers


def forms(port: int) -> dict[str, int]:
    """Block H: addresses that mean this machine, a private network or nothing, as texts.

    With the status of a report that brings one: 400 where the text itself is none that we would ask, 200 where it
    is never asked for.
    """
    loopback = [
        "127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
        "127.0.0.1.", "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
        "[2001:0:7f00:1::]", "[fe80::1%25lo]", "[fe80::1]", "[fd00::1]", "[fc00::1]", "[ff02::1]", "[fec0::1]",
    ]  # fmt: skip
    private = [
        "169.254.169.254", "[fd00:ec2::254]", "100.64.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.255",
        "198.18.0.1", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "[2001:db8::1]",
    ]  # fmt: skip
    names = [
        "localhost", "LOCALHOST.", "localhost.localdomain", "a.localhost", "ⓛocalhost", "%6cocalhost",
        "metadata.google.internal", "printer.local", "db.internal",
    ]  # fmt: skip
    numbered = [f"http://{host}:{port}/a.jpg" for host in loopback + private + names]
    odd = [
        f"http://good.example#@127.0.0.1:{port}/", f"http://127.0.0.1:{port}#@127.0.0.9/",
        f"http://127。0。0。1:{port}/", f"HtTp://127.0.0.1:{port}/",
    ]  # fmt: skip
    tricks = [
        f"http://user:pw@127.0.0.1:{port}/", f"http://127.0.0.1:{port}\\@good.example/",
        f"http://good.example@127.0.0.1:{port}/", f"http://127.0.0.9:x@127.0.0.1:{port}/",
        f"http://127.0.0.1\t:{port}/", f"http://127.0.0.1 :{port}/",
        f"http:127.0.0.1:{port}/", f"http:/127.0.0.1:{port}/", f"http:///127.0.0.1:{port}/",
        f"//127.0.0.1:{port}/x", f"127.0.0.1:{port}/x", f"ftp://127.0.0.1:{port}/x",
        f"gopher://127.0.0.1:{port}/_x", "file:///etc/passwd",
        "data:image/png;base64,AAAA", "javascript:alert(1)", f"jar:http://127.0.0.1:{port}!/",
    ]  # fmt: skip
    ports = [f"http://127.0.0.9:{number}/" for number in (22, 25, 5432, 6379, 0, 65536, 1, 99999)]
    lines = [
        f"http://127.0.0.1:{port}/%0d%0aHost:%20evil", f"http://127.0.0.1:{port}/\r\nX: y",
        f"http://127.0.0.9:{port}/" + "a" * 3072,
    ]  # fmt: skip
    return dict.fromkeys([*numbered, *odd, *ports], 200) | dict.fromkeys([*tricks, *lines], 400)


def test_addresses_that_mean_us_cause_no_connection(guarded):
    texts = forms(guarded.forbidden.port)
    assert len(texts) >= 60
    taken = []
    for text, status in texts.items():
        answer = guarded.post(text)
        assert answer.status == status, f"{text}: {answer.status}"
        if answer.status == 200:
            taken.append(answer.json[0]["service_request_id"])
        else:
            assert "media" in answer.problems(), text
    guarded.settle()
    assert guarded.forbidden.seen == []
    assert all(guarded.pictures(identifier) == [] for identifier in taken)


def test_what_a_good_site_leads_to_is_judged_again(guarded):
    before = list(guarded.forbidden.seen)
    texts = forms(guarded.forbidden.port)
    shorter = [text for text in texts if text.isascii() and text.isprintable() and len(text) < 500]
    taken = []
    for number, text in enumerate(shorter):
        status = (301, 302, 303, 307, 308)[number % 5]
        taken.append(guarded.report(f"{guarded.site.url}/to/{status}/{text.encode().hex()}"))
    guarded.settle()
    assert guarded.visits("/to/") >= len(shorter) * 0.9
    assert guarded.forbidden.seen == before
    assert all(guarded.pictures(identifier) == [] for identifier in taken)


def test_a_few_hops_are_followed_and_a_loop_is_left(guarded):
    good = guarded.report(f"{guarded.site.url}/hops/1")
    wait_until(lambda: guarded.pictures(good), within=30, pause=0.1)
    many, loop = guarded.report(f"{guarded.site.url}/hops/6"), guarded.report(f"{guarded.site.url}/loop")
    guarded.settle()
    assert guarded.pictures(many) == guarded.pictures(loop) == []
    assert guarded.visits("/loop") <= 5 and guarded.visits("/hops/0") <= 1


@pytest.mark.parametrize("name", ["html.jpg", "empty.jpg", "gzip.jpg", "big.jpg", "gone.jpg"])
def test_what_is_no_picture_is_not_shown_and_the_report_stays(guarded, name):
    before = guarded.instance.resident
    identifier = guarded.report(f"{guarded.site.url}/{name}")
    wait_until(lambda: guarded.visits(f"/{name}"), within=30)
    guarded.settle()
    assert guarded.pictures(identifier) == []
    assert guarded.instance.resident - before < 64 * 1024


def test_a_fetched_picture_is_cleaned_like_any_other(guarded):
    identifier = guarded.report(f"{guarded.site.url}/secret.jpg", f"{guarded.site.url}/wrong-type.jpg")
    wait_until(lambda: guarded.pictures(identifier), within=30, pause=0.1)
    path = "/" + guarded.pictures(identifier)[0].split("/", 3)[3]
    body = guarded.caller.send(request("GET", path, {"Connection": "close"})).body
    assert body.startswith(b"\xff\xd8\xff") and photos.SECRET.encode() not in body


class Dripping:
    """A server that sends a picture so slowly that it never ends; a context."""

    def __init__(self, host: str, port: int = 0):
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        self.held: list[float] = []

    def __enter__(self) -> "Dripping":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        started = time.monotonic()
        try:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n")
            while time.monotonic() - started < 60:
                connection.sendall(b"\xff")
                time.sleep(0.2)
        except OSError:
            pass
        finally:
            self.held.append(time.monotonic() - started)
            connection.close()

    def __exit__(self, *_) -> None:
        self.listener.close()


def test_a_slow_server_holds_nobody_up(binary):
    with Dripping("127.0.0.9") as slow, Site(page, host="127.0.0.9") as site:
        allowed = {
            "VIADUCT_OUTBOUND_ALLOW": "127.0.0.9/32", "VIADUCT_OUTBOUND_PORTS": f"{slow.port},{site.port}",
        }  # fmt: skip
        with Instance(**allowed) as instance:
            guarded = Guarded(instance, instance.key(), site, None)
            instance.start()
            for number in range(3):
                guarded.report(f"http://127.0.0.9:{slow.port}/{number}.jpg")
            good = guarded.report(f"{site.url}/good.jpg")
            wait_until(lambda: guarded.pictures(good), within=60, pause=0.1)
            wait_until(lambda: len(slow.held) >= 3, within=90, pause=0.5)
            assert max(slow.held[:3]) < 45, "20 s, on a busy machine"


@contextmanager
def connects(pid: int, log: Path):
    """Writes down whom a process connects to."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-e", "trace=connect", "-o", str(log)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        first = tracer.stderr.readline()
        if "attached" not in first:
            pytest.skip(f"no process may trace another here: {first}")
        # It goes on telling of threads; nobody else reads that.
        threading.Thread(target=tracer.stderr.read, daemon=True).start()
        yield
    finally:
        tracer.terminate()
        tracer.wait(20)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_packet_goes_out_for_what_is_refused(guarded, tmp_path):
    """The system calls themselves: the server connects to nothing but what may be called."""
    log = tmp_path / "connects"
    with connects(guarded.instance.process.pid, log):
        for text in forms(guarded.site.port):
            guarded.post(text)
        guarded.settle()
    called = re.findall(r'connect\(.*(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"', log.read_text())
    lines = [line for line in log.read_text().split("\n") if "connect(" in line and "AF_INET" in line]
    assert any("127.0.0.9" in line for line in lines), "or it shows nothing"
    allowed = {"127.0.0.9", *nameservers(), *database(guarded.instance)}
    assert set(called) <= allowed, set(called) - allowed


def nameservers() -> list[str]:
    """Who is asked for names; and the resolver sorts addresses by connecting to none of them."""
    text = Path("/etc/resolv.conf").read_text() if Path("/etc/resolv.conf").exists() else ""
    return re.findall(r"(?m)^nameserver\s+(\S+)", text)


def database(instance: Instance) -> list[str]:
    """Where the database is that we were given."""
    found = re.search(r"@([^/:]+)", instance.environment.get("VIADUCT_DATABASE_URL", ""))
    return [found.group(1)] if found else []
