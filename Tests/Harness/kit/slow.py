"""Slow attacks by slowhttptest, and somebody who is served meanwhile or not."""

import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from .instance import Instance
from .wire import request

CONNECTIONS = 200


def open_files(instance: Instance) -> int:
    """Files and sockets that the server has."""
    return len(list(Path(f"/proc/{instance.process.pid}/fd").iterdir()))


class Bystander:
    """Somebody else, who asks for something ten times a second from an address of his own; a context."""

    def __init__(self, port: int, *paths: str):
        self.port = port
        self.paths = paths or ("/sofia/open311/v2/services.json", "/sofia/open311/v2/requests.json")
        self.statuses: list[str] = []
        self.seconds: list[float] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Bystander":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def _ask(self) -> None:
        while not self.over.wait(0.1):
            path = self.paths[len(self.statuses) % len(self.paths)]
            started = time.monotonic()
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5, ("127.0.0.9", 0)) as connection:
                    connection.sendall(request("GET", path, {"Connection": "close"}))
                    self.statuses.append(connection.recv(65536).decode(errors="replace")[9:12])
            except OSError as error:
                self.statuses.append(str(error))
            self.seconds.append(time.monotonic() - started)


@contextmanager
def attack(instance: Instance, path: str, seconds: int, *options: str):
    """slowhttptest with that many connections, for as long as the context lasts."""
    tool = shutil.which("slowhttptest")
    assert tool, "Scripts/prepare test installs slowhttptest"
    url = f"http://127.0.0.1:{instance.port}{path}"
    command = [tool, *options, "-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(seconds), "-u", url]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=instance.directory,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
