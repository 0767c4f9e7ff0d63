"""HTTP/1.1 as bytes over a raw socket, so that nothing is corrected on the way out or in."""

import json
import socket
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass
class Answer:
    """One response, as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    def problems(self) -> str:
        """All descriptions of an errors body in one string; fails if it is none (GR-10)."""
        kind = self.header("Content-Type") or ""
        if kind.startswith("application/json"):
            errors = self.json
            assert isinstance(errors, list) and errors, self.text
            assert all(e["code"] == self.status for e in errors), self.text
            return "\n".join(e["description"] for e in errors)
        assert kind.startswith("text/xml"), f"{self.status} with {kind}: {self.body[:200]!r}"
        errors = self.xml
        assert errors.tag == "errors" and len(errors), self.text
        assert all(e.findtext("code") == str(self.status) for e in errors), self.text
        return "\n".join(e.findtext("description") or "" for e in errors)


@dataclass
class Conversation:
    """What came back on one connection."""

    answers: list[Answer] = field(default_factory=list)
    interim: list[int] = field(default_factory=list)
    closed: bool = False
    """Whether the other side ended the connection while we listened."""
    seconds: float = 0
    """From the last byte sent to the first byte of the first answer."""
    rest: bytes = b""

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


def talk(
    port: int,
    *pieces: bytes,
    host: str = "127.0.0.1",
    expecting: int = 1,
    head: bool = False,
    finish: bool = False,
    patience: float = 10,
    linger: float = 0.5,
) -> Conversation:
    """Sends the pieces and listens until the end, or until nothing more comes.

    `finish` ends our side after the last piece; after `expecting` answers it listens `linger`
    seconds more, to see a second answer or the end of the connection.
    """
    conversation = Conversation()
    with socket.create_connection((host, port), timeout=patience) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            if finish:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # Refused before all was sent: the answer says why.
        sent = time.monotonic()
        buffer = b""
        while True:
            enough = len(conversation.answers) >= expecting
            connection.settimeout(linger if enough else patience)
            try:
                received = connection.recv(65536)
            except (TimeoutError, socket.timeout):
                break
            except OSError:
                conversation.closed = True
                break
            if not received:
                conversation.closed = True
                break
            if not conversation.seconds:
                conversation.seconds = time.monotonic() - sent
            buffer = _take_answers(buffer + received, conversation, head)
        conversation.rest = buffer
    return conversation


def _take_answers(buffer: bytes, conversation: Conversation, head: bool) -> bytes:
    """Moves whole answers from the buffer to the conversation; returns what is left."""
    while b"\r\n\r\n" in buffer:
        top, _, rest = buffer.partition(b"\r\n\r\n")
        lines = top.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        if status < 200:
            conversation.interim.append(status)
            buffer = rest
            continue
        body = _body(rest, {n.lower(): v for n, v in headers}, head or status in (204, 304))
        if body is None:
            return buffer
        content, buffer = body
        conversation.answers.append(Answer(status, headers, content))
    return buffer


def _body(rest: bytes, headers: dict[str, str], none: bool) -> tuple[bytes, bytes] | None:
    """The body at the start of the bytes and what follows it, or None if more must come."""
    if none:
        return b"", rest
    if headers.get("transfer-encoding", "").lower() == "chunked":
        content = b""
        while True:
            size, found, after = rest.partition(b"\r\n")
            if not found:
                return None
            length = int(size.split(b";")[0], 16)
            if len(after) < length + 2:
                return None
            content, rest = content + after[:length], after[length + 2 :]
            if length == 0:
                return content, rest
    length = int(headers.get("content-length", "0"))
    return None if len(rest) < length else (rest[:length], rest[length:])


def request(method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a plain, correct request."""
    fields = {"Host": "127.0.0.1", **(headers or {})}
    if body or method == "POST":
        fields.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass
class Caller:
    """A plain client of one base address, such as /sofia/open311/v2."""

    port: int
    base: str
    key: str | None = None

    def get(self, path: str, headers: dict[str, str] | None = None, **query) -> Answer:
        target = self.base + path + ("?" + urlencode(query, doseq=True) if query else "")
        return self.send(request("GET", target, {"Connection": "close", **(headers or {})}))

    def post(self, path: str, form: dict, headers: dict[str, str] | None = None) -> Answer:
        """Posts a form; the caller's key is added unless the form has one."""
        fields = {"api_key": self.key, **form} if self.key else form
        return self.send(self.posting(path, fields, headers))

    def upload(
        self, path: str, form: dict, files: list[tuple[str, str, str, bytes]], boundary: str = "xYzZY"
    ) -> Answer:
        """Posts a form with files."""
        fields = {"api_key": self.key, **form} if self.key else form
        return self.posting_parts(path, multipart(fields, files, boundary), boundary)

    def posting_parts(self, path: str, body: bytes, boundary: str = "xYzZY") -> Answer:
        """Posts a multipart body as it is."""
        given = {"Connection": "close", "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.send(request("POST", self.base + path, given, body))

    def posting(self, path: str, form: dict, headers: dict[str, str] | None = None) -> bytes:
        """The bytes of such a POST."""
        given = {"Connection": "close", "Content-Type": FORM, **(headers or {})}
        return request("POST", self.base + path, given, urlencode(form, doseq=True).encode())

    def send(self, raw: bytes) -> Answer:
        """One request, exactly one answer."""
        conversation = talk(self.port, raw, linger=0.2)
        assert len(conversation.answers) == 1, f"{conversation.statuses} for {raw[:200]!r}"
        return conversation.answers[0]


def multipart(fields: dict, files: list[tuple[str, str, str, bytes]], boundary: str = "xYzZY") -> bytes:
    """A multipart body; a file is the part's name, its own name, its type and its bytes."""
    body = b""
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            body += head.encode() + str(value).encode() + b"\r\n"
    for name, filename, kind, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        body += head.encode() + f"Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()
