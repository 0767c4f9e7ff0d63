"""One Viaduct under test: its directory, its settings, its process, its embedded cluster."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from .database import SERVER, Database
from .ports import free_ports
from .wire import Caller

ROOT = Path(__file__).resolve().parents[3]
CAPTURES = ROOT.parent / "shared" / "captures"
BINARY = Path(os.environ.get("VIADUCT_BINARY", ROOT / ".build" / "debug" / "viaduct"))
SETTINGS = ROOT / "Tests" / "Harness" / "settings"
DATA_KEY = "dGhpcyBpcyB0aGUga2V5IG9mIHRoZSBoYXJuZXNzLi4="


class Instance:
    """A Viaduct of its own in a directory of its own; used as a context.

    Its database is the address given, or one of its own on the server of VIADUCT_DATABASE_URL, or
    (`embedded` in any case) a cluster in its directory.
    """

    def __init__(self, settings: Path = SETTINGS, embedded: bool = False, **environment: str):
        # The cluster runs as somebody else when we are root, and a socket's path is short.
        self.directory = Path(tempfile.mkdtemp(prefix="viaduct-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.settings = self.directory / "settings"
        shutil.copytree(settings, self.settings)
        self.port, self.admin_port = free_ports(2)
        self.log = self.directory / "serve.log"
        self.process: subprocess.Popen | None = None
        self.database: Database | None = None
        if SERVER and not embedded and "VIADUCT_DATABASE_URL" not in environment:
            self.database = Database(SERVER)
            environment["VIADUCT_DATABASE_URL"] = self.database.url
        self.environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith("VIADUCT_")},
            "VIADUCT_SETTINGS": str(self.settings / "viaduct.yaml"),
            "VIADUCT_HTTP_PORT": str(self.port),
            "VIADUCT_ADMIN_PORT": str(self.admin_port),
            "VIADUCT_DATA_DIRECTORY": str(self.directory / "data"),
            # A busy machine is no slow database; test_database has that.
            "VIADUCT_DATABASE_PATIENCE": "20s",
            # Nodes of one database have one key; a test of its own sees how each makes its own.
            "VIADUCT_PRIVACY_KEYS": DATA_KEY,
            # Everybody here has one address, and asks as much as tests do; test_limits has limits.
            "VIADUCT_LIMITS_RATES": "false",
            "VIADUCT_LIMITS_CONNECTIONS_OF_ADDRESS": "4096",
            **environment,
        }

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_) -> None:
        try:
            if self.process and self.process.poll() is None:
                self.stop()
        finally:
            self._end_cluster()
            if self.database:
                self.database.drop()
            shutil.rmtree(self.directory, ignore_errors=True)

    # The commands.

    def command(self, *arguments: str, within: float = 60, **environment: str):
        """Runs a command of the program to its end."""
        return subprocess.run(
            [BINARY, *arguments],
            env={**self.environment, **environment},
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
            cwd=self.directory,
        )

    def run(self, *arguments: str, within: float = 60) -> str:
        """Runs a command that must succeed; returns what it printed."""
        done = self.command(*arguments, within=within)
        assert done.returncode == 0, f"{arguments} → {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def key(self, name: str = "harness", *options: str) -> str:
        """A fresh key."""
        printed = self.run("key", "create", "--name", name, *options)
        found = re.search(r"o311_[0-9A-Za-z]{49}\b", printed)
        assert found, printed
        return found.group()

    # The server.

    def start(self, within: float = 60, ready: bool = True) -> "Instance":
        """Starts `viaduct serve` and waits until it is ready, unless it is to die before."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.directory,
            )
        if ready:
            self.wait_ready(within)
        return self

    def wait_ready(self, within: float = 60) -> float:
        """Waits for `/ready`; returns the seconds that took."""
        started = time.monotonic()
        while (status := self.admin("/ready")) != 200:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.tail}"
            assert time.monotonic() - started < within, f"/ready says {status}: {self.tail}"
            time.sleep(0.05)
        return time.monotonic() - started

    def stop(self, number: int = signal.SIGTERM, within: float = 20) -> int:
        """Ends the server by its id; returns its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise

    def kill(self) -> None:
        """Ends the server as a crash would."""
        self.stop(signal.SIGKILL)

    def admin(self, path: str) -> int | None:
        """The status that the admin port answers; None if nobody answers."""
        return self.admin_page(path)[0]

    def admin_page(self, path: str) -> tuple[int | None, str]:
        connection = HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return None, ""
        finally:
            connection.close()

    @property
    def tail(self) -> str:
        """The end of the server's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    @property
    def resident(self) -> int:
        """The server's resident memory now, in KiB."""
        return resident(self.process.pid)

    def caller(self, slug: str = "sofia", key: str | None = None, stage: str = "") -> Caller:
        """A plain client of one jurisdiction's base; of the common base if the slug is empty."""
        parts = [part for part in (stage, slug) if part]
        return Caller(self.port, "".join(f"/{part}" for part in parts) + "/open311/v2", key)

    # The embedded cluster.

    @property
    def postmaster(self) -> int | None:
        """The process id of the cluster in our data directory, if it runs."""
        for file in (self.directory / "data").glob("**/postmaster.pid"):
            number = int(file.read_text().split("\n")[0])
            if is_alive(number):
                return number
        return None

    def _end_cluster(self) -> None:
        """Ends a cluster that a killed server left behind."""
        if number := self.postmaster:
            os.kill(number, signal.SIGINT)
            wait_until(lambda: not is_alive(number), within=20)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def resident(pid: int) -> int:
    """A process's resident memory in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def peak(pid: int, begin: bool = False) -> int:
    """The most resident memory that a process had, in KiB, since this was last told to begin."""
    if begin:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


def wait_until(condition, within: float, pause: float = 0.05) -> float:
    """Waits until the condition holds; returns the seconds that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within, f"not within {within} s"
        time.sleep(pause)
    return time.monotonic() - started


def write_jurisdiction(instance: Instance, jurisdiction: dict) -> None:
    """Adds a jurisdiction to the settings; JSON is YAML."""
    path = instance.settings / "jurisdictions" / f"{jurisdiction['slug']}.yaml"
    path.write_text(json.dumps(jurisdiction, ensure_ascii=False, indent=1))
