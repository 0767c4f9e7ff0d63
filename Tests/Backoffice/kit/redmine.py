"""A real Redmine of the tests' own (Debian's package), with staff who work in it."""

import hashlib
import json
import os
import shutil
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode

from kit.cluster import Cluster
from kit.peers import DETAILS
from kit.program import DatabaseProgram

PROGRAM = Path("/usr/share/redmine")
INSTANCES = Path("/var/lib/redmine")
SEED = Path(__file__).parent / "redmine_seed.rb"
GEMFILE = "eval_gemfile '/usr/share/redmine/Gemfile'\ngem 'puma'\n"
"""The packaged bundle has no server in it."""

STATUSES = {
    "OPEN": "New", "INVESTIGATING": "Investigating", "FOR_TRIAGE": "New", "IN_PROGRESS": "In Progress",
    "PLANNED": "Planned", "ACTION_SCHEDULED": "Action scheduled", "REOPEN": "In Progress", "FIXED": "Fixed",
    "CLOSED": "Closed", "DUPLICATE": "Duplicate", "NO_FURTHER_ACTION": "Rejected",
    "NOT_COUNCILS_RESPONSIBILITY": "Not responsible", "INTERNAL_REFERRAL": "Investigating",
    "CANCELLED": "Rejected",
}  # fmt: skip
MEANINGS = {
    "New": "OPEN", "Investigating": "INVESTIGATING", "In Progress": "IN_PROGRESS", "Planned": "PLANNED",
    "Action scheduled": "ACTION_SCHEDULED", "Resolved": "IN_PROGRESS", "Feedback": "INVESTIGATING",
    "Fixed": "FIXED", "Closed": "CLOSED", "Rejected": "NO_FURTHER_ACTION", "Duplicate": "DUPLICATE",
    "Not responsible": "NOT_COUNCILS_RESPONSIBILITY",
    "merged": "DUPLICATE", "moved": "INTERNAL_REFERRAL", "gone": "CANCELLED",
}  # fmt: skip


