"""A municipality that is reached by mail: exim4 takes and delivers, dovecot shows mailboxes, on loopback."""

import contextlib
import getpass
import imaplib
import os
import re
import shutil
import smtplib
import socket
import ssl
import struct
import subprocess
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

PASSWORD = "pass-of-all-boxes"
BOXES = ("gateway", "roads", "lamps")
HOST = "city.example"

EXIM = """
primary_hostname = mx.{host}
spool_directory = {base}/spool
log_file_path = {base}/log/exim-%s
pid_file_path = {base}/run/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtp}
tls_advertise_hosts = *
tls_certificate = {base}/server.crt
tls_privatekey = {base}/server.key
auth_advertise_hosts = *
message_size_limit = 10M
exim_user = {user}
exim_group = {group}
never_users = root
deliver_drop_privilege = true
host_lookup =
rfc1413_hosts =
keep_environment =
acl_smtp_rcpt = acl_rcpt
begin acl
acl_rcpt:
  deny    domains = !{host}
          message = relay not permitted
  deny    local_parts = gone
          message = no such user
  defer   local_parts = lsearch;{base}/full
          message = mailbox full, try later
  accept
begin routers
local:
  driver = accept
  local_parts = lsearch;{base}/boxes
  local_part_suffix = +*
  local_part_suffix_optional
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {base}/box/$local_part_data/Maildir
  maildir_format
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  user = {user}
begin retry
* * F,2h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{gateway}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

DOVECOT = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/server.crt
ssl_key = <{base}/server.key
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{base}/box/%n/Maildir
default_internal_user = {user}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {base}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/box/%n
}}
"""


