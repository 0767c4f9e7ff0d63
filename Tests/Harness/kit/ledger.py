"""What the database knows after a run: what is stored, what is under way, what was left behind."""

import subprocess
import time

from .database import programs
from .history import History
from .receiver import KEY


class Ledger:
    """Looks into the database of a Viaduct."""

    def __init__(self, url: str):
        self.url = url

    def rows(self, statement: str) -> list[list[str]]:
        """What the database answers."""
        done = subprocess.run(
            [programs() / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-c", statement, self.url],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [row.split("\x1f") for row in done.stdout.rstrip("\n").split("\x1e") if row]

    def count(self, statement: str) -> int:
        return int(self.rows(statement)[0][0])

    def look(self, history: History) -> None:
        """Notes all keys that are stored."""
        texts = self.rows("SELECT description FROM report") + self.rows('SELECT description FROM "update"')
        for row in texts:
            if found := KEY.search(row[0]):
                history.note("database", "info", "stored", key=found.group())
        history.note("database", "info", "looked")

    def deliveries(self, peer: str | None = None) -> dict[str, int]:
        """How many deliveries there are in each state."""
        where = f"WHERE peer = '{peer}'" if peer else ""
        rows = self.rows(f"SELECT state, count(*) FROM delivery {where} GROUP BY state")
        return {state: int(number) for state, number in rows}

    def is_drained(self) -> bool:
        """Whether nothing waits any more but what waits for a person."""
        return self.count("""
            SELECT count(*) FROM delivery AS d WHERE state = 'waiting' AND NOT EXISTS (
                SELECT FROM delivery AS earlier WHERE earlier.state = 'parked' AND earlier.id < d.id
                    AND earlier.peer = d.peer AND earlier.report = d.report)
        """) == 0

    def hasten(self) -> None:
        """Lets the time come for what waits for its next try: the schedule has tests of its own (D8)."""
        self.rows("""
            UPDATE delivery SET due = now() WHERE state = 'waiting' AND due > now();
            UPDATE lane SET due = now() WHERE due > now() AND due < 'infinity' AND lease_until IS NULL;
            UPDATE peer SET probe_due = now() WHERE probe_due > now()
        """)

    def under_way(self) -> list[str]:
        """The deliveries that somebody holds now."""
        rows = self.rows("SELECT delivery FROM lane WHERE lease_until > clock_timestamp()")
        return [row[0] for row in rows]

    def note_doubts(self, history: History) -> None:
        """Notes what a person has been told of: parked, or sent again without certainty."""
        rows = self.rows("""
            SELECT d.peer, coalesce(u.description, r.description) FROM delivery AS d
            JOIN report AS r ON r.id = d.report LEFT JOIN "update" AS u ON u.id = d."update"
            WHERE d.state = 'parked' OR d.doubt = 'flagged'
        """)
        for peer, text in rows:
            if found := KEY.search(text):
                history.note("staff", "info", "doubt", destination=peer, key=found.group())

    def note_left(self, history: History, everything: bool = True) -> None:
        """Notes what nobody needs any more after a drain (rule 7); `everything` goes to somebody.

        What goes away within five seconds is needed: a server that runs is at work.
        """
        for what, statement in (LEFT | (UNSENT if everything else {})).items():
            until = time.monotonic() + 5
            while (number := self.count(statement)) and time.monotonic() < until:
                time.sleep(0.2)
            if number:
                history.note("database", "info", "left", text=f"{number} {what}")


LEFT = {
    "leases": "SELECT count(*) FROM lane WHERE lease_until > clock_timestamp()",
    "deliveries that are done and waited for":
        "SELECT count(*) FROM delivery WHERE state = 'done' AND finished IS NULL",
    "sessions idle in a transaction":
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'",
    "advisory locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
}  # fmt: skip
UNSENT = {
    "reports whose deliveries are missing":
        """SELECT count(*) FROM report AS r WHERE r.stage = 'production' AND NOT EXISTS
           (SELECT FROM delivery AS d WHERE d.report = r.id AND d.kind = 'report')""",
}  # fmt: skip
