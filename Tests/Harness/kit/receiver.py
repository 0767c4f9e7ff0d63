"""A peer of the tests' own: a GeoReport server on the loopback that notes what takes effect in it.

It may recognise a repeat by its key, or only show what it has, or neither; it may answer with tokens;
it may fail as `faults` say; its clock may be wrong; and it may show late what was committed late.
"""

import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from . import faults
from .faults import Faults
from .history import History

KEY = re.compile(r"\b[\w-]+/\d+\b")
"""What a text is about, if it is one of ours (see checker.py)."""
BASE = "/open311/v2"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ticket:
    """A report as the receiver knows it."""

    id: str
    form: dict[str, str]
    requested: datetime
    updated: datetime
    status: str = "open"
    notes: str | None = None
    visible: float = 0

    def row(self) -> dict:
        form = self.form
        return {
            "service_request_id": self.id, "status": self.status, "status_notes": self.notes,
            "service_code": form.get("service_code"), "service_name": form.get("service_code"),
            "description": form.get("description"), "agency_responsible": None, "service_notice": None,
            "requested_datetime": written(self.requested), "updated_datetime": written(self.updated),
            "expected_datetime": None, "address": form.get("address_string"),
            "address_id": form.get("address_id"), "zipcode": None,
            "lat": number(form.get("lat")), "long": number(form.get("long")),
            "media_url": form.get("media_url"),
        }  # fmt: skip


@dataclass
class Told:
    """An update as the receiver shows it."""

    id: str
    ticket: str
    status: str
    text: str
    when: datetime
    visible: float = 0
    """When it can be seen, on the monotonic clock: it was committed late."""
    media: str | None = None

    def row(self) -> dict:
        row = {
            "update_id": self.id, "service_request_id": self.ticket, "status": self.status,
            "updated_datetime": written(self.when), "description": self.text,
        }  # fmt: skip
        return {**row, "media_url": self.media} if self.media else row


def number(text: str | None) -> float | None:
    return float(text) if text else None


@dataclass
class Traffic:
    """Who was here, and how much at the same time (D18)."""

    now: Counter = field(default_factory=Counter)
    most: int = 0
    twice: set[str] = field(default_factory=set)
    """Reports about which two deliveries were under way at the same time."""
    begun: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def enter(self, report: str) -> None:
        self.now[report] += 1
        self.begun.append(time.monotonic())
        self.most = max(self.most, sum(self.now.values()))
        if report and self.now[report] > 1:
            self.twice.add(report)

    def leave(self, report: str) -> None:
        self.now[report] -= 1


class Receiver:
    """The server; a context. Its effects are in the history, in their order."""

    def __init__(
        self,
        name: str,
        history: History | None = None,
        repeats: str = "look",
        answers: str = "ids",
        faults: Faults | None = None,
        skew: timedelta = timedelta(0),
        most: int = 100_000,
        late: float = 25,
        port: int = 0,
        services: tuple[str, ...] = ("1",),
    ):
        assert repeats in ("key", "look", "none") and answers in ("ids", "tokens")
        self.name, self.repeats, self.answers = name, repeats, answers
        self.history = history or History()
        self.faults = faults or Faults(0, {})
        self.skew, self.most, self.late, self.services = skew, most, late, services
        self.tickets: dict[str, Ticket] = {}
        self.told: dict[str, Told] = {}
        self.tokens: dict[str, tuple[str, float]] = {}
        self.by_key: dict[str, str] = {}
        self.traffic = Traffic()
        self.paths: list[str] = []
        self.pace: float = 0
        """How long each POST takes."""
        self.refusing: Callable[[str], int | None] = lambda text: None
        """A status instead of an effect, by the text of a call."""
        self.stage: Callable[[str, str], None] = lambda stage, key: None
        """Is told of `connected`, `head` and `body` of each POST, before anything comes of it."""
        self.lock = threading.RLock()
        self._port, self.server, self.thread = port, None, None

    # The life of the server.

    def __enter__(self) -> "Receiver":
        return self.open()

    def __exit__(self, *_) -> None:
        self.close()

    def open(self) -> "Receiver":
        """Listens, on the same port as before if it was closed."""
        self.server = Server(("127.0.0.1", self._port), self)
        self._port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def close(self) -> None:
        """Takes no more connections; those that stand end with their request."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join(5)
            self.server = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}/"

    def now(self) -> datetime:
        """The receiver's time, which may be wrong."""
        return datetime.now(UTC) + self.skew

    # What it holds.

    @property
    def effects(self) -> list[str]:
        """The keys of all effects, in their order."""
        return [e["key"] for e in self.history.where("effect") if e.who == self.name]

    def tell(self, ticket: str, status: str, text: str, when: datetime | None = None, id: str = "",
             after: float = 0, media: str | None = None) -> Told:  # fmt: skip
        """Says something about a ticket by itself; it is seen `after` so many seconds."""
        with self.lock:
            moment = when or self.now()
            update = Told(id or f"{self.name}-u{len(self.told) + 1}", ticket, status, text, moment,
                          time.monotonic() + after, media)  # fmt: skip
            self.told[update.id] = update
            known = self.tickets[ticket]
            known.status = "closed" if status.upper() in CLOSED else "open"
            known.updated = max(known.updated, moment)
            return update

    def add(self, form: dict[str, str], when: datetime | None = None, after: float = 0) -> Ticket:
        """A ticket that the receiver has by itself."""
        with self.lock:
            moment = when or self.now()
            ticket = Ticket(f"{self.name}-{len(self.tickets) + 1}", form, moment, moment,
                            visible=time.monotonic() + after)  # fmt: skip
            self.tickets[ticket.id] = ticket
            return ticket

    def take_report(self, form: dict[str, str], key: str) -> dict:
        with self.lock:
            known = self.by_key.get(key) if self.repeats == "key" and key else None
            if known is None:
                known = self.add(form).id
                self.by_key[key] = known
                self._note(form, known, key)
        if self.answers == "ids":
            return {"service_request_id": known, "service_notice": None, "account_id": None}
        token = f"t-{known}"
        self.tokens.setdefault(token, (known, time.monotonic() + 0.5))
        return {"token": token}

    def take_update(self, form: dict[str, str], key: str) -> dict | None:
        with self.lock:
            ticket = form.get("service_request_id", "")
            if ticket not in self.tickets:
                return None
            known = self.by_key.get(key) if self.repeats == "key" and key else None
            if known is None:
                when = form.get("updated_datetime")
                text = form.get("description", "")
                update = self.tell(
                    ticket, form.get("status", "OPEN"), text, instant(when) if when else None
                )
                known = self.by_key[key] = update.id
                self._note(form, known, key)
        return {"update_id": known}

    def _note(self, form: dict[str, str], number: str, message: str) -> None:
        found = KEY.search(form.get("description", ""))
        self.history.note(self.name, "info", "effect", key=found.group() if found else "",
                          id=number, message=message)  # fmt: skip


