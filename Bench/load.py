"""The two load generators: wrk against HTTP, pgbench against PostgreSQL."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONNECTIONS = 64


@dataclass
class Load:
    """What came out of one run."""

    rate: float
    """Answers a second."""
    median: float = 0
    """Milliseconds."""
    p99: float = 0
    count: int = 0


def wrk(
    url: str, seconds: int, script: str = "", arguments: tuple = (), headers: tuple = (),
    connections: int = CONNECTIONS,
) -> Load:  # fmt: skip
    """Drives an address with that many connections; fails if an answer is not a success."""
    command = ["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "10s"]
    command += ["-s", str(HERE / script)] if script else []
    for header in headers:
        command += ["-H", header]
    done = subprocess.run([*command, url, "--", *map(str, arguments)], capture_output=True, text=True)
    out = done.stdout
    assert done.returncode == 0, out + done.stderr
    assert "Non-2xx" not in out, out
    assert "Socket errors" not in out, out

    def milliseconds(percent: str) -> float:
        value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return Load(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        median=milliseconds("50"), p99=milliseconds("99"),
        count=int(re.search(r"(\d+) requests in", out).group(1)),
    )  # fmt: skip


def pgbench(programs: Path, url: str, script: str, values: dict[str, str], seconds: int, at: Path) -> Load:
    """Runs a prepared statement on 8 connections; the yardstick of everything that asks the store."""
    file = at / "statement.sql"
    file.write_text(script)
    given = [part for name, value in values.items() for part in ("-D", f"{name}={value}")]
    done = subprocess.run(
        [programs / "pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(seconds),
         "-f", file, *given, url],
        capture_output=True, text=True, env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rate = float(re.search(r"tps = ([\d.]+) \(without", done.stdout).group(1))
    return Load(rate=rate, median=float(re.search(r"latency average = ([\d.]+)", done.stdout).group(1)))


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
