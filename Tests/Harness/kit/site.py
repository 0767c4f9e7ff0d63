"""Web servers of the tests' own: they serve pictures, take webhooks, and count who calls."""

import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable


@dataclass
class Visit:
    """One request that somebody made."""

    method: str
    path: str
    headers: dict[str, str]
    """With the names in small letters."""
    body: bytes


@dataclass
class Page:
    """What a visit is answered with."""

    body: bytes = b""
    kind: str = "text/plain"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """A server on the loopback that answers as the function says, and keeps the visits; a context."""

    def __init__(self, answer: Callable[[Visit], Page], host: str = "127.0.0.1", port: int = 0):
        site = self
        self.visits: list[Visit] = []
        self.host = host

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                visit = Visit(self.command, self.path, headers, self.rfile.read(length))
                site.visits.append(visit)
                page = answer(visit)
                self.send_response(page.status)
                for name, value in {
                    "Content-Type": page.kind, "Content-Length": str(len(page.body)), **page.headers
                }.items():  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(page.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve

            def log_message(self, *_) -> None:
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True

            def handle_error(self, *_) -> None:
                pass  # Whoever called has gone; that is the caller's business.

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "Site":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Counter:
    """Listens at several addresses on one port and counts who connects; a context."""

    def __init__(self, hosts: list[str]):
        self.seen: list[str] = []
        self.sockets: list[socket.socket] = []
        self.port = 0
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            one = socket.socket(family)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, self.port))
            one.listen(64)
            self.port = one.getsockname()[1]
            self.sockets.append(one)

    def __enter__(self) -> "Counter":
        self.threads = [threading.Thread(target=self._count, args=(one,)) for one in self.sockets]
        for thread in self.threads:
            thread.start()
        return self

    def _count(self, listener: socket.socket) -> None:
        listener.settimeout(0.1)
        while listener.fileno() >= 0:
            try:
                connection, address = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.seen.append(f"{listener.getsockname()[0]} from {address[0]}")
            connection.close()

    def __exit__(self, *_) -> None:
        for one in self.sockets:
            one.close()
        for thread in self.threads:
            thread.join(5)


def has_address(host: str) -> bool:
    """Whether a server can listen there on this machine."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
        return True
    except OSError:
        return False
