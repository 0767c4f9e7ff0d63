"""One Viaduct between clients and receivers, in a run that is judged at its end."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .checker import Destination, Findings, check
from .cluster import Cluster
from .history import History
from .instance import Instance, write_jurisdiction
from .ledger import Ledger
from .load import Load
from .nemesis import Nemesis
from .peers import name_node, write_peer
from .receiver import Receiver

LONG = os.environ.get("CHAOS", "") == "long"
"""Whether this is `make chaos` and not the tests of each change."""
SEED = int(os.environ.get("CHAOS_SEED", "0")) or 20_261_123
RUNS = os.environ.get("CHAOS_HISTORIES", "")
"""A directory that keeps the histories of all runs."""


SERVICES = {f"S{number}": str(number) for number in range(20)}
"""As many as a city has: whoever looks for a report at a peer looks among those of its service."""
JURISDICTION = {
    "id": "town.example", "slug": "town", "name": {"en": "Town"}, "contact": "311@town.example",
    "languages": ["en"], "time_zone": "Europe/Sofia",
    "services": [{"code": code, "name": {"en": f"Service {code}"}} for code in SERVICES],
}  # fmt: skip

HASTY = {
    "retry": {"pauses": ["1s", "2s", "5s", "10s"], "attempts": 1000},
    "breaker": {"probe": "5s"},
}
"""Settings of a peer with which a run comes to its end within a minute, by itself. The standard ones
take days; they have tests with a clock of their own."""


@dataclass
class Scene:
    """A Viaduct with its database, its receivers and the history of what happens; a context."""

    name: str
    receivers: list[Receiver]
    peers: dict[str, dict] = field(default_factory=dict)
    """What the settings say of each receiver beside the usual."""
    seed: int = SEED
    doubts: dict[str, str] = field(default_factory=dict)
    """The receivers that may miss something or see it twice, if a person was told."""
    environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Scene":
        file = Path(RUNS) / f"{self.name}-{self.seed}.jsonl" if RUNS else None
        self.history = History(file)
        self.stack = ExitStack()
        try:
            self.cluster = self.stack.enter_context(Cluster())
            environment = {"VIADUCT_DATABASE_URL": self.cluster.url, **self.environment}
            self.instance = self.stack.enter_context(Instance(**environment))
            self.ledger = Ledger(self.cluster.url)
            write_jurisdiction(self.instance, JURISDICTION)
            if self.receivers:
                name_node(self.instance, "gateway.example")
            for receiver in self.receivers:
                receiver.history = self.history
                self.stack.enter_context(receiver)
                self.write_peer(receiver)
            self.key = self.instance.key("clients", "--scope", "report", "--scope", "update")
            self.nemesis = Nemesis(self.instance, self.cluster, self.history, self.seed)
        except BaseException:
            self.stack.close()
            raise
        return self

    def write_peer(self, receiver: Receiver) -> None:
        """Says in the settings how a receiver is reached, and that it gets everything."""
        more = {"repeats": receiver.repeats, **HASTY, **self.peers.get(receiver.name, {})}
        write_peer(self.instance, receiver.name, receiver.url, **{"services": SERVICES, **more})

    def __exit__(self, *_) -> None:
        self.stack.close()
        self.history.close()

    def load(self, **more) -> Load:
        """Clients that report to us, with all services in turn."""
        return Load(self.instance, self.key, self.history, seed=self.seed, codes=[*SERVICES], **more)

    def destinations(self, wants: dict) -> list[Destination]:
        return [Destination(r.name, self.doubts.get(r.name, "none"), wants.get(r.name)) for r in self.receivers]

    def drain(self, within: float, quiet: Callable[[], bool] = lambda: True) -> float:
        """Waits until nothing waits any more, and whatever else must be `quiet` is; nobody helps.

        The seconds that took, or all of them.
        """
        began = time.monotonic()
        while time.monotonic() - began < within:
            if quiet() and self.ledger.is_drained():
                break
            time.sleep(0.5)
        took = time.monotonic() - began
        self.history.note("scene", "info", "drained", seconds=round(took, 1))
        return took

    def judge(self, wants: dict | None = None) -> Findings:
        """Looks at everything once more, and says what was wrong; `wants` as destinations have it."""
        self.ledger.look(self.history)
        self.ledger.note_doubts(self.history)
        self.ledger.note_left(self.history, everything=bool(self.receivers))
        findings = check(self.history, self.destinations(wants or {}))
        self.history.note("checker", "info", "verdict", text=str(findings))
        return findings
