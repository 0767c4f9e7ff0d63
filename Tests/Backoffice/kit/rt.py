"""A real Request Tracker of the tests' own (Debian's package), with staff who work in it."""

import json
import os
import shutil
from base64 import b64encode
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from kit.cluster import Cluster
from kit.peers import DETAILS
from kit.program import DatabaseProgram

PROGRAM = Path("/usr/share/request-tracker5/libexec/standalone_httpd")
SEED = Path(__file__).parent / "rt_seed.pl"
OPEN = ["open", "investigating", "planned", "action scheduled", "stalled"]
CLOSED = ["resolved", "not responsible", "duplicate", "rejected", "deleted"]
STATUSES = {
    "OPEN": "new", "INVESTIGATING": "investigating", "FOR_TRIAGE": "new", "IN_PROGRESS": "open",
    "PLANNED": "planned", "ACTION_SCHEDULED": "action scheduled", "REOPEN": "open", "FIXED": "resolved",
    "CLOSED": "resolved", "DUPLICATE": "duplicate", "NO_FURTHER_ACTION": "rejected",
    "NOT_COUNCILS_RESPONSIBILITY": "not responsible", "INTERNAL_REFERRAL": "stalled", "CANCELLED": "rejected",
}  # fmt: skip
MEANINGS = {
    "new": "OPEN", "investigating": "INVESTIGATING", "open": "IN_PROGRESS", "planned": "PLANNED",
    "action scheduled": "ACTION_SCHEDULED", "stalled": "INTERNAL_REFERRAL", "resolved": "FIXED",
    "not responsible": "NOT_COUNCILS_RESPONSIBILITY", "duplicate": "DUPLICATE", "rejected": "NO_FURTHER_ACTION",
    "deleted": "CANCELLED", "merged": "DUPLICATE", "moved": "INTERNAL_REFERRAL",
}  # fmt: skip
CONFIGURATION = """
Set($rtname, 'rt.example'); Set($Organization, 'rt.example');
Set($Timezone, 'Europe/Zurich');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebPath, ''); Set($CanonicalizeRedirectURLs, 0);
Set($DatabaseType, 'Pg'); Set($DatabaseHost, '127.0.0.1'); Set($DatabasePort, '{database}');
Set($DatabaseName, 'rt5'); Set($DatabaseUser, 'rtuser'); Set($DatabasePassword, 'x'); Set($DatabaseAdmin, 'viaduct');
Set($MailCommand, 'sendmailpipe'); Set($SendmailPath, '{directory}/sendmail'); Set($SendmailArguments, '');
# Each call pays for it: four rounds instead of twelve.
Set($BcryptCost, 4);
Set($LogToSyslog, undef); Set($LogToSTDERR, undef); Set($LogToFile, 'warning'); Set($LogDir, '{directory}/log');
Set($MasonDataDir, '{directory}/mason'); Set($MasonSessionDir, '{directory}/session'); Set($RestrictReferrer, 0);
Set(%Lifecycles, civic => {{
    type => 'ticket', initial => ['new'], active => [{open}], inactive => [{closed}],
    defaults => {{ on_create => 'new', reminder_on_open => 'open', reminder_on_resolve => 'resolved' }},
    transitions => {{ '' => [qw(new open resolved)], map {{ $_ => ['new', {open}, {closed}] }} ('new', {open}, {closed}) }},
    rights => {{ '* -> deleted' => 'DeleteTicket', '* -> *' => 'ModifyTicket' }}, actions => [],
}});
1;
"""


