"""What happened in a run, in the order in which it was seen: an append-only file of JSON lines."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    `kind` is Jepsen's: `invoke` begins an operation, `ok` ends it as promised, `fail` says that it
    surely did nothing, `info` that nobody knows. What others saw by themselves (an effect at a
    receiver, a row that is stored, a kill) is `info` as well.
    """

    at: float
    who: str
    kind: str
    what: str
    more: dict = field(default_factory=dict)

    def __getitem__(self, name: str):
        return self.more.get(name)

    def line(self) -> str:
        members = {"at": round(self.at, 4), "who": self.who, "kind": self.kind, "what": self.what}
        return json.dumps({**members, **self.more}, ensure_ascii=False)

    @staticmethod
    def reading(line: str) -> "Event":
        members = json.loads(line)
        return Event(*(members.pop(name) for name in ("at", "who", "kind", "what")), members)


class History:
    """Keeps events, and writes each to the file at once, so that a run that ends badly is told too."""

    def __init__(self, file: Path | None = None, clock=time.monotonic):
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._clock = clock
        self._began = clock()
        self._file = file.open("a", encoding="utf-8") if file else None

    def note(self, who: str, kind: str, what: str, **more) -> Event:
        """Appends what somebody has seen just now."""
        with self._lock:
            event = Event(self._clock() - self._began, who, kind, what, more)
            self._events.append(event)
            if self._file:
                self._file.write(event.line() + "\n")
                self._file.flush()
        return event

    def __iter__(self) -> Iterator[Event]:
        with self._lock:
            return iter(list(self._events))

    def __len__(self) -> int:
        return len(self._events)

    def where(self, what: str, kind: str | None = None) -> list[Event]:
        """The events of a sort."""
        return [event for event in self if event.what == what and kind in (None, event.kind)]

    def close(self) -> None:
        if self._file:
            self._file.close()

    @staticmethod
    def reading(file: Path) -> "History":
        """The history of an earlier run; its last line may have been cut."""
        history = History()
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                history._events.append(Event.reading(line))
            except (json.JSONDecodeError, KeyError):
                break
        return history
