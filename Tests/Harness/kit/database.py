"""A database of one's own on a server that is already there (VIADUCT_DATABASE_URL)."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

SERVER = os.environ.get("VIADUCT_DATABASE_URL", "")
"""The server that all instances shall use; empty: each starts its own."""


def programs() -> Path:
    """Where initdb, postgres and psql are."""
    if named := os.environ.get("VIADUCT_PG_BIN"):
        return Path(named)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return (found[-1] if found else Path(shutil.which("initdb"))).parent


class Database:
    """A fresh, empty database."""

    def __init__(self, server: str):
        self.server = server
        self.name = f"harness_{uuid4().hex}"
        self._tell(f"CREATE DATABASE {self.name} TEMPLATE template0")

    @property
    def url(self) -> str:
        if re.match(r"postgres(ql)?://", self.server):
            return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\1/{self.name}", self.server)
        return f"{self.server} dbname={self.name}"

    def drop(self) -> None:
        self._tell(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _tell(self, statement: str) -> None:
        done = subprocess.run(
            [shutil.which("psql") or programs() / "psql", "-X", "-q", "-c", statement, self.server],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