class Redmine(DatabaseProgram):
    """One Redmine on the loopback, its database in a cluster of the tests' own."""

    database = owner = "redmine"

    def __init__(self, base: Path, cluster: Cluster):
        super().__init__(base / "redmine", cluster)
        self.name = "viaduct-" + hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]

    # The program.

    @staticmethod
    def is_installed() -> bool:
        return (PROGRAM / "config.ru").exists() and os.geteuid() == 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8", "RUBYOPT": "-W0",
            "RAILS_ENV": "production", "REDMINE_INSTANCE": self.name, "REDMINE_LANG": "en",
            "BUNDLE_GEMFILE": str(self.directory / "Gemfile"), "SCHEMA": str(self.directory / "schema.rb"),
            # A later Ruby brings a later Bundler, which does not find what Debian has installed.
            "BUNDLER_VERSION": debian_bundler(), "KEYFILE": str(self.directory / "keys.json"),
        }  # fmt: skip

    def init(self) -> None:
        """Makes the instance, or takes the one that was made before."""
        self.wait_for_database()
        self.sql("CREATE ROLE redmine LOGIN CREATEDB")
        if self.dump.exists():
            self._configure()
            self.sql("CREATE DATABASE redmine OWNER redmine ENCODING 'UTF8'")
            self.tool("pg_restore", "--no-owner", "--role=redmine", "-d", "redmine", str(self.dump))
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        for folder in ("config", "files", "log", "tmp/cache", "tmp/pids", "plugin_assets"):
            (self.directory / folder).mkdir(parents=True)
        for parent in (self.directory, self.directory.parent):
            parent.chmod(0o755)
        self._configure()
        self.sql("CREATE DATABASE redmine OWNER redmine ENCODING 'UTF8'")
        seed = self.directory / "seed.rb"
        shutil.copy(SEED, seed)
        self.give_away()
        self.run("bundle", "install", "--local", "--quiet")
        self.run("rake", "db:migrate")
        self.run("rake", "redmine:load_default_data")
        self.run("bin/rails", "runner", str(seed))
        self.tool("pg_dump", "-Fc", "-f", str(self.dump), "redmine")

    def _configure(self) -> None:
        config = self.directory / "config"
        (config / "database.yml").write_text(
            "production:\n  adapter: postgresql\n  host: 127.0.0.1\n"
            f"  port: {self.cluster.port}\n  database: redmine\n  username: redmine\n  encoding: utf8\n"
        )
        (config / "configuration.yml").write_text("default:\n  email_delivery:\n    delivery_method: :test\n")
        (config / "secret_key.txt").write_text("a" * 40)
        (self.directory / "Gemfile").write_text(GEMFILE)
        link = INSTANCES / self.name
        link.unlink(missing_ok=True)
        link.symlink_to(self.directory)
        self.give_away()

    place = PROGRAM

    @property
    def command(self) -> list:
        return ["rackup", "-s", "puma", "-E", "production", "-o", "127.0.0.1", "-p", str(self.port), "-O", "Threads=1:4"]

    def answers(self) -> bool:
        return self.call("GET", "/users/current.json", by=None)[0] == 401

    def __exit__(self, *_) -> None:
        super().__exit__()
        (INSTANCES / self.name).unlink(missing_ok=True)

    # Calls.

    @property
    def keys(self) -> dict:
        """Accounts' keys, and the numbers of what was made, by name."""
        return json.loads((self.directory / "keys.json").read_text())

    def call(self, method: str, path: str, body=None, by: str | None = "clerk", raw: bytes | None = None):
        """One call of the interface as somebody; its status and what it said."""
        headers = {"X-Redmine-API-Key": self.keys[by]} if by else {}
        headers["Content-Type"] = "application/octet-stream" if raw is not None else "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, raw if raw is not None else body and json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text) if text.strip() else None
        except ValueError:
            return answer.status, text

    def told(self, method: str, path: str, body=None, by: str = "clerk", raw: bytes | None = None):
        """The same where it must succeed."""
        status, said = self.call(method, path, body, by, raw)
        assert status in (200, 201, 204), f"{method} {path}: {status} {said}"
        return said

    # What staff see and do.

    def issue(self, number, include: str = "journals,attachments,relations") -> dict:
        return self.told("GET", f"/issues/{number}.json?include={include}")["issue"]

    def issues(self, **query) -> list[dict]:
        listed, offset = [], 0
        while True:
            parameters = urlencode({"status_id": "*", "limit": 100, "offset": offset, "sort": "id:asc", **query})
            page = self.told("GET", f"/issues.json?{parameters}", by="admin")
            listed += page["issues"]
            offset += 100
            if offset >= page["total_count"]:
                return listed

    def tickets(self) -> list[tuple[str, str, str]]:
        """Each ticket: its number, our id in it, and its status."""
        field = self.keys["cf"]["External ID"]
        return [
            (str(issue["id"]), value_of(issue, field) or "", issue["status"]["name"]) for issue in self.issues()
        ]

    def set_status(self, number, word: str) -> None:
        self.change(number, status_id=self.keys["status"][word])

    def reply(self, number, text: str, photo: bytes | None = None, status: str | None = None) -> None:
        """A public note."""
        more = {"status_id": self.keys["status"][status]} if status else {}
        if photo is not None:
            upload = self.told("POST", "/uploads.json?filename=after.png", raw=photo)["upload"]
            more["uploads"] = [
                {"token": upload["token"], "filename": "after.png", "content_type": "image/png"}
            ]
        self.change(number, notes=text, **more)

    def note(self, number, text: str) -> None:
        """A note for staff alone."""
        self.change(number, notes=text, private_notes=True)

    def merge(self, number, into) -> None:
        """Calls a ticket the duplicate of another one."""
        relation = {"issue_to_id": int(into), "relation_type": "duplicates"}
        self.told("POST", f"/issues/{number}/relations.json", {"relation": relation})

    def reopen(self, number) -> None:
        self.set_status(number, "In Progress")

    def change(self, number, by: str = "clerk", **fields) -> None:
        self.told("PUT", f"/issues/{number}.json", {"issue": fields}, by=by)

    def delete(self, number) -> None:
        self.told("DELETE", f"/issues/{number}.json", by="admin")

    def photo(self, attachment: dict) -> bytes:
        """The bytes of an attachment."""
        name = quote(attachment["filename"])
        return self.told("GET", f"/attachments/download/{attachment['id']}/{name}")

    # What a peer's file says of it.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def peer_file(self, directory: Path, by: str = "gateway", **more) -> dict:
        """The peer's file; its secret goes into a directory."""
        keys = self.keys
        fields = {
            "external_id": "External ID", "latitude": "Latitude", "longitude": "Longitude",
            "address": "Address", "service": "Service Code",
        }  # fmt: skip
        entry = {
            "name": "redmine", "adapter": "redmine", "address": self.url,
            "api_key_file": write_secret(directory, "redmine-key", keys[by]),
            "flow": ["reports_out", "updates_out", "updates_in"], "role": "handler",
            "rules": [{"services": ["GRAFFITI", "POTHOLE"]}],
            "mapping": {
                "services": {"GRAFFITI": "GRAFFITI", "POTHOLE": "POTHOLE"}, "statuses_out": STATUSES,
                "statuses_in": MEANINGS, "questions": {"DEPTH": str(keys["cf"]["Severity"]), "COUNT": "count"},
            },
            "polling": {"interval": "1s", "overlap": "15m"},
            "redmine": {
                "project": "streets", "tracker": keys["tracker"],
                "fields": {name: keys["cf"][label] for name, label in fields.items()},
            },
        }  # fmt: skip
        entry["mapping"]["questions"]["DEPTH"] = {
            "code": str(keys["cf"]["Severity"]), "values": {"LT5": "low", "GT5": "high"},
        }  # fmt: skip
        return {**entry, **more}


assert set(STATUSES) == set(DETAILS)


def value_of(issue: dict, field: int) -> str | None:
    """What a custom field of a ticket holds."""
    return next((each.get("value") for each in issue.get("custom_fields", []) if each["id"] == field), None)


def debian_bundler() -> str:
    """The version of Bundler that Debian made to find Debian's packages."""
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "ruby-bundler"], capture_output=True, text=True
    ).stdout
    return shown.split("-")[0]


def write_secret(directory: Path, name: str, text: str) -> str:
    """Writes a secret for its owner's eyes; returns the file's name for the settings."""
    path = directory / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)
