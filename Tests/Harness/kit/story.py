"""The story of a report that travels, told on the terminal while it happens (`make federation`)."""

import re
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone

from . import pictures
from .federation import Federation
from .instance import wait_until
from .wire import Answer, Caller, request

Say = Callable[[str], None]
PATIENCE = 120


def taken(answer: Answer, name: str = "service_request_id") -> str:
    assert answer.status == 200, f"{answer.status}: {answer.text}"
    return answer.json[0][name]


def shown(caller: Caller, identifier: str) -> dict:
    """A report as somebody with this key sees it."""
    return caller.get(f"/requests/{identifier}.json", extensions="true", api_key=caller.key).json[0]


def found(caller: Caller, text: str) -> dict | None:
    """The report with this description, if it is there."""
    rows = caller.get("/requests.json", extensions="true", page_size="50").json
    return next((row for row in rows if text in (row["description"] or "")), None)


def arrived(caller: Caller, text: str) -> dict:
    wait_until(lambda: found(caller, text), within=PATIENCE, pause=0.1)
    return found(caller, text)


class Story:
    """Tells it; each chapter leaves behind what the next one needs."""

    def __init__(self, federation: Federation, say: Say):
        self.federation, self.say = federation, say
        self.app = {slug: federation.caller("ngo", slug, "app") for slug in ("sofia", "prishtina")}
        self.staff = {slug: federation.caller(slug, slug, f"staff of {slug}") for slug in ("sofia", "prishtina")}

    def tell(self) -> None:
        self.introduce()
        self.report_travels()
        self.update_returns()
        self.peer_is_away()
        self.peer_is_back()

    def introduce(self) -> None:
        self.say("Three Viaducts run on this machine, each with a database of its own:")
        names = {"ngo": "FixOurCity, an association with an app", "sofia": "Sofia", "prishtina": "Prishtina"}
        for name, title in names.items():
            self.say(f"  http://127.0.0.1:{self.federation.nodes[name].port}  {title}")

    def report_travels(self) -> None:
        fields = {
            "api_key": self.app["sofia"].key, "service_code": "POTHOLE", "lat": "42.6977", "long": "23.3219",
            "attribute[SIZE]": "LARGE", "description": "A deep hole in front of number 15",
        }  # fmt: skip
        headers, body = pictures.form(fields, [("photo", pictures.png("hole"))])
        base = self.app["sofia"].base
        answer = self.app["sofia"].send(
            request("POST", f"{base}/requests.json", {**headers, "Connection": "close"}, body)
        )
        self.here = taken(answer)
        self.say(f"1. Somebody reports a pothole with a photo to the app. Its number there: {self.here}.")
        self.there = arrived(self.staff["sofia"], "number 15")
        self.say(f"   It lies in Sofia, so it travels on. Sofia has it as {self.there['service_request_id']}.")
        guest = self.federation.caller("sofia", "sofia", "ngo at sofia")
        extended = shown(guest, self.there["service_request_id"])["extended_attributes"]
        self.say(f"   Sofia knows where it began: at {extended['origin']}, as {extended['origin_id']}.")
        wait_until(lambda: self.pictures_of(self.staff["sofia"], self.there["service_request_id"]), within=PATIENCE)
        self.say("   The photo came along; Sofia shows a copy of its own.")

    @staticmethod
    def pictures_of(caller: Caller, identifier: str) -> list[str]:
        row = shown(caller, identifier)
        more = row["extended_attributes"].get("media_urls", [])
        return [*more, *([row["media_url"]] if row.get("media_url") else [])]

    def update_returns(self) -> None:
        staff, fields = self.staff["sofia"], {
            "api_key": self.staff["sofia"].key, "service_request_id": self.there["service_request_id"],
            "update_id": "1", "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": "FIXED", "description": "Filled this morning",
        }  # fmt: skip
        headers, body = pictures.form(fields, [("photo", pictures.png("mended"))])
        raw = request("POST", f"{staff.base}/servicerequestupdates.json", {**headers, "Connection": "close"}, body)
        taken(staff.send(raw), "update_id")
        self.say("2. Sofia's staff fill the hole, and say so with a photo.")
        wait_until(lambda: shown(self.app["sofia"], self.here)["status"] == "closed", within=PATIENCE, pause=0.1)
        self.say(f'   The app shows it: closed, "{self.last_update()["description"]}".')
        wait_until(lambda: self.last_update().get("media_url"), within=PATIENCE)
        self.say("   The photo came back as well, and is the app's own now.")

    def last_update(self) -> dict:
        rows = self.app["sofia"].get("/servicerequestupdates.json").json
        return [row for row in rows if row["service_request_id"] == self.here][-1]

    def peer_is_away(self) -> None:
        self.federation.nodes["prishtina"].stop()
        self.say("3. Prishtina's Viaduct is stopped.")
        self.waiting = taken(self.app["prishtina"].post("/requests.json", {
            "service_code": "TRASH", "lat": "42.6600", "long": "21.1600", "description": "Full since Monday",
        }))  # fmt: skip
        self.say(f"   Somebody reports trash in Prishtina. The app takes it at once, as {self.waiting}.")
        wait_until(lambda: re.search(r"prishtina.*", self.deliveries()), within=PATIENCE)
        other = taken(self.app["sofia"].post("/requests.json", {
            "service_code": "SIDEWALK", "lat": "42.6980", "long": "23.3200", "description": "A loose slab",
        }))  # fmt: skip
        arrived(self.staff["sofia"], "A loose slab")
        self.say(f"   It waits. Sofia notices nothing: {other} went there meanwhile.")
        for line in self.deliveries().splitlines()[:2]:
            self.say(f"     {line[:150]}")

    def deliveries(self) -> str:
        return self.federation.nodes["ngo"].run("deliveries", "--report", self.waiting).rstrip()

    def peer_is_back(self) -> None:
        began = time.monotonic()
        self.federation.nodes["prishtina"].start()
        self.say("4. Prishtina is back.")
        row = arrived(self.staff["prishtina"], "Full since Monday")
        self.say(f"   After {time.monotonic() - began:.0f} seconds it has the report, once: {row['service_request_id']}.")
        taken(self.staff["prishtina"].post("/servicerequestupdates.json", {
            "service_request_id": row["service_request_id"], "update_id": "1", "status": "IN_PROGRESS",
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": "A lorry is on its way",
        }), "update_id")  # fmt: skip
        wait_until(lambda: "lorry" in str(shown(self.app["prishtina"], self.waiting)), within=PATIENCE, pause=0.1)
        self.say("   Its answer is in the app: A lorry is on its way.")


def main() -> None:
    """Starts all three, tells the story, and ends them."""
    say = lambda text: print(text, flush=True)  # noqa: E731
    say("Making three databases and starting three Viaducts; this takes some seconds.")
    with Federation() as federation:
        federation.start()
        Story(federation, say).tell()
        say("That is all; the three are being stopped.")
    say("Stopped. Nothing is left behind.")


if __name__ == "__main__":
    sys.exit(main())
