"""Clients that report without pause, and try again with the same key until they are answered."""

import itertools
import json
import threading
import time
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException
from random import Random
from urllib.parse import urlencode

from . import pictures
from .history import History
from .instance import Instance

COUNTER = itertools.count(1)


class Load:
    """Threads of clients; a context, at whose end each of them has been answered or has given up.

    Of every `told_of` reports one is followed by two updates, of every `pictured` one has a picture,
    and of every `poisoned` one says `venom`. Each key is also what the report says, so that whoever
    gets it can be asked about it. After `most` reports there are no more.
    """

    def __init__(
        self, instance: Instance, key: str, history: History, rate: float = 25, clients: int = 8,
        told_of: int = 4, pictured: int = 0, poisoned: int = 0, most: int = 0, seed: int = 1, slug: str = "town",
        codes: list[str] = ["GRAFFITI"],  # noqa: B006
    ):  # fmt: skip
        self.instance, self.key, self.history = instance, key, history
        self.interval = clients / rate
        self.told_of, self.pictured, self.poisoned, self.most = told_of, pictured, poisoned, most
        self.slug, self.codes = slug, codes
        self.prefix = f"c{seed}x{next(COUNTER)}"
        self.random = Random(seed)
        self.stopping = threading.Event()
        self.given_up: list[str] = []
        self.patience = 120.0
        self.number = itertools.count(1)
        self.threads = [threading.Thread(target=self._client, args=(n,)) for n in range(clients)]

    def __enter__(self) -> "Load":
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def finish(self) -> None:
        """Waits until all of `most` reports are told."""
        for thread in self.threads:
            thread.join()
        self.ended = time.monotonic()

    def stop(self) -> None:
        """Ends the clients when what they have begun is answered."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(self.patience + 30)
        self.ended = time.monotonic()

    @property
    def acknowledged(self) -> set[str]:
        return {event["key"] for event in self.history.where("tell", "ok")}

    @property
    def reports(self) -> int:
        """How many reports were acknowledged."""
        return sum(key.endswith("/0") for key in self.acknowledged)

    def _client(self, number: int) -> None:
        due = time.monotonic() + self.interval * number / len(self.threads)
        while not self.stopping.is_set():
            pause = due - time.monotonic()
            if pause > 0 and self.stopping.wait(pause):
                return
            # Who was held up does not catch up in one leap.
            due = max(due, time.monotonic() - 1) + self.interval
            turn = next(self.number)
            if self.most and turn > self.most:
                return
            report = f"{self.prefix}-{turn}"
            identifier = self.tell(f"client-{number}", f"{report}/0", turn)
            if identifier and turn % self.told_of == 0:
                for later in (1, 2):
                    self.tell(f"client-{number}", f"{report}/{later}", turn, identifier)

    def tell(self, who: str, key: str, turn: int, about: str = "") -> str | None:
        """Tells a report, or something about one, until it is acknowledged; its id."""
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            self.history.note(who, "invoke", "tell", key=key)
            try:
                status, after, document = self._post(key, turn, about)
            except (OSError, HTTPException) as error:
                self.history.note(who, "info", "tell", key=key, error=type(error).__name__)
                time.sleep(0.05)
                continue
            name = "update_id" if about else "service_request_id"
            identifier = document[0].get(name) if status == 200 and document else None
            kind = "ok" if status == 200 else "fail"
            self.history.note(who, kind, "tell", key=key, status=status, id=identifier, retry_after=after)
            if status == 200:
                return identifier
            time.sleep(0.1)
        self.given_up.append(key)
        return None

    def _venom(self, turn: int) -> str:
        return " and venom" if self.poisoned and turn % self.poisoned == 0 else ""

    def _post(self, key: str, turn: int, about: str) -> tuple[int, str | None, list]:
        if about:
            path, form = "servicerequestupdates.json", {
                "service_request_id": about, "update_id": key, "description": f"told {key} of it",
                "status": "IN_PROGRESS" if key.endswith("1") else "OPEN",
                "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }  # fmt: skip
        else:
            place = Random(key)
            path, form = "requests.json", {
                "service_code": self.codes[turn % len(self.codes)], "description": f"a wall {key} in paint{self._venom(turn)}",
                "lat": f"{42.6 + place.random() / 5:.6f}", "long": f"{23.2 + place.random() / 5:.6f}",
            }  # fmt: skip
        form["api_key"] = self.key
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        if not about and self.pictured and turn % self.pictured == 0:
            headers, body = pictures.form(form, [("photo", pictures.png(key))])
        if not about:
            headers["Idempotency-Key"] = f'"{key}"'
        connection = HTTPConnection("127.0.0.1", self.instance.port, timeout=15)
        try:
            connection.request("POST", f"/{self.slug}/open311/v2/{path}", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            after = answer.getheader("Retry-After")
            return answer.status, after, json.loads(content) if answer.status == 200 else []
        finally:
            connection.close()
