"""Three Viaducts on this machine, as Examples/federation describes them."""

import re
from contextlib import ExitStack
from pathlib import Path

from .instance import ROOT, Instance
from .peers import allow_port, signing_secret, write_secret
from .wire import Caller

EXAMPLES = ROOT / "Examples" / "federation"
PORTS = {"ngo": 8321, "sofia": 8323, "prishtina": 8325}
"""What the examples' files say; each Viaduct gets ports of its own all the same."""


class Federation:
    """The association's Viaduct and those of two cities, each with a database of its own; a context."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.nodes: dict[str, Instance] = {}
        self.keys: dict[str, str] = {}

    def __enter__(self) -> "Federation":
        try:
            for name in PORTS:
                node = Instance(EXAMPLES / name, embedded=True)
                self.nodes[name] = self.stack.enter_context(node)
            self._introduce()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stack.close()

    def start(self) -> None:
        for node in self.nodes.values():
            node.start()

    def caller(self, name: str, slug: str, who: str) -> Caller:
        """Somebody who speaks with one of them."""
        return self.nodes[name].caller(slug, self.keys[who])

    def _introduce(self) -> None:
        """Makes the keys and secrets, and writes into the files what only the first start knows."""
        for node in self.nodes.values():
            (node.settings / "secrets").mkdir()
            for file in node.settings.rglob("*.yaml"):
                text = file.read_text()
                for other, port in PORTS.items():
                    text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.nodes[other].port}")
                file.write_text(text)
            for other in self.nodes.values():
                allow_port(node, other.port)
        # A key is made with settings that are whole; what they name is made by the others.
        for guest, host in (("ngo", "sofia"), ("sofia", "ngo"), ("ngo", "prishtina")):
            write_secret(self.nodes[guest], f"secrets/key-of-{host}", "yet to come")
        secret = signing_secret("ngo and sofia")
        write_secret(self.nodes["ngo"], "secrets/shared-with-sofia", secret)
        write_secret(self.nodes["sofia"], "secrets/shared-with-ngo", secret)
        self.keys["app"] = self.nodes["ngo"].key("The app", "--scope", "report", "--scope", "update")
        self._meet("ngo", "sofia", "report", "update", "follow")
        self._meet("sofia", "ngo", "update", "follow")
        self._meet("ngo", "prishtina", "report", "update", "follow")
        for city in ("sofia", "prishtina"):
            self.keys[f"staff of {city}"] = self.nodes[city].key("Staff", "--scope", "update", "--scope", "staff")

    def _meet(self, guest: str, host: str, *scopes: str) -> None:
        """The host makes a key for the guest; both write down what they need of it."""
        options = [part for scope in scopes for part in ("--scope", scope)]
        key = self.nodes[host].key(f"{guest}.example", *options)
        self.keys[f"{guest} at {host}"] = key
        write_secret(self.nodes[guest], f"secrets/key-of-{host}", key)
        known = self.nodes[host].settings / "peers" / f"{guest}.yaml"
        if known.exists():
            known.write_text(re.sub(r"(?m)^client: .*$", f"client: {key[:11]}", known.read_text()))

    def settings(self, name: str) -> Path:
        return self.nodes[name].settings
