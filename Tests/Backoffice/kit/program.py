"""What the real programs of these tests have in common: a server that is started, stopped, kept and restored."""

import os
import signal
import subprocess
from http.client import HTTPException
from pathlib import Path

from kit.cluster import Cluster
from kit.database import programs
from kit.instance import wait_until
from kit.ports import free_ports


class Program:
    """One program on the loopback below a directory of its own; used as a context.

    What `init` makes is kept, so that it is made once a machine. As root it runs as `www-data`.
    """

    patience = 90
    """Seconds until it answers after its start."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_ports(1)[0]
        self.process: subprocess.Popen | None = None
        self.account = {"user": "www-data", "group": "www-data", "extra_groups": []} if os.geteuid() == 0 else {}

    @staticmethod
    def is_installed() -> bool:
        return True

    # What each program has of its own.

    environment: dict[str, str] | None = None
    """Its environment; ours if it is none."""

    @property
    def command(self) -> list:
        """What starts the server."""
        raise NotImplementedError

    @property
    def place(self) -> Path:
        """Where it runs."""
        return self.directory

    @property
    def log(self) -> Path:
        return self.directory / "log" / "server.log"

    def init(self) -> None:
        """Makes it, or takes what was made before."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it answers as it does when all is well."""
        raise NotImplementedError

    # What all do alike.

    def start(self):
        """Starts the server and waits until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.place, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self.account,
            )  # fmt: skip
        wait_until(self._is_up, within=self.patience, pause=0.2)
        return self

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self.answers()
        except (OSError, HTTPException):
            return False

    def stop(self) -> None:
        """Ends the server by its id."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)

    def give_away(self) -> None:
        """Whoever runs it may use all that is there."""
        if self.account:
            subprocess.run(["chown", "-R", "www-data:www-data", self.directory], check=True)

    def __enter__(self):
        self.init()
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()


class DatabaseProgram(Program):
    """A program with a database in a cluster of the tests' own."""

    database, owner = "", ""

    def __init__(self, directory: Path, cluster: Cluster):
        super().__init__(directory)
        self.cluster = cluster

    @property
    def dump(self) -> Path:
        """The database as it was made, for the next time."""
        return self.directory / "made.dump"

    def snapshot(self) -> None:
        """Keeps how it is now; it must not run."""
        kept = f"{self.database}_kept"
        self.sql(f"DROP DATABASE IF EXISTS {kept}", f"CREATE DATABASE {kept} TEMPLATE {self.database}")

    def restore(self) -> None:
        """Makes it as it was kept; it must not run."""
        self.sql(
            f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)",
            f"CREATE DATABASE {self.database} TEMPLATE {self.database}_kept OWNER {self.owner}",
        )

    def run(self, *command: str) -> None:
        """Runs one of the program's own tools."""
        done = subprocess.run(
            command, cwd=self.place, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, **self.account,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    def wait_for_database(self) -> None:
        """The server of the database listens a moment before it answers."""
        wait_until(lambda: self._tried("pg_isready").returncode == 0, within=30)

    def _tried(self, name: str, *arguments: str) -> subprocess.CompletedProcess:
        place = ["-h", "127.0.0.1", "-p", str(self.cluster.port), "-U", "viaduct"]
        return subprocess.run(
            [programs() / name, *place, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def tool(self, name: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's tools."""
        done = self._tried(name, *arguments)
        assert done.returncode == 0, done.stderr

    def sql(self, *statements: str) -> None:
        for statement in statements:
            self.tool("psql", "-X", "-q", "-d", "postgres", "-c", statement)
