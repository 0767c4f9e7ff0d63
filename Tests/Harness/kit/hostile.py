"""Peers that mean harm, or that are broken as if they did."""

import socket
import threading
import time
from collections.abc import Callable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nConnection: close\r\n"


def drip(connection: socket.socket) -> None:
    """One byte a second, for ever."""
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(1)


def endless(connection: socket.socket) -> None:
    """A document without an end, as fast as it goes."""
    connection.sendall(HEAD + b"\r\n<service_requests>")
    row = b"<request><description>" + b"x" * 65536 + b"</description></request>"
    while True:
        connection.sendall(row)


def start_tag(connection: socket.socket) -> None:
    """One start tag of a megabyte, with a hundred thousand attributes."""
    tag = b"<request " + b" ".join(b'a%d="1"' % number for number in range(100_000)) + b"/>"
    body = b"<service_requests>" + tag + b"</service_requests>"
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def redirect(place: str) -> Callable[[socket.socket], None]:
    """Sends whoever comes to somewhere else."""

    def send(connection: socket.socket) -> None:
        head = f"HTTP/1.1 301 Moved\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())

    return send


def half_catalogue(connection: socket.socket) -> None:
    """Promises more than it sends, and goes."""
    part = b"<services><service><service_code>GRAFFITI</service_code><service_na"
    connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\n" + part)


class Hostile:
    """A server that does one such thing to everybody; a context."""

    def __init__(self, act: Callable[[socket.socket], None]):
        self.act = act
        self.calls: list[float] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/open311/v2/"

    def __enter__(self) -> "Hostile":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.calls.append(time.monotonic())
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(120)
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            self.act(connection)
        except OSError:
            pass
        finally:
            connection.close()
