"""A stock FixMyStreet's side of a council's endpoint, told again from what is known of it.

It reads as XML::Simple reads, with the options that FixMyStreet gives it, and does what its scripts
do with the answers: its silences included (GR-13, GR-17).
"""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

from .wire import Answer, talk

LISTS = {"service", "attribute", "value", "request", "error", "request_update", "group"}
"""Read as lists even when there is only one."""
GROUPS = {"services": "service", "attributes": "attribute", "values": "value", "groups": "group"}
"""Containers that vanish: what is inside takes their place."""


def simple(document: bytes):
    """A document as XML::Simple gives it: text, None for what is empty, dicts and lists."""
    return _value(ElementTree.fromstring(document))


def _value(element: ElementTree.Element):
    found: dict = dict(element.attrib)
    for child in element:
        name, value = child.tag, _value(child)
        if name in LISTS:
            found.setdefault(name, []).append(value)
        elif name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if not found:
        # Blanks alone are nothing, blanks around a text are part of it.
        return element.text if element.text and not element.text.isspace() else None
    if not len(element) and element.text and element.text.strip():
        found["content"] = element.text
    for name, inner in GROUPS.items():
        held = found.get(name)
        if isinstance(held, dict) and list(held) == [inner]:
            found[name] = held[inner]
    return found


def stamp(moment: datetime) -> str:
    """A time as it is sent: UTC, whole seconds."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    return datetime.now(timezone.utc)


STATES = {
    "fixed": "fixed - council", "not councils responsibility": "not responsible",
    "no further action": "unable to fix", "open": "confirmed",
}  # fmt: skip
"""What a council's word becomes; other words are names of states."""
KNOWN = {
    "confirmed", "closed", "investigating", "in progress", "planned", "action scheduled", "fixed - council",
    "unable to fix", "not responsible", "duplicate", "internal referral", "cancelled",
}  # fmt: skip
"""The states of a fresh installation; another word makes a comment without a change of state."""
WORDS = {
    "fixed - council": "FIXED", "fixed - user": "FIXED", "fixed": "FIXED", "in progress": "IN_PROGRESS",
    "action scheduled": "ACTION_SCHEDULED", "planned": "ACTION_SCHEDULED", "investigating": "INVESTIGATING",
    "duplicate": "DUPLICATE", "not responsible": "NOT_COUNCILS_RESPONSIBILITY",
    "unable to fix": "NO_FURTHER_ACTION", "internal referral": "INTERNAL_REFERRAL",
    "for triage": "FOR_TRIAGE", "closed": "CLOSED", "cancelled": "CANCELLED", "reopen": "REOPEN",
}  # fmt: skip
"""What a state is called when an update is posted; anything else is OPEN."""


@dataclass
class Contact:
    """A category: a service of the council as it was last seen."""

    code: str
    name: str
    state: str = "confirmed"
    group: list[str] | None = None
    questions: list[dict] = field(default_factory=list)


@dataclass
class Comment:
    """A public update of a problem, ours or the council's."""

    number: int
    text: str | None
    state: str | None
    external_id: str | None = None
    confirmed: datetime | None = None
    photos: list[str] = field(default_factory=list)
    photo_files: list[tuple[str, bytes]] = field(default_factory=list)
    failures: int = 0


@dataclass
class Problem:
    """A report, with what became of its sending."""

    number: int
    category: str
    title: str
    detail: str
    latitude: float = 51.501661
    longitude: float = -0.142498
    name: str = "Jane Q Public"
    email: str = "jane@example.org"
    phone: str = "01234 567890"
    extra: dict[str, str | list[str]] = field(default_factory=dict)
    photos: list[str] = field(default_factory=list)
    photo_files: list[tuple[str, bytes]] = field(default_factory=list)
    state: str = "confirmed"
    external_id: str | None = None
    sent: datetime | None = None
    last_update: datetime | None = None
    failures: int = 0
    comments: list[Comment] = field(default_factory=list)
    seen: int = 0
    """Council's updates that came again and were passed over."""


