"""A Viaduct and one ticket system, seen from both sides: what citizens tell and are told."""

import json
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from kit import pictures
from kit.instance import Instance, wait_until
from kit.peers import allow_port, name_node
from kit.wire import request

PATIENCE = 60


def base() -> Path:
    """Where ticket systems are made, once a machine: `VIADUCT_BACKOFFICE`, or a place that is not kept."""
    directory = Path(os.environ.get("VIADUCT_BACKOFFICE", "/tmp/viaduct-backoffice"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    return directory


class Desk:
    """A Viaduct that has one peer, and what people there do."""

    def __init__(self, viaduct: Instance, peer: Callable[[Path], dict]):
        self.viaduct = viaduct
        name_node(viaduct, "gateway.example")
        self.write(peer(viaduct.settings))
        self.key = viaduct.key("staff", *(part for scope in ("report", "update", "staff") for part in ("--scope", scope)))
        self.caller = viaduct.caller("sofia", self.key)

    def write(self, entry: dict) -> None:
        """Writes the peer's file; JSON is YAML."""
        allow_port(self.viaduct, urlsplit(entry["address"]).port)
        self.name = entry["name"]
        path = self.viaduct.settings / "peers" / f"{self.name}.yaml"
        path.write_text(json.dumps(entry, ensure_ascii=False, indent=1))

    def report(self, text: str, *photos: bytes, service: str = "GRAFFITI", **fields: str) -> str:
        """Somebody reports something; its id."""
        form = {
            "api_key": self.key, "service_code": service, "lat": "42.6977", "long": "23.3219",
            "address_string": "Vitosha Boulevard 15", "description": text, **fields,
        }  # fmt: skip
        return self._post("requests.json", form, photos)["service_request_id"]

    def update(self, report: str, detail: str, text: str, *photos: bytes) -> None:
        """Staff here say something about it."""
        form = {
            "api_key": self.key, "service_request_id": report, "update_id": uuid4().hex, "status": detail,
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "description": text,
        }  # fmt: skip
        self._post("servicerequestupdates.json", form, photos)

    def _post(self, path: str, form: dict, photos) -> dict:
        headers, body = pictures.form(form, [(f"photo{n}", photo) for n, photo in enumerate(photos)])
        target = f"{self.caller.base}/{path}"
        answer = self.caller.send(request("POST", target, {**headers, "Connection": "close"}, body))
        assert answer.status == 200, answer.text
        return answer.json[0]

    def deliveries(self, report: str) -> list[dict]:
        return json.loads(self.viaduct.run("deliveries", "--report", report, "--json"))

    def done(self, report: str, count: int = 1, within: float = PATIENCE) -> list[dict]:
        """Waits until so many deliveries are done, and no other is left."""
        wait_until(
            lambda: [line["state"] for line in self.deliveries(report)] == ["done"] * count, within, pause=0.5
        )
        return self.deliveries(report)

    def ticket(self, report: str, within: float = PATIENCE) -> str:
        """Waits until the peer has it; the ticket's number there."""
        return self.done(report, within=within)[0]["ticket"]

    def remarks(self, report: str) -> list[str]:
        """What was told of the last tries of its deliveries."""
        return [line["tries"][-1].get("reason") or "" for line in self.deliveries(report)]

    def told(self, report: str) -> list[dict]:
        """What the public reads of it."""
        rows = self.caller.get("/servicerequestupdates.json", page_size="1000").json
        return [row for row in rows if row["service_request_id"] == report]

    def texts(self, report: str) -> list[str]:
        return [row["description"] for row in self.told(report) if row["description"]]

    def details(self, report: str) -> list[str]:
        return [row["status"] for row in self.told(report)]

    def hears(self, report: str, text: str) -> dict:
        """Waits for an update with this text."""
        wait_until(lambda: text in self.texts(report), within=PATIENCE, pause=0.2)
        return next(row for row in self.told(report) if row["description"] == text)

    def status(self, report: str) -> str:
        return self.caller.get(f"/requests/{report}.json").json[0]["status"]

    def held(self) -> list[dict]:
        """What no mapping explains."""
        shown = self.viaduct.run("peer", "replay", self.name, "--dry-run", "--json")
        return json.loads(shown)["quarantine"]

    def check(self) -> dict:
        return json.loads(self.viaduct.command("peer", "check", self.name, "--json").stdout)

    def sweep(self) -> None:
        """Has the peer read all over again, as in the night."""
        self.viaduct.command("peer", "reconcile", self.name)
