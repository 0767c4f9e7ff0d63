"""Peers' files for a Viaduct under test."""

import json
from base64 import b64encode
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from .instance import Instance

DETAILS = [
    "OPEN", "INVESTIGATING", "FOR_TRIAGE", "IN_PROGRESS", "PLANNED", "ACTION_SCHEDULED", "REOPEN",
    "FIXED", "CLOSED", "DUPLICATE", "NO_FURTHER_ACTION", "NOT_COUNCILS_RESPONSIBILITY",
    "INTERNAL_REFERRAL", "CANCELLED",
]  # fmt: skip
"""The words that both sides use where nothing else is said."""


PLAIN = {
    "format": "json", "updates": "polled", "takes": "reports, updates",
    "pages": "numbered", "page_size_name": "page_size", "page_size": "1000",
}  # fmt: skip
DIALECTS = {
    "look": PLAIN,
    "key": {**PLAIN, "marker": "header", "resend": "idempotent"},
    "none": {**PLAIN, "resend": "none"},
}
"""How the adapter is to speak with each kind of our receivers."""


def same_words() -> dict:
    """A mapping for somebody who speaks as we do."""
    return {
        "statuses_out": {word: word for word in DETAILS},
        "statuses_in": {word: word for word in DETAILS},
    }


def name_node(instance: Instance, node: str) -> None:
    """Gives a Viaduct its name in paths and a place for its peers, and lets it call the loopback."""
    file = instance.settings / "viaduct.yaml"
    if "\nnode:" not in file.read_text():
        with file.open("a") as settings:
            settings.write(f"\nnode: {node}\npeers: peers\n")
        (instance.settings / "peers").mkdir()
    instance.environment["VIADUCT_OUTBOUND_ALLOW"] = "127.0.0.0/8"


def allow_port(instance: Instance, port: int) -> None:
    """Lets a Viaduct call a port of the loopback."""
    ports = {*instance.environment.get("VIADUCT_OUTBOUND_PORTS", "").split(","), str(port)} - {""}
    instance.environment["VIADUCT_OUTBOUND_PORTS"] = ",".join(sorted(ports))


def write_peer(instance: Instance, name: str, address: str, **more) -> Path:
    """Writes a peer's file; what is not said is a copy of all graffiti, both ways, in our words."""
    services = more.pop("services", {"GRAFFITI": "1"})
    repeats = more.pop("repeats", "look")
    entry = {
        "name": name,
        "adapter": "open311",
        "profile": "georeport",
        "open311": DIALECTS[repeats] if more.get("profile", "georeport") == "georeport" else None,
        "address": address,
        "flow": ["reports_out", "updates_out"],
        "rules": [{"services": [*services]}] if isinstance(services, dict) else [{}],
        "mapping": {"services": services, **same_words()},
        "pace": {"concurrency": 16},
        "polling": {"interval": "1s", "overlap": "15m"},
        **more,
    }
    if not {"reports_out"} & set(entry["flow"]):
        entry.pop("rules")
    allow_port(instance, urlsplit(address).port)
    path = instance.settings / "peers" / f"{name}.yaml"
    path.write_text(json.dumps({n: v for n, v in entry.items() if v is not None}, ensure_ascii=False, indent=1))
    return path


def write_secret(instance: Instance, name: str, text: str) -> str:
    """Writes a secret for its owner's eyes; returns the file's name for the settings."""
    path = instance.settings / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def signing_secret(seed: str) -> str:
    """A secret that two peers share."""
    return "whsec_" + b64encode(Random(seed).randbytes(32)).decode()
