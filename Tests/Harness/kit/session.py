"""One connection to a database that stays in its transaction for as long as a test wants."""

import subprocess
from types import TracebackType

from .database import programs


class Session:
    """What psql does over one connection; used as a context, at whose end nothing of it stays."""

    def __init__(self, url: str):
        self.process = subprocess.Popen(
            [programs() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def run(self, statement: str) -> list[str]:
        """Runs it and waits for its end; the rows as lines."""
        print(f"{statement};\n\\echo ^done", file=self.process.stdin, flush=True)
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "^done":
            assert line or self.process.poll() is None, "\n".join(lines)
            lines.append(line)
        return lines
