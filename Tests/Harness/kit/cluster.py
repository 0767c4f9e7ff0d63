"""A PostgreSQL server of the tests' own, which they may stop and break."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .database import programs
from .instance import wait_until
from .ports import free_ports, is_open


class Cluster:
    """A server on a port of its own; used as a context."""

    def __init__(self, **options: str):
        self.directory = Path(tempfile.mkdtemp(prefix="viaduct-pg-", dir="/tmp"))
        self.port = free_ports(1)[0]
        self.options = options
        self.process: subprocess.Popen | None = None
        # PostgreSQL refuses to run as root.
        self.account = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self.account:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [programs() / "initdb", "-D", self.data, "--no-sync", "-E", "UTF8", "--locale=C",
             "-U", "viaduct", "-A", "trust"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.directory, **self.account,
        )  # fmt: skip

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        return f"postgresql://viaduct@127.0.0.1:{self.port}/postgres"

    @property
    def socket_url(self) -> str:
        """The same server over its unix socket."""
        return f"postgresql:///postgres?host={self.directory}&port={self.port}&user=viaduct"

    def __enter__(self) -> "Cluster":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self) -> "Cluster":
        """Starts the server and waits until it listens."""
        options = {
            "port": str(self.port), "listen_addresses": "127.0.0.1", "max_connections": "60",
            "unix_socket_directories": str(self.directory), **self.options,
        }  # fmt: skip
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [programs() / "postgres", "-D", self.data, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                start_new_session=True,
                **self.account,
            )
        wait_until(lambda: is_open(self.port), within=30)
        return self

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stops the server: SIGINT at once, SIGQUIT as a crash of it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)