class FixMyStreet:
    """One body of one installation, with its endpoint's settings."""

    def __init__(
        self, port: int, key: str, endpoint: str = "/fixmystreet/open311/v2/", jurisdiction: str = "rec-juris",
        extended: bool = True, multi_photos: bool = True, upload_files: bool = False,
    ):  # fmt: skip
        self.port, self.key, self.endpoint, self.jurisdiction = port, key, endpoint, jurisdiction
        self.extended, self.multi_photos, self.upload_files = extended, multi_photos, upload_files
        self.contacts: dict[str, Contact] = {}
        self.problems: dict[int, Problem] = {}
        self.messages: list[str] = []
        self.dropped: list[str] = []

    # The wire: Open311.pm over libwww-perl.

    def _request(self, method: str, path: str, headers: list[str], body: bytes) -> bytes:
        lines = [
            f"{method} {self.endpoint}{path} HTTP/1.1", "TE: deflate,gzip;q=0.3", "Connection: TE, close",
            f"Host: 127.0.0.1:{self.port}", "User-Agent: libwww-perl/6.68", *headers,
        ]  # fmt: skip
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def _talk(self, raw: bytes) -> Answer | None:
        try:
            conversation = talk(self.port, raw, patience=300, linger=0.1)
        except OSError:
            return None
        return conversation.answers[0] if conversation.answers else None

    def _read(self, answer: Answer | None) -> dict:
        """The document of a good answer; nothing for any other, without a word."""
        if answer is None or not 200 <= answer.status < 300:
            return {}
        try:
            found = simple(answer.body)
        except ElementTree.ParseError:
            return {}
        return found if isinstance(found, dict) else {}

    def get(self, path: str, **parameters: str) -> dict:
        """One GET; no key but where the caller gives one."""
        if self.jurisdiction:
            parameters["jurisdiction_id"] = self.jurisdiction
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._read(self._talk(self._request("GET", path + query, [], b"")))

    def posting(
        self, path: str, fields: dict, files: list[tuple[str, str, bytes]] = ()
    ) -> bytes:
        """The bytes of a POST: a form, and multipart only when there are files."""
        pairs = [
            (name, value) for name, values in {**fields, "api_key": self.key}.items()
            for value in (values if isinstance(values, list) else [values])
        ]  # fmt: skip
        if self.jurisdiction:
            pairs.append(("jurisdiction_id", self.jurisdiction))
        if not files:
            crlf = [(name, re.sub(r"\r?\n", "\r\n", value)) for name, value in pairs]
            kind = "Content-Type: application/x-www-form-urlencoded"
            return self._request("POST", path, [kind], urlencode(crlf).encode())
        body = b""
        for name, value in pairs:
            head = f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            body += head.encode() + value.encode() + b"\r\n"
        for name, filename, content in files:
            kind = "image/png" if filename.endswith(".png") else "image/jpeg"
            head = f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            body += f"{head}Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
        kind = "Content-Type: multipart/form-data; boundary=xYzZY"
        return self._request("POST", path, [kind], body + b"--xYzZY--\r\n")

    # Categories: PopulateServiceList.pm, hourly.

    def populate_services(self) -> None:
        services = self.get("services.xml").get("service")
        if not services:
            # A failed list and an empty one look alike, and delete nothing.
            self.messages.append("no services")
            return
        seen = set()
        for service in services:
            contact = self._contact(service)
            if contact is None:
                continue
            seen.add(id(contact))
            if service.get("metadata") == "true":
                self._populate_questions(contact)
            elif service.get("metadata") == "false":
                contact.questions = []
        for contact in self.contacts.values():
            if id(contact) not in seen:
                contact.state = "deleted"

    def _contact(self, service: dict) -> Contact | None:
        """The contact of a service, matched by code or by name; None if it cannot be told which."""
        code, name = service.get("service_code"), service.get("service_name")
        if not isinstance(code, str):
            self.messages.append(f"no code: {service}")
            return None
        name = (name or "").rstrip()
        matches = [c for c in self.contacts.values() if code == c.code or name == c.name]
        if len(matches) > 1:
            self.messages.append(f"two contacts for {code} {name}")
            return None
        contact = matches[0] if matches else Contact(code, name)
        self.contacts.pop(contact.name, None)
        contact.code, contact.name, contact.state = code, name, "confirmed"
        groups = service.get("groups") or service.get("group")
        contact.group = groups if isinstance(groups, list) else None
        for word in (service.get("keywords") or "").split(","):
            if word in {"inactive", "staff"}:
                contact.state = word
        self.contacts[contact.name] = contact
        return contact

    def _populate_questions(self, contact: Contact) -> None:
        attributes = self.get(f"services/{contact.code}.xml").get("attributes")
        if not isinstance(attributes, list):
            self.messages.append(f"empty meta data for {contact.code}")
            return
        questions = sorted(attributes, key=lambda a: int(a.get("order") or 0))
        for question in questions:
            if question.get("description"):
                question["description"] = re.sub(r":\s*$", "", question["description"])
        contact.questions = questions

    # Reports: SendReport/Open311.pm.

    def report(self, problem: Problem) -> Problem:
        """Enters a problem; `send_reports` sends it."""
        self.problems[problem.number] = problem
        return problem

    def form(self, problem: Problem) -> tuple[dict, list]:
        """The fields and files of a problem."""
        contact = self.contacts[problem.category]
        first, _, last = problem.name.partition(" ")
        url = f"http://127.0.0.1:5120/report/{problem.number}"
        fields: dict = {
            "service_code": contact.code, "first_name": first, "last_name": last,
            "lat": f"{problem.latitude:.6f}".rstrip("0"), "long": f"{problem.longitude:.6f}".rstrip("0"),
            "email": problem.email, "phone": problem.phone,
            "description": f"{problem.title}\n\n{problem.detail}\n\n{url}\n",
        }  # fmt: skip
        asked = {question["code"] for question in contact.questions}
        for code, values in problem.extra.items():
            fields[f"attribute[{code}]"] = values
        if "fixmystreet_id" in asked:
            fields["attribute[fixmystreet_id]"] = str(problem.number)
        for code in ("easting", "northing"):
            if code in asked:
                fields[f"attribute[{code}]"] = ""
        return fields, self._pictures(problem, fields)

    def _pictures(self, told: "Problem | Comment", fields: dict) -> list:
        """Adds the addresses of pictures, or answers their files: never both."""
        if self.upload_files and told.photo_files:
            return [(f"photo{n}", name, data) for n, (name, data) in enumerate(told.photo_files, 1)]
        if told.photos:
            fields["media_url"] = told.photos if self.multi_photos else told.photos[0]
        return []

    def send_reports(self) -> int:
        """Sends what is unsent; returns how many failed."""
        failed = 0
        for problem in list(self.problems.values()):
            if problem.sent is None and not self._send(problem):
                problem.failures += 1
                failed += 1
        return failed

    def _send(self, problem: Problem) -> bool:
        found = self._read(self._talk(self.posting("requests.xml", *self.form(problem))))
        first = (found.get("request") or [{}])[0] or {}
        # Plain text, not empty, not 0: what Perl holds for true.
        told = first.get("service_request_id")
        if not isinstance(told, str) or told in ("", "0"):
            return False
        problem.external_id, problem.sent = told, now()
        problem.last_update = problem.sent
        return True

    # Updates out: PostServiceRequestUpdates.pm.

    def comment(self, problem: Problem, number: int, text: str, state: str | None = None, **more) -> Comment:
        """Somebody writes an update here; `send_comments` posts it."""
        comment = Comment(number, text, state, confirmed=now(), **more)
        if state:
            problem.state = state
        problem.comments.append(comment)
        return comment

    def update_form(self, problem: Problem, comment: Comment) -> tuple[dict, list]:
        state = comment.state or problem.state
        if self.extended:
            word = WORDS.get(state, "OPEN")
        else:
            word = "OPEN" if state in {"confirmed", "investigating", "in progress", "planned"} else "CLOSED"
        first, _, last = problem.name.partition(" ")
        fields = {
            "service_request_id": problem.external_id, "update_id": str(comment.number),
            "updated_datetime": stamp(comment.confirmed), "status": word, "description": comment.text or "",
            "first_name": first, "last_name": last or "-", "email": problem.email, "phone": problem.phone,
            "service_code": self.contacts[problem.category].code,
        }  # fmt: skip
        return fields, self._pictures(comment, fields)

    def send_comments(self) -> int:
        """Posts what is unsent, the oldest first; one that fails holds back those behind it."""
        failed = 0
        for problem in self.problems.values():
            if problem.external_id is None:
                continue
            for comment in sorted(problem.comments, key=lambda c: (c.confirmed, c.number)):
                if comment.external_id is None and not self._post(problem, comment):
                    comment.failures += 1
                    failed += 1
                    break
        return failed

    def _post(self, problem: Problem, comment: Comment) -> bool:
        raw = self.posting("servicerequestupdates.xml", *self.update_form(problem, comment))
        first = (self._read(self._talk(raw)).get("request_update") or [{}])[0] or {}
        told = first.get("update_id")
        if not isinstance(told, str) or told in ("", "0"):
            return False
        comment.external_id = told
        return True

    # Updates in: GetServiceRequestUpdates.pm.

    def fetch_updates(self, hours: int = 2, start: datetime | None = None, end: datetime | None = None) -> int:
        """Polls a window; returns how many comments were added."""
        end = end or now()
        window = (stamp(start or end - timedelta(hours=hours)), stamp(end))
        found = self.get(
            "servicerequestupdates.xml", api_key=self.key, start_date=window[0], end_date=window[1]
        )
        added = 0
        for update in found.get("request_update") or []:
            added += self._take(update or {}, window)
        return added

    def _take(self, update: dict, window: tuple[str, str]) -> bool:
        number = update.get("update_id")
        problem = self._problem_of(update)
        if not isinstance(number, str) or problem is None:
            self.messages.append(f"passed over: {update}")
            return False
        moment = parsed(update.get("updated_datetime"))
        if moment is None or not window[0] <= stamp(moment) <= window[1]:
            self.dropped.append(number)
            return False
        if number in {comment.external_id for comment in problem.comments}:
            problem.seen += 1
            return False
        self._apply(update, problem, moment, number)
        return True

    def _problem_of(self, update: dict) -> Problem | None:
        if (told := update.get("fixmystreet_id")) and str(told).isdigit():
            found = self.problems.get(int(told))
            return found if found and found.external_id else None
        told = update.get("service_request_id")
        return next((p for p in self.problems.values() if p.external_id and p.external_id == told), None)

    def _apply(self, update: dict, problem: Problem, moment: datetime, number: str) -> None:
        if moment <= problem.sent:
            moment = problem.sent + timedelta(seconds=1)
        word = (update.get("status") or "").lower().replace("_", " ")
        state = STATES.get(word, word)
        if word == "closed" and not self.extended:
            state = "fixed - council"
        state = None if word in {"unchanged", ""} else state
        first = not any(comment.external_id and comment.number < 0 for comment in problem.comments)
        if state in KNOWN and (first or stamp(moment) >= stamp(problem.last_update)):
            problem.state = state
        problem.last_update = max(problem.last_update, moment)
        pictures = update.get("media_url")
        if isinstance(pictures, dict):
            pictures = pictures.get("media_url")
        pictures = [pictures] if isinstance(pictures, str) else pictures or []
        problem.comments.append(
            Comment(-1 - len(problem.comments), update.get("description"), state, number, moment, pictures)
        )

    # Reports made elsewhere: GetServiceRequests.pm.

    def fetch_reports(self, hours: int = 1) -> list[dict]:
        """Polls a window; the reports that would become problems here."""
        end = now()
        window = (stamp(end - timedelta(hours=hours)), stamp(end))
        found = self.get("requests.xml", start_date=window[0], end_date=window[1])
        known = {problem.external_id for problem in self.problems.values()}
        taken = []
        for request in found.get("request") or []:
            number, moment = request.get("service_request_id"), parsed(request.get("updated_datetime"))
            point = [request.get(name) for name in ("lat", "long")]
            if not number or not all(isinstance(v, str) and float(v) for v in point) or moment is None:
                self.messages.append(f"passed over: {request}")
            elif not window[0] <= stamp(moment) <= window[1]:
                self.dropped.append(number)
            elif number not in known:
                taken.append(request)
        return taken


def parsed(text) -> datetime | None:
    """A time as DateTime::Format::W3CDTF reads it; None for what it refuses."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (AttributeError, TypeError, ValueError):
        return None
