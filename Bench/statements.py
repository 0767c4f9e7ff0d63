"""The statements that the gateway runs, read off the server's own log: whatever it sends is measured."""

import re
import subprocess
from dataclasses import dataclass

from kit.cluster import Cluster, programs


@dataclass
class Statement:
    text: str
    parameters: list[str | None]


def tell(cluster: Cluster, command: str) -> str:
    """Runs SQL as the server's owner."""
    done = subprocess.run(
        [programs() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", command, cluster.socket_url],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def overhear(cluster: Cluster, act, table: str) -> list[Statement]:
    """What the server is asked about that table while something is done."""
    log = cluster.directory / "server.log"
    tell(cluster, "ALTER SYSTEM SET log_statement = 'all'")
    tell(cluster, "SELECT pg_reload_conf(), pg_sleep(0.5)")
    start = log.stat().st_size
    try:
        act()
    finally:
        tell(cluster, "ALTER SYSTEM RESET log_statement")
        tell(cluster, "SELECT pg_reload_conf(), pg_sleep(0.5)")
    heard = log.read_bytes()[start:].decode(errors="replace")
    # A log entry goes on in lines that begin with a tab.
    entries = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", heard)
    found = []
    for entry, after in zip(entries, [*entries[1:], ""]):
        executed = re.search(r"LOG:  execute [^:]*: (.*)", entry, re.S)
        if not executed or not re.search(rf"\b{table}\b", entry):
            continue
        detail = re.search(r"DETAIL:  parameters: (.*)", after, re.S)
        values = re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", detail.group(1)) if detail else []
        text = executed.group(1).replace("\n\t", "\n").strip()
        found.append(
            Statement(text, [None if v == "NULL" else v[1:-1].replace("''", "'") for _, v in values])
        )
    assert found, heard[-2000:]
    return found


def as_script(
    statement: Statement, instead: dict[int, str] | None = None, before: str = ""
) -> tuple[str, dict[str, str]]:
    """A pgbench script of the statement, and its values.

    Each parameter stays one, but those that must differ each time become an expression.
    """
    values: dict[str, str] = {}

    def parameter(match: re.Match) -> str:
        number = int(match.group(1))
        if instead and number in instead:
            return instead[number]
        value = statement.parameters[number - 1]
        if value is None:
            return "NULL"
        values[f"p{number}"] = value
        return f":p{number}"

    text = re.sub(r"\$(\d+)", parameter, statement.text)
    return before + text.rstrip(";") + ";\n", values
