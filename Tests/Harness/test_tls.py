"""Our own TLS: everything works over it, and a renewed certificate is taken without a restart."""

import json
import os
import socket
import ssl
import subprocess
import time
import warnings
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kit import photos
from kit.instance import Instance, wait_until
from kit.wire import FORM, multipart

HEAD = 3
BASE = "/sofia/open311/v2"
PLACE = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219"}


def issue(directory: Path, name: str, days: int = 90) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    chain, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    key.chmod(0o600)
    return chain, key


class City:
    """A Viaduct with a certificate, and who calls it."""

    def __init__(self, instance: Instance):
        self.instance = instance
        self.chain, self.key = instance.directory / "chain.pem", instance.directory / "chain.key"
        self.trusted = instance.directory / "trusted.pem"

    def install(self, chain: Path, key: Path) -> None:
        """As programs that renew do it: each file is replaced as a whole, one after the other."""
        with self.trusted.open("a") as trusted:
            trusted.write(chain.read_text())
        for source, target in ((key, self.key), (chain, self.chain)):
            new = target.with_suffix(".new")
            new.write_bytes(source.read_bytes())
            new.chmod(0o600)
            new.rename(target)

    def connection(self) -> HTTPSConnection:
        """One that trusts what was installed, and nothing else."""
        return HTTPSConnection("127.0.0.1", self.instance.port, timeout=20, context=ssl.create_default_context(cafile=self.trusted))

    def ask(self, connection: HTTPSConnection, path: str, method: str = "GET", body=None, kind: str = FORM):
        connection.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    @property
    def name(self) -> str:
        """Whose certificate a new connection is shown."""
        with socket.create_connection(("127.0.0.1", self.instance.port), timeout=10) as plain:
            with ssl.create_default_context(cafile=self.trusted).wrap_socket(plain, server_hostname="127.0.0.1") as line:
                return dict(pair for group in line.getpeercert()["subject"] for pair in group)["commonName"]


@pytest.fixture
def city(binary, tmp_path):
    with Instance(VIADUCT_LIMITS_HEAD_TIME=f"{HEAD}s") as instance:
        city = City(instance)
        city.install(*issue(tmp_path, "first"))
        instance.environment |= {"VIADUCT_HTTP_CERTIFICATE": str(city.chain), "VIADUCT_HTTP_CERTIFICATE_KEY": str(city.key)}
        yield city
        assert instance.process is None or instance.process.poll() in (None, 0), instance.tail


def test_reports_photos_and_lists_go_over_it(city):
    key = city.instance.key()
    city.instance.start()
    connection = city.connection()
    assert "https://127.0.0.1" in json.loads(city.ask(connection, "/open311/discovery.json")[1])["endpoints"][0]["url"]
    # More than one record of TLS, and more than one piece of a file.
    noise = photos.Image.frombytes("RGB", (400, 300), os.urandom(400 * 300 * 3))
    picture = city.instance.directory / "noise.png"
    noise.save(picture)
    fields = {**PLACE, "description": "with a photo", "api_key": key}
    body = multipart(fields, [("media", "a.png", "image/png", picture.read_bytes())], "xYzZY")
    status, said = city.ask(connection, BASE + "/requests.json", "POST", body, "multipart/form-data; boundary=xYzZY")
    assert status == 200, said
    number = json.loads(said)[0]["service_request_id"]
    report = json.loads(city.ask(connection, f"{BASE}/requests/{number}.json")[1])[0]
    assert report["media_url"].startswith(f"https://127.0.0.1:{city.instance.port}/media/")
    status, photo = city.ask(connection, "/media/" + report["media_url"].rpartition("/")[2])
    assert status == 200 and len(photo) > 300_000
    with photos.Image.open(photos.io.BytesIO(photo)) as shown:
        assert shown.convert("RGB").tobytes() == noise.tobytes()
    for text in ("one", "two"):
        form = urlencode({**PLACE, "api_key": key, "description": text})
        assert city.ask(connection, BASE + "/requests.json", "POST", form)[0] == 200
    assert len(json.loads(city.ask(connection, BASE + "/requests.json")[1])) == 3


def test_a_renewed_certificate_is_taken_and_a_wrong_one_is_not(city, tmp_path):
    city.instance.start()
    old = city.connection()
    assert city.ask(old, BASE + "/services.json")[0] == 200 and city.name == "first"
    city.install(*issue(tmp_path, "second"))
    wait_until(lambda: city.name == "second", within=10)
    assert city.ask(old, BASE + "/services.json")[0] == 200, "who is connected stays so"

    # A chain without its key, and then no chain at all.
    wrong, _ = issue(tmp_path, "third")
    for content in (wrong.read_bytes(), b"nothing"):
        before = city.instance.log.read_text().count("the old one stays")
        city.chain.write_bytes(content)
        wait_until(lambda: city.instance.log.read_text().count("the old one stays") > before, within=10)
        assert city.name == "second"


def test_who_speaks_no_tls_or_none_in_time_is_cut(city):
    pid = city.instance.start().process.pid
    with socket.create_connection(("127.0.0.1", city.instance.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/1.1" not in plain.recv(1000)
    for begun in (b"", b"\x16\x03\x01\x02\x00"):
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", city.instance.port), timeout=HEAD + 6) as slow:
            slow.sendall(begun)
            while slow.recv(1000):
                pass
        assert HEAD - 1 < time.monotonic() - started < HEAD + 5
    old = ssl.create_default_context(cafile=city.trusted)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", city.instance.port), timeout=10) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain, server_hostname="127.0.0.1")
    assert city.ask(city.connection(), BASE + "/services.json")[0] == 200
    assert city.instance.process.pid == pid and city.instance.process.poll() is None


def test_what_cannot_be_used_is_said_before_the_start(city, tmp_path):
    chain, key = issue(tmp_path, "other", days=3)
    check = city.instance.command

    def told(**environment: str) -> str:
        done = check("check", **environment)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    assert "http.certificate: cannot be used" in told(VIADUCT_HTTP_CERTIFICATE=str(chain))
    assert "http.certificate: cannot be used" in told(VIADUCT_HTTP_CERTIFICATE=str(tmp_path / "none"))
    key.chmod(0o644)
    other = {"VIADUCT_HTTP_CERTIFICATE": str(chain), "VIADUCT_HTTP_CERTIFICATE_KEY": str(key)}
    assert "everybody may read it" in told(**other)
    key.chmod(0o640)
    done = check("doctor", "--json", **other)
    (said,) = (entry for entry in json.loads(done.stdout)["checks"] if entry["name"] == "certificate")
    assert said["result"] == "warning" and "only" in said["findings"][0]["text"]
    del city.instance.environment["VIADUCT_HTTP_CERTIFICATE_KEY"]
    assert "needs http.certificate_key as well" in told()