def _ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Mail:
    """A mail server with a few mailboxes below a directory of its own; `roads` is the department's."""

    def __init__(self, base: Path):
        self.base = base
        self.smtp, self.imap = _ports(2)

    # The server.

    def init(self) -> None:
        """Writes its settings and empty mailboxes."""
        for name in ("spool", "log", "box", "run", "state"):
            (self.base / name).mkdir(parents=True, exist_ok=True)
        root = os.geteuid() == 0
        user = "www-data" if root else getpass.getuser()
        login = "nobody" if root else user
        words = {"base": self.base, "smtp": self.smtp, "imap": self.imap, "host": HOST,
                 "user": user, "group": user, "login": login, "password": PASSWORD}  # fmt: skip
        (self.base / "exim.conf").write_text(EXIM.format(**words))
        (self.base / "dovecot.conf").write_text(DOVECOT.format(**words))
        (self.base / "users").write_text("".join(f"{box}:{{PLAIN}}{PASSWORD}\n" for box in BOXES))
        (self.base / "boxes").write_text("".join(f"{box}: {box}\n" for box in BOXES))
        self.fill()
        self._certify()
        if root:
            subprocess.run(["chown", "-R", f"{user}:{user}", self.base], check=True)
            for name in ("run", "state", "exim.conf"):
                shutil.chown(self.base / name, "root", "root")
            (self.base / "exim.conf").chmod(0o644)
            (self.base / "users").chmod(0o644)
            self.base.chmod(0o755)

    @property
    def authority(self) -> Path:
        """The certificate of whoever vouches for the server."""
        return self.base / "authority.crt"

    def _certify(self) -> None:
        """Makes an authority, and a certificate of it for 127.0.0.1."""
        (self.base / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        for command in (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout authority.key -out authority.crt -days 30 -subj /CN=Authority",
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr -subj /CN=mx.city.example",
            "x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 30"
            " -extfile names -out server.crt",
        ):
            subprocess.run(["openssl", *command.split()], cwd=self.base, check=True, capture_output=True)

    def start(self) -> None:
        """Starts both and waits until each greets."""
        # A daemon that keeps the caller's pipe open would hang whoever reads it.
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["exim4", "-C", self.base / "exim.conf", "-bd", "-q1m"], check=True, **quiet)
        subprocess.run(["dovecot", "-c", self.base / "dovecot.conf"], check=True, **quiet)
        for port, greeting in ((self.smtp, b"220"), (self.imap, b"* OK")):
            _greets(port, greeting)

    def stop(self) -> None:
        """Ends both by their process ids."""
        for name in ("exim.pid", "master.pid"):
            file = self.base / "run" / name
            if not file.exists():
                continue
            number = int(file.read_text())
            try:
                os.kill(number, 15)
            except ProcessLookupError:
                continue
            for _ in range(200):
                if not Path(f"/proc/{number}").exists():
                    break
                time.sleep(0.05)

    def snapshot(self, name: str) -> None:
        """Keeps the mailboxes as they are; while it is stopped."""
        shutil.rmtree(self.base / f"box-{name}", ignore_errors=True)
        subprocess.run(["cp", "-a", self.base / "box", self.base / f"box-{name}"], check=True)

    def restore(self, name: str) -> None:
        """Makes the mailboxes as they were; while it is stopped."""
        shutil.rmtree(self.base / "box")
        subprocess.run(["cp", "-a", self.base / f"box-{name}", self.base / "box"], check=True)

    def fill(self, *boxes: str) -> None:
        """From now on these mailboxes are full, and no others."""
        (self.base / "full").write_text("".join(f"{box}: yes\n" for box in boxes))

    def renumber(self, box: str = "gateway") -> None:
        """Makes a mailbox forget its numbers, as a restored backup or a move to another server does."""
        for file in (self.base / "box" / box / "Maildir").glob("dovecot*"):
            file.unlink()

    # What staff do: they read the department's mailbox, and reply.

    def mails(self, box: str = "roads") -> list[EmailMessage]:
        """The mails of a mailbox, the oldest first; they stay unread."""
        with self.open(box) as session:
            return [message for message, _ in _fetch(session)]

    def unread(self, box: str = "gateway") -> int:
        """How many mails nobody has read."""
        with self.open(box) as session:
            return sum(b"\\Seen" not in flags for _, flags in _fetch(session))

    def open(self, box: str, folder: str = "INBOX") -> imaplib.IMAP4:
        session = imaplib.IMAP4("127.0.0.1", self.imap, timeout=30)
        session.login(box, PASSWORD)
        session.select(folder, readonly=True)
        return session

    def tickets(self) -> list[tuple[str, str, str]]:
        """Of each report that came: the mail's id, our id, and the subject in place of a status."""
        return [
            (mail["Message-ID"], mail["X-Open311-Request-Id"], str(mail["Subject"]))
            for mail in self.mails()
            if mail["X-Open311-Request-Id"] and not mail["In-Reply-To"]
        ]

    def set_status(self, id: str, word: str) -> None:
        self.reply(id, "", status=word)

    def reply(self, id: str, text: str, photo: bytes | None = None, status: str | None = None) -> str:
        """Answers a mail as its addressee would, with what programs add; returns the answer's id."""
        told = next(mail for mail in self.mails() if mail["Message-ID"] == id)
        answer = EmailMessage()
        answer["From"] = f"Roads <roads@{HOST}>"
        answer["To"] = told["Reply-To"]
        answer["Subject"] = f"Re: {told['Subject']}"
        answer["In-Reply-To"] = id
        answer["References"] = f"{told['References']} {id}"
        quoted = "\n".join(f"> {line}" for line in _text(told).splitlines())
        written = "\n".join(part for part in (status, text) if part)
        answer.set_content(f"{written}\n\nMë 24.11.2026 05:00, Reports shkroi:\n{quoted}\n\n-- \nAnn, Roads\n")
        if photo:
            answer.add_attachment(photo, maintype="image", subtype="jpeg", filename="after.jpg")
        return self.send(answer)

    def note(self, id: str, text: str) -> None:
        """What staff write for each other never comes to us."""

    def reopen(self, id: str) -> None:
        self.set_status(id, "status: reopen")

    def merge(self, id: str, into: str) -> None:
        self.set_status(id, "status: duplicate")

    def send(self, mail: EmailMessage, to: str | None = None) -> str:
        """Sends a mail as it is; returns its id."""
        if not mail["Message-ID"]:
            mail["Message-ID"] = make_msgid(domain=HOST)
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=60) as session:
            session.send_message(mail, to_addrs=to)
        return mail["Message-ID"]

    # What a Viaduct is told of it.

    def peer_file(self, directory: Path) -> dict:
        """A peer's file; secrets are written into the directory."""
        secrets = {"mail-password": PASSWORD, "mail-secret": "a secret of the harness, long enough"}
        for name, text in secrets.items():
            (directory / name).write_text(text + "\n")
            (directory / name).chmod(0o600)
        return {
            "name": "roads",
            "adapter": "email",
            "address": f"smtp://127.0.0.1:{self.smtp}",
            "api_key_file": str(directory / "mail-password"),
            "email": {
                "imap": f"imap://127.0.0.1:{self.imap}",
                "user": "gateway",
                "tls": "none",
                "from": f"gateway@{HOST}",
                "from_name": "Sinjale",
                "to": f"roads@{HOST}",
                "secret_file": str(directory / "mail-secret"),
                "language": "sq",
            },
            "flow": ["reports_out", "updates_out", "updates_in"],
            "role": "handler",
            "polling": {"interval": "1s"},
        }


def _fetch(session: imaplib.IMAP4) -> list[tuple[EmailMessage, bytes]]:
    numbers = session.uid("SEARCH", "ALL")[1][0].split()
    found = []
    for number in numbers:
        answer = session.uid("FETCH", number, "(FLAGS BODY.PEEK[])")[1]
        head, body = next(part for part in answer if isinstance(part, tuple))
        found.append((message_from_bytes(body, policy=policy.default), head))
    return found


def _text(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def _greets(port: int, greeting: bytes) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(64).startswith(greeting):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"nobody greets at {port}")


class CutLine:
    """A mail server that takes a mail and hangs up before it says what becomes of it.

    With a certificate it wants encryption, and hangs up rudely while the mail is still coming.
    """

    def __init__(self, certificate: Path | None = None):
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.taken: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            # What is closed so is not said goodbye to.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        stream = connection.makefile("rwb", buffering=0)

        def say(line: str) -> None:
            stream.write(line.encode() + b"\r\n")

        say("220 cut.example ESMTP")
        while line := stream.readline():
            verb = re.match(rb"\w+", line).group().upper()
            if verb == b"STARTTLS":
                say("220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rwb", buffering=0)
            elif verb == b"DATA":
                say("354 go on")
                mail = b""
                while (line := stream.readline()) not in (b".\r\n", b"") and not (self.context and mail):
                    mail += line
                self.taken.append(mail)
                stream.close()
                return connection.close()
            elif verb == b"EHLO":
                say("250-cut.example\r\n250 STARTTLS" if self.context else "250 cut.example")
            else:
                say("250 ok")
