"""A real Roundup of the tests' own (from PyPI), with staff who work in it."""

import base64
import json
import re
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from kit.peers import DETAILS
from kit.program import Program

VERSION = "2.6.0"
SCHEMA = """
for role in ('User',):
    db.security.addPermissionToRole(role, 'Rest Access')
"""
DATA = """
for number, name in enumerate(
        ['investigating', 'planned', 'action-scheduled', 'not-responsible', 'duplicate', 'fixed'], 20):
    db.getclass('status').create(name=name, order=str(number))
from roundup import password
for name, zone in (('gateway', 'UTC'), ('clerk', 'Europe/Zurich'), ('bernese', 'Europe/Zurich')):
    db.getclass('user').create(
        username=name, password=password.Password(name + '-pass', config=db.config), realname=name.title(),
        address=name + '@city.example', roles='User', timezone=zone)
"""
STATUSES = {
    "OPEN": "unread", "INVESTIGATING": "investigating", "FOR_TRIAGE": "unread", "IN_PROGRESS": "in-progress",
    "PLANNED": "planned", "ACTION_SCHEDULED": "action-scheduled", "REOPEN": "in-progress", "FIXED": "fixed",
    "CLOSED": "resolved", "DUPLICATE": "duplicate", "NO_FURTHER_ACTION": "resolved",
    "NOT_COUNCILS_RESPONSIBILITY": "not-responsible", "INTERNAL_REFERRAL": "investigating",
    "CANCELLED": "resolved",
}  # fmt: skip
MEANINGS = {
    "unread": "OPEN", "deferred": "PLANNED", "chatting": "INVESTIGATING", "need-eg": "INVESTIGATING",
    "in-progress": "IN_PROGRESS", "testing": "IN_PROGRESS", "done-cbb": "FIXED", "resolved": "CLOSED",
    "investigating": "INVESTIGATING", "planned": "PLANNED", "action-scheduled": "ACTION_SCHEDULED",
    "not-responsible": "NOT_COUNCILS_RESPONSIBILITY", "duplicate": "DUPLICATE", "fixed": "FIXED",
    "merged": "DUPLICATE", "gone": "CANCELLED",
}  # fmt: skip


