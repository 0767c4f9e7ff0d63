"""Several Viaducts that are each other's peers, on one database server."""

import json
from contextlib import ExitStack

from .cluster import Cluster
from .database import Database
from .history import History
from .instance import Instance
from .ledger import Ledger
from .peers import name_node, same_words, signing_secret, write_peer, write_secret
from .receiver import KEY
from .wire import Caller


class Mesh:
    """The nodes by their names, each called NAME.example in paths; a context."""

    def __init__(self, *names: str):
        self.names, self.history = names, History()
        self.stack = ExitStack()
        self.nodes: dict[str, Instance] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.keys: dict[str, str] = {}

    def __enter__(self) -> "Mesh":
        try:
            self.cluster = self.stack.enter_context(Cluster(max_connections="200"))
            for name in self.names:
                database = Database(self.cluster.url)
                node = self.stack.enter_context(Instance(VIADUCT_DATABASE_URL=database.url))
                name_node(node, f"{name}.example")
                self.nodes[name], self.ledgers[name] = node, Ledger(database.url)
                self.keys[name] = node.key("clients", "--scope", "report", "--scope", "update", "--scope", "follow")
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stack.close()

    def start(self) -> None:
        for node in self.nodes.values():
            node.start()

    def caller(self, name: str) -> Caller:
        return self.nodes[name].caller("sofia", self.keys[name])

    def befriend(self, here: str, there: str, flow: list[str], back: list[str], **more) -> None:
        """Both know each other, and sign with one secret; `flow` is what goes from here, `back` from there.

        `more` stands in both files, instead of what would.
        """
        secret = signing_secret(" ".join(sorted((here, there))))
        keys = {}
        for host, guest in ((here, there), (there, here)):
            # Before the guest's file names them.
            key = self.nodes[host].key(guest, "--scope", "report", "--scope", "update", "--scope", "follow")
            keys[host] = key[:11]
            write_secret(self.nodes[guest], f"key-of-{host}", key)
            write_secret(self.nodes[host], f"shared-with-{guest}", secret)
        for host, guest, streams in ((here, there, flow), (there, here, back)):
            write_peer(
                self.nodes[host], guest, f"http://127.0.0.1:{self.nodes[guest].port}/sofia/open311/v2/",
                profile="viaduct", authority=f"{guest}.example", client=keys[host],
                api_key_file=f"../key-of-{guest}", signing_secret_file=f"../shared-with-{guest}",
                flow=streams, mapping={"services": "same", **same_words()}, rules=[{}],
                **{"privacy": {"allow": ["handler"]}, **more},
            )  # fmt: skip

    def connect(self, here: str, name: str, address: str, **more) -> None:
        """A peer that is no Viaduct."""
        write_peer(self.nodes[here], name, address, **more)

    def look(self) -> None:
        """Notes what each node shows as its effects, and the status of each report."""
        for name, ledger in self.ledgers.items():
            texts = ledger.rows("SELECT description FROM report")
            texts += ledger.rows('SELECT description FROM "update"')
            for row in texts:
                if found := KEY.search(row[0]):
                    self.history.note(name, "info", "effect", key=found.group())
            for description, detail in ledger.rows("SELECT description, coalesce(detail, upper(status)) FROM report"):
                if found := KEY.search(description):
                    self.history.note(name, "info", "state", key=found.group(), state=detail)

    def counts(self) -> dict[str, tuple[int, ...]]:
        """How much each node has: reports, updates, events, attempts of deliveries."""
        tables = ("report", '"update"', "event", "attempt")
        return {
            name: tuple(ledger.count(f"SELECT count(*) FROM {table}") for table in tables)
            for name, ledger in self.ledgers.items()
        }

    def are_drained(self) -> bool:
        return all(ledger.is_drained() for ledger in self.ledgers.values())

    def show(self) -> str:
        """What to look at if something is wrong."""
        return json.dumps({**self.counts(), "waiting": {n: ledger.deliveries() for n, ledger in self.ledgers.items()}})