CLOSED = {"CLOSED", "FIXED", "DUPLICATE", "NO_FURTHER_ACTION", "NOT_COUNCILS_RESPONSIBILITY"}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address, receiver: Receiver):
        self.receiver = receiver
        self.cut: set[int] = set()
        super().__init__(address, Handler)

    def handle_error(self, *_) -> None:
        pass  # Whoever called has gone.

    def shutdown_request(self, request: socket.socket) -> None:
        if id(request) in self.cut:
            self.cut.discard(id(request))
            request.close()
        else:
            super().shutdown_request(request)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.receiver: Receiver = self.server.receiver
        self.receiver.stage("connected", "")

    def log_message(self, *_) -> None:
        pass

    def date_time_string(self, timestamp=None) -> str:
        return format_datetime(self.receiver.now(), usegmt=True)

    # Answers.

    def do_POST(self) -> None:
        key = self.headers.get("Idempotency-Key", "").strip('"')
        self.receiver.stage("head", key)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # Whoever called died in the midst of it: nothing was said.
            self.close_connection = True
            return
        form = fields(body, self.headers.get("Content-Type", ""))
        self.receiver.stage("body", key or form.get("description", ""))
        report = self.report_of(form)
        self.receiver.traffic.enter(report)
        try:
            self.take(form, key)
        finally:
            self.receiver.traffic.leave(report)

    def report_of(self, form: dict[str, str]) -> str:
        ticket = self.receiver.tickets.get(form.get("service_request_id", ""))
        found = KEY.search((ticket.form if ticket else form).get("description", ""))
        return found.group().partition("/")[0] if found else ""

    def take(self, form: dict[str, str], key: str) -> None:
        receiver, text = self.receiver, form.get("description", "")
        if receiver.pace:
            time.sleep(receiver.pace)
        found = KEY.search(text)
        fault = receiver.faults.next(found.group() if found else key, text)
        if fault == faults.RESET_BEFORE:
            return self.reset()
        if fault == faults.BUSY:
            return self.answer(500, problem(500, "Something went wrong"))
        if status := receiver.refusing(text):
            return self.answer(status, problem(status, "not so"))
        isUpdate = "servicerequestupdates" in self.path
        done = receiver.take_update(form, key) if isUpdate else receiver.take_report(form, key)
        if fault == faults.RESET_AFTER:
            return self.reset()
        if fault == faults.LATE:
            time.sleep(receiver.late)
        if done is None:
            return self.answer(404, problem(404, "service_request_id was not found"))
        return self.answer(200, ("service_request_updates" if isUpdate else "service_requests",
                                 "request_update" if isUpdate else "request", [done]))  # fmt: skip

    def do_GET(self) -> None:
        receiver = self.receiver
        receiver.traffic.reads.append(time.monotonic())
        receiver.paths.append(self.path)
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path.removeprefix(BASE).strip("/"))
        name = re.sub(r"\.(json|xml)$", "", path)
        with receiver.lock:
            self.answer(*self.find(name, query))

    def find(self, name: str, query: dict[str, str]) -> tuple[int, tuple]:
        receiver = self.receiver
        if name == "services":
            return 200, ("services", "service", [service(code) for code in receiver.services])
        if name.startswith("tokens/"):
            return self.token(name.removeprefix("tokens/"))
        if receiver.repeats == "none":
            return 404, problem(404, "nothing is shown here")
        if name.startswith("requests/"):
            ticket = receiver.tickets.get(name.removeprefix("requests/"))
            if ticket is None:
                return 404, problem(404, "service_request_id was not found")
            return 200, ("service_requests", "request", [ticket.row()])
        if name == "requests":
            return 200, ("service_requests", "request", page(self.tickets(query), query, receiver.most))
        if name == "servicerequestupdates":
            rows = page(self.updates(query), query, receiver.most)
            return 200, ("service_request_updates", "request_update", rows)
        return 404, problem(404, "no such thing")

    def token(self, token: str) -> tuple[int, tuple]:
        known = self.receiver.tokens.get(token)
        if known is None:
            return 404, problem(404, "token was not found")
        ticket, ready = known
        row = {"token": token, **({"service_request_id": ticket} if time.monotonic() >= ready else {})}
        return 200, ("service_requests", "request", [row])

    def tickets(self, query: dict[str, str]) -> list[dict]:
        """The newest first, as the standard has it."""
        found = [t for t in self.receiver.tickets.values() if t.visible <= time.monotonic()]
        if wanted := query.get("service_request_id"):
            return [t.row() for t in found if t.id in wanted.split(",")]
        found = within(found, query, "start_date", "end_date", lambda t: t.requested)
        found = within(found, query, "updated_after", "updated_before", lambda t: t.updated)
        if code := query.get("service_code"):
            found = [t for t in found if t.form.get("service_code") in code.split(",")]
        if status := query.get("status"):
            found = [t for t in found if t.status in status.split(",")]
        return [t.row() for t in sorted(found, key=lambda t: t.requested, reverse=True)]

    def updates(self, query: dict[str, str]) -> list[dict]:
        found = [u for u in self.receiver.told.values() if u.visible <= time.monotonic()]
        if wanted := query.get("service_request_id"):
            found = [u for u in found if u.ticket in wanted.split(",")]
        found = within(found, query, "start_date", "end_date", lambda u: u.when)
        return [u.row() for u in sorted(found, key=lambda u: (u.when, u.id))]

    # Writing.

    def answer(self, status: int, document: tuple) -> None:
        root, child, rows = document
        isJSON = ".json" in urlsplit(self.path).path
        body = (json.dumps(rows, ensure_ascii=False) if isJSON else xml(root, child, rows)).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", f"{'application/json' if isJSON else 'text/xml'}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def reset(self) -> None:
        """Ends the connection as a crash would."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.server.cut.add(id(self.request))


def fields(body: bytes, kind: str) -> dict[str, str]:
    """A form's fields, or a JSON object's; of several values the last one."""
    if kind.startswith("application/json"):
        return {name: str(value) for name, value in json.loads(body or b"{}").items()}
    if kind.startswith("multipart/form-data"):
        boundary = kind.partition("boundary=")[2].strip('"').encode()
        found = re.findall(
            rb'name="([^"]+)"(?:; filename="[^"]*")?[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--' + re.escape(boundary),
            body, re.DOTALL,
        )  # fmt: skip
        return {name.decode(): value.decode(errors="replace") for name, value in found}
    return {name: values[-1] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}


def within(found: list, query: dict[str, str], first: str, last: str, moment: Callable) -> list:
    if first in query:
        found = [one for one in found if moment(one) >= instant(query[first])]
    if last in query:
        found = [one for one in found if moment(one) <= instant(query[last])]
    return found


def page(rows: list[dict], query: dict[str, str], most: int) -> list[dict]:
    size = min(int(query.get("page_size", most)), most)
    begin = (max(int(query.get("page", 1)), 1) - 1) * size
    return rows[begin : begin + size]


def service(code: str) -> dict:
    return {
        "service_code": code, "service_name": f"Service {code}", "description": "", "metadata": False,
        "type": "realtime", "keywords": "", "group": "",
    }  # fmt: skip


def problem(status: int, text: str) -> tuple:
    return "errors", "error", [{"code": status, "description": text}]


def xml(root: str, child: str, rows: list[dict]) -> str:
    def element(name: str, value) -> str:
        if value is None:
            return f"<{name}/>"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>"

    inner = "".join(f"<{child}>{''.join(element(*item) for item in row.items())}</{child}>" for row in rows)
    return f'<?xml version="1.0" encoding="utf-8"?><{root}>{inner}</{root}>'