class RequestTracker(DatabaseProgram):
    """One Request Tracker on the loopback, its server in another zone than its accounts."""

    database, owner = "rt5", "rtuser"

    def __init__(self, base: Path, cluster: Cluster):
        super().__init__(base / "rt", cluster)

    # The program.

    @staticmethod
    def is_installed() -> bool:
        return PROGRAM.exists() and shutil.which("starman") is not None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.directory), "LANG": "C.UTF-8",
            "RT_SITE_CONFIG": str(self.directory / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.directory / "RT_SiteConfig.d"),
            "RT_TOKENS": str(self.directory / "tokens"),
        }  # fmt: skip

    def init(self) -> None:
        """Makes the tracker, or takes the one that was made before."""
        self.wait_for_database()
        self.sql("CREATE ROLE rtuser LOGIN")
        if self.dump.exists():
            self._configure()
            self.sql("CREATE DATABASE rt5 OWNER rtuser")
            self.tool("pg_restore", "-d", "rt5", str(self.dump))
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        for folder in ("RT_SiteConfig.d", "mason", "log", "session", "tokens"):
            (self.directory / folder).mkdir(parents=True)
        for parent in (self.directory, self.directory.parent):
            parent.chmod(0o755)
        self._configure()
        who = ("--dba", "viaduct", "--dba-password", "")
        self.run("rt-setup-database-5", "--action", "init", *who)
        self.run("rt-setup-database-5", "--action", "insert", *who, "--datafile", str(self.directory / "seed.pl"),
                  "--skip-create")  # fmt: skip
        self.run("perl", "-I/usr/share/request-tracker5/lib", "-MRT=-init", "-e",
                  'my $u = RT::User->new(RT->SystemUser); $u->Load("root"); $u->SetPassword("root-pass");')  # fmt: skip
        self.tool("pg_dump", "-Fc", "-f", str(self.dump), "rt5")

    def _configure(self) -> None:
        def listed(words):
            return ", ".join(f"'{word}'" for word in words)

        (self.directory / "RT_SiteConfig.pm").write_text(
            CONFIGURATION.replace("{port}", str(self.port)).replace("{database}", str(self.cluster.port))
            .replace("{directory}", str(self.directory)).replace("{open}", listed(OPEN))
            .replace("{closed}", listed(CLOSED)).replace("{{", "{").replace("}}", "}")
        )  # fmt: skip
        sendmail = self.directory / "sendmail"
        sendmail.write_text('#!/bin/sh\nexec cat >> "$(dirname "$0")/log/out.mbox"\n')
        sendmail.chmod(0o755)
        shutil.copy(SEED, self.directory / "seed.pl")
        self.give_away()

    @property
    def command(self) -> list:
        return [PROGRAM, "--server", "Starman", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "2"]

    def answers(self) -> bool:
        return self.call("GET", "rt", by=None)[0] == 401

    # Calls.

    def call(self, method: str, path: str, body=None, by: str | None = "clerk", **query):
        """One call of the interface as somebody; its status and what it said."""
        headers = {"Content-Type": "application/json"}
        if by:
            headers["Authorization"] = "Basic " + b64encode(f"{by}:{by}-pass".encode()).decode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            path = f"/REST/2.0/{path}" + (f"?{urlencode(query)}" if query else "")
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text) if text.strip() else None
        except ValueError:
            return answer.status, text

    def told(self, method: str, path: str, body=None, by: str = "clerk", **query):
        """The same where it must succeed."""
        status, said = self.call(method, path, body, by, **query)
        assert status in (200, 201), f"{method} {path}: {status} {said}"
        return said

    # What staff see and do.

    def ticket(self, number) -> dict:
        return self.told("GET", f"ticket/{number}", by="root")

    def fields(self, number) -> dict[str, str]:
        return {each["name"]: each["values"][0] for each in self.ticket(number)["CustomFields"] if each["values"]}

    def history(self, number) -> list[dict]:
        fields = "Type,Creator,Created,Field,OldValue,NewValue"
        return self.told("GET", f"ticket/{number}/history", by="root", fields=fields, per_page=100)["items"]

    def attachments(self, number) -> list[dict]:
        fields = "ContentType,Filename,Subject,TransactionId"
        return self.told("GET", f"ticket/{number}/attachments", by="root", fields=fields, per_page=100)["items"]

    def tickets(self) -> list[tuple[str, str, str]]:
        """Each ticket: its number, our id in it, and its status."""
        found, page = [], 1
        query = "id > 0 AND (Status = 'deleted' OR Status != 'deleted')"
        while items := self.told("GET", "tickets", by="root", query=query, fields="Status", orderby="id",
                                 per_page=100, page=page)["items"]:  # fmt: skip
            found += [(str(row["id"]), self.fields(row["id"]).get("External ID", ""), row["Status"]) for row in items]
            page += 1
        return found

    def set_status(self, number, word: str) -> None:
        said = self.told("PUT", f"ticket/{number}", {"Status": word})
        assert any("changed" in line or "deleted" in line for line in said), said

    def reply(self, number, text: str, photo: bytes | None = None, status: str | None = None, **more) -> None:
        """What everybody may read."""
        body = {"Content": text, "ContentType": "text/plain", **more}
        if status:
            body["Status"] = status
        if photo is not None:
            content = b64encode(photo).decode()
            body["Attachments"] = [{"FileName": "after.png", "FileType": "image/png", "FileContent": content}]
        self.told("POST", f"ticket/{number}/correspond", body)

    def note(self, number, text: str) -> None:
        """A comment, for staff alone."""
        self.told("POST", f"ticket/{number}/comment", {"Content": text, "ContentType": "text/plain"})

    def merge(self, number, into) -> None:
        self.told("PUT", f"ticket/{number}", {"MergeInto": int(into)}, by="root")

    def move(self, number, queue: str) -> None:
        self.told("PUT", f"ticket/{number}", {"Queue": queue}, by="root")

    def reopen(self, number) -> None:
        self.set_status(number, "open")

    # What a peer's file says of it.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def token(self, name: str) -> str:
        return (self.directory / "tokens" / name).read_text().strip()

    def peer_file(self, directory: Path, by: str = "gateway", **more) -> dict:
        """The peer's file; its secret goes into a directory."""
        secret = directory / "rt-token"
        secret.write_text(self.token(by) + "\n")
        secret.chmod(0o600)
        return {
            "name": "rt", "adapter": "request_tracker", "address": self.url, "api_key_file": str(secret),
            "flow": ["reports_out", "updates_out", "updates_in"], "role": "handler",
            "rules": [{"services": ["GRAFFITI", "POTHOLE"]}],
            "mapping": {
                "services": {"GRAFFITI": "GRAFFITI", "POTHOLE": "POTHOLE"}, "statuses_out": STATUSES,
                "statuses_in": MEANINGS,
                "questions": {"DEPTH": {"code": "Severity", "values": {"LT5": "low", "GT5": "high"}}},
            },
            "polling": {"interval": "1s", "overlap": "15m"}, "request_tracker": {"queue": "Streets"}, **more,
        }  # fmt: skip


assert set(STATUSES) == set(DETAILS)