class Roundup(Program):
    """One tracker on the loopback, in SQLite. `rate` is how many calls a minute an account may make; 0 is any number."""

    patience = 30

    def __init__(self, base: Path, rate: int = 0):
        super().__init__(base / "roundup")
        self.rate = rate

    # The program.

    @property
    def programs(self) -> Path:
        return self.directory / "python" / "bin"

    @property
    def home(self) -> Path:
        return self.directory / (f"home-{self.rate}" if self.rate else "home")

    def init(self) -> None:
        """Makes the tracker, or a fresh copy of the one that was made before."""
        assert self.process is None, "it runs"
        if not (self.directory / "made").exists():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True)
            self._install()
            self._make()
            shutil.copytree(self.home, self.directory / "made")
        self.restore(self.directory / "made")
        self._configure()

    def _install(self) -> None:
        # The system's Python, because whoever is not root can run it as well.
        python = next(p for p in ("/usr/bin/python3", sys.executable) if Path(p).exists())
        subprocess.run([python, "-m", "venv", "--without-pip", self.programs.parent], check=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.programs / "python"]
        subprocess.run([*pip, "install", "-q", f"roundup=={VERSION}", "pytz"], check=True, stdin=subprocess.DEVNULL)

    def _make(self) -> None:
        self.home.mkdir()
        site = "rdbms_backend=sqlite,tracker_web=http://127.0.0.1/city/,mail_domain=city.example,mail_host=127.0.0.1"
        self._admin("install", "classic", "sqlite", f"{site},mail_debug={self.directory}/mail.log")
        schema = self.home / "schema.py"
        text = schema.read_text().replace(
            'assignedto=Link("user"),',
            'assignedto=Link("user"), external_id=String(indexme="no"), latitude=Number(), longitude=Number(),'
            " address=String(), service_code=String(),", 1,
        )  # fmt: skip
        # Nothing says who may read a message, so a field of our own does.
        text = text.replace("messageid=String(),", "messageid=String(), public=Boolean(),", 1)
        schema.write_text(text + SCHEMA)
        with (self.home / "initial_data.py").open("a") as data:
            data.write(DATA)
        self._admin("initialise", "admin-pass")
        self.give_away()

    def _admin(self, *command: str) -> None:
        done = subprocess.run(
            [self.programs / "roundup-admin", "-i", self.home, *command], stdin=subprocess.DEVNULL,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def _configure(self) -> None:
        file = self.home / "config.ini"
        text = file.read_text()
        for name, value in {
            "web": f"http://127.0.0.1:{self.port}/city/", "api_calls_per_interval": self.rate,
            "api_interval_in_sec": 60, "allowed_api_origins": "*",
        }.items():  # fmt: skip
            text = re.sub(rf"(?m)^#?{name} = .*", f"{name} = {value}", text)
        file.write_text(text)
        self.give_away()

    @property
    def command(self) -> list:
        return [self.programs / "roundup-server", "-n", "127.0.0.1", "-p", str(self.port), f"city={self.home}"]

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def answers(self) -> bool:
        return self.call("GET", "", by=None)[0] > 0

    def snapshot(self) -> None:
        """Keeps how it is now; it must not run."""
        shutil.rmtree(self.home.with_name(f"{self.home.name}-kept"), ignore_errors=True)
        shutil.copytree(self.home, self.home.with_name(f"{self.home.name}-kept"))

    def restore(self, source: Path | None = None) -> None:
        """Makes it as it was kept; it must not run."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(source or self.home.with_name(f"{self.home.name}-kept"), self.home)
        self.give_away()

    # Calls.

    def call(self, method: str, path: str, body=None, by: str | None = "clerk", headers=None, raw: bytes | None = None):
        """One call of the interface as somebody; its status, what it said, and its headers."""
        given = {"X-Requested-With": "rest", "Origin": f"http://127.0.0.1:{self.port}",
                 "Referer": self.url, "Accept": "application/json"}  # fmt: skip
        if by:
            password = "admin-pass" if by == "admin" else f"{by}-pass"
            given["Authorization"] = "Basic " + base64.b64encode(f"{by}:{password}".encode()).decode()
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
            connection.request(method, f"/city/rest/{path}", data, {**given, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text), dict(answer.getheaders())
        except ValueError:
            return answer.status, text, dict(answer.getheaders())

    def told(self, method: str, path: str, body=None, **more):
        """What it said where it must succeed."""
        status, said, _ = self.call(method, path, body, **more)
        assert status in (200, 201), f"{method} {path}: {status} {said}"
        return said["data"] if isinstance(said, dict) else said

    # What staff see and do.

    def issue(self, number) -> dict:
        return self.told("GET", f"data/issue/{number}?@verbose=1")["attributes"]

    def tickets(self) -> list[tuple[str, str, str]]:
        """Each ticket: its number, our id in it, and its status."""
        rows = self.told("GET", "data/issue?" + urlencode({"@fields": "external_id,status", "@verbose": "2"}), by="admin")
        return [
            (row["id"], row["external_id"] or "", row["status"]["name"] if row["status"] else "")
            for row in rows["collection"]
        ]

    def change(self, number, by: str = "clerk", **fields) -> None:
        etag = self.told("GET", f"data/issue/{number}", by=by)["@etag"]
        self.told("PATCH", f"data/issue/{number}", {"@op": "replace", **fields}, by=by, headers={"If-Match": etag})

    def set_status(self, number, word: str) -> None:
        self.change(number, status=word)

    def say(self, number, text: str, photo: bytes | None, **fields) -> None:
        files = [self.upload("after.png", photo)] if photo is not None else []
        message = self.told("POST", "data/msg", {"content": text, "author": "clerk", "date": ".", "files": files, **fields})
        etag = self.told("GET", f"data/issue/{number}")["@etag"]
        self.told("PATCH", f"data/issue/{number}", {"@op": "add", "messages": [message["id"]]}, headers={"If-Match": etag})

    def reply(self, number, text: str, photo: bytes | None = None, status: str | None = None) -> None:
        """A public message."""
        self.say(number, text, photo, public=True)
        if status:
            self.set_status(number, status)

    def note(self, number, text: str) -> None:
        """A message for staff alone: nothing says that it is public."""
        self.say(number, text, None)

    def merge(self, number, into) -> None:
        self.change(number, superseder=[str(into)])

    def reopen(self, number) -> None:
        self.set_status(number, "in-progress")

    def delete(self, number) -> None:
        """Retires a ticket, as they say there."""
        etag = self.told("GET", f"data/issue/{number}", by="admin")["@etag"]
        self.told("DELETE", f"data/issue/{number}", by="admin", headers={"If-Match": etag})

    def upload(self, name: str, content: bytes, kind: str = "image/png", by: str = "clerk") -> str:
        boundary = "a5b2c9d4e7f8"
        parts = [("name", name.encode()), ("type", kind.encode())]
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode() + value + b"\r\n"
            for field, value in parts
        )
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{name}"\r\n'
        body += head.encode() + f"Content-Type: {kind}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kinds = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.told("POST", "data/file", raw=body, by=by, headers=kinds)["id"]

    # What a peer's file says of it.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/city/"

    def peer_file(self, directory: Path, by: str = "gateway", **more) -> dict:
        """The peer's file; its secret goes into a directory."""
        entry = {
            "name": "roundup", "adapter": "roundup", "address": self.url,
            "api_key_file": write_secret(directory, "roundup-password", f"{by}-pass"),
            "flow": ["reports_out", "updates_out", "updates_in"], "role": "handler",
            "rules": [{"services": ["GRAFFITI"]}],
            "mapping": {
                "services": {"GRAFFITI": "GRAFFITI"}, "statuses_out": STATUSES, "statuses_in": MEANINGS,
            },
            "polling": {"interval": "1s", "overlap": "15m"},
            "roundup": {
                "user": by,
                "fields": {
                    "external_id": "external_id", "latitude": "latitude", "longitude": "longitude",
                    "address": "address", "service": "service_code", "public": "public",
                },
            },
        }  # fmt: skip
        return {**entry, **more}


assert set(STATUSES) == set(DETAILS)


def write_secret(directory: Path, name: str, text: str) -> str:
    """Writes a secret for its owner's eyes; returns the file's name for the settings."""
    path = directory / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)
